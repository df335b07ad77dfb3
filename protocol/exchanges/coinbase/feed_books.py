"""The books of one connection of the older feed: loaded, changed, doubted, begun anew."""

from collections.abc import Iterable

from venuetree.protocol.book import Book
from venuetree.protocol.events import (
    BookChanged,
    BookInStep,
    BookSnapshot,
    BookStale,
    BookUpdated,
    StaleReason,
)
from venuetree.protocol.exchanges.coinbase.connection import Connection
from venuetree.protocol.exchanges.coinbase.feed_channels import LEVEL2
from venuetree.protocol.exchanges.coinbase.feed_evidence import Evidence
from venuetree.protocol.exchanges.coinbase.profile import FORGIVEN_AFTER_NS, RENEWALS_AT_MOST
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.silence import Silence
from venuetree.protocol.port import SessionEvent

__all__ = ["FeedBooks"]


class FeedBooks:
    """The books, and how often each had to be begun anew."""

    def __init__(self, connection: Connection, silence: Silence) -> None:
        self._connection = connection
        self._subscriptions = connection.subscriptions
        self._silence = silence
        self._books: dict[str, Book] = {}
        #: How often in a row each book was renewed, and when last.
        self._renewals: dict[str, tuple[int, int]] = {}
        #: When the last snapshot came, in nanoseconds.
        self.snapshot_ns = 0

    def want(self, names: Iterable[str]) -> None:
        """From now on these and no others."""
        wanted = set(names)
        for name in self._books.keys() - wanted:
            del self._books[name]
        for name in sorted(wanted - self._books.keys()):
            self._books[name] = Book(name)
            # Wanted again before it was left: the new book needs a snapshot of its own.
            self._subscriptions.renew((LEVEL2, name))

    @property
    def is_delivered(self) -> bool:
        """Whether every book whose subscription is in force is in step."""
        return all(
            self._books[name].in_step
            for channel, name in self._subscriptions.live()
            if channel == LEVEL2 and name in self._books
        )

    def take(
        self, event: BookChanged | BookSnapshot, evidence: Evidence, now_ns: int
    ) -> list[SessionEvent]:
        """Load or apply it; the book is stale if what results cannot be right."""
        book = self._books[event.instrument]
        was_in_step = book.in_step
        if isinstance(event, BookChanged):
            if not was_in_step:
                return []
            if not evidence.book(event.exchange_time_ns):
                return self.doubt(event.instrument, StaleReason.GAP, now_ns)
            book.apply(event.changes)
        elif self._may_load(event.instrument):
            self.snapshot_ns = now_ns
            evidence.forget_book()
            book.load(event.bids, event.asks)
        else:
            return []
        if book.is_crossed:
            book.mark_stale()
            self._renew(event.instrument, StaleReason.CROSSED, now_ns)
            stale = BookStale(NAME, event.instrument, StaleReason.CROSSED, now_ns)
            # A crossed snapshot of a book that was stale already is no news.
            return [stale] if was_in_step else []
        self._silence.heard((LEVEL2, event.instrument), now_ns)
        if not was_in_step:
            return [BookInStep(NAME, event.instrument, book, now_ns, event.exchange_time_ns)]
        changes = event.changes if isinstance(event, BookChanged) else ()
        return [BookUpdated(NAME, event.instrument, book, changes, event.exchange_time_ns, now_ns)]

    def _may_load(self, name: str) -> bool:
        """Whether changes will follow a snapshot: not while its subscription is being ended."""
        return self._connection.is_open and self._subscriptions.is_delivering((LEVEL2, name))

    def doubt(self, name: str, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """It may be wrong: stale, and its subscription begun anew. One that is stale waits on."""
        book = self._books.get(name)
        if book is None or not book.mark_stale():
            return []
        self._renew(name, reason, now_ns)
        return [BookStale(NAME, name, reason, now_ns)]

    def overdue(self, name: str, now_ns: int) -> list[SessionEvent]:
        """Nothing came for too long, perhaps not even its snapshot: begun anew in any case."""
        book = self._books.get(name)
        if book is None:
            return []
        was_in_step = book.mark_stale()
        self._renew(name, StaleReason.STALLED, now_ns)
        return [BookStale(NAME, name, StaleReason.STALLED, now_ns)] if was_in_step else []

    def refuse(self, name: str, now_ns: int) -> list[SessionEvent]:
        """The exchange does not give it."""
        if name not in self._books:
            return []
        self._books[name].mark_stale()
        return [BookStale(NAME, name, StaleReason.REFUSED, now_ns)]

    def all_stale(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """Every book that was in step is so no more."""
        return [
            BookStale(NAME, name, reason, now_ns)
            for name, book in self._books.items()
            if book.mark_stale()
        ]

    def _renew(self, name: str, reason: StaleReason, now_ns: int) -> None:
        """Begin its subscription anew; too often in a row, and the connection is given up."""
        key = (LEVEL2, name)
        self._subscriptions.renew(key)
        self._silence.asked(key, now_ns)
        count, last_ns = self._renewals.get(name, (0, now_ns))
        count = 1 if now_ns - last_ns > FORGIVEN_AFTER_NS else count + 1
        self._renewals[name] = count, now_ns
        if count > RENEWALS_AT_MOST and self._connection.is_open:
            self._connection.give_up(f"the book of {name} cannot be kept: {reason.value}")
