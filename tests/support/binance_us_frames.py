"""What the tests of Binance.US's decoder share: when a frame is read, and its events."""

from decimal import Decimal
from typing import Any

import orjson

from venuetree.protocol.events import (
    AggregateTradePrinted,
    BalancesChanged,
    BestPricesChanged,
    BookChange,
    BookChanged,
    BookTopChanged,
    CandleChanged,
    Event,
    FillReported,
    OrderReported,
    StreamEnding,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.exchanges.binance_us.decode import decode
from venuetree.protocol.models import (
    Balance,
    Candle,
    Fill,
    Level,
    Liquidity,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)

__all__ = [
    "ACCEPTED",
    "BTC_USD",
    "CANCELLED",
    "FILL",
    "FILLED",
    "NOW",
    "PREVENTED",
    "SAMPLES",
    "X",
    "ordered",
    "read",
    "report",
]

D = Decimal
MS = 1_000_000
NOW = 1_788_540_700_000 * MS
X, BTC_USD = "binance_us", "BTC-USD"
GTC = TimeInForce.GOOD_TILL_CANCELLED


def read(message: Any) -> tuple[Event, ...]:
    """The events of a message."""
    return decode(orjson.dumps(message), NOW)


def report(**fields: Any) -> OrderReport:
    """A report of the stream, of a buy at a limit."""
    return OrderReport(
        **{
            "exchange": X,
            "instrument": BTC_USD,
            "source": ReportSource.STREAM,
            "received_time_ns": NOW,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": GTC,
            "filled_quantity": D(0),
            **fields,
        }
    )


FILLED = report(
    exchange_order_id="2281897003",
    status=OrderStatus.FILLED,
    client_order_id="eng-5c0d11aa-0007",
    side=Side.SELL,
    quantity=D("0.001"),
    price=D("116480.12"),
    filled_quantity=D("0.001"),
    average_price=D("116480.12"),
    created_time_ns=1788540701412 * MS,
    exchange_time_ns=1788540701412 * MS,
)
FILL = Fill(
    exchange=X,
    instrument=BTC_USD,
    fill_id="88685240",
    exchange_order_id="2281897003",
    side=Side.SELL,
    price=D("116480.12"),
    quantity=D("0.001"),
    fee=D("0.01164801"),
    fee_currency="USD",
    liquidity=Liquidity.TAKER,
    exchange_time_ns=1788540701412 * MS,
    client_order_id="eng-5c0d11aa-0007",
    trade_id="88685240",
)
ACCEPTED = report(
    exchange_order_id="2281896601",
    status=OrderStatus.OPEN,
    client_order_id="eng-7f3a91c2-0001",
    quantity=D("0.005"),
    price=D(117000),
    created_time_ns=1788540330101 * MS,
    exchange_time_ns=1788540330101 * MS,
)
CANCELLED = report(
    exchange_order_id="2281896640",
    status=OrderStatus.CANCELLED,
    client_order_id="eng-7f3a91c2-0002",
    quantity=D("0.01"),
    price=D(116000),
    filled_quantity=D("0.002"),
    average_price=D(116000),
    created_time_ns=1788540380001 * MS,
    exchange_time_ns=1788540391777 * MS,
)
PREVENTED = report(
    exchange_order_id="2281896810",
    status=OrderStatus.EXPIRED,
    client_order_id="eng-7f3a91c2-0020",
    side=Side.SELL,
    quantity=D("0.005"),
    price=D(117100),
    reason="EXPIRED_IN_MATCH",
    created_time_ns=1788540620000 * MS,
    exchange_time_ns=1788540634060 * MS,
)


def ordered(told: OrderReport, event_ms: int) -> OrderReported:
    """The event of a report."""
    return OrderReported(X, told, event_ms * MS, NOW)


SAMPLES: dict[str, tuple[Event, ...]] = {
    "stream_trade": (
        TradePrinted(
            X,
            BTC_USD,
            "88685101",
            D("116999.50000000"),
            D("0.00300000"),
            Side.BUY,
            1788540330101 * MS,
            NOW,
        ),
    ),
    "stream_aggregate_trade": (
        AggregateTradePrinted(
            X,
            BTC_USD,
            "51120044",
            "88685101",
            "88685101",
            D("116999.50000000"),
            D("0.00300000"),
            Side.BUY,
            1788540330101 * MS,
            NOW,
        ),
    ),
    "stream_candle": (
        CandleChanged(
            X,
            BTC_USD,
            Candle(1788540300000 * MS, D(117010), D(117010), D(116990), D(117000), D("0.04120000")),
            1788540332000 * MS,
            NOW,
        ),
    ),
    "stream_mini_ticker": (
        TickerChanged(
            X,
            BTC_USD,
            D(117000),
            None,
            None,
            None,
            None,
            D("21.60980000"),
            D("115801.10"),
            D(117990),
            1788540333000 * MS,
            NOW,
        ),
    ),
    "stream_ticker": (
        TickerChanged(
            X,
            BTC_USD,
            D(117000),
            D("116999.40"),
            D("0.011"),
            D("117000.10"),
            D("0.05"),
            D("21.60980000"),
            D("115801.10"),
            D(117990),
            1788540333000 * MS,
            NOW,
            "88685102",
            D("0.002"),
        ),
    ),
    "stream_best_prices": (
        BestPricesChanged(
            X,
            BTC_USD,
            D("116999.40"),
            D("0.011"),
            D("117000.10"),
            D("0.05"),
            None,
            NOW,
            8812044120,
        ),
    ),
    "stream_book_top": (
        BookTopChanged(
            X,
            "",
            (Level(D("116999.40"), D("0.011")),),
            (Level(D("117000.10"), D("0.05")),),
            None,
            NOW,
            8812044121,
        ),
    ),
    "stream_depth": (
        BookChanged(
            X,
            BTC_USD,
            (
                BookChange(Side.BUY, D("116999.40"), D("0.011")),
                BookChange(Side.SELL, D("116999.50"), D(0)),
            ),
            1788540330201 * MS,
            NOW,
            8812044118,
            8812044121,
        ),
    ),
    "user_order_filled": (
        ordered(FILLED, 1788540701412),
        FillReported(X, FILL, 1788540701412 * MS, NOW),
    ),
    "user_order_accepted": (ordered(ACCEPTED, 1788540330103),),
    "user_order_cancelled": (ordered(CANCELLED, 1788540391779),),
    "user_order_prevented": (ordered(PREVENTED, 1788540634062),),
    "user_balances": (
        BalancesChanged(
            X,
            (
                Balance(X, "BTC", D("0.50499900"), D(0)),
                Balance(X, "USD", D("8414.50150000"), D(0)),
            ),
            1788540330104 * MS,
            NOW,
        ),
    ),
    "user_listen_key_expired": (StreamEnding(X, "listenKeyExpired", 1788544000330 * MS, NOW),),
    "user_terminated": (StreamEnding(X, "eventStreamTerminated", 1788544000330 * MS, NOW),),
}
