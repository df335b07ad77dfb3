"""What the invented exchange of `toy` says, and an order for it."""

from decimal import Decimal

from venuetree.protocol.builders import limit_order
from venuetree.protocol.events import MarginTradeChanged, TransactionRecorded
from venuetree.protocol.models import (
    Fill,
    Liquidity,
    MarginTradeChange,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
)

__all__ = ["NAME", "SECOND", "fill", "report", "request", "trade_changed", "transaction"]

SECOND = 1_000_000_000
NAME = "toy"


def request(client_order_id: str = "c1") -> OrderRequest:
    """An order to be placed there."""
    return limit_order("A-USD", Side.BUY, quantity="1", price="10", client_order_id=client_order_id)


def report(
    status: OrderStatus,
    client_order_id: str = "c1",
    *,
    filled: str = "0",
    source: ReportSource = ReportSource.QUERY,
    number: str | None = None,
) -> OrderReport:
    """What the toy exchange says of an order."""
    return OrderReport(
        exchange=NAME,
        instrument="A-USD",
        exchange_order_id=number or f"x-{client_order_id}",
        status=status,
        source=source,
        received_time_ns=0,
        client_order_id=client_order_id,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal(1),
        price=Decimal(10),
        filled_quantity=Decimal(filled),
    )


def fill(client_order_id: str = "c1", number: int = 1, quantity: str = "1") -> Fill:
    """An execution at the toy exchange."""
    return Fill(
        exchange=NAME,
        instrument="A-USD",
        fill_id=f"f{number}",
        exchange_order_id=f"x-{client_order_id}",
        side=Side.BUY,
        price=Decimal(10),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_currency="USD",
        liquidity=Liquidity.MAKER,
        exchange_time_ns=0,
    )


def transaction(number: int) -> TransactionRecorded:
    """An entry of the toy exchange's log of the account."""
    return TransactionRecorded(
        exchange=NAME,
        transaction_id=str(number),
        batch_id=str(number),
        kind="DAILY_FINANCING",
        reason="",
        reject_reason="",
        order_id="",
        client_order_id="",
        trade_id="",
        units=None,
        price=None,
        realized_profit=None,
        financing=Decimal(-1),
        commission=None,
        amount=Decimal(-1),
        balance=Decimal(100),
        detail="{}",
        exchange_time_ns=None,
        received_time_ns=0,
    )


def trade_changed(number: int, change: MarginTradeChange) -> MarginTradeChanged:
    """What an execution did to a margin trade there."""
    return MarginTradeChanged(
        exchange=NAME,
        instrument="A-USD",
        trade_id=str(number),
        change=change,
        units=Decimal(1),
        price=Decimal(10),
        realized_profit=None,
        financing=None,
        order_id="x-c1",
        transaction_id=str(number),
        exchange_time_ns=None,
        received_time_ns=0,
    )
