"""What the older feed refuses: which product it was, and what is asked again."""

from tests.support.coinbase_feed import NOTHING, REFUSAL, TOO_SOON
from tests.support.coinbase_feed_lines import BOOK, BTC, ETH, TRADES, asked, line_of, told
from tests.support.session_events import of
from venuetree.protocol.events import (
    BookStale,
    StaleReason,
    StreamErrorReported,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND


def test_an_error_and_the_empty_list_after_it_are_one_refusal() -> None:
    """The list that follows does not answer the next request, which waits for it."""
    line = line_of((ETH, Topic.TRADES), TRADES, refused={"matches"})
    line.settle(seconds=0.2)
    sent = len(line.peer.received)
    request = line.session.step(line.now_ns + SECOND // 8)
    line.now_ns += SECOND // 8

    assert line.take(REFUSAL) == [
        StreamErrorReported("coinbase", "Failed to subscribe", "no", None, line.now_ns)
    ]
    line.now_ns += SECOND
    assert line.session.step(line.now_ns).actions == ()
    line.take(NOTHING)
    assert line.session.has_work
    assert len(request.actions) == 1
    assert len(line.peer.received) == sent


def test_of_several_refused_products_the_bad_one_is_found_and_the_good_one_delivers() -> None:
    """One by one; nothing but heartbeats is asked of a product that does not exist."""
    line = line_of(BOOK, ("NO-USD", Topic.BOOK), ("NO-USD", Topic.TRADES), refused={"NO-USD"})
    said = line.settle()

    stale, stalled = (event for event in said if isinstance(event, BookStale | TopicStalled))
    assert isinstance(stale, BookStale)
    assert (stale.instrument, stale.reason) == ("NO-USD", StaleReason.REFUSED)
    assert isinstance(stalled, TopicStalled)
    assert (stalled.instrument, stalled.topic) == ("NO-USD", Topic.TRADES)
    assert asked(line) == [
        ("subscribe", "heartbeat", (BTC, "NO-USD")),
        ("subscribe", "heartbeat", (BTC,)),
        ("subscribe", "level2_batch", (BTC,)),
        ("subscribe", "heartbeat", ("NO-USD",)),
    ]
    assert line.session.is_healthy


def test_a_refused_book_is_told_and_the_rest_goes_on() -> None:
    """No key, or none that opens `level2`."""
    line = line_of(BOOK, TRADES, refused={"level2"}, books=BookChannel.SIGNED)
    said = line.settle()

    assert [e.reason for e in of(BookStale, said)] == [StaleReason.REFUSED]  # type: ignore[union-attr]
    assert line.session.is_healthy
    assert of(TradePrinted, line.take(line.peer.trade(BTC)))


def test_an_error_without_a_list_is_a_refusal_after_two_seconds() -> None:
    """No documents promise the list."""
    line = line_of(TRADES)
    line.settle(seconds=0.05)
    line.now_ns += SECOND // 8
    line.session.step(line.now_ns)
    line.take(REFUSAL)
    assert line.session.deadline_ns == line.now_ns + 2 * SECOND
    line.now_ns += 2 * SECOND - 1
    assert line.session.step(line.now_ns).events == ()

    line.now_ns += 1
    (stalled,) = line.session.step(line.now_ns).events
    assert isinstance(stalled, TopicStalled)
    assert stalled.topic is Topic.TRADES


def test_a_request_that_came_too_soon_is_made_again() -> None:
    """A second later; no list follows such an error."""
    line = line_of(TRADES)
    line.session.step(line.now_ns)
    line.take(TOO_SOON)
    assert not line.session.has_work

    line.now_ns += SECOND
    line.settle()
    assert asked(line)[0] == ("subscribe", "heartbeat", (BTC,))
    assert line.session.is_healthy


def test_a_product_left_out_of_the_list_is_refused_and_left() -> None:
    """What was not granted is told, not awaited for ever."""
    line = line_of(TRADES, (ETH, Topic.TRADES))
    line.session.step(line.now_ns)
    line.peer.subscriptions["heartbeat"] = [BTC]
    said = line.take(line.peer.acknowledgement())

    assert told(said) == [TopicStalled("coinbase", ETH, Topic.TRADES, 0, line.now_ns)]
    line.settle()
    assert line.session.is_healthy
    assert asked(line) == [
        ("unsubscribe", "heartbeat", (ETH,)),
        ("subscribe", "matches", (BTC,)),
    ]
