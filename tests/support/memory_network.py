"""Byte streams in memory: the network's stand-in, so that transports run on virtual time.

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

from venuetree.actors.addresses import TlsMode
from venuetree.actors.sockets import Ledger, LedgerAttribute

__all__ = ["MemoryByteStream", "MemoryNetwork", "stream_pair"]


class Pipe:
    """One direction: bytes in order, then perhaps an end."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.end: type[Exception] | None = None
        self.is_stalled = False
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
        while self._outgoing.is_stalled:
            await self._outgoing.changed.wait()
        if self._outgoing.end is anyio.BrokenResourceError:
            raise anyio.BrokenResourceError
        if self.breaks_after is not None and len(item) > self.breaks_after:
            self.ledger.sent += self.breaks_after
            raise anyio.BrokenResourceError
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
            pipe.is_stalled = False
            pipe.wake()

    def stall(self) -> None:
        """From now on take nothing: the other side's sends wait."""
        self._incoming.is_stalled = True

    async def aclose(self) -> None:
        """Close at once."""
        if not self._is_closed:
            self._is_closed = True
            self.finish()
            self._incoming.is_stalled = False
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


class MemoryNetwork:
    """A `Network` whose servers are the test: `accept` gives the other end of each connection."""

    def __init__(self) -> None:
        #: What was connected to, in order.
        self.connected: list[tuple[str, int, TlsMode]] = []
        #: Raised by the next connects, one each, while there are any.
        self.refusals: list[OSError] = []
        #: The client's end of each connection, for its ledger and faults.
        self.clients: list[MemoryByteStream] = []
        #: How many of them were taken up by whoever serves.
        self.served = 0
        #: While true, connecting never ends.
        self.is_silent = False
        self._waiting: deque[MemoryByteStream] = deque()
        self._arrived = anyio.Event()

    async def connect(
        self, host: str, port: int, *, tls: TlsMode, server_hostname: str | None = None
    ) -> ByteStream:
        """Give one end of a new connection, and the other to `accept`."""
        del server_hostname
        await anyio.lowlevel.checkpoint()
        self.connected.append((host, port, tls))
        if self.is_silent:
            await anyio.sleep_forever()
        if self.refusals:
            raise self.refusals.pop(0)
        client, server = stream_pair()
        self.clients.append(client)
        self._waiting.append(server)
        self._arrived.set()
        return client

    async def accept(self) -> MemoryByteStream:
        """The server's end of the next connection."""
        while not self._waiting:
            self._arrived = anyio.Event()
            await self._arrived.wait()
        return self._waiting.popleft()
