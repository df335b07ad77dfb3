"""Streams of lines over one endless chunked HTTP reply."""

import zlib
from collections.abc import Sequence

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream

from venuetree.actors.addresses import Address
from venuetree.actors.foreign_errors import translate
from venuetree.actors.http_reply import ReplyParser, ReplyState, decompress
from venuetree.actors.http_text import checked_headers, checked_target
from venuetree.actors.network import Network
from venuetree.actors.streams import (
    NORMAL_CLOSURE,
    StreamClosed,
    StreamOptions,
    refusal,
)
from venuetree.actors.websocket import connect
from venuetree.protocol.errors import (
    EngineError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
)

__all__ = ["HttpLineStream", "LineSplitter", "open_http_lines"]

OK = 200
#: A refusal's body is a sentence or a page; more of it is not worth waiting for.
REFUSAL_LIMIT = 64 * 1024


class LineSplitter:
    """Pieces of bytes to whole lines, however the pieces were cut.

    A line ends with LF, or CR LF; blank lines are left out, as is what follows the last LF.
    """

    def __init__(self, *, max_line_bytes: int) -> None:
        self._limit = max_line_bytes
        self._held: list[bytes] = []
        self._held_size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes.

        Raises:
            RemoteProtocolError: a line is longer than allowed. Of no further use after that.
        """
        first, newline, rest = data.partition(b"\n")
        self._held_size += len(first)
        if self._held_size > self._limit:
            message = "a line is longer than allowed"
            raise RemoteProtocolError(message, payload=first, operation="stream")
        self._held.append(first)
        if not newline:
            return []
        lines = [b"".join(self._held), *rest.split(b"\n")]
        last = lines.pop()
        self._held, self._held_size = [last], len(last)
        if self._held_size > self._limit or any(len(line) > self._limit for line in lines):
            message = "a line is longer than allowed"
            raise RemoteProtocolError(message, payload=last, operation="stream")
        return [line for line in (raw.removesuffix(b"\r") for raw in lines) if line.strip()]


class HttpLineStream:
    """An open stream of lines; see `streams.Stream`. Made by `open_http_lines`."""

    def __init__(self, stream: ByteStream, options: StreamOptions, exchange: str) -> None:
        self._stream = stream
        self._options = options
        self._exchange = exchange
        self._splitter = LineSplitter(max_line_bytes=options.max_message_bytes)
        self._parser = ReplyParser(max_body_bytes=1 << 62, sink=self._take)
        self._opener: zlib._Decompress | None = None
        self._is_refusal = False
        self._said = b""
        self._is_first = True
        self._ready: list[bytes | str] = []
        self._failure: EngineError | None = None
        self._is_closed = False

    async def receive_many(self) -> list[bytes | str]:
        """All whole lines that have come, as bytes without their ends; see `Stream`."""
        while not self._ready:
            if self._failure is not None:
                await anyio.lowlevel.checkpoint()
                raise self._failure
            await self._receive_once()
        ready, self._ready = self._ready, []
        return ready

    async def send(self, text: str) -> None:
        """LocalProtocolError: nothing can be said on such a stream."""
        del text
        await anyio.lowlevel.checkpoint()
        message = "nothing can be sent on a stream of HTTP lines"
        raise LocalProtocolError(message, exchange=self._exchange, operation="stream")

    async def aclose(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the connection; HTTP has no goodbye."""
        del code, reason
        self._is_closed = True
        self._end(self._closed(by_peer=False))
        await anyio.aclose_forcefully(self._stream)

    async def open(self, data: bytes) -> None:
        """Send the request and read the reply's head; see `open_http_lines` for errors."""
        try:
            await self._stream.send(data)
        except Exception as error:
            doing = "asking for the stream"
            raise translate(error, doing=doing, exchange=self._exchange) from error
        while not self._has_head():
            await self._receive_once()
            if self._failure is not None and not self._has_head():
                raise self._failure
        if self._is_first:
            self._is_first = False
            self._begin()
        if self._is_refusal:
            while self._failure is None and len(self._said) < REFUSAL_LIMIT:
                await self._receive_once()
            headers = self._parser.headers
            said, coding = self._said, headers.get("content-encoding", "")
            if coding:
                said = decompress(said, coding, limit=REFUSAL_LIMIT)
            raise refusal(self._parser.status, headers, said, exchange=self._exchange)
        if self._failure is not None and not self._ready:
            raise self._failure

    def _has_head(self) -> bool:
        return self._parser.state in (ReplyState.BODY, ReplyState.COMPLETE)

    async def _receive_once(self) -> None:
        try:
            data = await self._stream.receive(self._options.read_bytes)
        except anyio.EndOfStream as error:
            self._conclude(error)
            return
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
            self._conclude(error)
            return
        try:
            self._parser.feed(data)
        except RemoteProtocolError as error:
            error.exchange = self._exchange
            self._end(error)
            return
        if self._parser.state is ReplyState.COMPLETE:
            self._end(self._closed(by_peer=True))

    def _take(self, data: bytes) -> None:
        """A piece of the reply's body, from the parser."""
        if self._is_first:
            self._is_first = False
            self._begin()
        if self._failure is not None:
            return
        if self._is_refusal:
            self._said += data
            return
        try:
            if self._opener is not None:
                data = self._opener.decompress(data, self._options.max_message_bytes)
                if self._opener.unconsumed_tail:
                    message = "a piece of the stream is too long when decompressed"
                    raise RemoteProtocolError(message, operation="stream")  # noqa: TRY301
            if self._parser.status == OK and data.lstrip()[:1] == b"<":
                message = "the stream is a page of HTML"
                raise RemoteProtocolError(message, payload=data, operation="stream")  # noqa: TRY301
            self._ready += self._splitter.feed(data)
        except RemoteProtocolError as error:
            error.exchange = self._exchange
            self._end(error)
        except zlib.error as error:
            message = "the stream's compression is broken"
            failure = RemoteProtocolError(message, exchange=self._exchange, operation="stream")
            failure.__cause__ = error
            self._end(failure)

    def _begin(self) -> None:
        """The head is known: judge it."""
        headers = self._parser.headers
        if self._parser.status != OK:
            self._is_refusal = True
            return
        if "html" in headers.get("content-type", ""):
            message = "the stream is a page of HTML"
            self._end(RemoteProtocolError(message, exchange=self._exchange, operation="stream"))
            return
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding in ("gzip", "deflate"):
            self._opener = zlib.decompressobj(15 + 32)
        elif coding != "identity":
            message = f"the stream's content encoding {coding[:20]!r} is unknown"
            self._end(RemoteProtocolError(message, exchange=self._exchange, operation="stream"))

    def _conclude(self, error: Exception) -> None:
        if self._is_closed:
            self._end(self._closed(by_peer=False))
        elif isinstance(error, anyio.EndOfStream):
            message = "the connection ended in the middle of the stream"
            self._end(TransportError(message, exchange=self._exchange, operation="stream"))
        else:
            self._end(
                translate(error, doing="the stream", exchange=self._exchange, operation="stream")
            )

    def _end(self, failure: EngineError) -> None:
        if self._failure is None:
            self._failure = failure

    def _closed(self, *, by_peer: bool) -> StreamClosed:
        return StreamClosed(
            f"the stream was ended by {'the exchange' if by_peer else 'us'}",
            close_code=0,
            reason="",
            by_peer=by_peer,
            exchange=self._exchange,
        )


async def open_http_lines(
    address: Address,
    headers: Sequence[tuple[str, str]],
    *,
    network: Network,
    options: StreamOptions,
    exchange: str = "",
) -> HttpLineStream:
    """Ask for the stream and wait for its head. The caller closes what is returned.

    Raises:
        TransportError: it cannot be reached, or did not answer in time.
        AuthRefused, PermissionRefused, RateLimited, ExchangeUnavailable, ExchangeRefused:
            it answered with another status than 200.
        RemoteProtocolError: the answer is no HTTP, or a page of HTML.
    """
    target = checked_target(address.target, exchange=exchange)
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {address.authority}",
        "User-Agent: venuetree",
        # Nothing may hold lines back to compress them.
        "Accept-Encoding: identity",
        *(f"{name}: {value}" for name, value in checked_headers(headers, exchange=exchange)),
    ]
    data = "\r\n".join([*lines, "", ""]).encode("ascii")
    stream = await connect(address, network=network, options=options, exchange=exchange)
    opened = HttpLineStream(stream, options, exchange)
    try:
        with anyio.fail_after(options.handshake_timeout_s):
            await opened.open(data)
    except BaseException as error:
        await anyio.aclose_forcefully(stream)
        if isinstance(error, TimeoutError):
            raise translate(error, doing="asking for the stream", exchange=exchange) from error
        raise
    return opened
