"""What a simulated exchange and its server exchange: requests, answers, stream actions.

All are plain values, so that an exchange can be driven over sockets or in
memory, in real or in virtual time.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import attrs
import orjson

__all__ = [
    "ABNORMAL",
    "Answer",
    "CloseStream",
    "ControlFrame",
    "Delivery",
    "Doorkeeper",
    "FallSilent",
    "LineExchange",
    "LineStream",
    "Refusal",
    "Request",
    "ResetStream",
    "Response",
    "SendFrame",
    "SendPing",
    "SimulatedExchange",
    "StreamAction",
    "StreamSession",
]


@attrs.frozen
class Request:
    """One HTTP request; header names are in lower case, the query is decoded and in order."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    raw_query: str = ""
    client: str = "127.0.0.1"

    def one(self, name: str) -> str | None:
        """The first value of a query parameter; None if it is absent or empty."""
        return next((value for key, value in self.query if key == name and value), None)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a repeated query parameter."""
        return tuple(value for key, value in self.query if key == name and value)


@attrs.frozen
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_json(cls, value: Any, *, status: int = 200) -> "Response":
        """A response whose body is `value` as JSON."""
        return cls(status=status, body=orjson.dumps(value))

    @classmethod
    def of_text(cls, text: str, *, status: int, content_type: str = "text/plain") -> "Response":
        """A response whose body is plain text (or HTML)."""
        return cls(status=status, body=text.encode(), content_type=content_type)


class Delivery(Enum):
    """How an answer reaches the client."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    """The header promises the whole body, the connection ends in the middle of it."""
    CLOSED = "closed"
    """The connection is closed without an answer."""
    RESET = "reset"
    """The connection is reset without an answer."""
    HANGING = "hanging"
    """Nothing comes back, and the connection stays open."""


@attrs.frozen
class Answer:
    """What happens to a request: the response, how it is delivered, and after how long."""

    response: Response
    delivery: Delivery = Delivery.WHOLE
    delay_ns: int = 0


@attrs.frozen
class SendFrame:
    """Send this text to the client."""

    text: bytes


ABNORMAL = 1006
"""The code of an end without a goodbye, which only a line stream can be told to make."""


@attrs.frozen
class CloseStream:
    """Say goodbye with this code, then close.

    A line stream has no codes: its body ends as it should, or with
    `ABNORMAL` the connection is closed in the middle of it.
    """

    code: int = 1000
    reason: str = ""


@attrs.frozen
class ResetStream:
    """Reset the connection, without a goodbye."""


@attrs.frozen
class FallSilent:
    """Half-open: keep the connection, send nothing any more, not even a pong."""


@attrs.frozen
class SendPing:
    """Send a WebSocket ping with this payload, which a pong must repeat."""

    payload: bytes


StreamAction = SendFrame | CloseStream | ResetStream | FallSilent | SendPing


class ControlFrame(Enum):
    """A WebSocket control frame of the client; pings are answered before this is told."""

    PING = "ping"
    PONG = "pong"


@attrs.frozen
class Refusal:
    """A stream connection that is refused at its handshake."""

    status: int
    text: str


class StreamSession(Protocol):
    """The exchange's side of one stream connection; no method of it does I/O."""

    on_output: Callable[[], None] | None
    """Called when there is something to take; the server sets it."""

    def receive(self, text: str | bytes) -> None:
        """Take one message of the client."""

    def control(self, frame: ControlFrame, payload: bytes) -> None:
        """Take note of a ping or a pong of the client."""

    def take(self) -> list[StreamAction]:
        """What is to be done towards the client, in order; empties the queue."""

    def disconnected(self) -> None:
        """The client is gone."""


class SimulatedExchange(Protocol):
    """An exchange that a server can carry."""

    @property
    def name(self) -> str:
        """The exchange's name, as in the endpoints object."""

    @property
    def surfaces(self) -> tuple[str, ...]:
        """Names of the addresses that it listens on, such as ``rest`` and ``stream``."""

    @property
    def compression(self) -> bool:
        """Whether its streams agree to permessage-deflate."""

    def handle(self, surface: str, request: Request) -> Answer:
        """Answer one HTTP request."""

    def connect(self, surface: str, request: Request) -> StreamSession | Refusal:
        """Open one stream connection."""

    def tick(self) -> None:
        """Do all that is due by now."""

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
        """The endpoints object, given host and port of each surface."""


@attrs.frozen
class LineStream:
    """A request that is answered by lines without end.

    Each `SendFrame` of the session becomes one chunk of the body, byte for
    byte; nothing that the client sends after its request is told to it.
    """

    session: StreamSession
    head: Response
    """Status and headers; its body is not sent."""
    delay_ns: int = 0
    """Before the first byte."""


@runtime_checkable
class LineExchange(Protocol):
    """An exchange of which some requests are answered by lines without end."""

    def open_lines(self, surface: str, request: Request) -> LineStream | Answer | None:
        """Open a line stream or refuse it; None if the request asks for no such thing."""


@runtime_checkable
class Doorkeeper(Protocol):
    """An exchange that may refuse a connection before a byte is read; a refused one is reset."""

    def admits(self, surface: str, client: str) -> bool:
        """Whether this client may open one more connection; each attempt is counted."""
