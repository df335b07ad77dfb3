"""What holds of a paper exchange for any sequence of books and orders."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.paper_samples import BTC, buy, buy_market, new_paper, sell, sell_market
from venuetree.protocol.book import Book
from venuetree.protocol.errors import ExchangeRefused
from venuetree.protocol.models import Fill, Level, OrderKey, OrderRequest, Side, TimeInForce
from venuetree.protocol.numbers import add, multiply
from venuetree.protocol.paper import PaperExchange, PaperOrder
from venuetree.protocol.port import FeeTakenFrom

ZERO = Decimal(0)
prices = st.integers(95, 105).map(Decimal)
sizes = st.integers(1, 4000).map(lambda lots: Decimal(lots).scaleb(-3))
times = st.sampled_from(
    [
        TimeInForce.GOOD_TILL_CANCELLED,
        TimeInForce.IMMEDIATE_OR_CANCEL,
        TimeInForce.FILL_OR_KILL,
    ]
)
levels = st.tuples(st.sampled_from(Side), prices, st.just(ZERO) | sizes)
#: A book changes at several levels at once, an order comes, an order goes, the book goes stale.
steps = st.one_of(
    st.tuples(st.just("book"), st.lists(levels, min_size=1, max_size=4)),
    st.tuples(st.just("limit"), st.sampled_from(Side), prices, sizes, times),
    st.tuples(st.just("market"), st.sampled_from(Side), sizes),
    st.tuples(st.just("money"), st.sampled_from(Side), st.integers(1, 2000).map(Decimal)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
    st.tuples(st.just("edit"), st.integers(0, 5), prices, sizes),
    st.tuples(st.just("stale")),
    st.tuples(st.just("load")),
)


class Watch:
    """What the book showed, kept apart from the code under test."""

    def __init__(self) -> None:
        self.shown: dict[tuple[Side, Decimal], Decimal] = {}
        self.given: dict[tuple[Side, Decimal], Decimal] = {}

    def change(self, side: Side, price: Decimal, size: Decimal) -> None:
        """A level shows another size from now on."""
        if self.shown.get((side, price), ZERO) != size:
            self.shown[side, price] = size
            self.given[side, price] = ZERO

    def check(self, fill: Fill) -> None:
        """The price was shown on the other side, and not yet given away."""
        place = (fill.side.opposite, fill.price)
        assert self.shown.get(place, ZERO) > 0
        self.given[place] = add(self.given.get(place, ZERO), fill.quantity)
        assert self.given[place] <= self.shown[place]


def act(paper: PaperExchange, book: Book, step: Any, now_ns: int, watch: Watch) -> None:
    """Do one step."""
    at_hand = book if book.in_step else None
    match step:
        case ("book", changes):
            # Of one price several changes at once are the last one, for whoever looks then.
            book.apply(changes)
            for side, price, _ in changes:
                watch.change(side, price, book.quantity_at(side, price))
            paper.match(book, now_ns)
        case ("stale",):
            book.mark_stale()
        case ("load",):
            book.load(book.bids(), book.asks())
            paper.match(book, now_ns)
        case ("cancel" | "edit", index, *terms):
            orders = paper.open_orders()
            if orders:
                change(paper, orders[index % len(orders)], terms, at_hand, now_ns)
        case _:
            paper.place(asked(step), BTC, at_hand, now_ns)


def asked(step: Any) -> OrderRequest:
    """The order that a step places."""
    match step:
        case ("limit", side, price, size, time_in_force):
            make = buy if side is Side.BUY else sell
            return make(price, size, time_in_force=time_in_force)
        case ("market", side, size):
            return (buy_market if side is Side.BUY else sell_market)(quantity=size)
        case ("money", side, amount):
            return (buy_market if side is Side.BUY else sell_market)(quote_quantity=amount)
        case _:
            raise AssertionError(step)


def change(
    paper: PaperExchange, order: PaperOrder, terms: list[Any], book: Book | None, now_ns: int
) -> None:
    """Edit an order to a price and a size, or cancel it if there are none."""
    key = OrderKey(exchange_order_id=order.order_id)
    if not terms:
        paper.cancel(key, now_ns)
        return
    make = buy if order.request.side is Side.BUY else sell
    paper.edit(key, make(*terms), BTC, book, now_ns)


def check_money(paper: PaperExchange, before: dict[str, Decimal]) -> None:
    """Money in is money out and fees; holds are what open orders need, and nothing else."""
    expected = dict(before)
    for fill in paper.state.fills:
        sign = 1 if fill.side is Side.BUY else -1
        expected["BTC"] = add(expected["BTC"], fill.quantity * sign)
        expected["USD"] = add(expected["USD"], -multiply(fill.price, fill.quantity) * sign)
        expected[fill.fee_currency] = add(expected[fill.fee_currency], -fill.fee)
    balances = paper.balances()
    assert {b.currency: b.total for b in balances} == expected
    assert all(b.hold >= 0 and b.available >= 0 for b in balances)
    if not paper.open_orders():
        assert all(b.hold == 0 for b in balances)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(steps, max_size=40),
    st.sampled_from(FeeTakenFrom),
    st.sampled_from([{"is_fee_within_quote_quantity": True}, {"fee_places": 2}, {}]),
)
def test_no_fill_at_a_price_or_size_that_was_not_shown_and_no_money_from_nowhere(
    sequence: list[Any],
    fee_taken_from: FeeTakenFrom,
    manners: dict[str, Any],
) -> None:
    """For any books and orders, whatever the fees are taken from."""
    start = {"USD": "1000", "BTC": "5"}
    paper = new_paper(
        start,
        fee_taken_from=fee_taken_from,
        **manners,
    )
    book, watch = Book("BTC-USD"), Watch()
    book.load([Level(Decimal(98), Decimal(1))], [Level(Decimal(102), Decimal(1))])
    for side, price in ((Side.BUY, Decimal(98)), (Side.SELL, Decimal(102))):
        watch.change(side, price, Decimal(1))
    for now_ns, step in enumerate(sequence):
        known, was_in_step = len(paper.state.fills), book.in_step
        try:
            act(paper, book, step, now_ns, watch)
        except ExchangeRefused:
            assert len(paper.state.fills) == known
        fills = paper.state.fills[known:]
        assert was_in_step or step[0] == "load" or not fills
        for fill in fills:
            watch.check(fill)
            _check_limit(paper, fill)
        check_money(paper, {name: Decimal(text) for name, text in start.items()})

    assert all(
        o.request.quantity is None or o.remaining_quantity >= 0 for o in paper.state.orders()
    )


def _check_limit(paper: PaperExchange, fill: Fill) -> None:
    """At the order's limit or better, and no order that may not wait is left open."""
    order = paper.order(OrderKey(exchange_order_id=fill.exchange_order_id))
    limit = order.request.price
    if limit is not None:
        assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit
    assert order.may_wait or not order.is_open
    if order.request.quote_quantity is not None and order.request.side is Side.BUY:
        cost = order.value
        if paper.terms.is_fee_within_quote_quantity and order.fee_currency == "USD":
            cost = add(cost, order.fees)
        assert cost <= order.request.quote_quantity
