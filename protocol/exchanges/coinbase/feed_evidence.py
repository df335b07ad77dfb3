"""What the older feed lets us know about one product, beside the data itself.

Its books carry no number. What is numbered, and proves something:

1. `trade_id` grows by one a trade. A jump between two matches is a loss; so is a heartbeat's
   `last_trade_id` that no match had reached when the *next* heartbeat came. (The two channels
   are fed apart, so a heartbeat may run ahead of a match by moments, but not by its own second.)
2. `sequence` grows with each event of the order book. Matches, tickers and heartbeats show only
   some of them, so that jumps mean nothing; but a lower one than before is late or a repetition,
   and an unchanged one proves that a silent book had nothing to say.
3. A book's changes are stamped in order. An older stamp means that frames were swapped or
   repeated, and which of the two cannot be told.
"""

from attrs import frozen

from venuetree.protocol.session import Continuity, Place

__all__ = ["Beat", "Evidence", "Lost", "counter"]

#: No counter of theirs has more digits.
_DIGITS_AT_MOST = 19


def counter(value: object) -> int | None:
    """A counter, an integer or digits; None for anything else, which then proves nothing."""
    if type(value) is int:
        return value
    if type(value) is str and value.isascii() and value.isdigit():
        return int(value) if len(value) <= _DIGITS_AT_MOST else None
    return None


@frozen
class Lost:
    """Trades are missing: from `expected` on, before `received`."""

    expected: int
    received: int


@frozen
class Beat:
    """What a heartbeat proves."""

    lost: Lost | None = None
    #: Nothing happened to the book since the heartbeat before.
    is_book_quiet: bool = False
    #: Nobody traded since then.
    is_trade_quiet: bool = False


class Evidence:
    """One product's counters on one connection."""

    __slots__ = (
        "_announced",
        "_book_time_ns",
        "_sequence",
        "_ticker_sequence",
        "_trades",
        "beat_ns",
    )

    def __init__(self) -> None:
        #: When the last heartbeat came; None while none is due.
        self.beat_ns: int | None = None
        #: Of the last heartbeat.
        self._sequence: int | None = None
        self._announced: int | None = None
        self._ticker_sequence: int | None = None
        self._trades = Continuity()
        self._book_time_ns: int | None = None

    def watch(self, now_ns: int) -> None:
        """Heartbeats are due from now on."""
        if self.beat_ns is None:
            self.beat_ns = now_ns

    def beat(self, sequence: int | None, last_trade_id: int | None, now_ns: int) -> Beat | None:
        """A heartbeat came; None if it is late or repeats an older one, and proves nothing.

        If the exchange's counter ever began anew, no heartbeat would count any more, and the
        connection would be given up as silent: a new one begins a new count.
        """
        before, announced = self._sequence, self._announced
        if sequence is not None and before is not None and sequence < before:
            return None
        self.beat_ns = now_ns
        self._sequence, self._announced = sequence, last_trade_id
        expected = self._trades.expected
        lost = None
        if expected is not None and announced is not None and announced >= expected:
            lost = Lost(expected, announced + 1)
            self._trades.expected = announced + 1
        return Beat(
            lost,
            is_book_quiet=sequence is not None and sequence == before,
            is_trade_quiet=last_trade_id is not None and last_trade_id == announced,
        )

    def trade(self, trade_id: int | None) -> tuple[Place, Lost | None]:
        """Where a match stands among those before it."""
        if trade_id is None:
            return Place.NEXT, None
        expected = self._trades.expected
        place = self._trades.take(trade_id)
        if place is Place.AHEAD and expected is not None:
            return place, Lost(expected, trade_id)
        return place, None

    def forget_trades(self) -> None:
        """Matches were (un)subscribed: their count begins wherever the next one is."""
        self._trades = Continuity()
        self._announced = None

    def ticker(self, sequence: int | None) -> bool:
        """Whether a ticker is no older than the one before."""
        before = self._ticker_sequence
        if sequence is None:
            return True
        if before is not None and sequence < before:
            return False
        self._ticker_sequence = sequence
        return True

    def forget_book(self) -> None:
        """A snapshot came: changes are counted from it on."""
        self._book_time_ns = None

    def book(self, time_ns: int | None) -> bool:
        """Whether a change is no older than the one before."""
        before = self._book_time_ns
        if time_ns is None:
            return True
        if before is not None and time_ns < before:
            return False
        self._book_time_ns = time_ns
        return True
