"""What the tests of Coinbase's orders share: an order, its report, and answers about it."""

from decimal import Decimal
from typing import Any

from tests.support.coinbase import NOW_NS, payload, reply
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.models import (
    LiquidityPreference,
    OrderKey,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.timestamps import from_rfc3339

__all__ = [
    "CLIENT_ID",
    "HTML",
    "KEY",
    "ORDER",
    "ORDER_ID",
    "PLACE",
    "REPORT",
    "listed",
    "wire_order",
]

D = Decimal
CLIENT_ID = "a1f0c7de-5b0e-4c52-9c39-0f4f5b8a7a10"
ORDER_ID = "7c1c7a62-3f0f-4d5e-8f35-4b0d6b0c9c11"
ORDER = limit_order(
    "BTC-USD",
    Side.BUY,
    quantity="0.015",
    price="64250.10",
    liquidity=LiquidityPreference.MAKER_ONLY,
    client_order_id=CLIENT_ID,
)
PLACE = PlaceOrder(ORDER)
HTML = b"<html><body>Too Many Requests</body></html>"
KEY = OrderKey("BTC-USD", CLIENT_ID, ORDER_ID)


def listed(*orders: dict[str, Any], cursor: str = "") -> Any:
    """A page of the order list."""
    return reply({"orders": list(orders), "has_next": bool(cursor), "cursor": cursor})


def wire_order(**members: Any) -> dict[str, Any]:
    """The spec's order, other in these members."""
    return {**payload("rest_order")["order"], **members}


REPORT = OrderReport(
    exchange="coinbase",
    instrument="BTC-USD",
    exchange_order_id=ORDER_ID,
    status=OrderStatus.PARTIALLY_FILLED,
    source=ReportSource.QUERY,
    received_time_ns=NOW_NS,
    client_order_id=CLIENT_ID,
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    quantity=D("0.015"),
    price=D("64250.10"),
    filled_quantity=D("0.005"),
    average_price=D("64250.1"),
    fees=D("1.6062525"),
    created_time_ns=from_rfc3339("2026-10-05T09:15:22.418734Z"),
    exchange_time_ns=from_rfc3339("2026-10-05T09:15:25.1Z"),
)
