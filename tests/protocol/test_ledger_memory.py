"""The ledger: what is forgotten, and what comes after that."""

from tests.support.ledgers import CANCELLED, FILLED, OPEN, names, summary
from tests.support.order_strategies import EXCHANGE, NOW, fill, report, request
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderKey


def ended(books: Ledger, number: int, *, lacks_fills: bool = False) -> None:
    """An order of ours that was filled, or cancelled without a fill."""
    client_order_id, exchange_order_id = f"c{number}", f"x{number}"
    books.intend(request(client_order_id), NOW)
    end = FILLED if lacks_fills else CANCELLED
    filled = "1" if lacks_fills else "0"
    books.report(
        report(end, filled, client_order_id=client_order_id, exchange_order_id=exchange_order_id)
    )


def test_old_final_orders_are_forgotten_and_open_ones_never() -> None:
    """Two final orders are kept, beside however many others."""
    books = Ledger(EXCHANGE, keep_final=2)
    books.intend(request("open"), NOW)
    for number in range(1, 6):
        ended(books, number)
    books.intend(request("next"), NOW)

    assert names(books) == ["open", "c4", "c5", "next"]
    assert books.find(OrderKey(exchange_order_id="x1")) is None


def test_final_orders_that_lack_executions_are_kept_longer() -> None:
    """Twice as many at the most."""
    books = Ledger(EXCHANGE, keep_final=2)
    for number in range(1, 4):
        ended(books, number, lacks_fills=True)
    ended(books, 4)
    books.intend(request("next"), NOW)

    assert names(books) == ["c1", "c2", "c3", "next"]
    ended(books, 5, lacks_fills=True)
    ended(books, 6, lacks_fills=True)
    books.intend(request("last"), NOW)
    assert names(books) == ["c2", "c3", "next", "c5", "c6", "last"]


def forgetful() -> Ledger:
    """A ledger that has just forgotten the order c1, filled for a half."""
    books = Ledger(EXCHANGE, keep_final=0)
    books.intend(request(), NOW)
    books.fill(fill(client_order_id="c1"), NOW)
    books.report(report(CANCELLED))
    books.intend(request("c2"), NOW)

    assert names(books) == ["c2"]
    return books


def test_late_copies_of_a_forgotten_orders_news_change_nothing() -> None:
    """Neither is it adopted as somebody else's, nor its execution told again."""
    books = forgetful()

    assert books.report(report(OPEN)) == ()
    assert books.fill(fill(client_order_id="c1"), NOW) == ()
    assert (names(books), books.doubtful()) == (["c2"], ())


def test_a_new_execution_of_a_forgotten_order_is_told() -> None:
    """Money moved."""
    assert summary(forgetful().fill(fill(2), NOW)) == [("f2", "")]
