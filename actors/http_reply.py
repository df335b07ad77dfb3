"""Bytes of HTTP replies to values, without I/O: `httptools` reads, this judges."""

import zlib
from enum import Enum, auto
from typing import Protocol

import httptools
from attrs import frozen

from venuetree.protocol.errors import RemoteProtocolError

__all__ = ["BodySink", "HttpReply", "ReplyParser", "ReplyState", "decompress"]

#: An exchange's head is a few hundred bytes, a proxy's a few thousand.
HEAD_LIMIT = 64 * 1024
SWITCHING_PROTOCOLS = 101
NO_CONTENT = 204
NOT_MODIFIED = 304


class ReplyState(Enum):
    """How far a reply has come."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()
    COMPLETE = auto()


@frozen
class HttpReply:
    """One reply. Names of headers are lower case; repeated ones are joined with `, `."""

    status: int
    headers: dict[str, str]
    body: bytes


class BodySink(Protocol):
    """Takes a reply's body piece by piece."""

    def __call__(self, data: bytes, /) -> None:
        """Take the next piece."""
        ...


class ReplyParser:
    """Reads one final reply; interim ones (1xx) pass unseen.

    Feed it until `state` is COMPLETE, or the connection ends: then call `feed_eof`.

    Attributes:
        state: how far the reply has come.
        status: known from BODY on.
        headers: known from BODY on.
        can_be_reused: whether the connection may carry another request, once COMPLETE.
    """

    def __init__(self, *, max_body_bytes: int, sink: BodySink | None = None) -> None:
        self.state = ReplyState.NOTHING
        self.status = 0
        self.headers: dict[str, str] = {}
        self.can_be_reused = False
        self._limit = max_body_bytes
        self._pieces: list[bytes] = []
        self._sink = sink
        self._size = 0
        self._head_size = 0
        self._has_excess = False
        self._is_too_long = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take what has come.

        Raises:
            RemoteProtocolError: it is no HTTP reply, is too long, or is followed by bytes that
                nobody asked for. Of no further use after that.
        """
        if self.state in (ReplyState.NOTHING, ReplyState.HEAD):
            self._head_size += len(data)
            has_long_head = self._head_size > HEAD_LIMIT + len(data)
        else:
            has_long_head = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            message = "the reply switches to another protocol"
            raise RemoteProtocolError(message, operation="reply") from error
        except httptools.HttpParserError as error:
            if self._has_excess:
                raise self._excess() from error
            if self._is_too_long:
                raise self._too_long() from error
            message = "the reply is not HTTP"
            raise RemoteProtocolError(message, payload=data, operation="reply") from error
        if self._has_excess:
            raise self._excess()
        if self._is_too_long:
            raise self._too_long()
        if has_long_head and self.state in (ReplyState.NOTHING, ReplyState.HEAD):
            message = "the reply's head is too long"
            raise RemoteProtocolError(message, operation="reply")

    def feed_eof(self) -> None:
        """The connection has ended: complete if the end is what delimits the body.

        Raises:
            EOFError: the reply was cut off.
        """
        if self.state is ReplyState.COMPLETE:
            return
        is_delimited_by_end = (
            self.state is ReplyState.BODY
            and "content-length" not in self.headers
            and "transfer-encoding" not in self.headers
        )
        if not is_delimited_by_end:
            message = "the reply was cut off"
            raise EOFError(message)
        self.state = ReplyState.COMPLETE
        self.can_be_reused = False

    def reply(self) -> HttpReply:
        """The whole reply, decompressed. Call it once COMPLETE.

        Raises:
            RemoteProtocolError: the compression cannot be read.
        """
        body = b"".join(self._pieces)
        coding = self.headers.get("content-encoding")
        if coding is not None:
            body = decompress(body, coding, limit=self._limit)
        return HttpReply(self.status, self.headers, body)

    def _excess(self) -> RemoteProtocolError:
        return RemoteProtocolError("more came than one reply", operation="reply")

    def _too_long(self) -> RemoteProtocolError:
        return RemoteProtocolError("the reply's body is too long", operation="reply")

    # ------------------------------------------------------------ called by httptools

    def on_message_begin(self) -> None:
        """A reply begins; a second one is not ours."""
        if self.state is ReplyState.COMPLETE:
            self._has_excess = True
        else:
            self.state = ReplyState.HEAD

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the head; trailers are ignored."""
        if self.state is not ReplyState.HEAD:
            return
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        before = self.headers.get(key)
        self.headers[key] = text if before is None else f"{before}, {text}"

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._has_excess:
            return
        self.status = self._parser.get_status_code()
        self.state = ReplyState.BODY

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._has_excess:
            return
        self._size += len(data)
        if self._size > self._limit:
            self._is_too_long = True
        elif self._sink is not None:
            self._sink(data)
        else:
            self._pieces.append(data)

    def on_message_complete(self) -> None:
        """The reply is whole, or it was an interim one and the next is to come."""
        if self._has_excess:
            return
        if 100 <= self.status < 200:  # noqa: PLR2004 - HTTP's own numbers
            self.state = ReplyState.NOTHING
            self.headers = {}
            return
        self.state = ReplyState.COMPLETE
        self.can_be_reused = self._parser.should_keep_alive()


def decompress(body: bytes, coding: str, *, limit: int) -> bytes:
    """The body without its `Content-Encoding`; exchanges compress unasked.

    Raises:
        RemoteProtocolError: the coding is unknown, broken, or longer than `limit` when opened.
    """
    for name in reversed([part.strip().lower() for part in coding.split(",")]):
        if name in ("", "identity"):
            continue
        if name not in ("gzip", "x-gzip", "deflate"):
            message = f"the reply's content encoding {name[:20]!r} is unknown"
            raise RemoteProtocolError(message, operation="reply")
        # 15 bits and 32: gzip and zlib wrappers are told apart by zlib itself.
        wbits = -15 if name == "deflate" and not is_zlib(body) else 15 + 32
        opener = zlib.decompressobj(wbits)
        try:
            opened = opener.decompress(body, limit + 1)
        except zlib.error as error:
            message = "the reply's compression is broken"
            raise RemoteProtocolError(message, operation="reply") from error
        if len(opened) > limit:
            message = "the reply's body is too long when decompressed"
            raise RemoteProtocolError(message, operation="reply")
        if not opener.eof and body:
            message = "the reply's compressed body is cut off"
            raise RemoteProtocolError(message, operation="reply")
        body = opened
    return body


def is_zlib(body: bytes) -> bool:
    """Whether a `deflate` body has zlib's wrapper, as the standard says, or none, as some send."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0  # noqa: PLR2004
