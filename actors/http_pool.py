"""HTTP/1.1 connections to one host, kept open and lent out one request at a time.

What an order needs and general clients do not tell: whether a byte of the request has left.

- Before that, any failure is `TransportError`: nothing was sent, try again.
- After that and before the reply is whole, it is `ReplyLost`, whatever the reason; the caller,
  who knows what the request does, makes `OutcomeUnknown` of it for an order.

A connection that the peer closed while idle is found before it is used, by a peek; a request whose
first byte may have left is never sent again from here. A connection whose exchange was cancelled,
timed out or failed is closed, never reused.
"""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import anyio
from anyio.abc import ByteStream
from attrs import define, frozen

from venuetree.actors.addresses import Address
from venuetree.actors.foreign_errors import translate
from venuetree.actors.http_reply import HttpReply, ReplyParser, ReplyState
from venuetree.actors.loop import UNBOUND, Loop
from venuetree.actors.network import Network, Paced
from venuetree.actors.sockets import Tap
from venuetree.protocol.errors import EngineError, RemoteProtocolError, ReplyLost, TransportError

__all__ = ["HttpOptions", "HttpPool"]


@frozen
class HttpOptions:
    """How connections are made and kept; times in seconds.

    Attributes:
        max_connections: to one host; more requests wait for their turn.
        kept_for_urgent: of these, so many that only urgent requests may use.
        connect_timeout_s: for TCP and TLS.
        idle_limit_s: a connection idle for longer is not used again: servers close theirs after
            a minute or so, and a request that crosses the closing is an outcome unknown.
        max_body_bytes: a longer reply is an error.
    """

    max_connections: int = 8
    kept_for_urgent: int = 0
    connect_timeout_s: float = 10.0
    idle_limit_s: float = 45.0
    max_body_bytes: int = 64 * 1024 * 1024


@define(eq=False)
class Connection:
    """A connection and since when it has been idle, on the loop's clock."""

    stream: ByteStream
    tap: Tap
    idle_since: float = 0.0
    idle_limit_s: float = 45.0


class HttpPool:
    """Connections to one address. Not bound to a task; `aclose` when done."""

    def __init__(
        self,
        address: Address,
        *,
        network: Network,
        options: HttpOptions | None = None,
        exchange: str = "",
    ) -> None:
        self._address = address
        self._network = network
        self._options = options or HttpOptions()
        self._exchange = exchange
        most, kept = self._options.max_connections, self._options.kept_for_urgent
        self._turns = anyio.Semaphore(most, fast_acquire=True)
        #: What a request that can wait has to have first; None where all may use all.
        self._patient = anyio.Semaphore(most - kept, fast_acquire=True) if kept else None
        #: The most recently used is taken first, so that few stay warm and the rest age out.
        self._idle: deque[Connection] = deque()
        #: Set when one comes back, for those that wait for a turn to open another.
        self._came_back: anyio.Event | None = None
        self._is_closed = False
        #: The loop that it serves, from the first use on.
        self._loop = UNBOUND

    @property
    def idle_connections(self) -> int:
        """How many connections are open and unused."""
        return len(self._idle)

    async def exchange(
        self,
        data: bytes,
        *,
        timeout_s: float,
        operation: str = "",
        is_urgent: bool = True,
        about_to_send: Callable[[], None] | None = None,
    ) -> HttpReply:
        """Send one whole request and read its whole reply within `timeout_s`.

        `about_to_send` is called just before the first byte is given to the network. Cancelling
        closes the connection; whether the request left is then unknown.

        Raises:
            TransportError: no byte of the request has left.
            ReplyLost: it may have left, and no whole reply came.
            RemoteProtocolError: it has left, and what came is no reply.
        """
        if self._loop is UNBOUND:
            self._loop = Loop.running()
        has_begun = False
        connection: Connection | None = None
        with self._loop.scope(deadline=self._loop.time() + timeout_s):
            async with self._admitted(is_urgent=is_urgent), self._turns:
                connection = await self._take(operation)
                before = connection.tap.sent
                try:
                    if about_to_send is not None:
                        about_to_send()
                    has_begun = True
                    try:
                        await connection.stream.send(data)
                        return await self._read_reply(connection, operation)
                    except EngineError:
                        raise
                    except Exception as error:
                        raise self._failure(error, connection, before, operation) from error
                except BaseException:
                    await anyio.aclose_forcefully(connection.stream)
                    raise
        # Only our own deadline ends here.
        if connection is not None and has_begun and self._has_left(connection, before):
            message = f"no whole reply came within {timeout_s:g} s"
            raise ReplyLost(message, exchange=self._exchange, operation=operation)
        message = f"{self._address.host} could not be reached within {timeout_s:g} s"
        raise TransportError(message, exchange=self._exchange, operation=operation)

    def _admitted(self, *, is_urgent: bool) -> AbstractAsyncContextManager[object]:
        """What a request waits for before its turn: room beside what is kept for urgent ones."""
        return nullcontext() if is_urgent or self._patient is None else self._patient

    async def warm_up(self, *, connections: int = 1) -> None:
        """Open connections ahead, so that the first orders need not wait for TCP and TLS.

        Raises:
            TransportError: one could not be opened.
        """
        for _ in range(min(connections, self._options.max_connections) - len(self._idle)):
            async with self._turns:
                self._put_back(await self._open("connect"))

    async def aclose(self) -> None:
        """Close what is idle; what is lent out closes when it comes back."""
        self._is_closed = True
        while self._idle:
            await anyio.aclose_forcefully(self._idle.pop().stream)

    # ------------------------------------------------------------ connections

    async def _take(self, operation: str) -> Connection:
        """An open connection: an idle one found alive, else a new one.

        Where a new one has to wait for its turn, one that comes back meanwhile is sooner.
        """
        while True:
            connection = await self._take_idle(operation)
            if connection is not None:
                return connection
            wait = self._network.turn_in() if isinstance(self._network, Paced) else 0.0
            if not wait:
                return await self._open(operation)
            if self._came_back is None:
                self._came_back = anyio.Event()
            with anyio.move_on_after(wait):
                await self._came_back.wait()

    async def _take_idle(self, operation: str) -> Connection | None:
        """An idle connection that is alive, if there is one."""
        if self._is_closed:
            message = "the connections were closed on our side"
            raise TransportError(message, exchange=self._exchange, operation=operation)
        now = self._loop.time()
        while self._idle:
            connection = self._idle.pop()
            if now - connection.idle_since < connection.idle_limit_s:
                try:
                    if await connection.tap.peek() is None:
                        return connection
                except (anyio.EndOfStream, anyio.BrokenResourceError, OSError):
                    pass  # closed by the peer while idle
                except BaseException:
                    await anyio.aclose_forcefully(connection.stream)
                    raise
            # Too old, closed by the peer, or it said something unasked: not to be trusted.
            await anyio.aclose_forcefully(connection.stream)
        return None

    async def _open(self, operation: str) -> Connection:
        address = self._address
        doing = f"connecting to {address.host}:{address.port}"
        try:
            with anyio.fail_after(self._options.connect_timeout_s):
                stream = await self._network.connect(address.host, address.port, tls=address.tls)
        except Exception as error:
            raise translate(
                error, doing=doing, exchange=self._exchange, operation=operation
            ) from error
        return Connection(stream, Tap(stream), idle_limit_s=self._options.idle_limit_s)

    def _put_back(self, connection: Connection) -> None:
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if self._came_back is not None:
            self._came_back.set()
            self._came_back = None

    # ------------------------------------------------------------ one exchange

    async def _read_reply(self, connection: Connection, operation: str) -> HttpReply:
        parser = ReplyParser(max_body_bytes=self._options.max_body_bytes)
        try:
            while parser.state is not ReplyState.COMPLETE:
                try:
                    parser.feed(await connection.stream.receive())
                except anyio.EndOfStream:
                    parser.feed_eof()
            reply = parser.reply()
        except RemoteProtocolError as error:
            error.exchange, error.operation = self._exchange, operation
            raise
        if parser.can_be_reused and not self._is_closed:
            told = reply.headers.get("keep-alive")
            if told is not None:
                connection.idle_limit_s = idle_limit(told, self._options.idle_limit_s)
            self._put_back(connection)
        else:
            await anyio.aclose_forcefully(connection.stream)
        return reply

    def _failure(
        self, error: Exception, connection: Connection, before: int | None, operation: str
    ) -> EngineError:
        doing = f"the exchange of bytes with {self._address.host}"
        ours = translate(error, doing=doing, exchange=self._exchange, operation=operation)
        if self._has_left(connection, before):
            # Whatever it was, our own mistakes too: the request may be at work.
            return ReplyLost(ours.message, exchange=self._exchange, operation=operation)
        return ours

    def _has_left(self, connection: Connection, before: int | None) -> bool:
        """Whether a byte of the request may have left: true where the stream cannot tell."""
        return before is None or connection.tap.sent != before


def idle_limit(keep_alive: str, default_s: float) -> float:
    """How long a connection may be idle, by the reply's `Keep-Alive` header; a second less."""
    for part in keep_alive.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "timeout" and value.strip().isdecimal():
            return min(default_s, max(0.0, int(value.strip()[:9]) - 1.0))
    return default_s
