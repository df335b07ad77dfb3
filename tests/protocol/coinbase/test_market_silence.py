"""A market connection that is silent, whole or in one topic."""

from tests.support.coinbase_market import BOOK, Line
from tests.support.session_events import of
from venuetree.protocol.events import BookInStep, BookStale, StaleReason, TopicStalled
from venuetree.protocol.exchanges.coinbase.profile import (
    ALIVE_WITHIN_NS,
    QUIET_AT_MOST_NS,
    SNAPSHOT_WITHIN_NS,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND


def test_silence_makes_books_stale_and_gives_the_connection_up() -> None:
    """Connected but silent is the failure that libraries miss."""
    line = Line(BOOK).live()
    last_ns = line.now_ns
    line.take(line.peer.heartbeat())
    assert line.session.deadline_ns is not None
    line.now_ns = last_ns + ALIVE_WITHIN_NS - 1
    assert line.work() == []
    line.now_ns += 1

    said = line.work()

    assert said == [BookStale("coinbase", "BTC-USD", StaleReason.STALLED, line.now_ns)]
    assert len(line.closes) == 1


def test_the_deadline_is_never_later_than_the_watchdog() -> None:
    """Whoever steps at the deadlines misses nothing."""
    line = Line(BOOK).live()
    started_ns = line.now_ns
    while not line.closes:
        assert line.session.deadline_ns is not None
        line.now_ns = max(line.now_ns + 1, line.session.deadline_ns)
        line.work()

    assert line.now_ns - started_ns <= ALIVE_WITHIN_NS


def test_a_thin_market_is_no_stall_while_heartbeats_come() -> None:
    """A minute without a change is nothing."""
    line = Line(BOOK, ("BTC-USD", Topic.TRADES)).live()
    line.take(line.peer.trade("BTC-USD", 1))
    said = line.settle(seconds=60)

    assert not of(BookStale, said)
    assert not of(TopicStalled, said)
    assert line.session.is_healthy


def test_a_book_silent_beyond_belief_is_fetched_anew() -> None:
    """Stale first, then unsubscribed, subscribed and in step again."""
    line = Line(BOOK).live()
    patience_s = QUIET_AT_MOST_NS[Topic.BOOK] // SECOND
    line.peer.received.clear()

    said = line.settle(seconds=patience_s + 3)

    stale = next(i for i, e in enumerate(said) if isinstance(e, BookStale))
    stalled = next(i for i, e in enumerate(said) if isinstance(e, TopicStalled))
    again = next(i for i, e in enumerate(said) if isinstance(e, BookInStep))
    assert stale < stalled < again
    assert [m["type"] for m in line.peer.received] == ["unsubscribe", "subscribe"]
    assert line.session.is_healthy


def test_a_subscription_that_never_delivers_is_told() -> None:
    """Acknowledged, and no snapshot: soon told, since every channel begins with one."""
    line = Line(("BTC-USD", Topic.TRADES))
    said = line.settle(seconds=SNAPSHOT_WITHIN_NS / SECOND + 2)

    (stalled,) = of(TopicStalled, said)
    assert isinstance(stalled, TopicStalled)
    assert (stalled.instrument, stalled.topic) == ("BTC-USD", Topic.TRADES)
    assert stalled.age_ns >= SNAPSHOT_WITHIN_NS
    assert not of(TopicStalled, line.settle(seconds=30))
    assert not line.closes
