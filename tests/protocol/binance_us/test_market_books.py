"""Books of a market connection: a snapshot and its changes, and what makes a book stale."""

from itertools import pairwise

import pytest

from tests.support.binance_us import NOW_NS
from tests.support.binance_us_market import BOOK, TRADES, stale
from tests.support.binance_us_stream import BUY, SELL, D, Line, snapshot
from tests.support.session_events import of
from venuetree.protocol.commands import FetchBook, FetchServerTime
from venuetree.protocol.errors import (
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    PermissionRefused,
    RateLimited,
    TransportError,
)
from venuetree.protocol.events import BookInStep, BookStale, BookUpdated, StaleReason
from venuetree.protocol.exchanges.binance_us.books import CALLS_AT_MOST
from venuetree.protocol.exchanges.binance_us.kept_book import SNAPSHOT_DEPTH
from venuetree.protocol.models import Level, Topic
from venuetree.protocol.timestamps import SECOND


def test_a_snapshot_is_asked_for_once_the_changes_are_subscribed() -> None:
    """Not before: it could not be bridged to them."""
    line = Line(BOOK)
    line.peer.is_mute = True
    line.work()
    line.settle(seconds=1)
    assert line.asked == []
    line.take(b'{"result":null,"id":1}')
    assert line.session.has_work
    said = line.settle(seconds=2)

    assert line.asked == [FetchBook("BTC-USD", SNAPSHOT_DEPTH)]
    (in_step,) = of(BookInStep, said)
    assert isinstance(in_step, BookInStep)
    assert in_step.book.in_step
    assert in_step.book.bids() == [Level(D(99), D(1)), Level(D(98), D(2))]
    assert in_step.book.asks() == [Level(D(101), D(1)), Level(D(102), D(2))]
    assert line.session.is_healthy


def test_changes_that_come_before_the_snapshot_are_applied_to_it() -> None:
    """One event tells the whole; the next change is told by itself."""
    line = Line(BOOK)
    line.is_holding = True
    line.work()
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.work()
    assert line.take(line.peer.change("BTC-USD", (BUY, "99", "7"))) == []
    assert not line.session.is_healthy
    (in_step,) = line.answer(line.held[0], old)

    assert isinstance(in_step, BookInStep)
    assert in_step.book.best_bid == Level(D(99), D(7))
    (updated,) = line.take(line.peer.change("BTC-USD", (SELL, "101", "0")))
    assert isinstance(updated, BookUpdated)
    assert updated.changes == ((SELL, D(101), D(0)),)
    assert updated.book is in_step.book
    assert updated.book.best_ask == Level(D(102), D(2))


def test_a_lost_change_makes_the_book_stale_and_it_begins_anew_at_once() -> None:
    """Not after a pause: it was in step for long."""
    line = Line(BOOK).live()
    line.settle(seconds=100)
    line.asked.clear()
    line.peer.change("BTC-USD", (BUY, "98", "7"))

    said = line.take(line.peer.change("BTC-USD", (BUY, "97", "8")))
    assert said == [stale(line, StaleReason.GAP)]
    assert not line.session.is_healthy
    assert line.session.has_work
    (in_step,) = line.work()
    assert isinstance(in_step, BookInStep)
    assert in_step.book.bids() == [Level(D(99), D(1)), Level(D(98), D(7)), Level(D(97), D(8))]
    assert line.asked == [FetchBook("BTC-USD", SNAPSHOT_DEPTH)]
    assert line.session.is_healthy


def test_a_gap_concerns_one_book_alone() -> None:
    """Others go on, and nothing is subscribed anew."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK)).live()
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.take(line.peer.change("BTC-USD", (BUY, "97", "8")))

    (updated,) = line.take(line.peer.change("ETH-USD", (BUY, "97", "8")))
    assert isinstance(updated, BookUpdated)
    assert len(line.peer.received) == 1


def test_a_repeated_change_is_told_once() -> None:
    """Its numbers are no news."""
    line = Line(BOOK).live()
    frame = line.peer.change("BTC-USD", (BUY, "98", "7"))

    assert len(line.take(frame)) == 1
    assert line.take(frame) == []


def test_a_crossed_book_is_stale_and_begins_anew() -> None:
    """No true book has its best bid above its best ask."""
    line = Line(BOOK).live()
    said = line.take(line.peer.change("BTC-USD", (BUY, "105", "1")))
    assert said == [stale(line, StaleReason.CROSSED)]
    line.peer.book("BTC-USD").apply(BUY, "105", "0")

    said = line.settle(seconds=3)
    assert len(of(BookInStep, said)) == 1


def test_a_snapshot_that_is_too_old_is_asked_for_again() -> None:
    """Rule 3, after a moment."""
    line = Line(BOOK)
    line.is_holding = True
    line.settle(seconds=0.1)
    line.take(line.peer.change("BTC-USD", (BUY, "98", "7")))
    assert line.answer(line.held[0], snapshot(99)) == []
    assert not line.session.has_work
    line.is_holding = False
    said = line.settle(seconds=2)

    assert len(line.asked) == 2
    assert len(of(BookInStep, said)) == 1


@pytest.mark.parametrize(
    "error",
    [
        TransportError("no route"),
        ExchangeUnavailable("maintenance"),
        PermissionRefused("blocked for a while"),
        RateLimited("slow down"),
    ],
)
def test_a_snapshot_that_fails_is_asked_for_again_with_a_growing_pause(
    error: EngineError,
) -> None:
    """One second, two, four … at most a minute; changes are kept meanwhile."""
    line = Line(BOOK)
    line.answers = [error] * 9
    asked_ns = []
    line.work()
    for _ in range(10):
        while not line.session.has_work:
            assert line.session.deadline_ns is not None
            line.now_ns = max(line.now_ns, line.session.deadline_ns)
            line.take(line.peer.change("BTC-USD", (BUY, "98", "7")))
        before = len(line.asked)
        line.work()
        if len(line.asked) > before:
            asked_ns.append(line.now_ns)
    pauses = [(b - a) / SECOND for a, b in pairwise(asked_ns)]

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    line.settle(seconds=2)
    assert line.session.is_healthy


def test_another_subscription_does_not_cut_the_pause_short() -> None:
    """A failing exchange is not hammered because somebody wants trades, too."""
    line = Line(BOOK)
    line.answers = [TransportError("no route")] * 5
    line.settle(seconds=20)
    asked = len(line.asked)
    line.want(BOOK, TRADES)
    line.settle(seconds=5)

    assert asked == 5
    assert len(line.asked) == asked


def test_a_rate_limit_silences_all_snapshots_for_as_long_as_it_says() -> None:
    """Those of other books too: the limit is the address's."""
    line = Line(BOOK)
    line.answers = [RateLimited("banned", retry_after_ns=90 * SECOND)]
    line.settle(seconds=1)
    line.want(BOOK, ("ETH-USD", Topic.BOOK))
    line.settle(seconds=88)
    assert len(line.asked) == 1
    line.settle(seconds=3)

    assert len(line.asked) == 3
    assert line.session.is_healthy


def test_a_book_that_the_exchange_does_not_have_is_refused_for_good() -> None:
    """A stream is granted for any name; the snapshot shows that there is no such book."""
    line = Line(("NO-USD", Topic.BOOK))
    line.answers = [InstrumentNotFound("Invalid symbol.", code="-1121")]
    said = line.settle(seconds=300)

    assert of(BookStale, said) == [BookStale("binance_us", "NO-USD", StaleReason.REFUSED, NOW_NS)]
    assert len(line.asked) == 1
    assert line.session.is_healthy


def test_only_a_few_snapshots_are_under_way_at_once() -> None:
    """The next is asked for when one has come."""
    names = [f"A{number}-USD" for number in range(CALLS_AT_MOST + 2)]
    line = Line(*((name, Topic.BOOK) for name in names))
    line.is_holding = True
    line.settle(seconds=5)
    assert len(line.asked) == CALLS_AT_MOST

    line.answer(line.held.pop(0))
    line.settle(seconds=0.1)
    assert len(line.asked) == CALLS_AT_MOST + 1
    line.is_holding = False
    line.release()
    line.settle()
    assert sorted(command.instrument for command in line.asked) == names
    assert line.session.is_healthy


def test_a_snapshot_asked_for_an_earlier_subscription_is_not_believed() -> None:
    """Left and wanted again meanwhile: the changes between are unknown."""
    line = Line(BOOK)
    line.is_holding = True
    line.settle(seconds=0.1)
    (early,) = line.held
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.want()
    line.settle(seconds=1)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.want(BOOK)
    line.settle(seconds=1)
    assert line.asked == [early]

    assert line.answer(early, old) == []
    line.is_holding = False
    said = line.settle(seconds=1)
    (in_step,) = of(BookInStep, said)
    assert isinstance(in_step, BookInStep)
    assert in_step.book.quantity_at(BUY, D(98)) == 7


def test_a_book_wanted_again_before_it_was_left_is_a_new_one() -> None:
    """Its subscription stands: only a snapshot is needed."""
    line = Line(BOOK).live()
    line.want()
    line.want(BOOK)
    said = line.settle(seconds=1)

    assert len(line.peer.received) == 1
    assert len(of(BookInStep, said)) == 1


def test_a_closed_connection_leaves_no_book_in_step() -> None:
    """Told for each that was; a frame that is read late changes nothing any more."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK)).live()
    late = line.peer.change("BTC-USD", (BUY, "99", "6"))
    said = line.session.closed("cut", line.now_ns)

    assert said == [
        stale(line, StaleReason.DISCONNECTED),
        stale(line, StaleReason.DISCONNECTED, "ETH-USD"),
    ]
    assert line.take(late) == []
    assert not line.session.is_healthy
    assert not line.session.has_work
    assert line.session.closed("again", line.now_ns) == []
    assert line.answer(FetchBook("BTC-USD", SNAPSHOT_DEPTH)) == []


def test_answers_that_are_not_a_books_are_ignored() -> None:
    """Nothing else is asked here."""
    line = Line(BOOK).live()

    assert line.session.answered(FetchServerTime(), 1, line.now_ns) == ()
    assert line.answer(FetchBook("BTC-USD", 7)) == []
