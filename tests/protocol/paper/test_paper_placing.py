"""Orders placed on paper: which are taken, which are refused, and whose ids were used."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.paper_samples import ASKS, BIDS, BTC, book_of, buy, buy_market, new_paper, sell
from venuetree.protocol.errors import DuplicateClientOrderId, MarketHalted, PostOnlyWouldTake
from venuetree.protocol.models import (
    InstrumentStatus,
    LiquidityPreference,
    OrderKey,
    OrderStatus,
    TimeInForce,
)
from venuetree.protocol.port import IdReuse

IOC = TimeInForce.IMMEDIATE_OR_CANCEL


def test_post_only_is_refused_only_if_it_would_take() -> None:
    """At the other side's price it would; behind it, it waits."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    with pytest.raises(PostOnlyWouldTake):
        paper.place(buy(101, 1, liquidity=LiquidityPreference.MAKER_ONLY), BTC, book, 1)
    order = paper.place(buy(100, 1, liquidity=LiquidityPreference.MAKER_ONLY), BTC, book, 2)

    assert order.status is OrderStatus.OPEN


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: buy_market(quantity="1"),
        lambda: buy(101, 1, time_in_force=IOC),
        lambda: buy(100, 1, liquidity=LiquidityPreference.MAKER_ONLY),
    ],
)
def test_what_needs_a_book_is_refused_without_one(request_of: Any) -> None:
    """With a reason that can be told from others."""
    with pytest.raises(MarketHalted) as caught:
        new_paper().place(request_of(), BTC, None, 1)

    assert caught.value.code == "NO_BOOK"


@pytest.mark.parametrize(
    ("status", "is_taken"),
    [
        (InstrumentStatus.HALTED, (False, False, False)),
        (InstrumentStatus.CANCEL_ONLY, (False, False, False)),
        (InstrumentStatus.POST_ONLY, (False, False, True)),
        (InstrumentStatus.LIMIT_ONLY, (False, True, True)),
    ],
)
def test_what_is_halted_takes_no_orders(
    status: InstrumentStatus, is_taken: tuple[bool, bool, bool]
) -> None:
    """Market, limit and post-only orders, each as the instrument's state has it."""
    requests = (
        buy_market(quantity="1"),
        buy(100, 1),
        buy(100, 1, liquidity=LiquidityPreference.MAKER_ONLY),
    )
    taken: list[bool] = []
    for request in requests:
        try:
            new_paper().place(request, evolve(BTC, status=status), book_of(BIDS, ASKS), 1)
        except MarketHalted:
            taken.append(False)
        else:
            taken.append(True)

    assert tuple(taken) == is_taken


def test_an_id_that_was_used_is_treated_as_the_exchange_treats_it() -> None:
    """Answered with the order that has it, or refused while that is open and then free again."""
    book = book_of(BIDS, ASKS)
    answered = new_paper(id_reuse=IdReuse.ANSWERED_WITH_IT)
    first = answered.place(buy(90, 1, client_order_id="c"), BTC, book, 1)
    again = answered.place(buy(90, 1, client_order_id="c"), BTC, book, 2)
    refusing = new_paper(id_reuse=IdReuse.REFUSED_WHILE_OPEN)
    open_one = refusing.place(buy(90, 1, client_order_id="c"), BTC, book, 1)
    with pytest.raises(DuplicateClientOrderId):
        refusing.place(buy(90, 1, client_order_id="c"), BTC, book, 2)
    refusing.cancel(OrderKey(exchange_order_id=open_one.exchange_order_id), 3)
    free = refusing.place(buy(91, 2, client_order_id="c"), BTC, book, 4)

    assert (again.exchange_order_id, again.price) == (first.exchange_order_id, Decimal(90))
    assert len(answered.state.orders()) == 1
    assert free.status is OrderStatus.OPEN


@pytest.mark.parametrize("price", ["90", "91"])
def test_another_order_with_an_id_that_was_used_is_not_taken_for_it(price: str) -> None:
    """Its owner would think that it has its own terms; an edit makes no other order of it."""
    book = book_of(BIDS, ASKS)
    paper = new_paper(id_reuse=IdReuse.ANSWERED_WITH_IT)
    first = paper.place(buy(price, 1, client_order_id="c"), BTC, book, 1)
    with pytest.raises(DuplicateClientOrderId):
        paper.place(buy(price, 2, client_order_id="c"), BTC, book, 2)
    paper.edit(OrderKey(exchange_order_id=first.exchange_order_id), buy(89, 3), BTC, book, 3)
    again = paper.place(buy(price, 1, client_order_id="c"), BTC, book, 4)
    with pytest.raises(DuplicateClientOrderId):
        paper.place(sell(price, 1, client_order_id="c"), BTC, book, 5)

    assert (again.exchange_order_id, again.price) == (first.exchange_order_id, Decimal(89))
