"""What we ask of an exchange: each command names the type of its reply.

A codec turns a command into a flow of wire requests (`port.RestFlow`); the REST worker runs it.
Any of them may raise an `EngineError`; `NotSupported` is raised before any I/O.
"""

from decimal import Decimal
from enum import Enum

from attrs import frozen

from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    AccountChanges,
    AccountSummary,
    Balance,
    Candle,
    CandlePrice,
    ClientExtensions,
    Conversion,
    ExitChanges,
    FeeSummary,
    Fill,
    Instrument,
    KeyPermissions,
    MarginTrade,
    OcoRequest,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    Position,
    SentimentBook,
    SentimentKind,
)

__all__ = [
    "Absent",
    "CancelOpenOrders",
    "CancelOrder",
    "ChangeExits",
    "ClosePosition",
    "ConfigureAccount",
    "EditOrder",
    "FetchAccountChanges",
    "FetchAccountSummary",
    "FetchBalances",
    "FetchBook",
    "FetchCandles",
    "FetchConversions",
    "FetchFees",
    "FetchFills",
    "FetchInstruments",
    "FetchKeyPermissions",
    "FetchLog",
    "FetchLogState",
    "FetchMarginTrade",
    "FetchMarginTrades",
    "FetchOpenOrders",
    "FetchOrder",
    "FetchOrders",
    "FetchPositions",
    "FetchSentiment",
    "FetchServerTime",
    "FetchTickers",
    "FetchTrades",
    "Found",
    "KeepAccountStream",
    "LogPage",
    "LogState",
    "OpenAccountStream",
    "PlaceOco",
    "PlaceOrder",
    "PreviewOrder",
    "ReplaceOrder",
    "Replaced",
    "Resend",
    "Resolution",
    "ResolveOrder",
    "Rest",
    "Undecided",
    "WriteOrderExtensions",
    "WriteTradeExtensions",
]


class Rest:
    """The protocol that REST workers speak."""


@frozen
class PlaceOrder(Request[Rest, OrderReport]):
    """Place an order; its `client_order_id` is set. Never sent twice by itself."""

    order: OrderRequest


@frozen
class PlaceOco(Request[Rest, tuple[OrderReport, OrderReport]]):
    """Place two orders of which one cancels the other; both `client_order_id` are set.

    The exchange takes both or neither. Replies with the limit order's state and the stop's.
    Never sent twice by itself.
    """

    oco: OcoRequest


@frozen
class Replaced:
    """An order was cancelled, and another was to take its place.

    Attributes:
        cancelled: the old order's state, None if the exchange did not tell it.
        placed: the new order's state; or why there is none, or `OutcomeUnknown`.
    """

    cancelled: OrderReport | None
    placed: OrderReport | EngineError


@frozen
class ReplaceOrder(Request[Rest, Replaced]):
    """Cancel a resting order and place another in its stead, whose `client_order_id` is set.

    An error means that the new order was not placed, unless it is `OutcomeUnknown`.

    Attributes:
        key: the order to cancel.
        order: the new one, with its whole quantity whatever was executed of the old one.
        if_partially_filled: whether to do so if something of the old one was executed.
    """

    key: OrderKey
    order: OrderRequest
    if_partially_filled: bool = False


@frozen
class PreviewOrder(Request[Rest, OrderPreview]):
    """Ask what an order would cost; nothing is placed."""

    order: OrderRequest


@frozen
class EditOrder(Request[Rest, None]):
    """Change price and total quantity of a resting order. Returns when the exchange accepts it."""

    key: OrderKey
    order: OrderRequest


@frozen
class CancelOrder(Request[Rest, None]):
    """Ask for an order's end. Returning means accepted: the order may still fill first."""

    key: OrderKey


@frozen
class CancelOpenOrders(Request[Rest, tuple[OrderReport, ...]]):
    """Ask for the end of every open order; of all instruments if it is `""`.

    Replies with what the exchange says of those that were open, as far as it does; nothing where
    none was. Which have ended is to be looked at.
    """

    instrument: str = ""


@frozen
class FetchOrder(Request[Rest, OrderReport]):
    """One order's state; `OrderNotFound` if the exchange does not know it (yet)."""

    key: OrderKey


@frozen
class FetchOpenOrders(Request[Rest, tuple[OrderReport, ...]]):
    """Orders that are not final, pending ones included; all instruments if it is `""`."""

    instrument: str = ""


@frozen
class FetchOrders(Request[Rest, tuple[OrderReport, ...]]):
    """Orders created in a window of time (start inclusive, end exclusive), newest first."""

    instrument: str = ""
    start_time_ns: int | None = None
    end_time_ns: int | None = None
    limit: int | None = None


@frozen
class FetchFills(Request[Rest, tuple[Fill, ...]]):
    """Executions of one order, of an instrument, or since a time; newest first."""

    key: OrderKey | None = None
    instrument: str = ""
    start_time_ns: int | None = None
    limit: int | None = None


@frozen
class FetchBalances(Request[Rest, tuple[Balance, ...]]):
    """Every currency the account has a row for."""


@frozen
class FetchPositions(Request[Rest, tuple[Position, ...]]):
    """Open positions."""

    instrument: str = ""


@frozen
class ClosePosition(Request[Rest, tuple[OrderReport, ...]]):
    """Close an instrument's position in one request: all of these orders are taken, or none.

    Replies with the state of each. An account that may hold both directions closes them by an
    order each. Never sent twice by itself.
    """

    orders: tuple[OrderRequest, ...]


@frozen
class FetchInstruments(Request[Rest, tuple[Instrument, ...]]):
    """What can be traded; only those named, if any are."""

    names: tuple[str, ...] = ()


@frozen
class FetchBook(Request[Rest, BookSnapshot]):
    """A snapshot of a book, at most `depth` levels a side."""

    instrument: str
    depth: int | None = None


@frozen
class FetchTickers(Request[Rest, tuple[TickerChanged, ...]]):
    """Best bid and ask of instruments."""

    instruments: tuple[str, ...]


@frozen
class FetchCandles(Request[Rest, tuple[Candle, ...]]):
    """Candles of a window, oldest first; `interval_ns` is one that the exchange has."""

    instrument: str
    interval_ns: int
    start_time_ns: int
    end_time_ns: int
    #: Of which price, where the exchange has more than that of its trades.
    priced_by: CandlePrice = CandlePrice.USUAL


@frozen
class FetchTrades(Request[Rest, tuple[TradePrinted, ...]]):
    """The latest public trades, newest first."""

    instrument: str
    limit: int = 100


@frozen
class FetchServerTime(Request[Rest, int]):
    """The exchange's clock, in nanoseconds."""


@frozen
class FetchKeyPermissions(Request[Rest, KeyPermissions]):
    """What our key may do; `AuthRefused` if it is no good."""


@frozen
class FetchFees(Request[Rest, FeeSummary]):
    """The account's fee rates."""


class Resend(Enum):
    """Whether resolving an order may send the same bytes again, where the exchange allows it."""

    #: Somebody still waits for the order: an identical body may be sent again.
    ALLOWED = "allowed"
    #: Nobody waits any more: only ask.
    FORBIDDEN = "forbidden"


@frozen
class Found:
    """The order exists: this is its state."""

    report: OrderReport


@frozen
class Absent:
    """The exchange has proved that the order does not exist and never will."""

    reason: str


@frozen
class Undecided:
    """No proof either way yet: ask again later."""

    reason: str


Resolution = Found | Absent | Undecided


@frozen
class ResolveOrder(Request[Rest, Resolution]):
    """Find out what became of an order that was sent without a verdict.

    Attributes:
        order: the request exactly as sent.
        sent_time_ns: when its first byte may have left.
        resend: whether an identical body may be sent, on exchanges where that is safe.
        known_order_ids: the exchange's ids of the instrument's other orders that we know, but for
            those without a client order id: none of these is the one sought.
        log_position: of the exchange's log of the account, noted before it was sent; `""` if none
            was known.
    """

    order: OrderRequest
    sent_time_ns: int
    resend: Resend
    known_order_ids: frozenset[str] = frozenset()
    log_position: str = ""


@frozen
class OpenAccountStream(Request[Rest, str]):
    """A key by which the account's own stream is opened, where the exchange wants one."""


@frozen
class KeepAccountStream(Request[Rest, None]):
    """Keep that key alive; `ExchangeRefused` if it has expired."""

    stream_key: str


@frozen
class FetchMarginTrades(Request[Rest, tuple[MarginTrade, ...]]):
    """Margin trades, newest first: those that are open, or all."""

    instrument: str = ""
    is_open_only: bool = True
    limit: int | None = None


@frozen
class FetchMarginTrade(Request[Rest, MarginTrade]):
    """One margin trade; `MarginTradeNotFound` if the exchange does not know it."""

    trade_id: str


@frozen
class ChangeExits(Request[Rest, MarginTrade]):
    """Set, change or remove the exits of a margin trade; replies with the trade as it is then.

    Attributes:
        instrument: the trade's, by whose digits prices are written; `""` if it is not known.
    """

    trade_id: str
    changes: ExitChanges
    instrument: str = ""


@frozen
class WriteOrderExtensions(Request[Rest, None]):
    """Write a client's words on a waiting order, and on the trade that it will open."""

    key: OrderKey
    order: ClientExtensions | None = None
    trade: ClientExtensions | None = None


@frozen
class WriteTradeExtensions(Request[Rest, None]):
    """Write a client's words on a margin trade."""

    trade_id: str
    extensions: ClientExtensions


@frozen
class FetchAccountSummary(Request[Rest, AccountSummary]):
    """What a margin account is worth and how much of it is in use."""


@frozen
class ConfigureAccount(Request[Rest, None]):
    """Set the account's alias or margin rate; None leaves it as it is."""

    alias: str | None = None
    margin_rate: Decimal | None = None


@frozen
class FetchAccountChanges(Request[Rest, AccountChanges]):
    """What has changed since a transaction."""

    since_transaction_id: str


@frozen
class LogState:
    """An account at one position of its log.

    Attributes:
        position: of the newest entry that this includes.
        open_orders: all of them.
        currency: the account's own.
        trades: the margin trades that are open.
    """

    position: str
    open_orders: tuple[OrderReport, ...]
    currency: str
    trades: tuple[MarginTrade, ...]


@frozen
class FetchLogState(Request[Rest, LogState]):
    """The account as of the newest entry of its log: from there on the log tells everything."""


@frozen
class LogPage:
    """Entries of an account's log, oldest first.

    Attributes:
        entries: each as the exchange's stream of them would send it.
        position: of the newest entry that there is; later than the last of `entries` if the page
            was cut.
    """

    entries: tuple[bytes, ...]
    position: str


@frozen
class FetchLog(Request[Rest, LogPage]):
    """What came after a position of the account's log, as much of it as one answer holds."""

    after: str


@frozen
class FetchConversions(Request[Rest, tuple[Conversion, ...]]):
    """What amounts of the currencies of some instruments are worth in the account's."""

    instruments: tuple[str, ...]


@frozen
class FetchSentiment(Request[Rest, SentimentBook]):
    """How the exchange's clients are placed; now, or at an earlier time."""

    instrument: str
    kind: SentimentKind
    time_ns: int | None = None
