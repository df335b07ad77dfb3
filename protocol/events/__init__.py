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

from venuetree.protocol.events.account import (
    AccountNews,
    AccountNotice,
    AccountReport,
    AccountSnapshot,
    BalancesChanged,
    FillReported,
    MarginTradeChanged,
    OrderReported,
    TransactionRecorded,
)
from venuetree.protocol.events.feeds import (
    AccountEvent,
    BookInStep,
    BookStale,
    BookUpdated,
    Dropped,
    FeedEvent,
    FillReceived,
    OrderUpdated,
    StaleReason,
    TopicStalled,
)
from venuetree.protocol.events.market import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookChange,
    BookChanged,
    BookSnapshot,
    BookTopChanged,
    CandleChanged,
    InstrumentStatusChanged,
    MarketEvent,
    QuoteChanged,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.events.streams import (
    Event,
    Heartbeat,
    SequenceGap,
    StreamConnected,
    StreamDisconnected,
    StreamEnding,
    StreamErrorReported,
    StreamEvent,
    SubscriptionsConfirmed,
    UnknownMessage,
)

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
    "MarginTradeChanged",
    "MarketEvent",
    "OrderReported",
    "OrderUpdated",
    "QuoteChanged",
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
    "TransactionRecorded",
    "UnknownMessage",
]
