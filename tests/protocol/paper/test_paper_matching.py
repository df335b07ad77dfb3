"""Orders on paper meet the book: at which prices, how much of a level, and what of the rest."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

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
    sell,
)
from venuetree.protocol.errors import InsufficientLiquidity
from venuetree.protocol.models import Liquidity, OrderKey, OrderStatus, Side, TimeInForce

IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL


def test_an_order_takes_the_best_levels_first_at_their_prices() -> None:
    """And pays the taker's fee on each, out of the quote currency here."""
    paper = new_paper()
    order = paper.place(buy_market(quantity="2"), BTC, book_of(BIDS, ASKS), 1)

    assert order.status is OrderStatus.FILLED
    assert fills_of(paper) == [("101", "1"), ("102", "1")]
    assert order.average_price == Decimal("101.5")
    assert order.fees == Decimal("0.406")
    assert money(paper) == {"BTC": ("12", "0"), "USD": ("9796.594", "0")}


def test_the_rest_of_a_limit_order_waits_and_holds_what_it_may_cost() -> None:
    """At its limit, with the higher fee; cancelled, all of it comes back."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    order = paper.place(buy(101, 3), BTC, book, 1)
    before = money(paper)
    paper.cancel(OrderKey(exchange_order_id=order.exchange_order_id), 2)

    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert before["USD"] == ("9696.394", "202.404")
    assert money(paper) == {"BTC": ("11", "0"), "USD": ("9898.798", "0")}


def test_a_shown_size_is_taken_once_until_the_level_changes() -> None:
    """Neither by two orders nor by one that waits; a change shows something new."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    paper.place(buy(101, "0.75"), BTC, book, 1)
    paper.place(buy(101, 5), BTC, book, 2)
    paper.match(book, 3)
    first = fills_of(paper)
    book.apply([(Side.SELL, Decimal(101), Decimal("0.5"))])
    paper.match(book, 4)
    paper.match(book, 5)

    assert first == [("101", "0.75"), ("101", "0.25")]
    assert fills_of(paper)[2:] == [("101", "0.5")]


def test_a_waiting_order_fills_at_the_price_shown_as_maker() -> None:
    """At its limit or better: the book's price, never its own."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    order = paper.place(buy(100, 1), BTC, book, 1)
    book.apply([(Side.SELL, Decimal("99.5"), Decimal("0.4"))])
    paper.match(book, 2)
    (fill,) = paper.state.fills

    assert order.status is OrderStatus.OPEN
    assert (fill.price, fill.quantity) == (Decimal("99.5"), Decimal("0.4"))
    assert fill.liquidity is Liquidity.MAKER
    assert fill.fee == Decimal("99.5") * Decimal("0.4") * Decimal("0.001")


def test_an_order_that_came_without_a_book_takes_when_there_is_one() -> None:
    """It has made nothing yet: the first execution is a taker's."""
    paper = new_paper()
    order = paper.place(buy(101, 1), BTC, None, 1)
    paper.match(book_of(BIDS, ASKS), 2)

    assert order.status is OrderStatus.OPEN
    assert [fill.liquidity for fill in paper.state.fills] == [Liquidity.TAKER]


def test_a_stale_book_fills_nothing() -> None:
    """Whatever it shows: neither what waits nor what comes."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    paper.place(buy(100, 1), BTC, book, 1)
    book.apply([(Side.SELL, Decimal(99), Decimal(1))])
    book.mark_stale()
    paper.match(book, 2)
    paper.place(buy(105, 1, client_order_id="new"), BTC, book, 3)

    assert fills_of(paper) == []


def test_better_prices_come_first_and_then_who_came_first() -> None:
    """Of two orders of ours that want the same size."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    for price, name in ((99, "low"), (100, "high"), (100, "late")):
        paper.place(buy(price, 1, client_order_id=name), BTC, book, 1)
    book.apply([(Side.SELL, Decimal(99), Decimal("1.5"))])
    paper.match(book, 2)

    assert [(f.client_order_id, f.quantity) for f in paper.state.fills] == [
        ("high", Decimal(1)),
        ("late", Decimal("0.5")),
    ]


@pytest.mark.parametrize(
    ("request_of", "status", "filled"),
    [
        (lambda: buy(101, 3, time_in_force=IOC), OrderStatus.EXPIRED, "1"),
        (lambda: buy(100, 3, time_in_force=IOC), OrderStatus.CANCELLED, "0"),
        (lambda: buy(101, 3, time_in_force=FOK), OrderStatus.CANCELLED, "0"),
        (lambda: buy(102, 3, time_in_force=FOK), OrderStatus.FILLED, "3"),
        (lambda: buy_market(quantity="7"), OrderStatus.FILLED, "7"),
        (lambda: buy_market(quantity="8"), OrderStatus.EXPIRED, "7"),
        (lambda: sell(98, 4, time_in_force=IOC), OrderStatus.EXPIRED, "3"),
    ],
)
def test_what_may_not_wait_ends_as_the_exchange_ends_it(
    request_of: Any, status: OrderStatus, filled: str
) -> None:
    """By the visible depth: at once, in part, or not at all."""
    paper = new_paper(rest_becomes=OrderStatus.EXPIRED)
    order = paper.place(request_of(), BTC, book_of(BIDS, ASKS), 1)

    assert (order.status, order.filled_quantity) == (status, Decimal(filled))
    assert {hold for _, hold in money(paper).values()} == {"0"}


def test_where_the_exchange_refuses_what_cannot_be_executed_so_does_paper() -> None:
    """There is no such order then."""
    paper = new_paper(nothing_becomes=OrderStatus.REJECTED)
    with pytest.raises(InsufficientLiquidity):
        paper.place(buy_market(quantity="8", time_in_force=FOK), BTC, book_of(BIDS, ASKS), 1)

    assert paper.state.orders() == []


@pytest.mark.parametrize("names", [("BTC-USD", "BTC-USDC"), ("BTC-USDC", "BTC-USD")])
def test_instruments_that_share_a_book_share_what_was_taken_of_it(names: tuple[str, str]) -> None:
    """The same size is not given twice under two names, whichever came first."""
    paper = new_paper({"USD": "1000", "USDC": "1000"})
    paper.book_of = lambda name: name.replace("USDC", "USD")
    for name in names:
        instrument = evolve(BTC, name=name, quote=name.partition("-")[2])
        request = evolve(buy_market(quantity="1"), instrument=name)
        paper.place(request, instrument, book_of(BIDS, ASKS, name), 1)

    assert fills_of(paper) == [("101", "1"), ("102", "1")]


def test_a_level_that_went_and_came_again_is_new() -> None:
    """As far as a look between the two has seen it go."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    paper.place(buy(101, 3), BTC, book, 1)
    for now_ns, size in enumerate(("0", "1", "1"), start=2):
        book.apply([(Side.SELL, Decimal(101), Decimal(size))])
        paper.match(book, now_ns)

    assert fills_of(paper) == [("101", "1"), ("101", "1")]


def test_what_a_stale_book_shows_proves_nothing() -> None:
    """A level that is missing from it only while it is wrong is still taken afterwards."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    paper.place(buy(101, 3), BTC, book, 1)
    book.mark_stale()
    book.apply([(Side.SELL, Decimal(101), Decimal(0))])
    paper.match(book, 2)
    paper.match(book_of(BIDS, ASKS), 3)

    assert fills_of(paper) == [("101", "1")]


def test_what_was_taken_is_forgotten_by_orders_that_take_at_once_too() -> None:
    """None ever waits, so nothing is matched: what is remembered stays as large as the book."""
    paper = new_paper({"USD": "1000000"})
    for price in range(101, 111):
        paper.place(buy_market(quantity="1"), BTC, book_of(BIDS, [(str(price), "5")]), price)

    assert [price for _, _, price in paper.state.depth.taken] == [Decimal(110)]


def test_an_order_whose_time_is_over_is_not_filled_by_the_next_book() -> None:
    """Though nobody has said yet that its time is over."""
    paper = new_paper()
    until = {"time_in_force": TimeInForce.GOOD_TILL_DATE, "expire_time_ns": 100}
    paper.place(buy(100, 1, **until), BTC, book_of(BIDS, ASKS), 1)
    paper.match(book_of(BIDS, [("99.5", "5")]), 100)

    assert fills_of(paper) == []
    assert [order.status for order in paper.state.orders()] == [OrderStatus.EXPIRED]


def test_a_book_meets_an_order_at_its_limit_and_one_that_never_saw_a_book() -> None:
    """Of all others `match` is spared: it would do nothing."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    paper.place(buy(100, 1), BTC, None, 1)
    unseen = paper.is_met(book)
    paper.match(book, 2)
    waits = paper.is_met(book)
    reached = paper.is_met(book_of(BIDS, [("100", "1")]))
    empty = paper.is_met(book_of(BIDS, []))
    other = paper.is_met(book_of(BIDS, [("90", "1")], "ETH-USD"))

    assert (unseen, waits, reached, empty, other) == (True, False, True, False, False)
