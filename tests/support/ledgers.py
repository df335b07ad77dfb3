"""What the ledger's tests share: ledgers with an order of ours, and what they told."""

from tests.support.order_strategies import EXCHANGE, NOW, report, request
from venuetree.protocol.events import AccountEvent, FillReceived, OrderUpdated
from venuetree.protocol.journal import MemoryJournal
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderKey, OrderStatus

__all__ = [
    "CANCELLED",
    "EXPIRED",
    "FILLED",
    "KEY",
    "NEW",
    "OPEN",
    "PARTIAL",
    "REJECTED",
    "SENT",
    "UNKNOWN",
    "names",
    "opened",
    "placed",
    "status",
    "summary",
]

NEW, SENT, OPEN, PARTIAL, FILLED, CANCELLED, EXPIRED, REJECTED, UNKNOWN = OrderStatus
KEY = OrderKey("BTC-USD", "c1", "x1")


def placed(journal: MemoryJournal | None = None) -> Ledger:
    """A ledger with one order of ours, sent."""
    books = Ledger(EXCHANGE, journal)
    books.intend(request(), NOW)
    books.sent("c1", NOW)
    return books


def opened(journal: MemoryJournal | None = None) -> Ledger:
    """The same, acknowledged."""
    books = placed(journal)
    books.report(report(OPEN))
    return books


def summary(events: tuple[AccountEvent, ...]) -> list[tuple[str, object]]:
    """What was told: fills by id, orders by state."""
    told: list[tuple[str, object]] = []
    for event in events:
        match event:
            case FillReceived():
                told.append((event.fill.fill_id, event.fill.client_order_id))
            case OrderUpdated():
                told.append((event.order.client_order_id, event.order.status))
            case _:
                raise AssertionError(event)
    return told


def status(books: Ledger, client_order_id: str = "c1") -> OrderStatus:
    """The state of an order that is there."""
    known = books.order(client_order_id)

    assert known is not None
    return known.status


def names(books: Ledger) -> list[str]:
    """Which orders are remembered."""
    return [known.client_order_id for known in books.orders()]
