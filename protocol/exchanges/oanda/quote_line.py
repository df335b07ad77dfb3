"""What was told of one instrument's quotes, in the form in which each topic wants them.

Each quote is whole: the ladder that it brings replaces the one before. Lines have no numbers, so
of two that changed places only their times tell: the older one is no news. The book is kept only
while somebody wants it.
"""

from decimal import Decimal
from typing import Final

from venuetree.protocol.book import Book, BookView
from venuetree.protocol.events import (
    BookChange,
    BookChanged,
    BookInStep,
    BookStale,
    QuoteChanged,
    StaleReason,
)
from venuetree.protocol.exchanges.oanda.quotes import best_of, status_of, ticker_of, top_of
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.models import Level, Side, Topic
from venuetree.protocol.port import SessionEvent
from venuetree.protocol.session import book_updated
from venuetree.protocol.timestamps import SECOND

__all__ = ["QuoteLine"]

_ZERO: Final = Decimal(0)
#: Ours: lines change places within moments. A price that is older by more was not overtaken: the
#: exchange's clock was set back, and to wait until it has caught up would silence the instrument.
_OVERTAKEN_WITHIN_NS: Final = 10 * SECOND


class QuoteLine:
    """One instrument's quotes.

    Attributes:
        last: the newest that was told, None before the first.
        heard_ns: when it came, our clock.
    """

    __slots__ = ("_status", "book", "heard_ns", "last")

    def __init__(self, instrument: str) -> None:
        self.book = Book(instrument)
        self.last: QuoteChanged | None = None
        self.heard_ns = 0
        self._status: tuple[bool | None, str] | None = None

    def tell(self, told: QuoteChanged, topics: frozenset[Topic], now_ns: int) -> list[SessionEvent]:
        """What a quote is to those who want the instrument's; nothing if it is no news."""
        if self.last is not None and _is_overtaken(told, self.last):
            return []
        before, self.last, self.heard_ns = self.last, told, now_ns
        status = (told.is_tradeable, told.status)
        is_new_status, self._status = status != self._status, status
        events: list[SessionEvent] = []
        if is_new_status and Topic.STATUS in topics:
            events.append(status_of(told))
        if Topic.QUOTES in topics:
            events.append(told)
        if Topic.TICKER in topics:
            events.append(ticker_of(told))
        if Topic.BOOK in topics:
            events += self._load(told, now_ns)
        if Topic.BOOK_TOP in topics:
            events.append(top_of(told))
        if Topic.BEST_PRICES in topics and (before is None or _best(before) != _best(told)):
            events.append(best_of(told))
        return events

    def greet(self, topics: frozenset[Topic]) -> list[SessionEvent]:
        """What is known already, to whoever wants it only now."""
        last = self.last
        if last is None:
            return []
        # What is in the book may be of a time when somebody wanted it; the rest is new to them.
        if Topic.BOOK in topics:
            self.book.mark_stale()
        self.last, self._status = None, None
        return self.tell(last, topics, self.heard_ns)

    def _load(self, told: QuoteChanged, now_ns: int) -> list[SessionEvent]:
        """The whole ladder into the book."""
        name, time_ns = told.instrument, told.exchange_time_ns
        was_in_step = self.book.in_step
        changes = _changes(self.book, told) if was_in_step else ()
        self.book.load(told.bids, told.asks)
        if self.book.is_crossed:
            self.book.mark_stale()
            if not was_in_step:
                return []
            return [BookStale(NAME, name, StaleReason.CROSSED, now_ns, time_ns)]
        if not was_in_step:
            return [BookInStep(NAME, name, self.book, now_ns, time_ns)]
        changed = BookChanged(NAME, name, changes, time_ns, now_ns)
        return [book_updated(NAME, self.book, changed, now_ns)]


def _is_overtaken(told: QuoteChanged, last: QuoteChanged) -> bool:
    """Whether a price comes after a newer one. A halt counts whatever its time.

    To wait for the next price costs less than to trade into a halt.
    """
    if told.is_tradeable is False or told.exchange_time_ns is None or last.exchange_time_ns is None:
        return False
    return 0 < last.exchange_time_ns - told.exchange_time_ns <= _OVERTAKEN_WITHIN_NS


def _best(told: QuoteChanged) -> tuple[Level | None, Level | None]:
    return (told.bids[0] if told.bids else None, told.asks[0] if told.asks else None)


def _changes(book: BookView, told: QuoteChanged) -> tuple[BookChange, ...]:
    """What makes the ladder that a book holds the one that was told."""
    changes: list[BookChange] = []
    for side, levels, after in (
        (Side.BUY, book.bids(), told.bids),
        (Side.SELL, book.asks(), told.asks),
    ):
        there = dict(levels)
        for price, quantity in after:
            if there.pop(price, None) != quantity:
                changes.append(BookChange(side, price, quantity))
        changes += [BookChange(side, price, _ZERO) for price in there]
    return tuple(changes)
