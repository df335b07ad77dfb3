"""What the tests of OANDA's transactions share: samples, and what is read of them."""

from typing import Any

from tests.support.oanda_reading import NOW_NS, line, payload
from venuetree.protocol.events import Event, OrderReported, TransactionRecorded
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.models import OrderReport

__all__ = [
    "EUR_USD",
    "FILLED",
    "HALTED",
    "PENDING",
    "STOPPED",
    "X",
    "but",
    "read",
    "recorded",
    "report",
]

X, EUR_USD = "oanda", "EUR-USD"
FILLED = payload("rest_order_filled")
PENDING = payload("rest_order_pending")["orderCreateTransaction"]
HALTED = payload("rest_order_halted")
STOPPED = payload("transaction_stop_fill")


def read(transaction: dict[str, Any]) -> tuple[Event, ...]:
    """The events of a transaction."""
    return decode(line(transaction), NOW_NS)


def recorded(transaction: dict[str, Any]) -> TransactionRecorded:
    """The entry itself, which comes first."""
    first = read(transaction)[0]
    assert isinstance(first, TransactionRecorded)
    return first


def report(transaction: dict[str, Any]) -> OrderReport:
    """What it says of an order."""
    (told,) = [event for event in read(transaction) if isinstance(event, OrderReported)]
    return told.report


def but(transaction: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """It with other members; None leaves one out."""
    return {name: value for name, value in {**transaction, **fields}.items() if value is not None}
