"""Money on paper: what orders cost and hold, what they are charged, and what is too much."""

from decimal import Decimal
from typing import Any

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
    sell,
    sell_market,
)
from venuetree.protocol.errors import InsufficientFunds
from venuetree.protocol.events import BalancesChanged, FillReported, OrderReported
from venuetree.protocol.models import OrderStatus
from venuetree.protocol.paper.preview import preview as preview_of
from venuetree.protocol.port import FeeTakenFrom


def test_money_is_spent_in_whole_lots_and_never_more_than_given() -> None:
    """With the fee inside where the exchange has it inside."""
    inside = new_paper(is_fee_within_quote_quantity=True)
    outside = new_paper()
    for paper in (inside, outside):
        paper.place(buy_market(quote_quantity="200"), BTC, book_of(BIDS, ASKS), 1)

    assert fills_of(inside) == [("101", "1"), ("102", "0.966")]
    assert fills_of(outside) == [("101", "1"), ("102", "0.970")]
    assert inside.state.orders()[0].status is OrderStatus.FILLED
    spent = Decimal(10_000) - Decimal(money(inside)["USD"][0])
    assert spent <= 200
    assert spent + Decimal("0.001") * 102 * Decimal("1.002") > 200


def test_money_that_the_book_cannot_take_comes_back() -> None:
    """The order ends as one whose rest may not wait."""
    paper = new_paper()
    order = paper.place(buy_market(quote_quantity="5000"), BTC, book_of(BIDS, ASKS), 1)

    assert order.status is OrderStatus.CANCELLED
    assert order.filled_quantity == 7
    assert money(paper)["USD"][1] == "0"


def test_a_fee_of_what_is_received_is_cut_to_the_digits_of_the_exchange() -> None:
    """A buy pays in base currency, a sell in quote currency."""
    paper = new_paper(fee_taken_from=FeeTakenFrom.RECEIVED, fee_places=3)
    book = book_of(BIDS, ASKS)
    paper.place(buy_market(quantity="0.9"), BTC, book, 1)
    paper.place(sell_market(quantity="0.777"), BTC, book, 2)
    one, two = paper.state.fills

    assert (one.fee, one.fee_currency) == (Decimal("0.001"), "BTC")
    assert (two.fee, two.fee_currency) == (Decimal("0.153"), "USD")


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: buy(100, "99.9"),
        lambda: sell(101, "10.001"),
        lambda: buy_market(quote_quantity="10000.01"),
        lambda: sell_market(quantity="10.001"),
    ],
)
def test_more_than_is_available_is_refused(request_of: Any) -> None:
    """The fee counts: 99.9 at 100 cost more than 10,000 with it."""
    paper = new_paper()
    with pytest.raises(InsufficientFunds):
        paper.place(request_of(), BTC, book_of([("99", "50")], [("101", "500")]), 1)

    assert paper.state.orders() == []
    assert paper.news == []


def test_what_open_orders_hold_is_not_there_twice() -> None:
    """The second order of the same money is refused."""
    paper = new_paper({"BTC": "1"})
    book = book_of(BIDS, ASKS)
    paper.place(sell(110, "0.6"), BTC, book, 1)
    with pytest.raises(InsufficientFunds):
        paper.place(sell(110, "0.6"), BTC, book, 2)

    assert money(paper)["BTC"] == ("0.4", "0.6")


def test_news_tells_the_order_then_its_executions_then_the_money() -> None:
    """As an account's stream does; the money whole, not by how much."""
    paper = new_paper()
    paper.place(buy_market(quantity="2"), BTC, book_of(BIDS, ASKS), 1)
    report, *fills, balances = paper.news

    assert isinstance(report, OrderReported)
    assert report.report.status is OrderStatus.FILLED
    assert [type(fill) for fill in fills] == [FillReported, FillReported]
    assert isinstance(balances, BalancesChanged)
    assert balances.balances == paper.balances()


def test_a_preview_reckons_what_placing_would_do_and_does_nothing() -> None:
    """Total, fee and average; what would be refused is a problem."""
    paper = new_paper()
    book = book_of(BIDS, ASKS)
    preview = preview_of(paper, buy_market(quantity="2"), BTC, book, 1)
    refused = preview_of(paper, sell_market(quantity="11"), BTC, book, 1)

    assert (preview.total, preview.fee) == (Decimal("203.406"), Decimal("0.406"))
    assert preview.average_price == Decimal("101.5")
    assert preview.problems == ()
    assert refused.problems == ("INSUFFICIENT_FUNDS",)
    assert paper.state.orders() == []


def test_the_hold_of_a_sell_falls_with_each_execution() -> None:
    """It is the rest, in base currency."""
    paper = new_paper()
    paper.place(sell(99, 3), BTC, book_of(BIDS, ASKS), 1)

    assert money(paper)["BTC"] == ("7", "2")


def test_money_that_ends_with_the_last_level_is_all_spent() -> None:
    """The order is filled, not cut short."""
    paper = new_paper()
    order = paper.place(buy_market(quote_quantity="101"), BTC, book_of([], [("101", "1")]), 1)

    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, Decimal(1))
