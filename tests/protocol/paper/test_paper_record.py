"""A paper account written down and read again is the same; a damaged one is an error."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import mutated
from tests.support.paper_samples import BTC, book_of, buy, buy_market, new_paper, sell
from venuetree.protocol.models import OrderKey, TimeInForce
from venuetree.protocol.paper import PaperExchange, PaperState
from venuetree.protocol.paper.record import Recorder, from_record
from venuetree.protocol.port import AccountKind


def used() -> PaperExchange:
    """An account with open, partly executed and ended orders."""
    paper = new_paper()
    book = book_of([("99", "1")], [("101", "1"), ("102", "2")])
    paper.place(buy_market(quantity="0.5"), BTC, book, 1)
    paper.place(buy(101, 2), BTC, book, 2)
    until = {"time_in_force": TimeInForce.GOOD_TILL_DATE, "expire_time_ns": 99}
    paper.place(sell(120, 1, **until), BTC, book, 3)
    return paper


def on_disk(state: PaperState) -> Any:
    """As a file holds it."""
    return orjson.loads(orjson.dumps(Recorder().to_record(state)))


def test_an_account_survives_being_written_down() -> None:
    """Orders, executions, money, and what was taken of the book."""
    paper = used()

    assert from_record(on_disk(paper.state)) == paper.state


def test_what_was_taken_is_still_taken_afterwards() -> None:
    """The same size is not given again to the next program."""
    paper = used()
    paper.state = from_record(on_disk(paper.state))
    known = len(paper.state.fills)
    paper.match(book_of([("99", "1")], [("101", "1"), ("102", "2")]), 5)

    assert len(paper.state.fills) == known


def test_an_account_on_margin_survives_too() -> None:
    """With its positions and prices."""
    paper = new_paper(account=AccountKind.MARGIN)
    paper.state = PaperState.with_balances({"USD": BTC_PRICE}, AccountKind.MARGIN)
    book = book_of([("99", "1")], [("101", "1")])
    paper.place(buy_market(quantity="1"), BTC, book, 1)

    assert from_record(on_disk(paper.state)) == paper.state


BTC_PRICE = used().state.fills[0].price * 100


@given(st.data())
def test_a_damaged_account_is_an_error_or_another_account_and_nothing_else(
    data: st.DataObject,
) -> None:
    """Never an exception of another kind."""
    value = data.draw(mutated(on_disk(used().state)))
    try:
        state = from_record(value)
    except ValueError:
        return

    assert isinstance(state, PaperState)


@pytest.mark.parametrize("number", [1, 1.5, "NaN", "Infinity", "", None, "1_000x"])
def test_money_is_text_and_finite(number: Any) -> None:
    """A float in a file of money is damage."""
    value = on_disk(used().state)
    value["spot"]["totals"]["USD"] = number
    with pytest.raises(ValueError, match="no record"):
        from_record(value)


def test_what_was_written_before_and_came_out_otherwise_is_written_anew() -> None:
    """A change that was undone leaves nothing of it in the next record."""
    paper, recorder = used(), Recorder()
    before = paper.state.copy()
    (order, *_) = paper.open_orders()
    paper.cancel(OrderKey(exchange_order_id=order.order_id), 7)
    orjson.dumps(recorder.to_record(paper.state))
    paper.state = before
    paper.match(book_of([("99", "1")], [("100", "9")]), 8)
    again = orjson.loads(orjson.dumps(recorder.to_record(paper.state)))
    last = orjson.loads(orjson.dumps(recorder.to_record(paper.state)))

    assert from_record(again) == from_record(last) == paper.state
    assert paper.state.ended[order.order_id].filled_quantity == 2
