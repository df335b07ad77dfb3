"""What the sessions of any exchange share: a stream's states and end, its counter, its pace.

All of it is pure: the clock comes in as a number.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from venuetree.protocol.book import Book
from venuetree.protocol.building import blank
from venuetree.protocol.errors import LocalProtocolError
from venuetree.protocol.events import BookChanged, BookSnapshot, BookUpdated
from venuetree.protocol.port import Close
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "TRANSITIONS",
    "Continuity",
    "Life",
    "Pacer",
    "Place",
    "StreamSignal",
    "StreamState",
    "advance",
    "book_updated",
    "earliest",
]

_blank_update: Final = blank(BookUpdated)


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


#: An enum's members are slow to look up by their names, and this is asked after each frame.
_CONNECTING: Final = StreamState.CONNECTING
_CLOSED: Final = StreamState.CLOSED


def advance(state: StreamState, signal: StreamSignal) -> StreamState:
    """The state that follows; `LocalProtocolError` if the table has none."""
    following = TRANSITIONS[state].get(signal)
    if following is None:
        message = f"a stream that is {state.value} cannot be {signal.value}"
        raise LocalProtocolError(message, operation="stream")
    return following


class Life:
    """A connection's states, from its opening to its end, and the reason for that end."""

    __slots__ = ("_close", "_is_close_told", "_state")

    def __init__(self) -> None:
        self._state = StreamState.CONNECTING
        self._close: Close | None = None
        self._is_close_told = False

    @property
    def is_open(self) -> bool:
        """Whether it stands and has not been given up."""
        state = self._state
        return state is not _CONNECTING and state is not _CLOSED

    @property
    def is_live(self) -> bool:
        """Whether all that is wanted is being delivered."""
        return self._state is StreamState.LIVE

    @property
    def is_given_up(self) -> bool:
        """Whether we are done with it."""
        return self._close is not None

    @property
    def has_close(self) -> bool:
        """Whether its end is still to be told."""
        return self._close is not None and not self._is_close_told

    def opened(self) -> None:
        """It stands."""
        self._state = advance(self._state, StreamSignal.OPENED)

    def judged(self, *, is_delivered: bool) -> None:
        """Whether all that is wanted is being delivered now."""
        if self.is_open:
            signal = StreamSignal.DELIVERED if is_delivered else StreamSignal.BEHIND
            self._state = advance(self._state, signal)

    def give_up(self, reason: str) -> None:
        """We are done with it; the first reason counts."""
        if self._close is None:
            self._close = Close(reason)
            self._state = advance(self._state, StreamSignal.GIVEN_UP)

    def take_close(self) -> Close | None:
        """Its end, to be told once."""
        if self._is_close_told:
            return None
        self._is_close_told = self._close is not None
        return self._close

    def lost(self) -> None:
        """It is gone."""
        self._state = advance(self._state, StreamSignal.LOST)


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


def book_updated(
    exchange: str, book: Book, event: BookChanged | BookSnapshot, now_ns: int
) -> BookUpdated:
    """The news that `event` has changed a book in step."""
    told = _blank_update()
    told.exchange = exchange
    told.instrument = book.instrument
    told.book = book
    told.changes = event.changes if event.__class__ is BookChanged else ()
    told.exchange_time_ns = event.exchange_time_ns
    told.received_time_ns = now_ns
    told.skipped = 0
    told.__class__ = BookUpdated
    return told  # type: ignore[no-any-return]  # a twin no more


def earliest(*times_ns: int | None) -> int | None:
    """The earliest of the times that are set; None if none is."""
    return min((time for time in times_ns if time is not None), default=None)
