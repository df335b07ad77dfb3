"""One literal value of every event and model that the command line prints."""

from decimal import Decimal

from venuetree.protocol.book import Book
from venuetree.protocol.events import (
    AccountNotice,
    AccountSnapshot,
    AggregateTradePrinted,
    BalancesChanged,
    BestPricesChanged,
    BookChange,
    BookChanged,
    BookInStep,
    BookSnapshot,
    BookStale,
    BookTopChanged,
    BookUpdated,
    CandleChanged,
    Dropped,
    FillReceived,
    FillReported,
    Heartbeat,
    InstrumentStatusChanged,
    OrderReported,
    OrderUpdated,
    SequenceGap,
    StaleReason,
    StreamConnected,
    StreamDisconnected,
    StreamEnding,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TopicStalled,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.models import (
    AllowedOrders,
    Balance,
    Candle,
    Counted,
    Fill,
    Instrument,
    InstrumentStatus,
    Level,
    Liquidity,
    Notional,
    OpenOrderLimit,
    Order,
    OrderReport,
    OrderStatus,
    OrderType,
    PositionLimit,
    PriceBand,
    Quantum,
    QuantumField,
    ReportSource,
    Side,
    TimeInForce,
    Topic,
)

__all__ = [
    "BALANCE",
    "BOOK",
    "EVENTS",
    "FILL",
    "INSTRUMENT",
    "ORDER",
    "REPORT",
    "TRADE",
]

EXCHANGE = "coinbase"
NAME = "BTC-USD"
#: 2026-11-02 10:20:30.123456789 UTC, and a little later.
THEN = 1_793_614_830_123_456_789
NOW = 1_793_614_830_223_456_789

BIDS = (Level(Decimal("64999.90"), Decimal("0.5000")), Level(Decimal(64999), Decimal("1E+1")))
ASKS = (Level(Decimal("65000.10"), Decimal("0.25")),)


def _book() -> Book:
    book = Book(NAME)
    book.load(BIDS, ASKS, 41)
    return book


BOOK = _book()

ORDER = Order(
    exchange=EXCHANGE,
    instrument=NAME,
    client_order_id="mine-1",
    exchange_order_id="theirs-1",
    side=Side.BUY,
    type=OrderType.LIMIT,
    status=OrderStatus.PARTIALLY_FILLED,
    time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    quantity=Decimal("0.0100"),
    price=Decimal("65000.00"),
    filled_quantity=Decimal("0.004"),
    average_price=Decimal(65000),
    fees=Decimal("0.10"),
    created_time_ns=THEN,
    updated_time_ns=NOW,
)
FILL = Fill(
    exchange=EXCHANGE,
    instrument=NAME,
    fill_id="fill-1",
    exchange_order_id="theirs-1",
    side=Side.SELL,
    price=Decimal("65000.00"),
    quantity=Decimal("0.004"),
    fee=Decimal("0.10"),
    fee_currency="USD",
    liquidity=Liquidity.MAKER,
    exchange_time_ns=THEN,
    client_order_id="mine-1",
    trade_id="77",
)
REPORT = OrderReport(
    exchange=EXCHANGE,
    instrument=NAME,
    exchange_order_id="theirs-1",
    status=OrderStatus.OPEN,
    source=ReportSource.STREAM,
    received_time_ns=NOW,
    client_order_id="mine-1",
    side=Side.BUY,
)
BALANCE = Balance(EXCHANGE, "BTC", available=Decimal("9.50"), hold=Decimal("0.5"))
INSTRUMENT = Instrument(
    name=NAME,
    base="BTC",
    quote="USD",
    exchange_symbol="BTC-USD",
    status=InstrumentStatus.TRADING,
    rules=(
        Quantum(QuantumField.PRICE, "price_increment", step=Decimal("0.01")),
        Quantum(
            QuantumField.QUANTITY,
            "base_increment",
            step=Decimal("0.00000001"),
            minimum=Decimal("0.0001"),
        ),
        Notional("quote_min_size", minimum=Decimal(1)),
        PriceBand("PERCENT_PRICE", 5, buy_maximum=Decimal("1.5")),
        OpenOrderLimit("MAX_NUM_ORDER_LISTS", 20, Counted.LIST, is_account_wide=True),
        PositionLimit("MAX_POSITION", Decimal("10.5")),
        AllowedOrders("orderTypes", (OrderType.MARKET, OrderType.LIMIT), by_quote=False),
    ),
    product_type="SPOT",
)
TRADE = TradePrinted(
    exchange=EXCHANGE,
    instrument=NAME,
    trade_id="77",
    price=Decimal("65000.10"),
    quantity=Decimal("0.00000001"),
    taker_side=Side.BUY,
    exchange_time_ns=THEN,
    received_time_ns=NOW,
)

#: Every class of event that a command can print, once.
EVENTS = (
    TRADE,
    TickerChanged(
        exchange=EXCHANGE,
        instrument=NAME,
        last_price=Decimal("65000.10"),
        bid=Decimal("64999.90"),
        bid_quantity=None,
        ask=Decimal("65000.20"),
        ask_quantity=None,
        volume_24h=Decimal("1234.5"),
        low_24h=None,
        high_24h=None,
        exchange_time_ns=THEN,
        received_time_ns=NOW,
    ),
    AggregateTradePrinted(
        EXCHANGE, NAME, "7", "11", "12", Decimal("65000.10"), Decimal(2), Side.SELL, THEN, NOW
    ),
    BestPricesChanged(EXCHANGE, NAME, Decimal("64999.90"), Decimal(1), None, None, None, NOW, 41),
    BookTopChanged(EXCHANGE, NAME, BIDS, ASKS, None, NOW, 41),
    BookSnapshot(EXCHANGE, NAME, BIDS, ASKS, THEN, NOW),
    BookChanged(EXCHANGE, NAME, (BookChange(Side.SELL, Decimal(65001), Decimal(0)),), THEN, NOW),
    CandleChanged(
        EXCHANGE,
        NAME,
        Candle(THEN, Decimal(1), Decimal(3), Decimal("0.5"), Decimal(2), Decimal("9.0")),
        THEN,
        NOW,
    ),
    InstrumentStatusChanged(EXCHANGE, NAME, "online", "", THEN, NOW),
    OrderReported(EXCHANGE, REPORT, THEN, NOW),
    FillReported(EXCHANGE, FILL, THEN, NOW),
    AccountSnapshot(EXCHANGE, (REPORT,), None, NOW),
    BalancesChanged(EXCHANGE, (BALANCE,), THEN, NOW),
    AccountNotice(EXCHANGE, "balanceUpdate", "{}", THEN, NOW),
    StreamEnding(EXCHANGE, "serverShutdown", THEN, NOW),
    Heartbeat(EXCHANGE, 3, THEN, NOW),
    SubscriptionsConfirmed(EXCHANGE, (("ticker", ("BTC-USD", "ETH-USD")),), THEN, NOW),
    StreamErrorReported(EXCHANGE, "authentication failure", "", None, NOW),
    UnknownMessage(EXCHANGE, "auction", "{}", None, NOW),
    SequenceGap(EXCHANGE, "market", 3, 5, THEN, NOW),
    StreamConnected(EXCHANGE, "market", NOW),
    StreamDisconnected(EXCHANGE, "market", "reset", NOW),
    BookUpdated(
        EXCHANGE, NAME, BOOK, (BookChange(Side.BUY, Decimal("64999.90"), Decimal(2)),), THEN, NOW
    ),
    BookStale(EXCHANGE, NAME, StaleReason.GAP, NOW),
    BookInStep(EXCHANGE, NAME, BOOK, NOW),
    TopicStalled(EXCHANGE, NAME, Topic.TICKER, 5_000_000_000, NOW),
    Dropped(EXCHANGE, NAME, Topic.TRADES, 12, NOW),
    OrderUpdated(EXCHANGE, NAME, ORDER, THEN, NOW),
    FillReceived(EXCHANGE, NAME, FILL, THEN, NOW),
)
