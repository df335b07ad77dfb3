"""A paper account on margin: positions netted, profits realised, margin bound."""

from decimal import Decimal
from itertools import count

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paper_samples import BTC, book_of, buy, new_paper
from venuetree.protocol.builders import market_order
from venuetree.protocol.errors import (
    InsufficientFunds,
    NotSupported,
    OrderRejected,
    PositionNotFound,
)
from venuetree.protocol.models import (
    Closing,
    Instrument,
    MarginTerms,
    OrderRequest,
    OrderStatus,
    Side,
)
from venuetree.protocol.numbers import multiply
from venuetree.protocol.paper import FeeRates, PaperExchange, PaperState
from venuetree.protocol.paper.closing import close_position, margin_account
from venuetree.protocol.paper.margin import MarginAccount
from venuetree.protocol.port import AccountKind

#: 20 to 1.
LENT = evolve(BTC, margin_rate=Decimal("0.05"))
_ids = count(1)


def on_margin(balance: str = "1000", currency: str = "USD") -> PaperExchange:
    """An account on margin without fees."""
    paper = new_paper(account=AccountKind.MARGIN, nothing_becomes=OrderStatus.REJECTED)
    paper.rates = FeeRates(Decimal(0), Decimal(0))
    paper.state = PaperState.with_balances({currency: Decimal(balance)}, AccountKind.MARGIN)
    return paper


def at(side: Side, quantity: object, *, is_whole: bool | None = None) -> OrderRequest:
    """A market order; one that closes if `is_whole` is given."""
    margin = None if is_whole is None else MarginTerms(closing=Closing(is_whole=is_whole))
    return market_order(
        "BTC-USD", side, quantity=str(quantity), margin=margin, client_order_id=f"m{next(_ids)}"
    )


def account_of(paper: PaperExchange) -> MarginAccount:
    """Its account."""
    return margin_account(paper, "test")


def trade(paper: PaperExchange, side: Side, quantity: object, price: object) -> None:
    """One execution at a price."""
    book = book_of([(str(price), "1000")], [(str(price), "1000")])
    paper.place(at(side, quantity), LENT, book, 1)


def test_a_position_is_netted_and_its_profit_realised() -> None:
    """Bought at 100 and 110, half sold at 120, then turned over."""
    paper = on_margin("10000")
    for side, quantity, price in (
        (Side.BUY, 1, 100),
        (Side.BUY, 1, 110),
        (Side.SELL, 1, 120),
    ):
        trade(paper, side, quantity, price)
    (half,) = account_of(paper).list_positions("toy")
    realized = account_of(paper).realized
    trade(paper, Side.SELL, 3, 125)
    (turned,) = account_of(paper).list_positions("toy")

    assert (half.quantity, half.average_price, realized) == (Decimal(1), Decimal(105), Decimal(15))
    assert (turned.quantity, turned.average_price) == (Decimal(-2), Decimal(125))
    assert account_of(paper).balance == Decimal(10_000 + 15 + 20)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side),
            st.integers(1, 30).map(lambda lots: Decimal(lots) / 10),
            st.integers(90, 110).map(Decimal),
        ),
        max_size=30,
    )
)
def test_what_is_earned_is_what_was_sold_less_what_was_bought(
    trades: list[tuple[Side, Decimal, Decimal]],
) -> None:
    """To the digit, once everything is closed; cash and positions together before that."""
    paper = on_margin("1000000")
    flow, units = Decimal(0), Decimal(0)
    for side, quantity, price in trades:
        trade(paper, side, quantity, price)
        sign = 1 if side is Side.BUY else -1
        flow -= multiply(quantity, price) * sign
        units += quantity * sign
    if units:
        trade(paper, Side.SELL if units > 0 else Side.BUY, abs(units), 100)
        flow += units * 100
    account = account_of(paper)

    assert account.positions == {}
    assert account.balance == Decimal(1_000_000) + flow
    assert account.realized == flow
    assert account.margin_used == 0


def test_margin_is_bound_by_the_instruments_rate_and_the_middle_of_the_book() -> None:
    """Long is valued at the bid, short at the ask."""
    paper = on_margin()
    paper.place(at(Side.BUY, 2), LENT, book_of([("98", "9")], [("102", "9")]), 1)
    summary = account_of(paper).summary("toy", 0, paper.terms, 2)

    assert summary.margin_used == Decimal("10.00")
    assert summary.unrealized_profit == Decimal(-8)
    assert summary.net_asset_value == Decimal(992)
    assert summary.margin_available == Decimal("982.00")
    assert summary.balance == Decimal(1000)


def test_what_was_sold_is_valued_at_the_ask() -> None:
    """At which it can be bought back."""
    paper = on_margin()
    paper.place(at(Side.SELL, 2), LENT, book_of([("98", "9")], [("102", "9")]), 1)
    (position,) = account_of(paper).list_positions("toy")

    assert position.unrealized_profit == Decimal(-8)


def test_a_fee_is_paid_in_the_accounts_currency() -> None:
    """Beside what closing earns."""
    paper = on_margin("1000", "BTC")
    paper.rates = FeeRates(Decimal(0), Decimal("0.01"))
    trade(paper, Side.BUY, 10, 100)
    (fill,) = paper.state.fills

    assert (fill.fee, fill.fee_currency) == (Decimal("0.1"), "BTC")
    assert account_of(paper).balance == Decimal("999.9")


def test_more_than_the_margin_bears_is_refused_but_never_a_reduction() -> None:
    """20 to 1: 1,000 bear 200 at 100, and no more."""
    paper = on_margin()
    book = book_of([("100", "1000")], [("100", "1000")])
    with pytest.raises(InsufficientFunds):
        paper.place(at(Side.BUY, "200.001"), LENT, book, 1)
    paper.place(at(Side.BUY, 200), LENT, book, 2)
    with pytest.raises(InsufficientFunds):
        paper.place(at(Side.BUY, "0.001"), LENT, book, 3)
    reduced = paper.place(at(Side.SELL, 50), LENT, book_of([("97", "1000")], []), 4)

    assert reduced.status is OrderStatus.FILLED


def test_a_waiting_order_that_the_margin_does_not_bear_is_cancelled_when_it_would_fill() -> None:
    """It binds nothing while it waits."""
    paper = on_margin()
    book = book_of([("99", "1000")], [("101", "1000")])
    order = paper.place(buy(100, 300), LENT, book, 1)
    used = account_of(paper).margin_used
    book.apply([(Side.SELL, Decimal(100), Decimal(1000))])
    paper.match(book, 2)
    (ended,) = paper.state.orders()

    assert (order.status, used) == (OrderStatus.OPEN, Decimal(0))
    assert ended.status is OrderStatus.CANCELLED
    assert "margin" in ended.reason
    assert paper.state.fills == []


def test_profits_in_another_currency_are_converted_at_the_executions_price() -> None:
    """A dollar account that sells dollars: 1 in quote currency is 1/price of them."""
    paper = on_margin("1000", "BTC")
    trade(paper, Side.BUY, 10, 100)
    trade(paper, Side.SELL, 10, 125)

    assert account_of(paper).balance == Decimal(1002)


def test_what_a_currency_is_worth_must_be_known() -> None:
    """From the exchange's prices; without them the order is refused."""
    paper = on_margin("1000", "EUR")
    book = book_of([("100", "10")], [("100", "10")])
    with pytest.raises(NotSupported):
        paper.place(at(Side.BUY, 1), LENT, book, 1)
    account_of(paper).rates["USD"] = Decimal("0.5")
    paper.place(at(Side.BUY, 1), LENT, book, 2)
    trade(paper, Side.SELL, 1, 110)

    assert account_of(paper).balance == Decimal(1005)


def test_a_position_is_closed_whole_or_in_part_and_only_where_it_is() -> None:
    """Of both directions neither is closed if one is not open."""
    paper = on_margin()
    instrument: Instrument = LENT
    book = book_of([("100", "1000")], [("100", "1000")])
    trade(paper, Side.BUY, 5, 100)
    both = (at(Side.SELL, 5, is_whole=True), at(Side.BUY, 5, is_whole=True))
    with pytest.raises(PositionNotFound):
        close_position(paper, both, instrument, book, 2)
    with pytest.raises(OrderRejected):
        close_position(paper, (at(Side.SELL, 6, is_whole=False),), instrument, book, 2)
    (part,) = close_position(paper, (at(Side.SELL, 2, is_whole=False),), instrument, book, 3)
    (whole,) = close_position(paper, (at(Side.SELL, 99, is_whole=True),), instrument, book, 4)

    assert (part.filled_quantity, whole.filled_quantity) == (Decimal(2), Decimal(3))
    assert account_of(paper).positions == {}


def test_an_account_of_money_has_no_positions() -> None:
    """And says so."""
    with pytest.raises(NotSupported):
        margin_account(new_paper(), "positions")
