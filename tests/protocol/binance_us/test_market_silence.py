"""A market connection that is silent: what is asked, and what the exchange has forgotten."""

from tests.support.binance_us_market import BOOK, TRADES
from tests.support.binance_us_stream import BUY, D, Line, trade
from tests.support.session_events import of
from venuetree.protocol.errors import TransportError
from venuetree.protocol.events import BookInStep, BookStale, TopicStalled
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND


def test_a_silent_connection_is_asked_whether_it_still_answers() -> None:
    """Silence on all streams is normal; no answer is not."""
    line = Line(TRADES).live()
    line.take(trade("BTC-USD", 1))
    said_ns = line.now_ns
    line.settle(seconds=179)
    assert len(line.peer.received) == 1
    line.settle(seconds=2)

    assert line.peer.received[-1] == {"method": "LIST_SUBSCRIPTIONS", "id": 2}
    assert line.sent_ns[-1] == said_ns + 180 * SECOND
    line.peer.is_mute = True
    line.settle(seconds=400)
    assert len(line.closes) == 1


def test_the_list_is_asked_for_once_until_it_is_answered() -> None:
    """Whatever else is done meanwhile."""
    line = Line(TRADES).live()
    line.peer.is_mute = True
    line.settle(seconds=181)
    line.want(TRADES, ("ETH-USD", Topic.TRADES))
    line.settle(seconds=5)

    assert [message["method"] for message in line.peer.received] == [
        *("SUBSCRIBE", "LIST_SUBSCRIPTIONS", "SUBSCRIBE")
    ]


def test_frames_are_proof_enough() -> None:
    """Nothing is asked while something comes."""
    line = Line(TRADES).live()
    for number in range(10):
        line.take(trade("BTC-USD", number))
        line.settle(seconds=100)

    assert len(line.peer.received) == 1


def test_a_stream_that_the_exchange_has_forgotten_is_subscribed_again() -> None:
    """Told as stalled; a book is stale and begins anew."""
    line = Line(TRADES, BOOK).live()
    line.peer.subscriptions.clear()
    line.answers = [TransportError("no check, please")]
    said = line.settle(seconds=185)

    assert of(TopicStalled, said)
    assert len(of(BookStale, said)) == 1
    assert len(of(BookInStep, said)) == 1
    assert line.peer.subscriptions == {"btcusd@trade", "btcusd@depth@100ms"}
    assert line.session.is_healthy


def test_a_snapshot_asked_for_before_its_stream_was_forgotten_is_not_believed() -> None:
    """Nor is the one that is asked for in its place held up by it for longer than it lasts."""
    line = Line(BOOK)
    line.is_holding = True
    line.settle(seconds=0.1)
    (early,) = line.held
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.peer.subscriptions.clear()
    line.settle(seconds=185)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    assert line.peer.subscriptions == {"btcusd@depth@100ms"}

    assert line.answer(early, old) == []
    line.is_holding = False
    (in_step,) = of(BookInStep, line.settle(seconds=1))
    assert isinstance(in_step, BookInStep)
    assert in_step.book.quantity_at(BUY, D(98)) == 7
