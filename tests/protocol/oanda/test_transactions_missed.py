"""Transactions that the account's stream has missed: read from the log, or told as a gap."""

from typing import Any

import pytest

from tests.support.oanda_account_stream import MS, Talk, heartbeat, line
from venuetree.protocol.commands import FetchLog, FetchLogState, LogPage
from venuetree.protocol.errors import ExchangeRefused, ExchangeUnavailable, ReplyLost
from venuetree.protocol.events import SequenceGap, StreamErrorReported
from venuetree.protocol.port import Call, Close
from venuetree.protocol.timestamps import SECOND


def test_replies_and_stream_tell_a_transaction_once() -> None:
    """Whichever is first."""
    talk = Talk()
    talk.live()
    talk.told(line(101), line(102))
    talk.hear(line(101))
    talk.hear(line(102))
    talk.hear(line(103))
    talk.told(line(103))
    assert talk.ids == [101, 102, 103]


def test_a_hole_is_given_a_moment_and_then_read() -> None:
    """Most holes fill themselves."""
    talk = Talk()
    talk.live()
    talk.hear(line(102))
    assert not talk.is_healthy()
    assert talk.step(200 * MS) == []
    (call,) = talk.step(50 * MS)
    assert call == Call(FetchLog("100"))
    talk.answer(call, LogPage((line(101), line(102)), "102"))
    assert talk.ids == [101, 102]
    assert talk.is_healthy()
    assert talk.step() == []


def test_a_hole_that_fills_itself_is_not_told_twice() -> None:
    """Though the log is asked all the same."""
    talk = Talk()
    talk.live()
    talk.hear(line(102))
    talk.hear(line(101))
    assert talk.ids == [101, 102]
    for call in talk.step(SECOND):
        talk.answer(call, LogPage((), "102"))
    assert talk.ids == [101, 102]


def test_a_heartbeat_that_names_more_than_has_come_makes_it_read() -> None:
    """Silent loss on a stream that still beats."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(101))
    assert talk.step(1900 * MS) == []
    (call,) = talk.step(100 * MS)
    talk.answer(call, LogPage((line(101),), "101"))
    assert talk.ids == [101]
    assert talk.is_healthy()


def test_a_gap_in_the_log_is_told_and_then_believed() -> None:
    """After three more looks; what was missing may still come."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(103))
    looks = 0
    while not talk.ids or talk.ids[-1] != 103:
        (call,) = talk.step(2 * SECOND)
        talk.hear(heartbeat(103))
        talk.answer(call, LogPage((line(101), line(103)), "103"))
        looks += 1
        assert looks < 10
    assert looks == 4
    assert talk.ids == [101, 103]
    gaps = [event for event in talk.events if isinstance(event, SequenceGap)]
    assert [(gap.expected, gap.received) for gap in gaps] == [(102, 103)]
    talk.hear(line(102))
    assert talk.ids == [101, 103, 102]


@pytest.mark.parametrize("error", [ReplyLost("lost"), ExchangeUnavailable("503")])
def test_a_log_that_cannot_be_read_is_asked_for_again_ever_more_slowly(error: Any) -> None:
    """And what the stream tells is kept meanwhile."""
    talk = Talk()
    talk.open()
    talk.hear(heartbeat(101))
    (call,) = talk.step()
    for wait in (1, 2, 4, 8):
        talk.answer(call, error)
        assert not talk.is_healthy()
        assert isinstance(talk.events[-1], StreamErrorReported)
        assert talk.step(wait * SECOND - 1) == []
        talk.hear(heartbeat(101))
        (call,) = talk.step(1)
    talk.answer(call, LogPage((line(101),), "101"))
    assert talk.ids == [101]
    assert talk.is_healthy()


def test_heartbeats_do_not_hurry_what_has_failed() -> None:
    """They come every five seconds and name what is missing."""
    talk = Talk()
    talk.open()
    talk.hear(heartbeat(101))
    (call,) = talk.step()
    for wait in (1, 2, 4, 8):
        talk.answer(call, ReplyLost("lost"))
        (call,) = talk.step(wait * SECOND)
        talk.hear(heartbeat(101))
    talk.answer(call, ReplyLost("lost"))
    for _ in range(3):
        assert talk.step(5 * SECOND) == []
        talk.hear(heartbeat(101))
    assert talk.step(1 * SECOND) == [call]


def test_a_log_that_ends_before_what_was_told_is_begun_anew_in_the_end() -> None:
    """Not at once: a copy may lag. Else all that comes would pass for old."""
    talk = Talk()
    talk.live()
    talk.hear(line(101))
    talk.hear(heartbeat(7))
    for _ in range(3):
        (call,) = talk.step(2 * SECOND)
        talk.hear(heartbeat(7))
        talk.answer(call, LogPage((), "7"))
        assert not [event for event in talk.events if isinstance(event, SequenceGap)]
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, LogPage((), "7"))
    assert [e.expected for e in talk.events if isinstance(e, SequenceGap)] == [102]
    assert isinstance(talk.step()[0], Close)
    talk.session.closed("given up", talk.now)
    assert talk.streams().before() == FetchLogState()


def test_a_copy_that_lags_for_a_moment_changes_nothing() -> None:
    """The next page has it all."""
    talk = Talk()
    talk.live()
    talk.hear(line(101))
    talk.hear(heartbeat(100))
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, LogPage((), "100"))
    (call,) = talk.step(1 * SECOND)
    talk.answer(call, LogPage((line(102),), "102"))
    assert talk.ids == [101, 102]
    assert talk.is_healthy()


def test_a_log_that_does_not_go_back_so_far_is_begun_anew() -> None:
    """An account that was reset, or another's."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(105))
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, ExchangeRefused("no such range", code="416"))
    assert any(isinstance(event, SequenceGap) for event in talk.events)
    (close,) = talk.step()
    assert isinstance(close, Close)
    talk.session.closed("given up", talk.now)
    assert talk.streams().before() == FetchLogState()


def test_a_page_in_another_sequence_is_told_in_order() -> None:
    """Ids say where a transaction belongs, not its place on the page."""
    talk = Talk()
    talk.live()
    talk.hear(heartbeat(103))
    (call,) = talk.step(2 * SECOND)
    talk.answer(call, LogPage((line(103), line(101), line(102)), "103"))
    assert talk.ids == [101, 102, 103]
    assert talk.is_healthy()
