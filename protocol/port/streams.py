"""Streams: how they are opened, what is said on them, and the session that is one connection."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Protocol

from attrs import field, frozen

from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import AccountNews, AccountReport, FeedEvent, StreamEvent
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument, Topic
from venuetree.protocol.port.questions import Auth

__all__ = [
    "Action",
    "Call",
    "Close",
    "Connect",
    "Replace",
    "Send",
    "SendSigned",
    "SessionContext",
    "SessionEvent",
    "Step",
    "StreamKind",
    "StreamLimits",
    "StreamMessage",
    "StreamSession",
    "Subscription",
    "Transport",
]


class Transport(Enum):
    """What carries a stream."""

    WEBSOCKET = "websocket"
    HTTP_LINES = "http_lines"


class StreamKind(Enum):
    """What a stream is for."""

    MARKET = "market"
    USER = "user"


@frozen(order=True)
class Subscription:
    """One topic of one instrument."""

    instrument: str
    topic: Topic = field(order=lambda topic: topic.value)


@frozen
class StreamLimits:
    """How much one connection takes.

    Attributes:
        instruments: at most so many instruments of a topic on one connection, by topic; a topic
            that is absent has no limit.
        messages_per_second: how many messages we may send.
    """

    instruments: Mapping[Topic, int] = field(factory=dict)
    messages_per_second: int = 8


@frozen
class StreamMessage:
    """Something to say on a stream: the exchange's own fields, before signing."""

    fields: Mapping[str, Any]


@frozen
class Connect:
    """How to open a stream: where (from the endpoint's root), and what to say in its handshake."""

    transport: Transport
    #: With its query, if it has one.
    path: str = ""
    #: Once signed, with the key's proof in them: no repr shows them.
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: Whether the request that opens it must be signed.
    auth: Auth = Auth.NONE
    #: Which of the `Endpoints`, by name; `""` for the stream's own.
    endpoint: str = ""


@frozen
class Send:
    """Send this text."""

    text: str


@frozen
class SendSigned:
    """Have this message signed, then send it."""

    message: StreamMessage


@frozen
class Call:
    """Ask this of the REST worker and hand the answer, or its error, to `answered`."""

    command: Request[Any, Any]


@frozen
class Close:
    """Give this connection up and open another, for this reason."""

    reason: str


@frozen
class Replace:
    """Open another connection in place of this one, for this reason.

    This one goes on until the other delivers all that is wanted; then the other takes its place
    (`StreamSession.take_over`), and this one is closed without a word to the subscribers. While
    another is being opened, or if it fails, nothing changes: ask again after a while.
    """

    reason: str


Action = Send | SendSigned | Call | Close | Replace


#: What a session says: what was decoded, with books kept in place of book messages.
SessionEvent = FeedEvent | AccountReport | AccountNews | StreamEvent


@frozen
class Step:
    """What a session wants done, and what it has to say."""

    events: tuple[SessionEvent, ...] = ()
    actions: tuple[Action, ...] = ()


class StreamSession(Protocol):
    """One connection's life, without I/O: made anew for each connection.

    The reader asks what `before` says, opens what `connect` says, calls `opened`, then: `receive`
    for each frame, `step` whenever `has_work` is true or `deadline_ns` has come, `want` when the
    desired subscriptions change, `told` when a reply told what the stream tells, `answered` after
    a `Call`, and `closed` once at the end.
    """

    def before(self) -> Request[Any, Any] | None:
        """What to ask first; its answer, or error, goes to `answered`. None: nothing (more)."""
        ...

    def connect(self, wanted: frozenset[Subscription]) -> Connect:
        """How to open the connection; an `EngineError` if what was asked first forbids it.

        Args:
            wanted: what it should carry, for streams whose address says that. What has changed
                when it stands comes by `want`.
        """
        ...

    def opened(self, now_ns: int) -> None:
        """The connection stands; the watchdogs begin."""
        ...

    def want(self, subscriptions: frozenset[Subscription], now_ns: int) -> None:
        """From now on, these and no others."""
        ...

    def receive(self, frame: bytes | str, received_time_ns: int) -> Sequence[SessionEvent]:
        """What a frame says. `RemoteProtocolError` if it cannot be read."""
        ...

    @property
    def has_work(self) -> bool:
        """Whether `step` has something to give."""
        ...

    @property
    def deadline_ns(self) -> int | None:
        """When `step` must be called though nothing came; None for never."""
        ...

    def step(self, now_ns: int) -> Step:
        """Watchdogs, pacing, and everything waiting to be sent."""
        ...

    def told(self, entries: Sequence[bytes], received_time_ns: int) -> Sequence[SessionEvent]:
        """What replies to our own requests held (`LogTold`): no sign that the stream lives."""
        ...

    def answered(
        self, command: Request[Any, Any], answer: object | EngineError, now_ns: int
    ) -> Sequence[SessionEvent]:
        """The answer to a `Call`, or the error that came instead."""
        ...

    def closed(self, reason: str, now_ns: int) -> Sequence[SessionEvent]:
        """The connection is gone: every book that was in step is stale."""
        ...

    def take_over(
        self, before: "StreamSession", held: Sequence[SessionEvent], now_ns: int
    ) -> Sequence[SessionEvent]:
        """This connection takes the place of `before`, which has said its last.

        Args:
            before: the session of the connection that is replaced.
            held: what this one has said until now, which nobody has heard.
            now_ns: our clock.

        Returns:
            What subscribers have to hear that they have not heard from `before`.
        """
        ...

    @property
    def is_healthy(self) -> bool:
        """Whether what was wanted is being delivered (backoff resets only after a while of it)."""
        ...


@frozen
class SessionContext:
    """What the sessions of a stream may know beside what comes over it.

    Attributes:
        instruments: those known by now, by our name.
        endpoints: the names of the doors that there are (`Connect.endpoint`).
    """

    instruments: Callable[[], Mapping[str, Instrument]]
    endpoints: frozenset[str] = frozenset()
