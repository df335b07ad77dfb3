"""What the tests of reading OANDA's orders share: an order that waits, a log beside the list."""

from typing import Any

from tests.support.oanda_acting import NOW_NS, Asked, MemoryLog, converse, refusal
from venuetree.protocol.commands import FetchOrder
from venuetree.protocol.models import OrderKey, OrderReport
from venuetree.protocol.port import RestReply
from venuetree.protocol.timestamps import SECOND

__all__ = ["BY_ID", "STOP_LOSS", "TRADE", "UNKNOWN", "days_ago", "listed", "order", "with_list"]

HOUR = 3600 * SECOND
DAY = 24 * HOUR
UNKNOWN = refusal("NO_SUCH_ORDER", "The order ID specified does not exist", 404)


def listed(**fields: Any) -> dict[str, Any]:
    """An order as the exchange's list tells it."""
    return {
        "id": "6407",
        "createTime": "2024-06-11T14:03:20.000000005Z",
        "type": "LIMIT",
        "instrument": "EUR_USD",
        "units": "-10000",
        "price": "1.09100",
        "timeInForce": "GTC",
        "state": "PENDING",
        "clientExtensions": {"id": "c1"},
        **fields,
    }


def order(log: MemoryLog, key: OrderKey | None = None, asked: Asked | None = None) -> OrderReport:
    """One order's state."""
    return converse(FetchOrder(key or OrderKey("EUR-USD", "c1", "6407")), log, asked=asked)


def with_list(*entries: dict[str, Any], told: RestReply = UNKNOWN, **others: Any) -> MemoryLog:
    """A log beside which the list answers so."""
    return MemoryLog(entries, {"/orders/6407": told, "/orders/@c1": told, **others})


BY_ID = OrderKey(client_order_id="c1")


def days_ago(days: float) -> int:
    """A time of the exchange's."""
    return NOW_NS - int(days * DAY)


STOP_LOSS = {
    "id": "6407",
    "createTime": "2024-06-11T14:03:20Z",
    "type": "STOP_LOSS",
    "tradeID": "6402",
    "price": "1.08125",
    "timeInForce": "GTC",
    "state": "PENDING",
}
TRADE = {
    "id": "6402",
    "instrument": "EUR_USD",
    "price": "1.08425",
    "openTime": "2024-06-11T14:03:19Z",
    "initialUnits": "-10000",
    "state": "OPEN",
    "currentUnits": "-4000",
    "realizedPL": "0.0000",
    "financing": "0.0000",
}
