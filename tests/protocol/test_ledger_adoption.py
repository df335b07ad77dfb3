"""The ledger: orders placed elsewhere are adopted."""

from decimal import Decimal

from attrs import evolve

from tests.support.ledgers import (
    FILLED,
    KEY,
    OPEN,
    PARTIAL,
    UNKNOWN,
    opened,
    placed,
    status,
    summary,
)
from tests.support.order_strategies import EXCHANGE, NOW, fill, order, report
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderKey, ReportSource


def test_an_order_placed_elsewhere_is_adopted() -> None:
    """It is told, and followed like ours; it is never resolved by sending."""
    books = Ledger(EXCHANGE)
    foreign = report(OPEN, "0.5", client_order_id="", quantity=Decimal(1), price=Decimal(100))

    assert summary(books.report(foreign)) == [("", PARTIAL)]
    assert books.needs_fills() == (OrderKey("BTC-USD", "", "x1"),)
    assert summary(books.report(evolve(foreign, status=UNKNOWN))) == [("", UNKNOWN)]
    assert (books.unknown_orders(), books.doubtful()) == ((), (OrderKey("BTC-USD", "", "x1"),))


def test_an_order_of_which_too_little_is_told_is_asked_for() -> None:
    """Without a side it cannot be adopted; with one it is, and asked for no more."""
    books = Ledger(EXCHANGE)

    assert books.report(report(OPEN, side=None)) == ()
    assert books.doubtful() == (KEY,)
    assert summary(books.report(report(OPEN))) == [("c1", OPEN)]
    assert books.doubtful() == ()


def test_an_adopted_order_that_proves_to_be_ours_becomes_one_with_it() -> None:
    """The stream told it by its number alone, before the reply named it."""
    books = placed()
    books.report(report(OPEN, client_order_id=""))
    books.fill(fill(), NOW)
    told = books.report(report(OPEN, source=ReportSource.REPLY))

    assert summary(told) == [("c1", PARTIAL)]
    assert books.orders() == (
        order(
            PARTIAL,
            filled_quantity=Decimal("0.5"),
            average_price=Decimal(100),
            fees=Decimal("0.1"),
            updated_time_ns=NOW,
        ),
    )
    assert books.fills(KEY) == (fill(client_order_id="c1"),)
    assert sum(books.counts().values()) == 1


def test_the_list_that_an_adopted_order_was_told_to_be_of_is_kept() -> None:
    """Also where the reply that names the order says nothing of it."""
    books = placed()
    books.report(evolve(report(OPEN, client_order_id=""), list_id="7"))
    books.report(report(OPEN, source=ReportSource.REPLY))
    (known,) = books.orders()

    assert (known.client_order_id, known.list_id) == ("c1", "7")


def test_a_second_order_that_bears_our_id_is_an_order_of_its_own() -> None:
    """The exchange took a repeated request twice: both are told, and the first is not changed."""
    books = opened()
    doubled = report(FILLED, "1", exchange_order_id="x2", quantity=Decimal(1))

    assert summary(books.report(doubled)) == [("c1", FILLED)]
    assert status(books) is OPEN
    assert len(books.orders()) == 2
    assert summary(books.fill(fill(7, "1", exchange_order_id="x2", client_order_id="c1"), NOW))[
        0
    ] == ("f7", "c1")
    assert books.fills(KEY) == ()
