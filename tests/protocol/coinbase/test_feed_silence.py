"""A connection of the older feed that is silent or lost: what is stale, and what is asked."""

import pytest

from tests.support.coinbase_feed_lines import BOOK, BTC, ETH, TRADES, line_of, told
from tests.support.session_events import of
from venuetree.protocol.events import BookInStep, BookStale, StaleReason, TopicStalled
from venuetree.protocol.exchanges.coinbase.profile import (
    ALIVE_WITHIN_NS,
    QUIET_AT_MOST_NS,
    SNAPSHOT_WITHIN_NS,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Send, SessionEvent
from venuetree.protocol.timestamps import SECOND


def test_heartbeats_that_stop_make_every_book_stale_and_end_the_connection() -> None:
    """Though other frames still come: their silence could not be judged."""
    line = line_of(BOOK, (ETH, Topic.BOOK)).live()
    since = line.now_ns
    line.take(*line.peer.heartbeats())
    while line.now_ns < since + ALIVE_WITHIN_NS - SECOND:
        line.now_ns += SECOND
        line.take(line.peer.heartbeat(ETH), line.peer.change(BTC, "buy", "99", "5"))
        assert line.work() == []

    line.now_ns = since + ALIVE_WITHIN_NS
    assert line.work() == [
        BookStale("coinbase", BTC, StaleReason.STALLED, line.now_ns),
        BookStale("coinbase", ETH, StaleReason.STALLED, line.now_ns),
    ]
    assert [close.reason for close in line.closes] == ["no heartbeat of BTC-USD in time"]
    assert line.session.closed("x", line.now_ns) == []


def test_the_heartbeats_deadline_does_not_move_with_other_frames() -> None:
    """The reader wakes the session up in time."""
    line = line_of(BOOK).live()
    line.take(*line.peer.heartbeats())
    due_ns = line.now_ns + ALIVE_WITHIN_NS
    line.now_ns += SECOND
    line.take(line.peer.change(BTC, "buy", "99", "5"))
    line.work()

    assert line.session.deadline_ns == due_ns


def test_a_late_heartbeat_proves_nothing() -> None:
    """A counter below the one before: repeated, or begun anew."""
    line = line_of(BOOK).live()
    old = line.peer.heartbeat(BTC)
    line.peer.sequence += 1
    line.take(line.peer.heartbeat(BTC))
    line.is_beating = False
    for _ in range(5):
        line.now_ns += SECOND
        line.take(old)
    line.work()

    assert [close.reason for close in line.closes] == ["no heartbeat of BTC-USD in time"]


def test_heartbeats_may_queue_up_behind_snapshots() -> None:
    """Megabytes of them come first when many books begin."""
    line = line_of(BOOK, (ETH, Topic.BOOK)).live()
    line.take(*line.peer.heartbeats())
    line.now_ns += ALIVE_WITHIN_NS - 1
    line.take(line.peer.snapshot(BTC))
    line.now_ns += ALIVE_WITHIN_NS - 1
    line.work()

    assert line.closes == []


def test_no_frame_at_all_ends_the_connection_before_anything_was_granted() -> None:
    """Nobody is there."""
    line = line_of(BOOK)
    line.session.step(line.now_ns)
    line.now_ns += ALIVE_WITHIN_NS
    line.work()

    assert [close.reason for close in line.closes] == ["no frame, not even a heartbeat, in time"]


def test_a_granted_book_without_a_snapshot_is_asked_for_again() -> None:
    """And told, in case it never comes."""
    line = line_of(BOOK)
    line.settle(seconds=0.05)
    line.now_ns += SECOND // 8
    for action in line.session.step(line.now_ns).actions:
        assert isinstance(action, Send)
        line.take(line.peer.receive(action.text)[0])
    line.settle(seconds=1)
    assert not line.session.is_healthy
    said = line.settle(seconds=SNAPSHOT_WITHIN_NS / SECOND + 2)

    assert [type(event) for event in told(said)] == [TopicStalled, BookInStep]


@pytest.mark.parametrize("is_moving", [True, False])
def test_a_silent_book_is_renewed_only_if_the_counter_says_that_it_has_changed(
    is_moving: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """An unchanged counter proves that there was nothing to say."""
    line = line_of(BOOK).live()
    end_ns = line.now_ns + QUIET_AT_MOST_NS[Topic.BOOK] + SECOND
    said: list[SessionEvent] = []
    while line.now_ns < end_ns:
        line.peer.sequence += is_moving
        said += line.settle(seconds=1)

    assert bool(of(BookStale, said)) is is_moving
    assert bool(of(TopicStalled, said)) is is_moving


def test_a_lost_connection_makes_the_books_in_step_stale() -> None:
    """Before anything is tried."""
    line = line_of(BOOK, TRADES).live()

    assert line.session.closed("gone", line.now_ns) == [
        BookStale("coinbase", BTC, StaleReason.DISCONNECTED, line.now_ns)
    ]
    assert line.session.deadline_ns is None
