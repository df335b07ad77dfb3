"""One local order book, kept by the exchange's published rules.

The comments below carry the numbers of "How to manage a local order book correctly" ("Websocket
Market Streams"), in the refined form that the exchange's parent gives:

1. Subscribe to the changes and keep what comes; remember the first one's `U`.
2. Ask for a snapshot by REST.
3. If the snapshot's id is below the first `U` less one, it is too old: ask again.
4. Of what was kept, drop everything up to the snapshot's id.
5. The first change applied must cover the snapshot's id plus one: `U <= id + 1 <= u`.
6. Of later changes, those up to the book's id are repetitions; one that begins beyond the book's
   id plus one shows that others were lost: forget the book and begin anew. Else it is applied, and
   its `u` is the book's id.
7. Quantities are absolute; zero removes a level, and removing an absent one is normal.

Beside them, since markets here may be silent for minutes: a snapshot to which nothing was kept is
the book at once, with rule 5 for whatever comes next. And since no true book has its best bid
above its best ask, one that has is forgotten, too.

What the rules cannot see is a change that was lost with none after it. For that there is
`agrees_with`: whoever owns the book compares it with a snapshot now and then.
"""

from collections import deque
from enum import Enum
from typing import Final

from venuetree.protocol.book import Book
from venuetree.protocol.events import BookChanged, BookSnapshot

__all__ = ["BookSequencer", "Loaded", "Taken"]

#: Ours: changes come at most each 100 ms, so this is what comes in five minutes while snapshots
#: fail. Of more, the oldest go: then rule 3 asks for a snapshot that is newer than those.
KEPT_AT_MOST: Final = 3000


class Taken(Enum):
    """What became of a change."""

    APPLIED = "applied"
    #: For the snapshot that is to come.
    KEPT = "kept"
    #: It says nothing new.
    REPEATED = "repeated"
    #: Changes before it were lost: the book is stale and begins anew.
    GAP = "gap"
    #: It left the best bid above the best ask: the book is stale and begins anew.
    CROSSED = "crossed"


class Loaded(Enum):
    """What became of a snapshot."""

    IN_STEP = "in_step"
    #: Changes between it and the first one kept are unknown: ask for another.
    TOO_OLD = "too_old"
    #: Its best bid, or that of the changes kept for it, is above the best ask: ask for another.
    CROSSED = "crossed"
    #: The book was in step.
    UNNEEDED = "unneeded"


# What most changes are; an enum's members are slow to look up by their names.
_APPLIED: Final = Taken.APPLIED

_NUMBERLESS: Final = "a change of a book without its numbers"


class BookSequencer:
    """The book of one instrument, from the changes of one connection and snapshots by REST.

    Attributes:
        book: what is known; its `in_step` tells whether it is right.
    """

    __slots__ = ("_id", "_is_in_step", "_kept", "book")

    def __init__(self, instrument: str) -> None:
        self.book = Book(instrument)
        #: The book's id: the last change that it holds. Meaningless unless in step.
        self._id = 0
        self._is_in_step = False
        self._kept: deque[BookChanged] = deque(maxlen=KEPT_AT_MOST)

    @property
    def is_in_step(self) -> bool:
        """Whether the book equals the exchange's, as far as the rules can see."""
        return self._is_in_step

    @property
    def update_id(self) -> int:
        """The id of the last change that the book holds."""
        return self._id

    @property
    def has_kept(self) -> bool:
        """Whether changes wait for a snapshot."""
        return bool(self._kept)

    def take(self, change: BookChanged) -> Taken:
        """A change came; `TypeError` if it has no numbers."""
        # As `_span`, without the call: this is done some thousand times a second.
        first, last = change.first_update_id, change.last_update_id
        if first is None or last is None:
            raise TypeError(_NUMBERLESS)
        if not self._is_in_step:
            return self._keep(change, first, last)
        known = self._id
        if last <= known:
            return Taken.REPEATED  # rule 6
        if first > known + 1:
            self.restart()
            self._kept.append(change)  # rule 6, and with it rule 1 again
            return Taken.GAP
        # Rules 5 and 6: it begins no later than the book's next id. Rule 7 is the book's own.
        book = self.book
        book.apply(change.changes, last)
        self._id = last
        if book.is_crossed:
            self.restart()
            return Taken.CROSSED
        return _APPLIED

    def _keep(self, change: BookChanged, first: int, last: int) -> Taken:
        """Rule 1, so that what is kept has no gap in it."""
        if self._kept:
            _, known = _span(self._kept[-1])
            if last <= known:
                return Taken.REPEATED
            if first > known + 1:
                # No snapshot could bridge it but one that makes everything before it needless.
                self._kept.clear()
        self._kept.append(change)
        return Taken.KEPT

    def load(self, snapshot: BookSnapshot) -> Loaded:
        """A snapshot came, that was asked for after the changes had been subscribed."""
        if self._is_in_step:
            return Loaded.UNNEEDED
        known = _id_of(snapshot)
        if self._kept and known < _span(self._kept[0])[0] - 1:
            return Loaded.TOO_OLD  # rule 3
        book = self.book
        book.load(snapshot.bids, snapshot.asks, known)
        for change in self._kept:
            _, last = _span(change)
            if last <= known:
                continue  # rule 4
            # Rule 5 holds: by rule 3 for the first, and `_keep` lets no gap in after it.
            book.apply(change.changes, last)
            known = last
        self._kept.clear()
        self._id = known
        if book.is_crossed:
            self.restart()
            return Loaded.CROSSED
        self._is_in_step = True
        return Loaded.IN_STEP

    def restart(self) -> bool:
        """Forget the book, and begin anew with rule 1; True if it was in step until now."""
        self._is_in_step = False
        self._kept.clear()
        return self.book.mark_stale()

    def adopt(self, other: "BookSequencer") -> None:
        """Take the book of another connection, which is in step, and leave it an empty one.

        What comes here next goes on from there by rule 6.
        """
        self.book, other.book = other.book, Book(self.book.instrument)
        self._id, self._is_in_step = other.update_id, True
        self._kept.clear()
        other.restart()

    def agrees_with(self, snapshot: BookSnapshot, depth: int) -> bool:
        """Whether the book's best levels are the snapshot's, which has at most `depth` a side."""
        return all(
            # Of a side that the snapshot holds whole, one level more must not be there.
            tuple(ours(len(theirs) + (len(theirs) < depth))) == tuple(theirs)
            for ours, theirs in (
                (self.book.bids, snapshot.bids),
                (self.book.asks, snapshot.asks),
            )
        )


def _span(change: BookChanged) -> tuple[int, int]:
    """`U` and `u`; `TypeError` if the change has none."""
    first, last = change.first_update_id, change.last_update_id
    if first is None or last is None:
        raise TypeError(_NUMBERLESS)
    return first, last


def _id_of(snapshot: BookSnapshot) -> int:
    """`lastUpdateId`; `TypeError` if the snapshot has none."""
    if snapshot.last_update_id is None:
        message = "a snapshot of a book without its number"
        raise TypeError(message)
    return snapshot.last_update_id
