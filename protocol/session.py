"""What the sessions of any exchange share: a stream's states, its counter, its pace.

All of it is pure: the clock comes in as a number.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from venuetree.protocol.errors import LocalProtocolError
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "TRANSITIONS",
    "Continuity",
    "Pacer",
    "Place",
    "StreamSignal",
    "StreamState",
    "advance",
    "earliest",
]


class StreamState(Enum):
    """Where a connection's life is."""

    #: Not open yet.
    CONNECTING = "connecting"
    #: Open; what is wanted has not all been acknowledged and delivered yet.
    SUBSCRIBING = "subscribing"
    #: All that is wanted is being delivered.
    LIVE = "live"
    #: Some of it was, and must be had anew.
    RESYNCING = "resyncing"
    #: Over: given up by us, or gone.
    CLOSED = "closed"


class StreamSignal(Enum):
    """What moves a stream from state to state."""

    OPENED = "opened"
    #: Something is wanted that is not delivered (any more).
    BEHIND = "behind"
    #: Everything wanted is being delivered.
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    LOST = "lost"


#: What may follow what; an absent entry is an error of ours.
TRANSITIONS: Final[Mapping[StreamState, Mapping[StreamSignal, StreamState]]] = {
    StreamState.CONNECTING: {
        StreamSignal.OPENED: StreamState.SUBSCRIBING,
        StreamSignal.BEHIND: StreamState.CONNECTING,
        StreamSignal.LOST: StreamState.CLOSED,
    },
    StreamState.SUBSCRIBING: {
        StreamSignal.BEHIND: StreamState.SUBSCRIBING,
        StreamSignal.DELIVERED: StreamState.LIVE,
        StreamSignal.GIVEN_UP: StreamState.CLOSED,
        StreamSignal.LOST: StreamState.CLOSED,
    },
    StreamState.LIVE: {
        StreamSignal.BEHIND: StreamState.RESYNCING,
        StreamSignal.DELIVERED: StreamState.LIVE,
        StreamSignal.GIVEN_UP: StreamState.CLOSED,
        StreamSignal.LOST: StreamState.CLOSED,
    },
    StreamState.RESYNCING: {
        StreamSignal.BEHIND: StreamState.RESYNCING,
        StreamSignal.DELIVERED: StreamState.LIVE,
        StreamSignal.GIVEN_UP: StreamState.CLOSED,
        StreamSignal.LOST: StreamState.CLOSED,
    },
    StreamState.CLOSED: {
        # What is still read of a connection that was given up changes nothing.
        StreamSignal.BEHIND: StreamState.CLOSED,
        StreamSignal.DELIVERED: StreamState.CLOSED,
        StreamSignal.GIVEN_UP: StreamState.CLOSED,
        StreamSignal.LOST: StreamState.CLOSED,
    },
}


def advance(state: StreamState, signal: StreamSignal) -> StreamState:
    """The state that follows; `LocalProtocolError` if the table has none."""
    following = TRANSITIONS[state].get(signal)
    if following is None:
        message = f"a stream that is {state.value} cannot be {signal.value}"
        raise LocalProtocolError(message, operation="stream")
    return following


class Place(Enum):
    """Where a numbered message stands among those before it."""

    NEXT = "next"
    #: Seen before, or too late: to be ignored.
    PAST = "past"
    #: Messages before it are missing.
    AHEAD = "ahead"


class Continuity:
    """A counter that grows by one a message, beginning wherever the first one is."""

    __slots__ = ("expected",)

    def __init__(self) -> None:
        #: The number of the next message; None before the first.
        self.expected: int | None = None

    def take(self, number: int) -> Place:
        """Where `number` stands; after a gap the count goes on from it."""
        expected = self.expected
        if expected is not None and number < expected:
            return Place.PAST
        self.expected = number + 1
        return Place.NEXT if expected is None or number == expected else Place.AHEAD


class Pacer:
    """At most so many messages a second; the first at once."""

    __slots__ = ("_interval_ns", "ready_ns")

    def __init__(self, messages_per_second: int) -> None:
        self._interval_ns = SECOND // messages_per_second
        #: From when the next message may be sent.
        self.ready_ns = 0

    def may_send(self, now_ns: int) -> bool:
        """Whether it is time."""
        return now_ns >= self.ready_ns

    def sent(self, now_ns: int) -> None:
        """A message left now."""
        self.ready_ns = now_ns + self._interval_ns

    def hold(self, until_ns: int) -> None:
        """Send nothing before then."""
        self.ready_ns = max(self.ready_ns, until_ns)


def earliest(*times_ns: int | None) -> int | None:
    """The earliest of the times that are set; None if none is."""
    return min((time for time in times_ns if time is not None), default=None)
