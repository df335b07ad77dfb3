"""What a market connection is refused: which topic it was, and what is asked again."""

import orjson

from tests.support.coinbase_market import BOOK, LEVELS, Line
from tests.support.coinbase_stream import MarketPeer, book_of
from tests.support.session_events import of
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    StaleReason,
    StreamErrorReported,
    TopicStalled,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND


def test_a_refusal_of_several_is_asked_again_one_by_one() -> None:
    """The error frame names nothing: only the guilty one stays refused."""
    peer = MarketPeer(
        {name: book_of(LEVELS) for name in ("BTC-USD", "ETH-USD")}, refused=frozenset({"NOPE-USD"})
    )
    line = Line(BOOK, ("ETH-USD", Topic.BOOK), ("NOPE-USD", Topic.BOOK), peer=peer)
    said = line.settle(seconds=3)

    assert len(of(StreamErrorReported, said)) == 2
    (refused,) = of(BookStale, said)
    assert isinstance(refused, BookStale)
    assert (refused.instrument, refused.reason) == ("NOPE-USD", StaleReason.REFUSED)
    assert {e.instrument for e in said if isinstance(e, BookInStep)} == {"BTC-USD", "ETH-USD"}
    assert line.session.is_healthy
    asked = len(line.peer.received)
    line.settle(seconds=20)
    assert len(line.peer.received) == asked


def test_a_refused_topic_without_a_book_is_told_as_stalled() -> None:
    """Its subscribers would wait for ever."""
    peer = MarketPeer({}, refused=frozenset({"NOPE-USD"}))
    said = Line(("NOPE-USD", Topic.TRADES), peer=peer).settle()

    (stalled,) = of(TopicStalled, said)
    assert isinstance(stalled, TopicStalled)
    assert (stalled.instrument, stalled.topic) == ("NOPE-USD", Topic.TRADES)


def test_too_many_messages_are_made_again_later_not_taken_for_a_refusal() -> None:
    """Others of this address may have used up the limit."""
    line = Line(BOOK)
    line.work()
    line.now_ns += SECOND // 8
    line.session.step(line.now_ns)
    line.take(orjson.dumps({"type": "error", "message": "rate limit exceeded"}))

    assert not line.session.has_work
    assert line.session.deadline_ns == line.now_ns + SECOND
    line.settle(seconds=3)
    assert line.session.is_healthy
    assert not of(BookStale, line.events)
