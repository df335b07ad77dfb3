"""Books that are silent are compared with the exchange's."""

import pytest

from tests.support.binance_us_market import BOOK, stale
from tests.support.binance_us_stream import BUY, D, Line, snapshot
from tests.support.session_events import of
from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import TransportError
from venuetree.protocol.events import BookInStep, BookStale, BookUpdated, StaleReason
from venuetree.protocol.exchanges.binance_us.kept_book import (
    CHECK_DEPTH,
    CHECK_EVERY_NS,
    CHECK_FIRST_NS,
    UNDER_WAY_NS,
)
from venuetree.protocol.timestamps import SECOND

HOUR_S = 3600


def quiet_book() -> Line:
    """A book in step that one change has proved, silent from now on."""
    line = Line(BOOK).live()
    line.now_ns += 1
    line.take(line.peer.change("BTC-USD", (BUY, "98", "7")))
    line.asked.clear()
    line.events.clear()
    return line


def test_a_silent_book_is_compared_and_found_right() -> None:
    """Every three minutes, by a small snapshot."""
    line = quiet_book()
    silent_since_ns = line.now_ns
    line.settle(seconds=CHECK_EVERY_NS // SECOND - 1)
    assert line.asked == []
    line.settle(seconds=2)

    assert line.asked == [FetchBook("BTC-USD", CHECK_DEPTH)]
    assert line.now_ns - silent_since_ns > CHECK_EVERY_NS
    line.settle(seconds=HOUR_S)
    assert len(line.asked) == 1 + HOUR_S * SECOND // CHECK_EVERY_NS
    assert not of(BookStale, line.events)
    assert line.session.is_healthy


def test_a_book_in_flow_is_not_compared() -> None:
    """Its numbers prove it."""
    line = quiet_book()
    for number in range(20):
        line.settle(seconds=100)
        line.take(line.peer.change("BTC-USD", (BUY, "98", str(number + 1))))

    assert line.asked == []


def test_a_book_without_a_single_change_is_compared_soon() -> None:
    """Its snapshot may have been older than its subscription."""
    line = Line(BOOK)
    line.work()
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.answers = [old]
    line.work()
    assert of(BookInStep, line.events)
    said = line.settle(seconds=(CHECK_FIRST_NS + UNDER_WAY_NS) // SECOND + 1)

    assert [type(event) for event in said if isinstance(event, BookStale | BookInStep)] == [
        BookStale,
        BookInStep,
    ]
    assert line.session.is_healthy


def test_changes_under_way_are_awaited_before_a_book_is_doubted() -> None:
    """The exchange's answer may be newer than what has come by the stream."""
    line = quiet_book()
    frame = line.peer.change("BTC-USD", (BUY, "98", "9"))
    line.settle(seconds=CHECK_EVERY_NS // SECOND + 1)
    assert line.asked == [FetchBook("BTC-USD", CHECK_DEPTH)]
    # And more after it, so that the answer is past.
    for each in (frame, line.peer.change("BTC-USD", (BUY, "98", "5"))):
        (updated,) = line.take(each)
        assert isinstance(updated, BookUpdated)

    line.settle(seconds=UNDER_WAY_NS // SECOND + 1)
    assert not of(BookStale, line.events)
    assert len(line.asked) == 1


def test_a_book_that_falls_while_it_is_doubted_is_told_once() -> None:
    """It is being mended already."""
    line = quiet_book()
    line.peer.change("BTC-USD", (BUY, "98", "9"))
    line.settle(seconds=CHECK_EVERY_NS // SECOND + 1)
    line.answers = [TransportError("no route")] * 6
    (told,) = line.take(line.peer.change("BTC-USD", (BUY, "98", "5")))
    assert told == stale(line, StaleReason.GAP)

    said = line.settle(seconds=UNDER_WAY_NS // SECOND + 5)
    assert of(BookStale, said) == []
    assert not line.session.is_healthy


def test_a_check_proves_a_book_without_changes() -> None:
    """From then on it is compared as seldom as any other."""
    line = Line(BOOK).live()
    line.asked.clear()
    line.settle(seconds=CHECK_FIRST_NS // SECOND + 1)
    assert line.asked == [FetchBook("BTC-USD", CHECK_DEPTH)]
    line.settle(seconds=CHECK_EVERY_NS // SECOND - 10)

    assert len(line.asked) == 1


def test_changes_that_never_come_make_the_book_stale() -> None:
    """The loss that no number would have shown."""
    line = quiet_book()
    line.peer.change("BTC-USD", (BUY, "98", "9"))
    line.settle(seconds=(CHECK_EVERY_NS + UNDER_WAY_NS) // SECOND + 1)

    stales = of(BookStale, line.events)
    assert [event.reason for event in stales if isinstance(event, BookStale)] == [
        StaleReason.STALLED
    ]
    (in_step,) = of(BookInStep, line.events)
    assert isinstance(in_step, BookInStep)
    assert in_step.book.quantity_at(BUY, D(98)) == 9


def test_a_number_that_passed_without_changing_a_level_is_no_loss() -> None:
    """Placed and cancelled within a moment: nothing is told of it, and nothing is wrong."""
    line = quiet_book()
    line.peer.book("BTC-USD").update_id += 2
    line.settle(seconds=600)

    assert not of(BookStale, line.events)


def test_other_levels_at_the_same_number_make_the_book_stale() -> None:
    """Something was applied wrongly, whatever it was."""
    line = quiet_book()
    line.peer.book("BTC-USD").sides[BUY][D(98)] = D(1)
    line.settle(seconds=CHECK_EVERY_NS // SECOND + 3)

    assert [type(event) for event in line.events if isinstance(event, BookStale | BookInStep)] == [
        BookStale,
        BookInStep,
    ]


@pytest.mark.parametrize("answer", [TransportError("no"), snapshot(1), snapshot(None)])
def test_a_check_that_proves_nothing_changes_nothing(answer: object) -> None:
    """Failed, older than the stream, or without a number: asked again later."""
    line = quiet_book()
    line.answers = [answer]
    line.settle(seconds=2 * CHECK_EVERY_NS // SECOND + 1)

    assert not of(BookStale, line.events)
    assert len(line.asked) == 2
