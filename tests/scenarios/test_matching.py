"""The matching engine, by example and by properties."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from venuetree.scenarios.simulated.matching import (
    Book,
    BookOrder,
    Ended,
    Execution,
    Prevented,
    Rising,
    SelfTrade,
    Side,
    TimeInForce,
    Trade,
    Trigger,
)

D = Decimal
LOT = D("0.01")


def order(
    order_id: str, side: Side, size: str, price: str | None = None, **more: object
) -> BookOrder:
    """An order of an owner of its own."""
    made = BookOrder(
        order_id=order_id,
        owner=order_id,
        side=side,
        remaining=D(size),
        price=None if price is None else D(price),
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


def trade(maker: str, taker: str, maker_side: Side, size: str, price: str) -> Trade:
    """A trade between orders whose owners are named like them."""
    return Trade(D(price), D(size), maker_side, maker, maker, taker, taker)


def book_of(*orders: BookOrder, self_trade: SelfTrade = SelfTrade.ALLOW) -> Book:
    """A book in which these orders rest."""
    book = Book(LOT, self_trade)
    for each in orders:
        assert book.submit(each).ended is Ended.RESTING
    return book


def test_a_better_price_trades_first_then_the_earlier_order() -> None:
    """Price-time priority, at the maker's price, with partial fills on both sides."""
    book = book_of(
        order("late", Side.SELL, "1", "101"),
        order("first", Side.SELL, "1", "100"),
        order("second", Side.SELL, "1", "100"),
    )

    execution = book.submit(order("taker", Side.BUY, "2.5", "105"))

    assert execution == Execution(
        (
            trade("first", "taker", Side.SELL, "1", "100"),
            trade("second", "taker", Side.SELL, "1", "100"),
            trade("late", "taker", Side.SELL, "0.5", "101"),
        ),
        Ended.FILLED,
    )
    assert book.levels(Side.SELL) == [(D(101), D("0.5"))]


def test_what_remains_of_a_limit_order_rests() -> None:
    """A partly filled good-till-cancelled order joins the book with its rest."""
    book = book_of(order("maker", Side.SELL, "1", "100"))

    execution = book.submit(order("taker", Side.BUY, "3", "100"))

    assert execution.ended is Ended.RESTING
    assert book.levels(Side.BUY) == [(D(100), D(2))]


def test_an_ioc_order_never_rests() -> None:
    """What an IOC order does not find is given up."""
    book = book_of(order("maker", Side.BUY, "1", "100"))

    taker = order("taker", Side.SELL, "3", "100", time_in_force=TimeInForce.IOC)

    assert book.submit(taker) == Execution(
        (trade("maker", "taker", Side.BUY, "1", "100"),), Ended.NO_LIQUIDITY
    )
    assert (book.levels(Side.BUY), book.levels(Side.SELL)) == ([], [])


def test_a_fok_order_fills_whole_or_not_at_all() -> None:
    """A fill-or-kill order that is short by one lot leaves the book as it was."""
    book = book_of(order("a", Side.SELL, "1", "100"), order("b", Side.SELL, "1", "101"))

    short = book.submit(order("t1", Side.BUY, "2.01", "101", time_in_force=TimeInForce.FOK))
    whole = book.submit(order("t2", Side.BUY, "2", "101", time_in_force=TimeInForce.FOK))

    assert short == Execution((), Ended.KILLED)
    assert (whole.ended, len(whole.trades)) == (Ended.FILLED, 2)


def test_a_post_only_order_that_would_take_is_refused() -> None:
    """It is not repriced, and nothing trades."""
    book = book_of(order("maker", Side.SELL, "1", "100"))

    crossing = book.submit(order("m1", Side.BUY, "1", "100", post_only=True))
    beside = book.submit(order("m2", Side.BUY, "1", "99.99", post_only=True))

    assert crossing == Execution((), Ended.WOULD_TAKE)
    assert beside.ended is Ended.RESTING


def test_a_budget_is_spent_in_whole_lots() -> None:
    """A market buy by quote amount stops when the rest buys no lot."""
    book = book_of(order("a", Side.SELL, "1", "100"), order("b", Side.SELL, "10", "101"))

    taker = order("t", Side.BUY, "1000", time_in_force=TimeInForce.IOC, budget=D("150.00"))
    execution = book.submit(taker)

    assert execution == Execution(
        (trade("a", "t", Side.SELL, "1", "100"), trade("b", "t", Side.SELL, "0.49", "101")),
        Ended.FILLED,
    )
    assert taker.budget == D("0.51")


def test_self_trades_are_prevented_as_the_exchange_wants() -> None:
    """Either order may be the one that gives way; without prevention they trade."""
    outcomes = {}
    for policy in SelfTrade:
        book = book_of(order("old", Side.SELL, "1", "100", owner="me"), self_trade=policy)
        execution = book.submit(order("new", Side.BUY, "1", "100", owner="me"))
        taken_away = [each.order_id for each in execution.cancelled]
        outcomes[policy] = (execution.ended, len(execution.trades), taken_away)

    assert outcomes == {
        SelfTrade.ALLOW: (Ended.FILLED, 1, []),
        SelfTrade.CANCEL_INCOMING: (Ended.SELF_TRADE, 0, []),
        SelfTrade.CANCEL_RESTING: (Ended.RESTING, 0, ["old"]),
        SelfTrade.CANCEL_BOTH: (Ended.SELF_TRADE, 0, ["old"]),
        SelfTrade.DECREMENT: (Ended.SELF_TRADE, 0, ["old"]),
    }


def test_a_takers_own_wish_goes_before_the_books() -> None:
    """What either order loses is told, and how many trades came before."""
    book = book_of(
        order("other", Side.SELL, "1", "100"),
        order("old", Side.SELL, "3", "101", owner="me"),
        self_trade=SelfTrade.CANCEL_RESTING,
    )
    taker = order("new", Side.BUY, "3", "101", owner="me", self_trade=SelfTrade.DECREMENT)
    execution = book.submit(taker)

    assert [(each.maker_order_id, each.quantity) for each in execution.trades] == [("other", D(1))]
    assert execution.prevented == (Prevented("old", "new", D(101), D(2), D(2), 1),)
    assert (execution.ended, execution.cancelled) == (Ended.SELF_TRADE, ())
    assert book.levels(Side.SELL) == [(D(101), D(1))]


def test_a_smaller_order_keeps_its_place_in_the_queue() -> None:
    """Reducing in place is no new order."""
    book = book_of(order("first", Side.BUY, "2", "100"), order("second", Side.BUY, "1", "100"))

    book.reduce("first", D("0.5"))

    execution = book.submit(order("taker", Side.SELL, "1", "100"))
    assert [(t.maker_order_id, t.quantity) for t in execution.trades] == [
        ("first", D("0.5")),
        ("second", D("0.5")),
    ]


def test_orders_whose_time_is_over_leave_the_book() -> None:
    """Good till date: at that moment, not before."""
    book = book_of(order("gtd", Side.BUY, "1", "100", expires_ns=1000))

    assert book.expire(999) == ()
    assert [each.order_id for each in book.expire(1000)] == ["gtd"]
    assert book.depth(Side.BUY) == 0


def test_triggers_fire_at_their_price_from_their_side() -> None:
    """A stop above fires on a rise, one below on a fall, each once."""
    book = Book(LOT)
    above, below = Trigger("up", D(110), Rising.UP), Trigger("down", D(90), Rising.DOWN)
    book.add_trigger(above)
    book.add_trigger(below)

    fired = [book.fire_triggers(D(price)) for price in (109, 110, 120, 91, 90)]

    assert fired == [(), (above,), (), (), (below,)]


def test_changed_levels_are_told_once_with_their_new_quantity() -> None:
    """A level that is gone is told with zero."""
    book = book_of(order("maker", Side.SELL, "1", "100"))
    book.take_changes()

    book.submit(order("taker", Side.BUY, "1", "100"))
    book.submit(order("bid", Side.BUY, "2", "99"))

    assert book.take_changes() == [(Side.SELL, D(100), D(0)), (Side.BUY, D(99), D(2))]
    assert book.take_changes() == []


# Properties


@attrs.frozen
class Submission:
    """One drawn order, or with `cancels` the cancel of the order drawn that many before."""

    side: Side
    size: Decimal
    price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    owner: str
    cancels: int | None


submissions = st.lists(
    st.builds(
        Submission,
        side=st.sampled_from(Side),
        size=st.integers(1, 500).map(lambda lots: lots * LOT),
        price=st.none() | st.integers(95, 105).map(D),
        time_in_force=st.sampled_from(TimeInForce),
        post_only=st.booleans(),
        owner=st.sampled_from(["a", "b", "c"]),
        cancels=st.none() | st.integers(1, 5),
    ),
    max_size=40,
)


def run(
    drawn: Sequence[Submission], self_trade: SelfTrade
) -> Iterator[tuple[Book, BookOrder, Execution, Decimal, list[BookOrder]]]:
    """Submit all; after each: book, order, execution, size asked, makers as they queued before."""
    book = Book(LOT, self_trade)
    for number, each in enumerate(drawn):
        if each.cancels is not None:
            book.cancel(f"o{number - each.cancels}")
            continue
        made = BookOrder(
            order_id=f"o{number}",
            owner=each.owner,
            side=each.side,
            remaining=each.size,
            price=each.price,
            time_in_force=each.time_in_force,
            post_only=each.post_only and each.price is not None,
        )
        queue = [attrs.evolve(maker) for maker in book.resting(each.side.opposite)]
        execution = book.submit(made)
        bid, ask = book.best(Side.BUY), book.best(Side.SELL)
        assert bid is None or ask is None or bid < ask, "the book is crossed"
        for side in Side:
            resting = sum((o.remaining for o in book.resting(side)), start=D(0))
            levels = sum((quantity for _, quantity in book.levels(side)), start=D(0))
            assert resting == levels, "levels and orders disagree"
        yield book, made, execution, each.size, queue


@given(drawn=submissions, self_trade=st.sampled_from(SelfTrade))
@settings(max_examples=120, deadline=None)
def test_no_submission_crosses_the_book_or_changes_the_quantity(
    drawn: list[Submission], self_trade: SelfTrade
) -> None:
    """Whatever comes, bids stay below asks, and what was asked is traded, rests, or is given up."""
    for book, made, execution, size, _ in run(drawn, self_trade):
        traded = sum((t.quantity for t in execution.trades), start=D(0))
        if self_trade is SelfTrade.DECREMENT:
            # What an order loses to its own owner's is as gone as what it traded.
            traded += sum((each.taker_quantity for each in execution.prevented), start=D(0))

        assert traded + made.remaining == size
        assert (book.get(made.order_id) is made) == (execution.ended is Ended.RESTING)
        assert all(t.quantity > 0 for t in execution.trades)
        if execution.ended is Ended.FILLED:
            assert traded == size
        if execution.ended in {Ended.KILLED, Ended.WOULD_TAKE}:
            assert traded == 0


@given(drawn=submissions)
@settings(max_examples=120, deadline=None)
def test_makers_trade_in_the_order_of_price_and_time(drawn: list[Submission]) -> None:
    """The makers of one execution are a beginning of the queue before it, only the last partly."""
    for _, made, execution, _, queue in run(drawn, SelfTrade.ALLOW):
        traded = [(t.maker_order_id, t.price) for t in execution.trades]

        assert traded == [(maker.order_id, maker.price) for maker in queue[: len(traded)]]
        whole = [t.quantity == maker.remaining for t, maker in zip(execution.trades, queue)]  # noqa: B905 - a beginning of the queue
        assert all(whole[:-1])
        if made.price is not None:
            worse = max if made.side is Side.BUY else min
            assert all(worse(price, made.price) == made.price for _, price in traded)
