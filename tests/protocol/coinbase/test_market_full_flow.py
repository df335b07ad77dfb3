"""A book in the middle of its changes: the quick way judges as the slow one does."""

from tests.support.coinbase_market import BOOK, Line
from tests.support.session_events import of
from venuetree.protocol.events import BookStale, BookUpdated, SequenceGap, StaleReason, TopicStalled
from venuetree.protocol.exchanges.coinbase.profile import QUIET_AT_MOST_NS
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND


def flowing() -> Line:
    """A book in the middle of its changes, with nothing else going on."""
    line = Line(BOOK).live()
    for quantity in ("3", "4", "5"):
        (said,) = line.take(line.peer.change("BTC-USD", "bid", "99", quantity))
        assert isinstance(said, BookUpdated)
    return line


def test_a_book_that_crosses_in_full_flow_is_stale_and_renewed() -> None:
    """A flood's quick way judges what the first change after a quiet time is judged by."""
    line = flowing()
    line.peer.received.clear()
    (said,) = line.take(line.peer.change("BTC-USD", "bid", "105", "1"))

    assert said == BookStale("coinbase", "BTC-USD", StaleReason.CROSSED, line.now_ns)
    assert not line.session.is_healthy
    assert line.take(line.peer.change("BTC-USD", "bid", "105", "0")) == []
    line.now_ns += SECOND
    line.settle()
    assert [m["type"] for m in line.peer.received] == ["unsubscribe", "subscribe"]


def test_a_gap_in_full_flow_is_told_and_no_change_after_it() -> None:
    """The change that shows the gap is not applied to what may be wrong."""
    line = flowing()
    line.peer.change("BTC-USD", "bid", "98", "7")
    said = line.take(line.peer.change("BTC-USD", "bid", "99", "6"))
    said += line.take(line.peer.change("BTC-USD", "bid", "99", "7"))

    assert [type(event) for event in said] == [BookStale, SequenceGap]


def test_a_book_in_full_flow_that_is_left_is_told_no_more() -> None:
    """Nobody wants it: its changes are nobody's news."""
    line = flowing()
    line.want()

    assert line.take(line.peer.change("BTC-USD", "bid", "99", "6")) == []


def test_a_book_closed_in_full_flow_takes_no_change_any_more() -> None:
    """It was called stale: a frame that is read late must not be told as if it were not."""
    line = flowing()
    late = line.peer.change("BTC-USD", "bid", "99", "6")
    line.session.closed("cut", line.now_ns)

    assert line.take(late) == []


def test_each_change_in_full_flow_is_heard() -> None:
    """Silence is counted from the last change, not from the first."""
    line = flowing()
    patience_ns = QUIET_AT_MOST_NS[Topic.BOOK]
    line.now_ns += patience_ns - 1
    line.take(line.peer.change("BTC-USD", "bid", "99", "6"))
    line.now_ns += patience_ns - 1
    line.take(line.peer.heartbeat())
    early = line.session.step(line.now_ns).events
    line.now_ns += 1

    assert early == ()
    assert of(TopicStalled, line.session.step(line.now_ns).events)
