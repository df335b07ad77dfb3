"""The ledger: executions are told once, whichever way and order they come."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.ledgers import FILLED, KEY, OPEN, PARTIAL, SENT, opened, placed, status, summary
from tests.support.order_strategies import EXCHANGE, NOW, fill, order, report
from venuetree.protocol import unclaimed
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderKey, ReportSource, Side


def test_an_execution_is_told_once_with_our_id() -> None:
    """From the stream, and again from a query."""
    books = opened()

    assert summary(books.fill(fill(), NOW)) == [("f1", "c1"), ("c1", PARTIAL)]
    assert summary(books.fill(fill(), NOW)) == []
    assert books.fills(KEY) == (fill(client_order_id="c1"),)


def test_the_same_fill_id_on_another_instrument_is_another_execution() -> None:
    """Trade ids count by instrument."""
    books = opened()
    books.fill(fill(), NOW)

    assert summary(books.fill(evolve(fill(), instrument="ETH-USD"), NOW))[0] == ("f1", "c1")


def test_an_execution_before_the_reply_waits_for_its_order() -> None:
    """Held under the exchange's id, told with the reply that names it."""
    books = placed()

    assert summary(books.fill(fill(), NOW)) == []
    assert summary(books.fill(fill(), NOW)) == []
    assert books.doubtful() == (OrderKey("BTC-USD", "", "x1"),)
    assert summary(books.report(report(OPEN, source=ReportSource.REPLY))) == [
        ("c1", OPEN),
        ("f1", "c1"),
        ("c1", PARTIAL),
    ]
    assert books.doubtful() == ()


def test_an_execution_that_bears_our_id_names_the_order() -> None:
    """It comes before the reply, and the reply adds nothing."""
    books = placed()

    assert summary(books.fill(fill(client_order_id="c1"), NOW)) == [("f1", "c1"), ("c1", PARTIAL)]
    assert summary(books.report(report(OPEN))) == []
    assert books.find(OrderKey(exchange_order_id="x1")) == books.order("c1")


@pytest.mark.parametrize(
    "other",
    [{"side": Side.SELL}, {"price": Decimal("100.01")}, {"quantity": Decimal("1.01")}],
    ids=["side", "price", "quantity"],
)
def test_an_execution_that_ours_cannot_have_is_of_an_older_order(other: dict[str, Any]) -> None:
    """One that bore our id before: it is held, and the order asked for by the exchange's id."""
    books = placed()
    told = evolve(fill(client_order_id="c1", exchange_order_id="x9"), **other)

    assert summary(books.fill(told, NOW)) == []
    assert status(books) is SENT
    assert books.doubtful() == (OrderKey("BTC-USD", "", "x9"),)


def test_executions_that_were_not_told_are_asked_for() -> None:
    """The cumulative quantity says that there are more than we know."""
    books = opened()
    books.report(report(OPEN, "0.75"))

    assert books.needs_fills() == (KEY,)
    books.fill(fill(1, "0.5"), NOW)
    assert books.needs_fills() == (KEY,)
    books.fill(fill(2, "0.25"), NOW)
    assert books.needs_fills() == ()


def test_cumulative_news_after_the_executions_counts_nothing_twice() -> None:
    """Half and half is the whole, in whichever form it comes first."""
    books = opened()
    books.fill(fill(1), NOW)
    books.report(report(OPEN, "0.5"))
    books.report(report(FILLED, "1"))

    assert summary(books.fill(fill(2), NOW)) == [("f2", "c1"), ("c1", FILLED)]
    assert books.order("c1") == order(
        FILLED, filled_quantity=Decimal(1), average_price=Decimal(100), fees=Decimal("0.2")
    )


def test_too_many_held_executions_are_told_alone_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """And when their order comes to be known they count in it, but are not told again."""
    monkeypatch.setattr(unclaimed, "HELD_FILLS", 1)
    books = Ledger(EXCHANGE)
    books.fill(fill(1), NOW)

    assert summary(books.fill(fill(2), NOW)) == [("f1", "")]
    assert summary(books.report(report(OPEN, client_order_id="", quantity=Decimal(1)))) == [
        ("", OPEN),
        ("f2", ""),
        ("", PARTIAL),
    ]
    assert summary(books.fill(fill(1), NOW)) == [("", FILLED)]
    assert books.needs_fills() == ()


def test_an_execution_that_names_no_order_is_told_alone_and_once() -> None:
    """There is nothing to ask for."""
    books = Ledger(EXCHANGE)
    nameless = fill(exchange_order_id="")

    assert summary(books.fill(nameless, NOW)) == [("f1", "")]
    assert summary(books.fill(nameless, NOW)) == []
    assert books.doubtful() == ()
