"""What subscribers get: books kept, orders followed, and what was missed."""

from enum import Enum

from attrs import field, frozen

from venuetree.protocol.book import BookView
from venuetree.protocol.events.account import (
    BalancesChanged,
    MarginTradeChanged,
    TransactionRecorded,
)
from venuetree.protocol.events.market import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookChange,
    BookTopChanged,
    CandleChanged,
    InstrumentStatusChanged,
    QuoteChanged,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.events.streams import StreamConnected, StreamDisconnected
from venuetree.protocol.models import Fill, Order, Topic

__all__ = [
    "AccountEvent",
    "BookInStep",
    "BookStale",
    "BookUpdated",
    "Dropped",
    "FeedEvent",
    "FillReceived",
    "OrderUpdated",
    "StaleReason",
    "TopicStalled",
]


class StaleReason(Enum):
    """Why a book can no longer be trusted."""

    #: Its first snapshot has not come.
    NOT_YET = "not_yet"
    #: A message of its connection is missing, or came out of order.
    GAP = "gap"
    #: Nothing came for longer than the exchange is ever silent.
    STALLED = "stalled"
    #: Its connection is down.
    DISCONNECTED = "disconnected"
    #: A bid is above an ask.
    CROSSED = "crossed"
    #: The exchange refused the subscription, or the snapshot.
    REFUSED = "refused"


@frozen
class BookUpdated:
    """A book in step has changed.

    `book` is the engine's own, live and read-only: between two awaits it does not change.
    `changes` are the frame's; after `skipped` merged updates (a slow consumer) they are empty
    and only the book is to be read.

    Comes with `Topic.BOOK`, only between a `BookInStep` and the next `BookStale`.
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
    """The book may be wrong from now on; told before anything is repaired.

    Comes with `Topic.BOOK`, once for each time; `BookInStep` says when it is over.
    """

    exchange: str
    instrument: str
    reason: StaleReason
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class BookInStep:
    """The book equals the exchange's: its first snapshot, or the repair after it was stale.

    Comes with `Topic.BOOK`, before any `BookUpdated`.
    """

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
    """The subscriber was too slow: so many events of a topic were left out.

    Comes at the place where they would have stood, before the newest state of books and tickers.
    """

    exchange: str
    instrument: str
    topic: Topic
    count: int
    received_time_ns: int
    exchange_time_ns: int | None = None


@frozen
class OrderUpdated:
    """An order of ours has changed.

    Comes at every change of its state, quantities or ids, by whichever way the engine learned of
    it: the stream, the reply to a request, or a question about an order that was unknown.
    """

    exchange: str
    instrument: str
    order: Order
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class FillReceived:
    """An order of ours was executed; each fill is told exactly once.

    Comes whichever way the engine learned of it. The order's own change comes as `OrderUpdated`.
    """

    exchange: str
    instrument: str
    fill: Fill
    exchange_time_ns: int | None
    received_time_ns: int


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
    | QuoteChanged
    | TopicStalled
    | Dropped
    | StreamConnected
    | StreamDisconnected
)


#: What an account subscriber gets.
AccountEvent = (
    OrderUpdated
    | FillReceived
    | BalancesChanged
    | TransactionRecorded
    | MarginTradeChanged
    | StreamConnected
    | StreamDisconnected
)
