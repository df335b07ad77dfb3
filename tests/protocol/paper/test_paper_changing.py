"""Orders on paper that are cancelled, edited or replaced, or whose time is over."""

from decimal import Decimal

import pytest

from tests.support.paper_samples import (
    ASKS,
    BIDS,
    BTC,
    book_of,
    buy,
    buy_market,
    fills_of,
    money,
    new_paper,
)
from venuetree.protocol.errors import (
    CancelRefused,
    ExchangeRefused,
    InsufficientFunds,
    MarketHalted,
    OrderNotFound,
    PostOnlyWouldTake,
)
from venuetree.protocol.models import LiquidityPreference, OrderKey, OrderStatus, TimeInForce


def test_what_has_ended_is_not_cancelled_and_what_is_unknown_not_found() -> None:
    """Each says so."""
    paper = new_paper()
    order = paper.place(buy_market(quantity="1"), BTC, book_of(BIDS, ASKS), 1)
    with pytest.raises(CancelRefused):
        paper.cancel(OrderKey(exchange_order_id=order.exchange_order_id), 2)
    with pytest.raises(OrderNotFound):
        paper.cancel(OrderKey(client_order_id="nobody"), 2)
    with pytest.raises(OrderNotFound):
        paper.cancel(OrderKey("ETH-USD", exchange_order_id=order.exchange_order_id), 2)


def test_good_till_date_ends_when_its_time_is_over() -> None:
    """Not before; and not at all if it was over already."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    until = {"time_in_force": TimeInForce.GOOD_TILL_DATE, "expire_time_ns": 100}
    paper.place(buy(90, 1, **until), BTC, book, 1)
    due_ns = paper.next_expiry_ns()
    paper.expire(99)
    still = len(paper.open_orders())
    paper.expire(100)
    with pytest.raises(ExchangeRefused):
        paper.place(buy(90, 1, **until), BTC, book, 100)

    assert (due_ns, still) == (100, 1)
    assert [o.status for o in paper.state.orders()] == [OrderStatus.EXPIRED]
    assert paper.next_expiry_ns() is None


def test_an_edited_order_is_matched_anew_and_holds_what_it_needs_now() -> None:
    """It keeps its ids; what was executed counts."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    order = paper.place(buy(101, 3), BTC, book, 1)
    key = OrderKey(exchange_order_id=order.exchange_order_id)
    paper.edit(key, buy(102, 2), BTC, book, 2)
    edited = paper.order(key)
    with pytest.raises(ExchangeRefused):
        paper.edit(key, buy(102, 5), BTC, book, 3)

    assert edited.status is OrderStatus.FILLED
    assert fills_of(paper) == [("101", "1"), ("102", "1")]
    assert {hold for _, hold in money(paper).values()} == {"0"}


def test_an_edit_that_the_account_cannot_pay_changes_nothing() -> None:
    """The order stays what it was."""
    paper = new_paper({"USD": "1000"})
    book = book_of(BIDS, ASKS)
    order = paper.place(buy(90, 1), BTC, book, 1)
    key = OrderKey(exchange_order_id=order.exchange_order_id)
    with pytest.raises(InsufficientFunds):
        paper.edit(key, buy(90, 12), BTC, book, 2)
    paper.edit(key, buy(90, 11), BTC, book, 3)

    assert paper.order(key).request.quantity == 11


def test_a_replaced_order_ends_before_its_successor_is_judged() -> None:
    """What it held is free for the new one; a refusal of that leaves the old one ended."""
    paper = new_paper({"USD": "100.2"})
    book = book_of(BIDS, ASKS)
    old = paper.place(buy(100, 1), BTC, book, 1)
    replaced = paper.replace(
        OrderKey(exchange_order_id=old.exchange_order_id), buy(99, 1), BTC, book, 2
    )
    refused = paper.replace(OrderKey(exchange_order_id="P2"), buy(99, 2), BTC, book, 3)

    assert replaced.cancelled is not None
    assert replaced.cancelled.status is OrderStatus.CANCELLED
    assert isinstance(refused.placed, InsufficientFunds)
    assert paper.open_orders() == ()


def test_an_order_of_which_something_was_executed_is_replaced_only_if_that_is_wanted() -> None:
    """As the exchange has it."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    old = paper.place(buy(101, 2), BTC, book, 1)
    key = OrderKey(exchange_order_id=old.exchange_order_id)
    with pytest.raises(CancelRefused):
        paper.need_untouched(key)
    paper.replace(key, buy(99, 1), BTC, book, 3)

    assert [order.request.price for order in paper.open_orders()] == [Decimal(99)]


def test_a_post_only_order_is_not_edited_without_a_book() -> None:
    """It could come to take by that: what it may not is looked at as when it was placed."""
    paper = new_paper()
    order = paper.place(
        buy(100, 1, liquidity=LiquidityPreference.MAKER_ONLY), BTC, book_of(BIDS, ASKS), 1
    )
    key = OrderKey(exchange_order_id=order.exchange_order_id)
    with pytest.raises(MarketHalted) as caught:
        paper.edit(key, buy(101, 1), BTC, None, 2)
    with pytest.raises(PostOnlyWouldTake):
        paper.edit(key, buy(101, 1), BTC, book_of(BIDS, ASKS), 3)

    assert caught.value.code == "NO_BOOK"
    assert paper.order(key).request.price == Decimal(100)


def test_an_edit_makes_no_newer_order_of_an_older_one() -> None:
    """Orders are told in the order in which they were placed."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    first = paper.place(buy(90, 1), BTC, book, 1)
    paper.place(buy(91, 1), BTC, book, 2)
    paper.edit(OrderKey(exchange_order_id=first.exchange_order_id), buy(89, 1), BTC, book, 3)

    assert [order.created_time_ns for order in paper.state.orders()] == [1, 2]


def test_an_edit_looks_at_the_book_as_a_new_order_does() -> None:
    """What was taken of levels that are gone is forgotten then, too."""
    paper = new_paper()
    order = paper.place(buy(90, 1), BTC, book_of(BIDS, ASKS), 1)
    paper.place(buy_market(quantity="1"), BTC, book_of(BIDS, ASKS), 2)
    key = OrderKey(exchange_order_id=order.exchange_order_id)
    paper.edit(key, buy(91, 1), BTC, book_of(BIDS, [("105", "1")]), 3)

    assert not paper.state.depth.taken
