"""What we are told: one frozen class for each thing an exchange, or the engine, can say.

Every event carries `exchange`, `received_time_ns` (our clock, when the frame was read) and
`exchange_time_ns` (the exchange's stamp, None if it gave none); those of one instrument carry
`instrument`. Three families:

- `MarketEvent`: decoded market data, as the frame said it;
- `AccountReport`: decoded news of our own orders, before the orders actor has weighed it;
- `StreamEvent`: what a stream itself has to say (heartbeats, acknowledgements, gaps).

Subscribers get `FeedEvent`s: market data, books in their place, and every interruption.
Account subscribers get `AccountEvent`s.
"""

from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from attrs import field, frozen

from venuetree.protocol.book import BookView
from venuetree.protocol.models import Balance, Candle, Fill, Level, Order, OrderReport, Side, Topic

__all__ = [
    "AccountEvent",
    "AccountNews",
    "AccountNotice",
    "AccountReport",
    "AccountSnapshot",
    "AggregateTradePrinted",
    "BalancesChanged",
    "BestPricesChanged",
    "BookChange",
    "BookChanged",
    "BookInStep",
    "BookSnapshot",
    "BookStale",
    "BookTopChanged",
    "BookUpdated",
    "CandleChanged",
    "Dropped",
    "Event",
    "FeedEvent",
    "FillReceived",
    "FillReported",
    "Heartbeat",
    "InstrumentStatusChanged",
    "MarketEvent",
    "OrderReported",
    "OrderUpdated",
    "SequenceGap",
    "StaleReason",
    "StreamConnected",
    "StreamDisconnected",
    "StreamEnding",
    "StreamErrorReported",
    "StreamEvent",
    "SubscriptionsConfirmed",
    "TickerChanged",
    "TopicStalled",
    "TradePrinted",
    "UnknownMessage",
]


# ---------------------------------------------------------------- market data, as decoded


@frozen
class TradePrinted:
    """A public trade."""

    exchange: str
    instrument: str
    trade_id: str
    price: Decimal
    #: In base currency.
    quantity: Decimal
    #: The aggressor's side: BUY lifted an offer.
    taker_side: Side
    exchange_time_ns: int | None
    received_time_ns: int
    #: It happened before the subscription began (part of a snapshot): not new.
    is_past: bool = False


@frozen
class AggregateTradePrinted:
    """Public trades of one order that took at one price, as one."""

    exchange: str
    instrument: str
    aggregate_id: str
    first_trade_id: str
    last_trade_id: str
    price: Decimal
    #: In base currency, of all of them.
    quantity: Decimal
    #: The aggressor's side: BUY lifted an offer.
    taker_side: Side
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class TickerChanged:
    """Last price and best bid and ask; None for what the frame did not say."""

    exchange: str
    instrument: str
    last_price: Decimal | None
    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    #: Over 24 hours, in base currency.
    volume_24h: Decimal | None
    low_24h: Decimal | None
    high_24h: Decimal | None
    exchange_time_ns: int | None
    received_time_ns: int
    trade_id: str = ""
    last_quantity: Decimal | None = None


@frozen
class BestPricesChanged:
    """The best bid and ask have changed, in price or quantity; None for an empty side."""

    exchange: str
    instrument: str
    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counter of the book that they are the top of, None if it has none.
    update_id: int | None = None


class BookChange(NamedTuple):
    """One price of a book has a new quantity; zero removes it. BUY is the bids' side."""

    side: Side
    price: Decimal
    quantity: Decimal


@frozen
class BookSnapshot:
    """A whole book, best first on both sides."""

    exchange: str
    instrument: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counter after this message, None if it has none.
    last_update_id: int | None = None


@frozen
class BookTopChanged:
    """The top of a book, whole: as many levels as the exchange sends, best first."""

    exchange: str
    instrument: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counter of the book, None if it has none.
    last_update_id: int | None = None


@frozen
class BookChanged:
    """Changes of a book, absolute quantities, to be applied in order."""

    exchange: str
    instrument: str
    changes: tuple[BookChange, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counters of the first and last change, None if it has none.
    first_update_id: int | None = None
    last_update_id: int | None = None


@frozen
class CandleChanged:
    """A candle, closed or still forming."""

    exchange: str
    instrument: str
    candle: Candle
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class InstrumentStatusChanged:
    """What the exchange says of an instrument's state; descriptive, its own word."""

    exchange: str
    instrument: str
    status: str
    message: str
    exchange_time_ns: int | None
    received_time_ns: int


# ---------------------------------------------------------------- our account, as decoded


@frozen
class OrderReported:
    """The exchange's stream told an order's state."""

    exchange: str
    report: OrderReport
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class FillReported:
    """The exchange's stream told one execution."""

    exchange: str
    fill: Fill
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class AccountSnapshot:
    """The opening list of open orders is complete: an order absent from it is not open."""

    exchange: str
    open_orders: tuple[OrderReport, ...]
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class BalancesChanged:
    """What is now in the account, of the currencies named: absolute, not by how much."""

    exchange: str
    balances: tuple[Balance, ...]
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class AccountNotice:
    """Something about the account that is no order, fill or balance; the exchange's own words."""

    exchange: str
    kind: str
    detail: str
    exchange_time_ns: int | None
    received_time_ns: int


# ---------------------------------------------------------------- the stream itself


@frozen
class Heartbeat:
    """The exchange is alive. `instrument` is `""` where it is not of one instrument."""

    exchange: str
    counter: int | None
    exchange_time_ns: int | None
    received_time_ns: int
    instrument: str = ""
    last_trade_id: str = ""


@frozen
class SubscriptionsConfirmed:
    """The connection's whole set of subscriptions, in the exchange's own words."""

    exchange: str
    channels: tuple[tuple[str, tuple[str, ...]], ...]
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class StreamErrorReported:
    """The exchange refused something on the stream; it seldom says what."""

    exchange: str
    message: str
    reason: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class StreamEnding:
    """The exchange will end this stream, or has ended what it carried: another must be opened."""

    exchange: str
    reason: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class UnknownMessage:
    """A well-formed message of a kind that we do not know; kept and told, never fatal."""

    exchange: str
    kind: str
    detail: str
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class SequenceGap:
    """Messages were lost: the connection's counter jumped."""

    exchange: str
    stream: str
    expected: int
    received: int
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class StreamConnected:
    """A stream is open and its subscriptions are being sent."""

    exchange: str
    stream: str
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class StreamDisconnected:
    """A stream is down; what was subscribed on it is not live until told otherwise."""

    exchange: str
    stream: str
    reason: str
    received_time_ns: int
    exchange_time_ns: int | None = None


# ---------------------------------------------------------------- what subscribers get


class StaleReason(Enum):
    """Why a book can no longer be trusted."""

    NOT_YET = "not_yet"
    GAP = "gap"
    STALLED = "stalled"
    DISCONNECTED = "disconnected"
    CROSSED = "crossed"
    REFUSED = "refused"


@frozen
class BookUpdated:
    """A book in step has changed.

    `book` is the engine's own, live and read-only: between two awaits it does not change.
    `changes` are the frame's; after `skipped` merged updates (a slow consumer) they are empty
    and only the book is to be read.
    """

    exchange: str
    instrument: str
    book: BookView = field(eq=False)
    changes: tuple[BookChange, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: How many earlier updates this one stands for, beside its own.
    skipped: int = 0


@frozen
class BookStale:
    """The book may be wrong from now on; told before anything is repaired."""

    exchange: str
    instrument: str
    reason: StaleReason
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class BookInStep:
    """The book equals the exchange's: its first snapshot, or the repair after it was stale."""

    exchange: str
    instrument: str
    book: BookView = field(eq=False)
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class TopicStalled:
    """A topic is not being delivered whole: silent for too long, refused, or with a loss in it.

    Told once, until the topic delivers again.
    """

    exchange: str
    instrument: str
    topic: Topic
    #: Nanoseconds since the last message of it.
    age_ns: int
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class Dropped:
    """The subscriber was too slow: so many events of it were left out, oldest first."""

    exchange: str
    instrument: str
    topic: Topic
    count: int
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class OrderUpdated:
    """An order of ours has changed."""

    exchange: str
    instrument: str
    order: Order
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class FillReceived:
    """An order of ours was executed; each fill is told exactly once."""

    exchange: str
    instrument: str
    fill: Fill
    exchange_time_ns: int | None
    received_time_ns: int


MarketEvent = (
    TradePrinted
    | AggregateTradePrinted
    | TickerChanged
    | BestPricesChanged
    | BookTopChanged
    | BookSnapshot
    | BookChanged
    | CandleChanged
    | InstrumentStatusChanged
)
AccountReport = OrderReported | FillReported | AccountSnapshot
#: News of the account that changes no order.
AccountNews = BalancesChanged | AccountNotice
StreamEvent = (
    Heartbeat
    | SubscriptionsConfirmed
    | StreamErrorReported
    | StreamEnding
    | UnknownMessage
    | SequenceGap
    | StreamConnected
    | StreamDisconnected
)
#: What decoding a frame gives.
Event = MarketEvent | AccountReport | AccountNews | StreamEvent
#: What a market subscriber gets.
FeedEvent = (
    TradePrinted
    | AggregateTradePrinted
    | TickerChanged
    | BestPricesChanged
    | BookTopChanged
    | BookUpdated
    | BookStale
    | BookInStep
    | CandleChanged
    | InstrumentStatusChanged
    | TopicStalled
    | Dropped
    | StreamConnected
    | StreamDisconnected
)
#: What an account subscriber gets.
AccountEvent = OrderUpdated | FillReceived | BalancesChanged | StreamConnected | StreamDisconnected
