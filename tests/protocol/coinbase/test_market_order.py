"""Frames of a market connection in their order: numbers, gaps, repetitions, and trades."""

import pytest

from tests.support.coinbase_market import BOOK, Line
from tests.support.session_events import of
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    BookStale,
    BookUpdated,
    Heartbeat,
    SequenceGap,
    StaleReason,
    TradePrinted,
)
from venuetree.protocol.models import Topic


def test_a_gap_makes_every_book_stale_first_and_gives_the_connection_up() -> None:
    """Any of the books may have missed a change."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK)).live()
    expected = line.peer.sequence
    line.peer.heartbeat()

    said = line.take(line.peer.change("BTC-USD", "bid", "99", "5"))

    assert said == [
        BookStale("coinbase", "BTC-USD", StaleReason.GAP, line.now_ns),
        BookStale("coinbase", "ETH-USD", StaleReason.GAP, line.now_ns),
        SequenceGap("coinbase", "market-1", expected, expected + 1, None, line.now_ns),
    ]
    assert line.session.has_work
    line.work()
    assert len(line.closes) == 1
    assert not line.session.is_healthy
    assert not line.session.has_work


def test_after_a_gap_not_even_a_snapshot_is_believed() -> None:
    """The connection is over."""
    line = Line(BOOK).live()
    line.peer.heartbeat()
    line.take(line.peer.heartbeat())

    assert line.take(line.peer.snapshot("BTC-USD")) == []


def test_a_repeated_frame_is_ignored_whole() -> None:
    """A lower number says nothing new."""
    line = Line(BOOK, ("BTC-USD", Topic.TRADES)).live()
    old = line.peer.change("BTC-USD", "bid", "99", "5")
    line.take(old, line.peer.change("BTC-USD", "bid", "99", "6"))

    assert line.take(old) == []
    assert line.session.is_healthy


def test_frames_that_are_not_for_us_still_count() -> None:
    """The counter runs over all channels; a number missing among them is a gap."""
    line = Line(BOOK).live()

    assert of(Heartbeat, line.take(line.peer.heartbeat()))
    assert line.take(line.peer.trade("DOGE-USD", 1)) == []
    assert of(BookUpdated, line.take(line.peer.change("BTC-USD", "bid", "99", "5")))


def test_a_frame_without_its_number_is_an_error() -> None:
    """Continuity cannot be judged without it."""
    line = Line(BOOK).live()

    with pytest.raises(RemoteProtocolError):
        line.take(b'{"channel":"heartbeats","timestamp":"2026-10-05T09:30:00Z","events":[]}')
    with pytest.raises(RemoteProtocolError):
        line.take(b"not json")


def test_trades_of_a_frame_are_told_oldest_first() -> None:
    """Frames list them newest first."""
    line = Line(("BTC-USD", Topic.TRADES)).live()
    said = line.take(line.peer.trade("BTC-USD", 1001, 1000, 999))

    assert [e.trade_id for e in said if isinstance(e, TradePrinted)] == ["999", "1000", "1001"]
