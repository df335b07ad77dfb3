"""WebSocket on any byte stream: `websockets`' sans-I/O client, anyio's I/O, no task of its own."""

import contextlib
import logging
import struct
from collections.abc import Sequence

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState, InvalidStatus, PayloadTooBig
from websockets.extensions.permessage_deflate import enable_client_permessage_deflate
from websockets.protocol import State
from websockets.uri import WebSocketURI

from venuetree.actors.addresses import Address, TlsMode
from venuetree.actors.foreign_errors import translate
from venuetree.actors.http_text import checked_headers
from venuetree.actors.network import Network
from venuetree.actors.streams import (
    NORMAL_CLOSURE,
    Compression,
    StreamClosed,
    StreamOptions,
    refusal,
)
from venuetree.actors.websocket_parser import FramePath, InvalidText, WebSocketParser
from venuetree.protocol.errors import EngineError, RemoteProtocolError, TransportError

__all__ = ["WebSocketStream", "open_websocket"]

#: `websockets` logs handshakes, headers and all, at DEBUG; headers hold keys. It may log nothing.
SILENT = logging.Logger("venuetree.websockets", logging.CRITICAL + 1)  # noqa: LOG001 - nobody's

#: The opening handshake's answer, without its body, is never longer.
HANDSHAKE_LIMIT = 64 * 1024
END_OF_HEAD = b"\r\n\r\n"


class WebSocketStream:
    """An open WebSocket; see `streams.Stream`. Made by `open_websocket`.

    It has no background task: pings are answered, and ours sent and their pongs awaited, inside
    `receive_many`, so its owner must keep receiving.
    """

    def __init__(
        self, stream: ByteStream, parser: WebSocketParser, options: StreamOptions, exchange: str
    ) -> None:
        self._stream = stream
        self._parser = parser
        self._protocol = parser.protocol
        self._options = options
        self._exchange = exchange
        self._lock = anyio.Lock(fast_acquire=True)
        #: Parsed, but not yet handed over: a receive was cancelled while it answered a ping.
        self._ready: list[bytes | str] = []
        self._failure: EngineError | None = None
        self._is_receiving = False
        self._is_closing = False
        self._finished = anyio.Event()
        self._pings = 0
        #: The ping that awaits its pong; its deadline, else when the next ping is due.
        self._awaited: bytes | None = None
        interval = options.ping_interval_s
        self._timer = None if interval is None else anyio.current_time() + interval

    async def receive_many(self) -> list[bytes | str]:
        """All whole messages that have come; see `Stream.receive_many`."""
        while not self._ready:
            if self._failure is not None:
                await anyio.lowlevel.checkpoint()
                raise self._failure
            self._is_receiving = True
            try:
                await self._receive_once()
            finally:
                self._is_receiving = False
        ready, self._ready = self._ready, []
        return ready

    async def send(self, text: str) -> None:
        """Send one text message; see `Stream.send`."""
        if self._failure is not None:
            raise self._failure
        try:
            self._protocol.send_text(text.encode())
        except InvalidState:
            raise self._closed(by_peer=False) from None
        await self._flush()

    async def aclose(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye and close, within the close timeout; cancelled, it closes at once."""
        self._is_closing = True
        try:
            if self._protocol.state is State.OPEN and self._failure is None:
                self._protocol.send_close(code, reason)
                with anyio.move_on_after(self._options.close_timeout_s):
                    await self._say_goodbye()
        finally:
            if self._failure is None:
                self._failure = self._closed(by_peer=False)
            self._finished.set()
            await anyio.aclose_forcefully(self._stream)

    async def _say_goodbye(self) -> None:
        try:
            await self._flush()
            if self._is_receiving:
                await self._finished.wait()
                return
            while self._failure is None:
                await self._receive_once()
        except EngineError:
            pass  # it is closed all the same

    async def _receive_once(self) -> None:
        """Read once; leave messages in `_ready`, or the end in `_failure`."""
        data = b""
        try:
            if self._timer is None:
                data = await self._stream.receive(self._options.read_bytes)
            else:
                now = anyio.current_time()
                if now >= self._timer:
                    await self._tick(now)
                    return
                with anyio.CancelScope(deadline=self._timer):
                    data = await self._stream.receive(self._options.read_bytes)
                if not data:
                    return
        except anyio.EndOfStream:
            self._parser.feed_eof()
            self._conclude(None)
            return
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
            self._conclude(error)
            return
        # From here to the end of this line nothing awaits: what was read is never lost.
        self._ready += self._parser.feed(data)
        if self._parser.pongs:
            self._note_pongs()
        if self._parser.failure is not None or self._parser.close is not None:
            with anyio.move_on_after(self._options.close_timeout_s):
                await self._flush_quietly()
            self._conclude(None)
        elif self._protocol.writes:
            await self._flush_in_time()

    # ------------------------------------------------------------ our pings

    async def _tick(self, now: float) -> None:
        interval = self._options.ping_interval_s
        if interval is None:
            return
        if self._awaited is not None:
            message = f"no pong within {self._options.pong_timeout_s:g} s of our ping"
            self._end(TransportError(message, exchange=self._exchange, operation="stream"))
            return
        if self._protocol.state is not State.OPEN:
            self._timer = None
            return
        self._pings += 1
        self._awaited = struct.pack("!Q", self._pings)
        self._timer = now + self._options.pong_timeout_s
        self._protocol.send_ping(self._awaited)
        await self._flush_in_time()

    def _note_pongs(self) -> None:
        pongs, self._parser.pongs = self._parser.pongs, []
        if self._awaited in pongs and self._options.ping_interval_s is not None:
            self._awaited = None
            self._timer = anyio.current_time() + self._options.ping_interval_s

    # ------------------------------------------------------------ sending

    async def _flush_in_time(self) -> None:
        """Send what waits; a peer that takes nothing for a pong's time is gone."""
        with anyio.move_on_after(self._options.pong_timeout_s) as scope:
            await self._flush_quietly()
        if scope.cancelled_caught:
            message = "the other side takes no more data"
            self._failure = TransportError(message, exchange=self._exchange, operation="stream")
            self._finished.set()

    async def _flush_quietly(self) -> None:
        """Send what waits; a failure is kept in `_failure`, behind the messages read before it."""
        with contextlib.suppress(EngineError):
            await self._flush()

    async def _flush(self) -> None:
        async with self._lock:
            data = b"".join(self._protocol.data_to_send())
            if not data:
                return
            try:
                await self._stream.send(data)
            except Exception as error:
                self._conclude(error)
                raise self._failure or translate(error, doing="sending") from error
            except BaseException:
                # Cancelled with part of a frame sent, perhaps: nothing can follow it.
                message = "a send was cancelled half way"
                self._end(TransportError(message, exchange=self._exchange, operation="stream"))
                raise

    # ------------------------------------------------------------ the end

    def _conclude(self, error: Exception | None) -> None:
        """Decide what the end was, from the protocol's state and the error that told of it."""
        parser = self._parser
        failure: EngineError
        if parser.close is not None:
            # `close_rcvd_then_sent` is None if our answer never left.
            failure = self._closed(by_peer=self._protocol.close_rcvd_then_sent is not False)
        elif self._is_closing:
            failure = self._closed(by_peer=False)
        elif error is not None:
            failure = translate(
                error, doing="the stream", exchange=self._exchange, operation="stream"
            )
        elif parser.failure is None or isinstance(parser.failure, EOFError):
            failure = TransportError(
                "the connection ended without a close frame",
                exchange=self._exchange,
                operation="stream",
            )
        else:
            failure = RemoteProtocolError(
                describe_failure(parser.failure),
                exchange=self._exchange,
                operation="stream",
            )
            failure.__cause__ = parser.failure
        self._end(failure)

    def _end(self, failure: EngineError) -> None:
        if self._failure is None:
            self._failure = failure
        self._finished.set()

    def _closed(self, *, by_peer: bool) -> StreamClosed:
        code, reason = self._parser.close or (NORMAL_CLOSURE, "")
        who = "the exchange" if by_peer else "us"
        said = f" ({reason})" if reason else ""
        return StreamClosed(
            f"the stream was closed by {who} with code {code}{said}",
            close_code=code,
            reason=reason,
            by_peer=by_peer,
            exchange=self._exchange,
        )


def describe_failure(failure: Exception) -> str:
    """Why the protocol gave up, in our words and without the payload."""
    match failure:
        case InvalidText() | UnicodeDecodeError():
            return "a text message or close reason is not UTF-8"
        case PayloadTooBig():
            return "a message is longer than allowed"
        case _:
            return f"a frame breaks the WebSocket protocol ({failure})"


async def open_websocket(
    address: Address,
    headers: Sequence[tuple[str, str]],
    *,
    network: Network,
    options: StreamOptions,
    exchange: str = "",
    path: FramePath = FramePath.SHORT_CUT,
) -> WebSocketStream:
    """Connect and shake hands. The caller closes what is returned. Cancelling leaves nothing.

    Raises:
        TransportError: it cannot be reached, or did not answer in time.
        AuthRefused, PermissionRefused, RateLimited, ExchangeUnavailable, ExchangeRefused:
            it answered with another status than 101.
        RemoteProtocolError: the answer is no WebSocket handshake.
    """
    checked_headers(headers, exchange=exchange)
    stream = await connect(address, network=network, options=options, exchange=exchange)
    try:
        with anyio.fail_after(options.handshake_timeout_s):
            parser, first = await shake_hands(
                stream, address, headers, options=options, exchange=exchange, path=path
            )
    except BaseException as error:
        await anyio.aclose_forcefully(stream)
        if isinstance(error, EngineError) or not isinstance(error, Exception):
            raise
        raise translate(error, doing="the WebSocket handshake", exchange=exchange) from error
    opened = WebSocketStream(stream, parser, options, exchange)
    opened._ready = first  # noqa: SLF001 - what came right behind the handshake
    if parser.close is not None or parser.failure is not None:
        opened._conclude(None)  # noqa: SLF001
    return opened


async def connect(
    address: Address, *, network: Network, options: StreamOptions, exchange: str
) -> ByteStream:
    """A byte stream to the address; TransportError if it cannot be had in time."""
    doing = f"connecting to {address.host}:{address.port}"
    try:
        with anyio.fail_after(options.connect_timeout_s):
            return await network.connect(address.host, address.port, tls=address.tls)
    except Exception as error:
        raise translate(error, doing=doing, exchange=exchange) from error


async def shake_hands(
    stream: ByteStream,
    address: Address,
    headers: Sequence[tuple[str, str]],
    *,
    options: StreamOptions,
    exchange: str,
    path: FramePath,
) -> tuple[WebSocketParser, list[bytes | str]]:
    """The opening handshake: the parser for what follows, and messages that came with it."""
    target, _, query = address.target.partition("?")
    compress = options.compression is Compression.DEFLATE
    protocol = ClientProtocol(
        WebSocketURI(
            secure=address.tls is TlsMode.VERIFIED,
            host=address.host,
            port=address.port,
            path=target,
            query=query,
        ),
        extensions=enable_client_permessage_deflate(None) if compress else None,
        max_size=options.max_message_bytes,
        logger=SILENT,
    )
    request = protocol.connect()
    for name, value in headers:
        request.headers[name] = value
    request.headers.setdefault("User-Agent", "venuetree")
    protocol.send_request(request)
    await stream.send(b"".join(protocol.data_to_send()))
    head = b""
    while END_OF_HEAD not in head and len(head) < HANDSHAKE_LIMIT:
        try:
            head += await stream.receive(options.read_bytes)
        except anyio.EndOfStream:
            break
    # Frames may come right behind the head: the parser must meet them at their boundary.
    head, end, rest = head.partition(END_OF_HEAD)
    protocol.receive_data(head + end)
    if not end:
        protocol.receive_eof()
    if protocol.state is State.OPEN:
        protocol.events_received()
        parser = WebSocketParser(protocol, max_message_bytes=options.max_message_bytes, path=path)
        return parser, parser.feed(rest)
    while protocol.handshake_exc is None:
        # Another status: its body, which says why, is still on its way.
        protocol.receive_data(rest)
        if protocol.handshake_exc is None:
            try:
                rest = await stream.receive(options.read_bytes)
            except anyio.EndOfStream:
                protocol.receive_eof()
    raise handshake_error(protocol.handshake_exc, exchange=exchange) from protocol.handshake_exc


def handshake_error(failure: Exception, *, exchange: str) -> EngineError:
    """What a failed opening handshake means."""
    if isinstance(failure, InvalidStatus):
        response = failure.response
        return refusal(
            response.status_code,
            {name.lower(): value for name, value in response.headers.raw_items()},
            bytes(response.body),
            exchange=exchange,
        )
    if isinstance(failure.__cause__, EOFError):
        message = "the other side closed the connection during the WebSocket handshake"
        return TransportError(message, exchange=exchange, operation="connect")
    message = f"the answer is no WebSocket handshake ({type(failure).__name__})"
    return RemoteProtocolError(message, exchange=exchange, operation="connect")
