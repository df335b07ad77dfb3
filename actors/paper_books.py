"""The books that a paper exchange follows: those of its orders, and for a while after them."""

import math
from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

import anyio

from venuetree.actors.feed import MarketFeed
from venuetree.actors.hub import Hub
from venuetree.protocol.book import BookView
from venuetree.protocol.events import BookInStep, BookUpdated, FeedEvent, QuoteChanged
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Subscription

__all__ = ["PaperBooks"]

#: How long a book is still followed after the last order of its instrument has ended, in seconds:
#: the next order often comes soon, and finds it in step.
LINGER = 60.0


class PaperBooks:
    """A feed of the hub's, and what it has told.

    Attributes:
        feed: to be read by its owner, who gives each event to `news`.
    """

    def __init__(self, hub: Hub, topics: frozenset[Topic]) -> None:
        self.feed = MarketFeed(name="paper")
        self._hub = hub
        self._topics = {Topic.BOOK, Topic.QUOTES} & topics
        #: Until when (anyio's clock) each book is followed; for ever while it is needed.
        self._followed: dict[str, float] = {}
        self._needed: AbstractSet[str] = frozenset()
        self._waiting: Counter[str] = Counter()
        self._tradeable: dict[str, bool] = {}
        self._changed = anyio.Event()

    @property
    def followed(self) -> tuple[str, ...]:
        """The instruments whose books are followed."""
        return tuple(sorted(self._followed))

    def in_step(self, name: str) -> BookView | None:
        """A book by which orders may be matched; None if it is stale, or not dealt in."""
        book = self._hub.book(name)
        is_usable = book is not None and book.in_step and self._tradeable.get(name, True)
        return book if is_usable else None

    def news(self, event: FeedEvent) -> BookView | None:
        """Take in an event; the book that is to be matched because of it."""
        match event:
            case QuoteChanged(instrument=name, is_tradeable=is_tradeable):
                self._tradeable[name] = is_tradeable is not False
            case BookInStep(instrument=name) | BookUpdated(instrument=name):
                pass
            case _:
                return None
        book = self.in_step(name)
        if book is not None and self._waiting:
            changed, self._changed = self._changed, anyio.Event()
            changed.set()
        return book

    async def wait_for(self, name: str, seconds: float) -> BookView | None:
        """A book by which an order may be matched, waited for so long; None if there is none."""
        self._waiting[name] += 1
        self.follow(self._needed)
        try:
            with anyio.move_on_after(seconds):
                while self.in_step(name) is None:
                    await self._changed.wait()
        finally:
            self._waiting[name] -= 1
            self._waiting += Counter()  # without those that nobody waits for
            self.follow(self._needed)
        return self.in_step(name)

    def follow(self, needed: AbstractSet[str]) -> None:
        """Have these books, those that are waited for, and those needed a moment ago."""
        self._needed = needed
        wanted = needed | self._waiting.keys()
        before = set(self._followed)
        for name in wanted:
            self._followed[name] = math.inf
        for name in before - wanted:
            if self._followed[name] == math.inf:
                self._followed[name] = anyio.current_time() + LINGER
        if self._followed.keys() != before:
            self._subscribe(self._followed)

    def next_due(self) -> float:
        """When a book may be dropped next, on anyio's clock."""
        return min(self._followed.values(), default=math.inf)

    def drop_idle(self) -> None:
        """Follow no longer what nobody has needed for a while."""
        now = anyio.current_time()
        kept = {name: until for name, until in self._followed.items() if until > now}
        if kept.keys() != self._followed.keys():
            self._followed = kept
            self._tradeable = {n: told for n, told in self._tradeable.items() if n in kept}
            self._subscribe(kept)

    def leave(self) -> None:
        """Follow no book any more."""
        self._hub.remove(self.feed)

    def _subscribe(self, names: Iterable[str]) -> None:
        wanted = {Subscription(name, topic) for name in names for topic in self._topics}
        if wanted:
            self._hub.add(self.feed, wanted)
        else:
            self.leave()
