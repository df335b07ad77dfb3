"""WebSocket by trio-websocket, behind the same seam; imported only on trio and when asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import trio
import trio_websocket
from anyio.abc import ByteStream

from venuetree.actors.addresses import Address
from venuetree.actors.foreign_errors import Blame, blame, translate
from venuetree.actors.http_text import checked_headers
from venuetree.actors.network import Network
from venuetree.actors.streams import NORMAL_CLOSURE, StreamClosed, StreamOptions, refusal
from venuetree.actors.websocket import connect
from venuetree.protocol.errors import EngineError, RemoteProtocolError, TransportError

__all__ = ["TrioWebSocketStream", "open_trio_websocket"]

#: While so many messages wait to be received, no more are read. More smooths bursts; the socket's
#: own buffer holds the rest.
QUEUE = 256
#: At most so much is read at once, however much the options allow: all messages of a read are
#: parsed before the first is handed on.
READ_BYTES = 64 * 1024
#: A text that is too long, bytes that are no frames: trio-websocket answers with these itself.
PROTOCOL_FAILURES = frozenset({1002, 1003, 1007, 1009})


class TrioByteStream(trio.abc.Stream):
    """An anyio byte stream as trio-websocket wants it.

    Its reader comes here each time it has queued all messages of a read: the one sign of that.

    Attributes:
        before_send: called before anything is sent.
        before_receive: awaited before anything is received.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.before_send: Callable[[], None] = lambda: None
        self.before_receive: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint_if_cancelled

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it."""
        self.before_send()
        try:
            await self._stream.send(bytes(data))
        except anyio.BrokenResourceError as error:
            raise trio.BrokenResourceError from error
        except anyio.ClosedResourceError as error:
            raise trio.ClosedResourceError from error

    async def wait_send_all_might_not_block(self) -> None:
        """Return at once: there is nothing better to go by."""
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Some bytes, empty at the end."""
        await self.before_receive()
        try:
            return await self._stream.receive(max_bytes or 65536)
        except anyio.EndOfStream:
            return b""
        except anyio.BrokenResourceError as error:
            raise trio.BrokenResourceError from error
        except anyio.ClosedResourceError as error:
            raise trio.ClosedResourceError from error

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()


class Guard:
    """Stands for the nursery that trio-websocket starts its reader in.

    The reader tells a refused handshake, and some broken bytes, by crashing: here that ends the
    stream instead of the nursery, and with it the host's body.

    Attributes:
        ended: called when the reader has ended, with its error or None.
    """

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.ended: Callable[[Exception | None], None] = lambda _: None

    def start_soon(self, function: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run the function in the nursery."""
        self._nursery.start_soon(self._run, function, *args)

    async def _run(self, function: Callable[..., Awaitable[object]], *args: object) -> None:
        error: Exception | None = None
        try:
            await function(*args)
        except Exception as caught:  # noqa: BLE001 - handed on: the stream tells it
            error = caught
        self.ended(error)


def queued(connection: object) -> Callable[[], bytes | str] | None:
    """What takes a message that the connection has queued; None if it cannot be had.

    `get_message` passes the scheduler once for each message, and so does the reader that queues
    it: received by that alone, a flood costs every task behind us a turn a message, which more
    than halves the rate. There is no public way to take all that is there, hence this look at the
    channel behind it; a trio-websocket that has none there is received from one by one.
    """
    channel = getattr(connection, "_recv_channel", None)
    if not isinstance(channel, trio.MemoryReceiveChannel):
        return None
    take: Callable[[], bytes | str] = channel.receive_nowait
    return take


class TrioWebSocketStream:
    """An open WebSocket; see `streams.Stream`. Made by `open_trio_websocket`.

    trio-websocket's reader fills a queue, a message a turn of the scheduler. Woken by the first,
    we would keep pace with it and never find a second. So whoever receives sleeps until the
    reader touches the byte stream again: then all that one read brought is taken at once.
    """

    def __init__(
        self, connection: trio_websocket.WebSocketConnection, options: StreamOptions, exchange: str
    ) -> None:
        self._connection = connection
        self._options = options
        self._exchange = exchange
        self._take = queued(connection)
        #: Taken from the queue, but not yet handed over.
        self._ready: list[bytes | str] = []
        self._failure: EngineError | None = None
        self._is_closing = False
        #: The queue is closed: `get_message` tells why.
        self._has_ended = False
        #: Set when whoever receives should look again.
        self._changed = trio.Event()
        #: Set when the reader, held up because too many messages wait, should look again.
        self._has_room = trio.Event()
        self._receiver: trio.CancelScope | None = None

    async def receive_many(self) -> list[bytes | str]:
        """All whole messages that have come; see `Stream.receive_many`."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._ready:
            if self._failure is not None:
                await trio.lowlevel.checkpoint()
                raise self._failure
            if self._take is None or self._has_ended or self._is_closing:
                return [await self._receive_one()]
            self._changed = trio.Event()
            await self._changed.wait()
        # Nothing was awaited since they were found: a cancellation cannot lose them.
        ready, self._ready = self._ready, []
        self._has_room.set()
        return ready

    async def _receive_one(self) -> bytes | str:
        """The next message as trio-websocket gives it, or its error that tells of the end."""
        try:
            with trio.CancelScope() as scope:
                self._receiver = scope
                message: bytes | str = await self._connection.get_message()
                return message
        except Exception as error:
            raise self._fail(error) from error
        finally:
            self._receiver = None
        # Only `give_up` cancels this scope, and it leaves the reason.
        raise self._reason()

    def collect(self) -> None:
        """Take what is queued and wake whoever receives.

        Called before each step that may end the stream: trio-websocket forgets its queue if it
        finds a message too long.
        """
        # What comes after the end was told is not for us.
        if self._take is None or self._is_closing or self._failure is not None:
            return
        try:
            while True:
                self._ready.append(self._take())
        except trio.WouldBlock:
            pass
        except (trio.EndOfChannel, trio.ClosedResourceError):
            self._has_ended = True
        if self._ready or self._has_ended:
            self._changed.set()

    async def before_read(self) -> None:
        """Take what the last read brought, and hold the reader up while too many messages wait."""
        self.collect()
        while len(self._ready) >= QUEUE and self._failure is None and not self._is_closing:
            self._has_room = trio.Event()
            await self._has_room.wait()

    async def send(self, text: str) -> None:
        """Send one text message; see `Stream.send`."""
        if self._failure is not None:
            raise self._failure
        try:
            await self._connection.send_message(text)
        except Exception as error:
            raise self._fail(error) from error

    async def aclose(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye and close, within the close timeout; never fails."""
        self.collect()
        self._is_closing = True
        self._look_again()
        with trio.move_on_after(self._options.close_timeout_s):
            try:
                await self._connection.aclose(code, reason)
            except Exception as error:  # noqa: BLE001 - kept: the next receive tells it
                self._fail(error)

    async def keep_alive(self) -> None:
        """Ping on schedule until the stream ends; a missing pong ends it."""
        interval = self._options.ping_interval_s
        while interval is not None:
            await trio.sleep(interval)
            if self._connection.closed is not None:
                return
            with trio.move_on_after(self._options.pong_timeout_s) as scope:
                try:
                    await self._connection.ping()
                except Exception as error:  # noqa: BLE001 - the receiver meets the same end
                    self._fail(error)
                    return
            if scope.cancelled_caught:
                message = f"no pong within {self._options.pong_timeout_s:g} s of our ping"
                self.give_up(TransportError(message, exchange=self._exchange, operation="stream"))
                return

    def _reason(self) -> EngineError:
        return self._failure or TransportError("the stream ended", exchange=self._exchange)

    def give_up(self, failure: EngineError) -> None:
        """End the stream with this error, behind what has come; wakes whoever receives."""
        self.collect()
        if self._failure is None:
            self._failure = failure
        self._look_again()
        if self._receiver is not None:
            self._receiver.cancel()

    def _look_again(self) -> None:
        self._changed.set()
        self._has_room.set()

    def reader_ended(self, error: Exception | None) -> None:
        """End the stream if its reader stumbled; an ordinary end tells itself."""
        if error is None:
            self.collect()
            return
        message = f"a frame breaks the WebSocket protocol ({type(error).__name__})"
        failure = RemoteProtocolError(message, exchange=self._exchange, operation="stream")
        failure.__cause__ = error
        self.give_up(failure)

    def _fail(self, error: Exception) -> EngineError:
        self.give_up(self._failure_of(error))
        return self._reason()

    def _failure_of(self, error: Exception) -> EngineError:
        reason = error.reason if isinstance(error, trio_websocket.ConnectionClosed) else None
        if reason is None:
            return translate(error, doing="the stream", exchange=self._exchange, operation="stream")
        said = reason.reason or ""
        if reason.code == 1006:  # noqa: PLR2004 - RFC 6455: no close frame came
            message = "the connection ended without a close frame"
            return TransportError(message, exchange=self._exchange, operation="stream")
        if reason.code in PROTOCOL_FAILURES and not self._is_closing:
            message = f"the stream broke the WebSocket protocol (code {reason.code})"
            return RemoteProtocolError(message, exchange=self._exchange, operation="stream")
        who = "us" if self._is_closing else "the exchange"
        return StreamClosed(
            f"the stream was closed by {who} with code {reason.code}"
            + (f" ({said})" if said else ""),
            close_code=reason.code,
            reason=said,
            by_peer=not self._is_closing,
            exchange=self._exchange,
        )


@asynccontextmanager
async def open_trio_websocket(
    address: Address,
    headers: Sequence[tuple[str, str]],
    *,
    network: Network,
    options: StreamOptions,
    exchange: str = "",
) -> AsyncIterator[TrioWebSocketStream]:
    """Connect, shake hands, and close at the end; errors as `open_websocket`'s.

    permessage-deflate is not offered: trio-websocket does not speak it.
    """
    raw_headers = [(name.encode(), value.encode()) for name, value in checked_headers(headers)]
    stream = await connect(address, network=network, options=options, exchange=exchange)
    failure: Exception | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                opened = await shake_hands(
                    nursery, stream, address, raw_headers, options=options, exchange=exchange
                )
            except Exception as error:  # noqa: BLE001 - raised below, outside the nursery
                failure = handshake_error(error, exchange=exchange)
                failure.__cause__ = error
            else:
                nursery.start_soon(opened.keep_alive)
                try:
                    yield opened
                except Exception as error:  # noqa: BLE001 - raised below, outside the nursery
                    failure = error
                await opened.aclose()
            nursery.cancel_scope.cancel()
    finally:
        await anyio.aclose_forcefully(stream)
    if failure is not None:
        raise failure


async def shake_hands(
    nursery: trio.Nursery,
    stream: ByteStream,
    address: Address,
    headers: list[tuple[bytes, bytes]],
    *,
    options: StreamOptions,
    exchange: str,
) -> TrioWebSocketStream:
    """The opening handshake, within its timeout; trio-websocket's own exceptions."""
    guard = Guard(nursery)
    failure: Exception = TimeoutError()

    def ended(error: Exception | None) -> None:
        nonlocal failure
        failure = error or EOFError()
        shaking.cancel()

    guard.ended = ended
    byte_stream = TrioByteStream(stream)
    read_bytes = min(options.read_bytes, READ_BYTES)
    with trio.move_on_after(options.handshake_timeout_s) as shaking:
        connection = await trio_websocket.wrap_client_stream(
            guard,  # type: ignore[arg-type]
            byte_stream,  # type: ignore[arg-type]
            address.authority,
            address.target,
            extra_headers=headers,
            # A message takes two bytes or more: one read never fills the queue, for a reader that
            # waited there for room would never come back to say that there is something to take.
            message_queue_size=read_bytes,
            max_message_size=options.max_message_bytes,
            receive_buffer_size=read_bytes,
        )
        opened = TrioWebSocketStream(connection, options, exchange)
        guard.ended = opened.reader_ended
        byte_stream.before_send = opened.collect
        byte_stream.before_receive = opened.before_read
        # What came right behind the handshake, and perhaps the end.
        opened.collect()
        return opened
    raise failure


def handshake_error(error: Exception, *, exchange: str) -> EngineError:
    """What a failed opening handshake means."""
    if isinstance(error, trio_websocket.ConnectionRejected):
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in error.headers or ()
        }
        return refusal(error.status_code, headers, bytes(error.body or b""), exchange=exchange)
    if isinstance(error, trio_websocket.ConnectionClosed):
        message = "the other side closed the connection during the WebSocket handshake"
        return TransportError(message, exchange=exchange, operation="connect")
    if blame(type(error)) is Blame.LOCAL:
        # trio-websocket stumbles over its own answer to an answer that is no handshake.
        message = f"the answer is no WebSocket handshake ({type(error).__name__})"
        return RemoteProtocolError(message, exchange=exchange, operation="connect")
    return translate(error, doing="the WebSocket handshake", exchange=exchange)
