"""Questions and orders: requests, their replies, and what makes them of commands."""

from collections.abc import Generator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

from venuetree.protocol.messages import Request
from venuetree.protocol.models import Instrument
from venuetree.protocol.port.limits import Cost, Lane, LimitReport, LimitWindow

__all__ = [
    "Auth",
    "ClockReading",
    "Effect",
    "FlowContext",
    "LimitsTold",
    "LogTold",
    "ReferenceTold",
    "RestCodec",
    "RestFlow",
    "RestNews",
    "RestReply",
    "RestRequest",
]

R = TypeVar("R")


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
    #: Once signed, with the key's proof in them: no repr shows them.
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
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


@frozen
class LogTold:
    """What a reply told of the exchange's log of the account.

    Attributes:
        position: of the newest entry that there was.
        entries: those that the reply held, as the stream of them would send them; that stream's
            session sorts out which it has heard already.
        received_time_ns: our clock.
    """

    position: str
    entries: tuple[bytes, ...]
    received_time_ns: int


#: What a reply says that others must know: a flow yields it, and is sent None.
RestNews = ClockReading | LimitsTold | ReferenceTold | LogTold


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
