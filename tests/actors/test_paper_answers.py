"""What a paper account answers at once, above all to whoever asks what became of an order."""

from collections.abc import Collection
from typing import Any

import pytest

from tests.support.paper_samples import BTC, book_of, buy, buy_market, new_paper
from venuetree.actors.paper_answers import answer_at_once
from venuetree.protocol import commands
from venuetree.protocol.commands import Absent, Found, Resend, ResolveOrder, Undecided
from venuetree.protocol.errors import NotSupported, OrderNotFound
from venuetree.protocol.models import OrderKey, OrderRequest
from venuetree.protocol.paper import PaperExchange

BOOK = book_of([("99", "1")], [("101", "1")])


def what_became(
    paper: PaperExchange,
    request: OrderRequest,
    *,
    known: Collection[str] = (),
    in_flight: Collection[str] = (),
) -> Any:
    """The answer about an order, to somebody who knows the others of these ids."""
    asked = ResolveOrder(request, 0, Resend.FORBIDDEN, frozenset(known), "")
    return answer_at_once(paper, asked, 9, in_flight=in_flight)


def test_an_order_that_arrived_is_found() -> None:
    """As it is by now."""
    paper, request = new_paper(), buy(100, 1)
    placed = paper.place(request, BTC, BOOK, 1)
    found = what_became(paper, request)

    assert isinstance(found, Found)
    assert found.report.exchange_order_id == placed.exchange_order_id


def test_an_order_that_never_came_is_absent() -> None:
    """Nothing that was sent arrives after its flight."""
    assert isinstance(what_became(new_paper(), buy(100, 1)), Absent)


@pytest.mark.parametrize("is_there", [True, False])
def test_of_an_order_in_flight_nothing_is_decided(*, is_there: bool) -> None:
    """Whatever order of that id is there already: it may be an older one."""
    paper, request = new_paper(), buy(100, 1, client_order_id="c")
    if is_there:
        paper.place(request, BTC, BOOK, 1)
    answer = what_became(paper, request, in_flight={"c"})

    assert isinstance(answer, Undecided)


def test_an_older_order_that_is_known_is_not_taken_for_the_one_that_is_asked_for() -> None:
    """It had the same id and the very same terms; where ids come again, it proves nothing."""
    paper, request = new_paper(), buy_market(quantity="0.1", client_order_id="c")
    older = paper.place(request, BTC, BOOK, 1)
    before = what_became(paper, request, known={older.exchange_order_id})
    newer = paper.place(request, BTC, BOOK, 2)
    after = what_became(paper, request, known={older.exchange_order_id})

    assert isinstance(before, Absent)
    assert isinstance(after, Found)
    assert after.report.exchange_order_id == newer.exchange_order_id


def test_another_order_of_the_same_id_is_not_taken_for_it() -> None:
    """Its terms say that it is another."""
    paper = new_paper()
    paper.place(buy(100, 1, client_order_id="c"), BTC, BOOK, 1)
    answer = what_became(paper, buy(100, 2, client_order_id="c"))

    assert isinstance(answer, Absent)
    assert "another order" in answer.reason


def test_orders_and_fills_are_told_newest_first_within_what_is_asked_for() -> None:
    """By instrument, by time, by order, and no more than so many."""
    paper = new_paper()
    for now_ns in (10, 20, 30):
        paper.place(buy_market(quantity="0.1"), BTC, BOOK, now_ns)

    def orders(*asked: Any) -> list[int | None]:
        answer: Any = answer_at_once(paper, commands.FetchOrders(*asked), 99, in_flight=())
        return [report.created_time_ns for report in answer]

    def fills(*asked: Any) -> list[int | None]:
        answer: Any = answer_at_once(paper, commands.FetchFills(*asked), 99, in_flight=())
        return [fill.exchange_time_ns for fill in answer]

    second = paper.state.fills[1]

    assert orders() == fills() == [30, 20, 10]
    assert orders("ETH-USD") == fills(None, "ETH-USD") == []
    assert orders("BTC-USD", 20, 30) == [20]
    assert orders("BTC-USD", None, None, 2) == [30, 20]
    assert fills(None, "BTC-USD", 20) == [30, 20]
    assert fills(None, "", None, 1) == [30]
    assert fills(OrderKey(exchange_order_id=second.exchange_order_id)) == [20]


def test_what_a_paper_account_does_not_answer_is_said() -> None:
    """An account of money has no positions; nobody else's entries are kept."""
    paper, nobody = new_paper(), OrderKey(exchange_order_id="no")
    with pytest.raises(NotSupported):
        answer_at_once(paper, commands.FetchPositions(), 1, in_flight=())
    with pytest.raises(NotSupported):
        answer_at_once(paper, commands.FetchMarginTrades(), 1, in_flight=())
    with pytest.raises(OrderNotFound):
        answer_at_once(paper, commands.FetchFills(nobody), 1, in_flight=())
