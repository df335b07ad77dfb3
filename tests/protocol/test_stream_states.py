"""The stream's states, the counter and the pace that all sessions share."""

import pytest

from venuetree.protocol.errors import LocalProtocolError
from venuetree.protocol.session import (
    TRANSITIONS,
    Continuity,
    Pacer,
    Place,
    StreamSignal,
    StreamState,
    advance,
    earliest,
)


def test_every_state_has_a_row() -> None:
    """A state without a row could never be left nor kept."""
    assert set(TRANSITIONS) == set(StreamState)


def test_an_absent_transition_is_our_error() -> None:
    """Delivering before the connection is open cannot be."""
    with pytest.raises(LocalProtocolError):
        advance(StreamState.CONNECTING, StreamSignal.DELIVERED)


def test_closed_is_for_ever() -> None:
    """Nothing that comes late revives a stream."""
    for signal in (StreamSignal.BEHIND, StreamSignal.DELIVERED, StreamSignal.LOST):
        assert advance(StreamState.CLOSED, signal) is StreamState.CLOSED


def test_a_counter_tells_next_past_and_ahead() -> None:
    """It begins wherever the first message is, and goes on after a gap."""
    continuity = Continuity()

    places = [continuity.take(number) for number in (7, 8, 8, 3, 11, 12, 11)]

    assert places == [
        *(Place.NEXT, Place.NEXT, Place.PAST, Place.PAST),
        *(Place.AHEAD, Place.NEXT, Place.PAST),
    ]


def test_the_first_message_is_sent_at_once_and_the_next_after_its_time() -> None:
    """Eight a second are 125 ms apart."""
    pacer = Pacer(8)

    assert pacer.may_send(1)
    pacer.sent(1)
    assert not pacer.may_send(125_000_000)
    assert pacer.may_send(125_000_001)


def test_the_earliest_of_no_times_is_none() -> None:
    """Deadlines that are not set do not count."""
    assert earliest(None, None) is None
    assert earliest(None, 5, 3) == 3
