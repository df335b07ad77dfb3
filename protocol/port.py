"""What an exchange must state about itself: the one interface between it and the actors.

An exchange is an `Exchange` record: data (`Profile`), a codec for questions (`RestCodec`), a
signer made from credentials (`Signer`), and sessions for streams (`StreamSession`). All of it is
pure: time, nonces and bytes come in, values go out. The actors never name an exchange; what is
peculiar to one is data here (a limit, a deadline, a request to make on connecting).
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import AccountNews, AccountReport, Event, FeedEvent, StreamEvent
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument, OrderType, Topic

__all__ = [
    "Ability",
    "Action",
    "Auth",
    "Call",
    "Chore",
    "ChoreEffect",
    "ClockReading",
    "Close",
    "Connect",
    "Cost",
    "Effect",
    "Endpoints",
    "Exchange",
    "FlowContext",
    "Lane",
    "LimitReport",
    "LimitWindow",
    "LimitsTold",
    "MessageDoor",
    "MessageReply",
    "Profile",
    "ReferenceTold",
    "Replace",
    "RestCodec",
    "RestFlow",
    "RestNews",
    "RestReply",
    "RestRequest",
    "Send",
    "SendSigned",
    "SessionContext",
    "SessionEvent",
    "SignedAhead",
    "Signer",
    "Step",
    "StreamKind",
    "StreamLimits",
    "StreamMessage",
    "StreamSession",
    "Subscription",
    "Transport",
    "WindowKind",
]

R = TypeVar("R")


# ---------------------------------------------------------------- limits


class Lane(IntEnum):
    """Who goes first at the rate gate; a lower lane is more urgent and has reserved room."""

    CANCEL = 0
    #: The status of an order whose outcome is unknown.
    RESOLVE = 1
    PLACE = 2
    DATA = 3


class WindowKind(Enum):
    """How an exchange counts."""

    #: Any interval of the window's length holds at most `capacity`.
    SLIDING = "sliding"
    #: Counters fall back to zero at multiples of the period since 1970 UTC.
    CALENDAR = "calendar"


@frozen
class LimitWindow:
    """At most `capacity` of cost in `period_ns`."""

    name: str
    capacity: int
    period_ns: int
    kind: WindowKind


@frozen
class Cost:
    """What a request takes from a window."""

    window: str
    amount: int = 1


@frozen
class LimitReport:
    """What a reply said about a window: `used` of `capacity`, each None if untold."""

    window: str
    used: int | None = None
    remaining: int | None = None
    capacity: int | None = None


# ---------------------------------------------------------------- questions


class Auth(Enum):
    """What a request must carry."""

    NONE = "none"
    #: The key alone, in a header (Binance.US's USER_STREAM).
    KEY = "key"
    SIGNED = "signed"


class Effect(Enum):
    """What a lost reply means."""

    #: The request changes nothing: a lost reply is `ReplyLost`.
    READ = "read"
    #: It may have changed something: a lost reply is `OutcomeUnknown`.
    WRITE = "write"


@frozen
class RestRequest:
    """One HTTP request, before it is signed."""

    #: For logs, errors and metrics, in our words: `"place"`, `"balances"`.
    operation: str
    method: str
    #: From the host's root, without query: `/api/v3/brokerage/orders`.
    path: str
    #: Encoded, without `?`; `""` for none.
    query: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    auth: Auth = Auth.SIGNED
    effect: Effect = Effect.READ
    lane: Lane = Lane.DATA
    costs: tuple[Cost, ...] = ()
    #: For OutcomeUnknown, so that it names what to look for.
    client_order_id: str = ""
    #: How long to wait for the whole answer.
    timeout_ns: int = 10_000_000_000


@frozen
class RestReply:
    """One HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: Our clock, just before the first byte left and when the last had come.
    sent_time_ns: int
    received_time_ns: int


@frozen
class ClockReading:
    """What the exchange's clock showed while a request was answered.

    Attributes:
        exchange_time_ns: the exchange's time.
        sent_time_ns, received_time_ns: ours, of the request's first byte and the reply's last.
        is_overdue: what was believed until now has just been refused: this holds, however long
            its way was.
    """

    exchange_time_ns: int
    sent_time_ns: int
    received_time_ns: int
    is_overdue: bool = False


@frozen
class LimitsTold:
    """The exchange's own figures of its limits: they replace the windows of the same names."""

    windows: tuple[LimitWindow, ...]


@frozen
class ReferenceTold:
    """The price of an instrument by which the exchange judges prices (`models.PriceBand`)."""

    instrument: str
    price: Decimal
    #: Our clock.
    received_time_ns: int


#: What a reply says that others must know: a flow yields it, and is sent None.
RestNews = ClockReading | LimitsTold | ReferenceTold

#: A question as a conversation: yields requests, is sent their replies, returns the answer.
#: What it does not catch (`TransportError`, `OutcomeUnknown`, …) ends it. In between it may yield
#: news, which is passed on before the flow goes on.
RestFlow = Generator[RestRequest | RestNews, Any, R]


@frozen
class FlowContext:
    """What a flow may know beside its command.

    Attributes:
        now_ns: our clock.
        clock_offset_ns: how far the exchange's clock is ahead of ours.
        instruments: by our name; empty until they have been fetched.
        references: the latest reference prices, by instrument.
    """

    now_ns: int
    instruments: Mapping[str, Instrument] = field(factory=dict)
    references: Mapping[str, ReferenceTold] = field(factory=dict)
    clock_offset_ns: int = 0


class RestCodec(Protocol):
    """Commands to requests, replies to values."""

    def flow(self, command: Request[Any, R], context: FlowContext) -> RestFlow[R]:
        """The conversation that answers `command`; `NotSupported` at once if there is none."""
        ...

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        """What a reply's headers say about the rate limits."""
        ...

    def retry_after_ns(self, reply: RestReply) -> int | None:
        """How long everything must be silent after this reply; None if it need not.

        0 if it must and the exchange did not say for how long: the gate waits longer each time.
        """
        ...


@frozen
class SignedAhead:
    """Headers that will sign one request of a method, host and path, whatever its body.

    Attributes:
        headers: to be added to the request's own.
        until_ns: the exchange's clock until which they may be used.
    """

    headers: tuple[tuple[str, str], ...] = field(repr=False)
    until_ns: int


class Signer(Protocol):
    """Made of credentials; the auth actor is the only one that holds it."""

    def sign(self, request: RestRequest, *, host: str, now_ns: int, nonce: str) -> RestRequest:
        """The request with what proves that it is ours. `host` has its port where not default."""
        ...

    def sign_ahead(
        self, request: RestRequest, *, host: str, now_ns: int, nonce: str
    ) -> SignedAhead | None:
        """What will sign the next request to the path of this one; None if it depends on more."""
        ...

    def sign_stream(self, message: "StreamMessage", *, now_ns: int, nonce: str) -> str:
        """The text of a stream message, signed."""
        ...


# ---------------------------------------------------------------- streams


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
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
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
    desired subscriptions change, `answered` after a `Call`, and `closed` once at the end.
    """

    def before(self) -> Request[Any, Any] | None:
        """What to ask first; its answer, or error, goes to `answered`. None: nothing (more)."""
        ...

    def connect(self) -> Connect:
        """How to open the connection; an `EngineError` if what was asked first forbids it."""
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
class MessageReply:
    """The reply to a request that went as a message, in HTTP's terms.

    Attributes:
        number: the request's.
        headers: what else was said, by the names that the codec reads over HTTP, lower case.
    """

    number: int
    status: int
    headers: Mapping[str, str]
    body: bytes


class MessageDoor(Protocol):
    """A way to make some requests as messages of a stream instead of over HTTP."""

    def connect(self) -> Connect:
        """How to open the stream."""
        ...

    def carries(self, request: RestRequest) -> bool:
        """Whether this request can go this way."""
        ...

    def message(self, request: RestRequest, number: int) -> StreamMessage:
        """What to have signed and sent."""
        ...

    def reply(self, frame: bytes | str) -> MessageReply | str | None:
        """What a frame answers; None if nothing, a reason if it says that the stream ends.

        Raises `RemoteProtocolError` if it cannot be read.
        """
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


# ---------------------------------------------------------------- the record


class Ability(Enum):
    """What an exchange can do with orders beside placing and cancelling them one by one."""

    #: `EditOrder`: the order keeps its ids.
    EDIT = "edit"
    #: `PlaceOco`.
    OCO = "oco"
    #: `ReplaceOrder`: another order takes its place.
    REPLACE = "replace"


class ChoreEffect(Enum):
    """What the answer of a chore is for."""

    #: The server's clock: its flow tells what it read (`ClockReading`).
    CLOCK = "clock"
    #: The instruments' rules.
    INSTRUMENTS = "instruments"
    #: Proves the key: `AuthRefused` at start ends the exchange for good.
    CREDENTIALS = "credentials"


@frozen
class Chore:
    """Something to ask at start and then again and again."""

    command: Request[Any, Any]
    effect: ChoreEffect
    #: None: at start only.
    every_ns: int | None
    #: Whether it needs credentials: left out where there are none.
    is_private: bool = False


@frozen
class Endpoints:
    """Where an exchange is: URLs of the host's root, without paths of the API."""

    rest: str
    stream: str
    user_stream: str = ""
    #: Further doors by name (`ws_api`).
    others: Mapping[str, str] = field(factory=dict)


@frozen
class Profile:
    """What an exchange is: figures, with the exchange's pages as their source."""

    #: By environment: `live`, `sandbox`, `practice`.
    endpoints: Mapping[str, Endpoints]
    limits: tuple[LimitWindow, ...]
    stream_limits: StreamLimits
    topics: frozenset[Topic]
    order_types: frozenset[OrderType]
    chores: tuple[Chore, ...]
    #: Kinds of user stream, each supervised apart; empty without credentials.
    user_streams: tuple[str, ...] = ("user",)
    #: A window's part that only more urgent lanes may use, by lane: {DATA: 0.3} keeps 30 % free
    #: of data.
    reserved: Mapping[Lane, float] = field(factory=dict)
    abilities: frozenset[Ability] = frozenset()
    #: Whether the exchange's order ids are unique within an instrument only.
    order_ids_per_instrument: bool = False


@frozen
class Exchange:
    """All that the engine knows about an exchange.

    Attributes:
        name: `coinbase`; also its command-line and configuration name.
        decode: one frame to events, standing alone: no sequence, no books, no instrument list.
        market_session: a session for a market connection, given its name.
        user_sessions: for one of `profile.user_streams`, by name, what makes its sessions: one
            for each connection, which may share what an earlier one found out.
        signer: from credentials of `credentials_type`; `ConfigurationError` if they are malformed.
        credentials_from: from a mapping such as an endpoints file's `credentials`, or
            environment variables; None if it holds none.
    """

    name: str
    profile: Profile
    rest: RestCodec
    signer: Callable[[Any], Signer]
    market_session: Callable[[str], StreamSession]
    user_sessions: Callable[[str, SessionContext], Callable[[], StreamSession]]
    decode: Callable[[bytes, int, StreamKind | None], Sequence[Event]]
    credentials_type: type
    credentials_from_mapping: Callable[[Mapping[str, str]], Any | None]
    credentials_from_environment: Callable[[Mapping[str, str]], Any | None]
    #: By which requests that can go as messages are made; None: all go over HTTP.
    message_door: MessageDoor | None = None
    #: Whether the same instrument may go by another name on a stream (USDC books under USD).
    canonical_instrument: Callable[[str], str] = str
