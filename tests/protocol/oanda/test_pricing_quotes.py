"""Quotes of a connection, told to each topic: books replaced, older prices dropped."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_pricing import BOOK, QUOTES, Line, price
from venuetree.protocol.events import (
    BestPricesChanged,
    BookInStep,
    BookStale,
    BookTopChanged,
    BookUpdated,
    InstrumentStatusChanged,
    QuoteChanged,
    StaleReason,
    TickerChanged,
)
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.timestamps import SECOND


def test_each_topic_has_its_own_form_of_a_quote() -> None:
    """The state first, so that prices are read by it."""
    topics = (Topic.STATUS, Topic.QUOTES, Topic.TICKER, Topic.BOOK, Topic.BOOK_TOP)
    line = Line(*(("EUR-USD", topic) for topic in (*topics, Topic.BEST_PRICES)))
    told = line.hear(price())
    assert [type(event) for event in told] == [
        InstrumentStatusChanged,
        QuoteChanged,
        TickerChanged,
        BookInStep,
        BookTopChanged,
        BestPricesChanged,
    ]


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        (Topic.STATUS, InstrumentStatusChanged),
        (Topic.QUOTES, QuoteChanged),
        (Topic.TICKER, TickerChanged),
        (Topic.BOOK, BookInStep),
        (Topic.BOOK_TOP, BookTopChanged),
        (Topic.BEST_PRICES, BestPricesChanged),
    ],
)
def test_only_what_is_wanted_is_told(topic: Topic, kind: type) -> None:
    """One line, one event."""
    line = Line(("EUR-USD", topic))
    assert [type(event) for event in line.hear(price())] == [kind]


def test_what_is_not_wanted_any_more_is_not_told() -> None:
    """The connection still carries it."""
    line = Line(QUOTES, ("USD-JPY", Topic.QUOTES))
    line.want(QUOTES)
    assert line.hear(price("150", "151", "USD_JPY")) == []
    assert line.hear(price(name="XAU_USD")) == []
    assert line.step(SECOND) == []


def test_a_book_is_replaced_and_its_changes_told() -> None:
    """Each line holds all there is."""
    line = Line(BOOK)
    line.hear(price("1.1", "1.2"))
    more = [{"price": "1.3", "liquidity": 5}, {"price": "1.4", "liquidity": "7"}]
    (told,) = line.hear(price("1.2", "1.3", asks=more))
    assert isinstance(told, BookUpdated)
    assert set(told.changes) == {
        (Side.BUY, Decimal("1.1"), Decimal(0)),
        (Side.BUY, Decimal("1.2"), Decimal(1000000)),
        (Side.SELL, Decimal("1.2"), Decimal(0)),
        (Side.SELL, Decimal("1.3"), Decimal(5)),
        (Side.SELL, Decimal("1.4"), Decimal(7)),
    }
    assert [tuple(level) for level in told.book.asks()] == [
        (Decimal("1.3"), Decimal(5)),
        (Decimal("1.4"), Decimal(7)),
    ]
    assert told.book.in_step


def test_what_stays_in_a_ladder_is_no_change() -> None:
    """Nor is it taken for gone."""
    line = Line(BOOK)
    rungs = [{"price": "1.2", "liquidity": 5}, {"price": "1.3", "liquidity": 7}]
    line.hear(price("1.1", asks=rungs))
    (told,) = line.hear(price("1.1", asks=[rungs[0], {"price": "1.3", "liquidity": 8}]))
    assert isinstance(told, BookUpdated)
    assert told.changes == ((Side.SELL, Decimal("1.3"), Decimal(8)),)


def test_a_side_may_be_empty() -> None:
    """Nobody deals there."""
    line = Line(BOOK, ("EUR-USD", Topic.TICKER))
    line.hear(price(asks=[]))
    (ticker,) = line.of(TickerChanged)
    assert (ticker.bid, ticker.ask) == (Decimal("1.10000"), None)
    assert line.of(BookInStep)[0].book.asks() == []


def test_a_crossed_quote_makes_the_book_stale_until_the_next() -> None:
    """No true book is crossed."""
    line = Line(BOOK)
    line.hear(price())
    (stale,) = line.hear(price("1.3", "1.2"))
    assert (type(stale), stale.reason) == (BookStale, StaleReason.CROSSED)  # type: ignore[union-attr]
    assert line.hear(price("1.3", "1.2")) == []
    assert [type(event) for event in line.hear(price())] == [BookInStep]


def test_best_prices_and_status_are_told_when_they_change() -> None:
    """And not with each line."""
    line = Line(("EUR-USD", Topic.BEST_PRICES), ("EUR-USD", Topic.STATUS))
    line.hear(price())
    assert line.hear(price()) == []
    (best,) = line.hear(price("1.10001"))
    assert isinstance(best, BestPricesChanged)
    closed: Any = {"status": "non-tradeable", "tradeable": False}
    (status,) = line.hear(price("1.10001", **closed))
    assert isinstance(status, InstrumentStatusChanged)
    assert status.status == "non-tradeable"


def test_a_price_that_is_older_than_the_last_is_no_news() -> None:
    """Two lines that changed places leave the newer one standing, in every form of a quote."""
    others = [Topic.TICKER, Topic.BOOK_TOP, Topic.BEST_PRICES, Topic.STATUS]
    line = Line(QUOTES, BOOK, *(("EUR-USD", topic) for topic in others))
    line.hear(price("1.10000", second=20))
    line.hear(price("1.10002", second=22))

    assert line.hear(price("1.10001", second=21)) == []
    (book,) = {id(event.book): event.book for event in line.of(BookInStep, BookUpdated)}.values()
    assert [level.price for level in book.bids()] == [Decimal("1.10002")]
    assert line.hear(price("1.10003", second=23))


def test_a_price_of_the_same_time_as_the_last_is_told() -> None:
    """Which of the two came last is then all that is known."""
    line = Line(QUOTES)
    line.hear(price("1.10000"))
    (told,) = line.hear(price("1.10001"))

    assert isinstance(told, QuoteChanged)
    assert told.bids[0].price == Decimal("1.10001")


def test_a_halt_counts_whatever_its_time() -> None:
    """To trade into a halt costs more than to wait for the next price."""
    line = Line(("EUR-USD", Topic.STATUS))
    line.hear(price(second=22))
    (halted,) = line.hear(price(second=21, tradeable=False, status="non-tradeable"))
    (resumed,) = line.hear(price(second=23))

    assert isinstance(halted, InstrumentStatusChanged)
    assert halted.status == "non-tradeable"
    assert isinstance(resumed, InstrumentStatusChanged)
    assert resumed.status == "tradeable"


def test_a_clock_that_was_set_back_does_not_silence_an_instrument() -> None:
    """Lines change places within moments; what is older by more is the exchange's time anew."""
    line = Line(QUOTES)
    line.hear(price("1.10000", second=40))
    (told,) = line.hear(price("1.10001", second=20))

    assert isinstance(told, QuoteChanged)
    assert [type(event) for event in line.hear(price("1.10002", second=21))] == [QuoteChanged]


def test_who_comes_later_is_told_what_is_known() -> None:
    """A quiet market may say nothing for long."""
    line = Line(QUOTES)
    line.hear(price())
    line.want(QUOTES, BOOK, ("EUR-USD", Topic.STATUS))
    assert line.session.has_work
    line.events.clear()
    line.step()
    assert [type(event) for event in line.events] == [InstrumentStatusChanged, BookInStep]


def test_a_book_that_nobody_wants_any_more_is_not_called_right() -> None:
    """Whoever still holds it must see that; wanted again it is the newest."""
    line = Line(BOOK, QUOTES)
    (_, in_step) = line.hear(price())
    assert isinstance(in_step, BookInStep)
    held = in_step.book
    line.want(QUOTES)
    line.hear(price("1.2", "1.3"))
    states = [held.in_step]
    line.want(QUOTES, BOOK)
    line.events.clear()
    line.step()
    assert [type(event) for event in line.events] == [BookInStep]
    states.append(held.in_step)
    assert (states, held.best_bid) == ([False, True], (Decimal("1.2"), Decimal(1000000)))


def test_a_state_that_was_told_on_coming_is_not_told_again() -> None:
    """The next quote brings nothing new."""
    line = Line(QUOTES)
    line.hear(price())
    line.want(QUOTES, ("EUR-USD", Topic.STATUS))
    line.step()
    assert [type(event) for event in line.hear(price())] == [QuoteChanged]
