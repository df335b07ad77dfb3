"""What every stream transport offers, and the errors they share."""

import email.utils
import math
from collections.abc import Mapping
from enum import Enum
from typing import Protocol

from attrs import frozen

from venuetree.actors.addresses import PlainText
from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    PermissionRefused,
    RateLimited,
    RemoteProtocolError,
    TransportError,
)

__all__ = [
    "Compression",
    "Stream",
    "StreamClosed",
    "StreamOptions",
    "WebSocketClient",
    "refusal",
]

NORMAL_CLOSURE = 1000


class Stream(Protocol):
    """An open stream of messages. One task receives; any may send or close."""

    async def receive_many(self) -> list[bytes | str]:
        """All whole messages that have come, at least one; waits for the first.

        Text may be given as its UTF-8 bytes. Messages that came before the end are given before
        the error that tells of it. Cancelling loses nothing.

        Raises:
            StreamClosed: one side closed it.
            TransportError: it broke, or the other side has fallen silent.
            RemoteProtocolError: what came is not the protocol.
        """
        ...

    async def send(self, text: str) -> None:
        """Send one text message. Cancelling may break the stream.

        Raises:
            StreamClosed: it is closed already.
            TransportError: it broke.
        """
        ...

    async def aclose(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye, wait for the answer a bounded time, and close; never fails."""
        ...


class StreamClosed(TransportError):
    """The stream was closed in good order.

    Attributes:
        close_code: WebSocket's code: 1005 if none was given, 0 where there are no codes.
        reason: what the closing side said.
        by_peer: whether the other side began it.
    """

    remedy = "The stream reconnects by itself, with backoff"

    def __init__(
        self,
        message: str,
        *,
        close_code: int,
        reason: str,
        by_peer: bool,
        exchange: str = "",
        operation: str = "stream",
    ) -> None:
        super().__init__(message, exchange=exchange, operation=operation, code=str(close_code))
        self.close_code = close_code
        self.reason = reason
        self.by_peer = by_peer


class WebSocketClient(Enum):
    """Which client speaks WebSocket."""

    #: trio-websocket on trio if it is installed, the sans-I/O client everywhere else.
    DEFAULT = "default"
    #: `websockets`' protocol over an anyio stream, on either backend.
    SANS_IO = "sans_io"
    #: trio-websocket, which runs on trio only.
    TRIO_WEBSOCKET = "trio_websocket"


class Compression(Enum):
    """Whether permessage-deflate is offered; the server may decline."""

    OFF = "off"
    DEFLATE = "deflate"


@frozen
class StreamOptions:
    """How streams are opened and kept; times in seconds.

    Attributes:
        connect_timeout_s: for TCP and TLS.
        handshake_timeout_s: for the opening handshake, after TLS.
        ping_interval_s: how often we ping; None never.
        pong_timeout_s: how long a pong (or the room to send anything) may take.
        close_timeout_s: how long the closing handshake may take.
        max_message_bytes: a longer message ends the stream; snapshots of big books take 5 MB.
        read_bytes: at most so much is read at once.
    """

    client: WebSocketClient = WebSocketClient.DEFAULT
    compression: Compression = Compression.OFF
    plain_text: PlainText = PlainText.LOOPBACK_ONLY
    connect_timeout_s: float = 10.0
    handshake_timeout_s: float = 10.0
    ping_interval_s: float | None = 20.0
    pong_timeout_s: float = 20.0
    close_timeout_s: float = 2.0
    max_message_bytes: int = 64 * 1024 * 1024
    read_bytes: int = 256 * 1024


def refusal(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    exchange: str,
    now_ns: int | None = None,
) -> EngineError:
    """The error for a stream that was answered with an HTTP status instead of being opened.

    `headers` have lower-case names. The body's beginning is told (exchanges explain themselves
    there), never a header.
    """
    said = body[:200].decode("utf-8", "replace").strip()
    said = "".join(character if character.isprintable() else " " for character in said)
    message = f"the stream was refused with HTTP {status}" + (f": {said}" if said else "")
    code = str(status)
    if status in (418, 429):
        return RateLimited(
            message,
            retry_after_ns=retry_after_ns(headers.get("retry-after", ""), now_ns=now_ns),
            exchange=exchange,
            operation="connect",
            code=code,
        )
    kind: type[EngineError]
    if status == 401:  # noqa: PLR2004 - HTTP's own numbers read best as they are
        kind = AuthRefused
    elif status == 403:  # noqa: PLR2004
        kind = PermissionRefused
    elif status == 408 or status >= 500:  # noqa: PLR2004
        kind = ExchangeUnavailable
    elif status >= 400:  # noqa: PLR2004
        kind = ExchangeRefused
    else:
        return RemoteProtocolError(
            message, payload=body, exchange=exchange, operation="connect", code=code
        )
    return kind(message, exchange=exchange, operation="connect", code=code)


def retry_after_ns(value: str, *, now_ns: int | None = None) -> int | None:
    """The nanoseconds that a `Retry-After` header asks for, None if it cannot be read."""
    try:
        seconds = float(value)
    except ValueError:
        if now_ns is None:
            return None
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
        return max(0, round(moment.timestamp()) * 1_000_000_000 - now_ns)
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return round(seconds * 1_000_000_000)
