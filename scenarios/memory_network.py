"""Byte streams in memory: the network's stand-in, so that everything runs on virtual time.

A stream behaves like a `SocketByteStream`: what was received is never lost to a cancellation, its
ledger counts sent bytes and it can be polled. What it lacks in nature it has in mischief: pieces
of a given size, a reset, a stall.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream
from attrs import frozen

from venuetree.actors.addresses import TlsMode
from venuetree.actors.sockets import Ledger, LedgerAttribute

__all__ = ["Arrival", "MemoryByteStream", "MemoryNetwork", "stream_pair"]


class Pipe:
    """One direction: bytes in order, then perhaps an end."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.end: type[Exception] | None = None
        #: How many more bytes are taken before sends wait; None for any number.
        self.room: int | None = None
        self.changed = anyio.Event()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self.changed.set()
        self.changed = anyio.Event()


class MemoryByteStream(ByteStream):
    """One end of a connection in memory."""

    def __init__(self, incoming: Pipe, outgoing: Pipe) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._is_closed = False
        self.ledger = Ledger()
        #: The largest piece that one receive gives; None for as it was sent.
        self.piece: int | None = None
        #: How many more bytes a send takes before the connection breaks; None for any number.
        self.breaks_after: int | None = None
        #: The first send of more than so many bytes delivers these alone, then the connection is
        #: reset; None for never.
        self.cut_at: int | None = None

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """As `SocketByteStream.receive`."""
        if not self.ledger.is_polling:
            await anyio.lowlevel.checkpoint_if_cancelled()
        while True:
            if self._is_closed:
                raise anyio.ClosedResourceError
            if self._incoming.pieces:
                limit = min(max_bytes, self.piece or max_bytes)
                piece = self._incoming.pieces.popleft()
                if len(piece) > limit:
                    self._incoming.pieces.appendleft(piece[limit:])
                if not self.ledger.is_polling:
                    await anyio.lowlevel.cancel_shielded_checkpoint()
                return piece[:limit]
            if self._incoming.end is not None:
                raise self._incoming.end
            if self.ledger.is_polling:
                raise anyio.WouldBlock
            await self._incoming.changed.wait()

    async def send(self, item: bytes) -> None:
        """As `SocketByteStream.send`; waits while the other end is stalled."""
        await anyio.lowlevel.checkpoint()
        if self._is_closed:
            raise anyio.ClosedResourceError
        while (room := self._outgoing.room) is not None and len(item) > room:
            self._deliver(item[:room])
            item = item[room:]
            self._outgoing.room = 0
            await self._outgoing.changed.wait()
        if self._outgoing.end is anyio.BrokenResourceError:
            raise anyio.BrokenResourceError
        if self.breaks_after is not None and len(item) > self.breaks_after:
            self.ledger.sent += self.breaks_after
            raise anyio.BrokenResourceError
        if self.cut_at is not None and len(item) > self.cut_at:
            self._outgoing.pieces.append(bytes(item[: self.cut_at]))
            for pipe in (self._incoming, self._outgoing):
                pipe.end = anyio.BrokenResourceError
                pipe.wake()
            raise anyio.BrokenResourceError
        if self._outgoing.room is not None:
            self._outgoing.room -= len(item)
        self._deliver(item)

    def _deliver(self, item: bytes) -> None:
        self.ledger.sent += len(item)
        if item:
            self._outgoing.pieces.append(bytes(item))
            self._outgoing.wake()

    async def send_eof(self) -> None:
        """Say that nothing more will come."""
        await anyio.lowlevel.checkpoint()
        self.finish()

    def finish(self, end: type[Exception] = anyio.EndOfStream) -> None:
        """End what the other side receives, with `end` after what is under way."""
        if self._outgoing.end is None:
            self._outgoing.end = end
        self._outgoing.wake()

    def reset(self) -> None:
        """Break the connection abruptly, both ways, and forget what is under way."""
        for pipe in (self._incoming, self._outgoing):
            pipe.pieces.clear()
            pipe.end = anyio.BrokenResourceError
            pipe.room = None
            pipe.wake()

    def stall(self, *, after: int = 0) -> None:
        """From now on take so many bytes more and no others: the other side's sends wait."""
        self._incoming.room = after

    async def aclose(self) -> None:
        """Close at once."""
        if not self._is_closed:
            self._is_closed = True
            self.finish()
            self._incoming.room = None
            # Whoever sends to a closed end is told.
            self._incoming.end = anyio.BrokenResourceError
            self._incoming.wake()
        await anyio.lowlevel.checkpoint_if_cancelled()

    @property
    def is_closed(self) -> bool:
        """Whether our side has been closed."""
        return self._is_closed

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The ledger."""
        return {LedgerAttribute.ledger: lambda: self.ledger}


def stream_pair() -> tuple[MemoryByteStream, MemoryByteStream]:
    """Two ends of one connection."""
    one, other = Pipe(), Pipe()
    return MemoryByteStream(one, other), MemoryByteStream(other, one)


@frozen
class Arrival:
    """A connection as its server sees it: its end, and what the client connected to."""

    stream: MemoryByteStream
    host: str
    port: int


class MemoryNetwork:
    """A `Network` in memory; `accept` gives the server's end of each connection.

    Who waits for a connection waits alone: one server accepts for all addresses.
    """

    def __init__(self) -> None:
        #: What was connected to, in order; refused attempts too.
        self.connected: list[tuple[str, int, TlsMode]] = []
        #: When, for each of these: seconds on anyio's clock.
        self.connected_at: list[float] = []
        #: Raised by the next connects, one each, while there are any.
        self.refusals: list[OSError] = []
        #: The client's end of each connection, for its ledger and faults.
        self.clients: list[MemoryByteStream] = []
        #: The server's end of each connection, for what arrives damaged.
        self.arrivals: list[Arrival] = []
        #: While true, connecting never ends.
        self.is_silent = False
        #: To these ports nobody listens.
        self.down: set[int] = set()
        self._waiting: deque[Arrival] = deque()
        self._arrived = anyio.Event()

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Give one end of a new connection, and the other to `accept`."""
        del server_hostname
        await anyio.lowlevel.checkpoint()
        self.connected.append((host, port, tls))
        self.connected_at.append(anyio.current_time())
        if self.is_silent:
            await anyio.sleep_forever()
        if self.refusals:
            raise self.refusals.pop(0)
        if port in self.down:
            raise ConnectionRefusedError(111, "Connection refused")
        client, server = stream_pair()
        arrival = Arrival(server, host, port)
        self.clients.append(client)
        self.arrivals.append(arrival)
        self._waiting.append(arrival)
        self._arrived.set()
        return client

    async def accept(self) -> MemoryByteStream:
        """The server's end of the next connection."""
        return (await self.next_arrival()).stream

    async def next_arrival(self) -> Arrival:
        """The next connection, and where it came in."""
        while not self._waiting:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._waiting.popleft()

    def take_down(self, *ports: int) -> None:
        """Refuse connections to these ports from now on, and reset those that are open."""
        self.down.update(ports)
        for arrival in self.arrivals:
            if arrival.port in ports and not arrival.stream.is_closed:
                arrival.stream.reset()

    def bring_up(self, *ports: int) -> None:
        """Let these ports accept again."""
        self.down.difference_update(ports)
