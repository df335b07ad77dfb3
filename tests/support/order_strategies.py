"""Orders for tests: short ways to write their news, and a small exchange that knows the truth."""

from decimal import Decimal
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from venuetree.protocol.models import (
    Fill,
    Liquidity,
    Order,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)

NOW = 1_700_000_000_000_000_000
EXCHANGE = "test"
INSTRUMENT = "BTC-USD"


def request(
    client_order_id: str = "c1", *, quantity: str | None = "1", price: str = "100"
) -> OrderRequest:
    """A limit buy."""
    return OrderRequest(
        instrument=INSTRUMENT,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=None if quantity is None else Decimal(quantity),
        price=Decimal(price),
        client_order_id=client_order_id,
    )


def order(status: OrderStatus = OrderStatus.OPEN, **fields: Any) -> Order:
    """The order that `request` makes, as the exchange knows it."""
    plain = Order(
        exchange=EXCHANGE,
        instrument=INSTRUMENT,
        client_order_id="c1",
        exchange_order_id="x1",
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=status,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
        quantity=Decimal(1),
        price=Decimal(100),
        created_time_ns=NOW,
        updated_time_ns=NOW,
    )
    return evolve(plain, **fields)


def report(
    status: OrderStatus = OrderStatus.OPEN,
    filled: str | None = None,
    *,
    source: ReportSource = ReportSource.STREAM,
    client_order_id: str = "c1",
    exchange_order_id: str = "x1",
    **fields: Any,
) -> OrderReport:
    """News of that order."""
    plain = OrderReport(
        exchange=EXCHANGE,
        instrument=INSTRUMENT,
        exchange_order_id=exchange_order_id,
        status=status,
        source=source,
        received_time_ns=NOW,
        client_order_id=client_order_id,
        side=Side.BUY,
        type=OrderType.LIMIT,
        filled_quantity=None if filled is None else Decimal(filled),
    )
    return evolve(plain, **fields)


def fill(
    number: int = 1,
    quantity: str = "0.5",
    price: str = "100",
    *,
    fee: str = "0.1",
    client_order_id: str = "",
    exchange_order_id: str = "x1",
    fee_currency: str = "USD",
) -> Fill:
    """One execution of that order."""
    return Fill(
        exchange=EXCHANGE,
        instrument=INSTRUMENT,
        fill_id=f"f{number}",
        exchange_order_id=exchange_order_id,
        side=Side.BUY,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(fee),
        fee_currency=fee_currency,
        liquidity=Liquidity.MAKER,
        exchange_time_ns=NOW + number,
        client_order_id=client_order_id,
    )


@frozen
class Life:
    """What truly became of an order, and everything that the exchange said of it on the way."""

    end: Order
    reports: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]


def live(
    steps: list[tuple[str, str]],
    end: OrderStatus | None,
    *,
    quantity: str = "10",
    client_order_id: str = "c1",
    exchange_order_id: str = "x1",
    first_fill: int = 1,
) -> Life:
    """An order's life: executions of (quantity, price), then its end, None if it lives on."""
    filled, value, fees = Decimal(0), Decimal(0), Decimal(0)
    fills: list[Fill] = []
    ids: dict[str, Any] = {
        "client_order_id": client_order_id,
        "exchange_order_id": exchange_order_id,
    }

    def tell(status: OrderStatus) -> OrderReport:
        return report(
            status,
            str(filled),
            quantity=Decimal(quantity),
            average_price=value / filled if filled else None,
            fees=fees,
            **ids,
        )

    reports = [tell(OrderStatus.OPEN)]
    for index, (amount, price) in enumerate(steps):
        one = fill(first_fill + index, amount, price, **ids)
        fills.append(one)
        filled += one.quantity
        value += one.quantity * one.price
        fees += one.fee
        # Coinbase says OPEN, Binance.US says PARTIALLY_FILLED.
        reports.append(tell(OrderStatus.OPEN if index % 2 else OrderStatus.PARTIALLY_FILLED))
    status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    if filled == Decimal(quantity):
        status = OrderStatus.FILLED
    if end is not None:
        status = end if status is not OrderStatus.FILLED else status
        reports.append(tell(status))
    truth = order(
        status,
        quantity=Decimal(quantity),
        filled_quantity=filled,
        average_price=value / filled if filled else None,
        fees=fees,
        **ids,
    )
    return Life(truth, tuple(reports), tuple(fills))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Any life of an order of ten: up to five executions, any end."""
    left = 10
    steps: list[tuple[str, str]] = []
    while left and len(steps) < 5 and draw(st.booleans()):
        amount = draw(st.integers(1, left))
        left -= amount
        steps.append((str(amount), draw(st.sampled_from(["99.5", "100", "101.25"]))))
    end = draw(st.sampled_from([None, OrderStatus.CANCELLED, OrderStatus.EXPIRED]))
    return live(steps, end)
