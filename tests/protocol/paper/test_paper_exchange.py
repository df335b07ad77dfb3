"""The paper exchange: what it takes, at which prices, and what it charges."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.paper_samples import (
    BTC,
    book_of,
    buy,
    buy_market,
    new_paper,
    sell,
    sell_market,
)
from venuetree.protocol.errors import (
    CancelRefused,
    DuplicateClientOrderId,
    ExchangeRefused,
    InsufficientFunds,
    InsufficientLiquidity,
    MarketHalted,
    OrderNotFound,
    PostOnlyWouldTake,
)
from venuetree.protocol.events import BalancesChanged, FillReported, OrderReported
from venuetree.protocol.models import (
    InstrumentStatus,
    Liquidity,
    LiquidityPreference,
    OrderKey,
    OrderStatus,
    Side,
    TimeInForce,
)
from venuetree.protocol.paper import PaperExchange
from venuetree.protocol.paper.preview import preview as preview_of
from venuetree.protocol.port import FeeTakenFrom, IdReuse

BIDS = [("99", "1"), ("98", "2")]
ASKS = [("101", "1"), ("102", "2"), ("103", "4")]
IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL


def fills_of(paper: PaperExchange) -> list[tuple[str, str]]:
    """Prices and quantities of all executions, as text."""
    return [(str(fill.price), str(fill.quantity)) for fill in paper.state.fills]


def money(paper: PaperExchange) -> dict[str, tuple[str, str]]:
    """Available and hold by currency, as text without idle zeros."""
    return {
        b.currency: (f"{b.available.normalize():f}", f"{b.hold.normalize():f}")
        for b in paper.balances()
    }


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


def test_an_edit_looks_at_the_book_as_a_new_order_does() -> None:
    """What was taken of levels that are gone is forgotten then, too."""
    paper = new_paper()
    order = paper.place(buy(90, 1), BTC, book_of(BIDS, ASKS), 1)
    paper.place(buy_market(quantity="1"), BTC, book_of(BIDS, ASKS), 2)
    key = OrderKey(exchange_order_id=order.exchange_order_id)
    paper.edit(key, buy(91, 1), BTC, book_of(BIDS, [("105", "1")]), 3)

    assert not paper.state.depth.taken
