"""What a slow consumer gets: a subscriber's channel that never grows and never lies.

Strategy. A feed is a queue of events with a fixed capacity. While it has room, every event goes
in, each book update with its changes. Once it is full the feed *lags*: nothing more is queued
until the consumer has emptied the queue. What arrives meanwhile is folded into one latest state
for each thing that has a state (a book, a ticker, a candle, a stream), and counted for what has
none (trades). When the queue is empty the consumer is told, at the place in time where it
happened, what was left out (`Dropped`), and then gets the latest states. So memory is bounded by
the capacity and the number of instruments, order is kept, and nothing is lost in silence.

A memory channel of anyio cannot fold its items and checkpoints once an item, which is the dearest
step of the whole way (`benchmarks/` measures it); hence a deque and an event. The
consumer is suspended only when there is nothing to give, and after each burst of events, so that
a flood does not starve the other tasks.
"""

from collections import deque
from collections.abc import Callable
from typing import Self

import anyio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled
from attrs import evolve

from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import (
    AccountEvent,
    AggregateTradePrinted,
    BestPricesChanged,
    BookInStep,
    BookStale,
    BookTopChanged,
    BookUpdated,
    CandleChanged,
    Dropped,
    FeedEvent,
    InstrumentStatusChanged,
    QuoteChanged,
    StreamConnected,
    StreamDisconnected,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.models import Topic

__all__ = ["AccountFeed", "FeedEnded", "MarketFeed", "SubscriberTooSlow"]

#: Events delivered in a row, at least, before the consumer lets other tasks run.
BURST = 256


class SubscriberTooSlow(EngineError):
    """An account subscriber let its channel fill up; its events must not be dropped, so it ends."""

    remedy = (
        "Consume faster or give the channel more room; read the orders anew and subscribe again"
    )


class FeedEnded(EngineError):
    """The exchange's tree has ended for good while the feed was open."""

    remedy = "Read the cause; start the exchange again and subscribe again"


class MarketFeed:
    """One subscriber's market data: an asynchronous iterator of `FeedEvent`s.

    One consumer at a time. Cancelling it loses nothing: an event is taken only when it is given.
    """

    __slots__ = ("_arrived", "_burst", "_capacity", "_end", "_late", "_queue", "_waiting", "name")

    def __init__(self, *, capacity: int = 4096, name: str = "") -> None:
        self.name = name
        self._capacity = capacity
        self._queue: deque[FeedEvent] = deque()
        self._late: _Late | None = None
        self._arrived = anyio.Event()
        self._waiting = False
        self._burst = BURST
        self._end: BaseException | None = None

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._queue)

    @property
    def is_lagging(self) -> bool:
        """Whether events are being folded because the consumer is behind."""
        return self._late is not None

    def put(self, event: FeedEvent) -> None:
        """Take an event in; never waits, never fails."""
        if self._late is None:
            if len(self._queue) < self._capacity:
                self._queue.append(event)
                if self._waiting:
                    self._waiting = False
                    self._arrived.set()
                return
            self._late = _Late()
        self._late.fold(event)

    def end(self, error: BaseException) -> None:
        """No more will come: the consumer gets what is queued, then `error`."""
        if self._end is None:
            self._end = error
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> FeedEvent:
        """The next event.

        Raises:
            FeedEnded: the exchange's tree ended for good.
        """
        queue = self._queue
        while not queue:
            if self._late is not None:
                queue.extend(self._late.unfold())
                self._late = None
                continue
            if self._end is not None:
                raise self._end
            # On asyncio a wait that a flood ends in every turn of the loop is never seen waiting by
            # a cancellation, which would come only when the flood has ended.
            await checkpoint_if_cancelled()
            self._arrived = anyio.Event()
            self._waiting = True
            try:
                await self._arrived.wait()
            finally:
                self._waiting = False
            self._burst = max(BURST, len(queue))
        self._burst -= 1
        if self._burst < 0:
            # Others run; then all that waits by now may be taken in a row, or a reader that puts
            # in more at a time than we take would make a quick consumer lag.
            await checkpoint()
            self._burst = max(BURST, len(queue))
        return queue.popleft()


#: What is told to be left out where events of these kinds are.
_TOPICS = {
    TradePrinted: Topic.TRADES,
    AggregateTradePrinted: Topic.AGGREGATE_TRADES,
    TickerChanged: Topic.TICKER,
    BestPricesChanged: Topic.BEST_PRICES,
    BookTopChanged: Topic.BOOK_TOP,
    QuoteChanged: Topic.QUOTES,
}


class _Late:
    """The latest states and the counts of what a lagging consumer has not seen."""

    __slots__ = ("_books", "_dropped", "_latest")

    def __init__(self) -> None:
        self._books: dict[tuple[str, str], _LateBook] = {}
        self._latest: dict[object, FeedEvent] = {}
        self._dropped: dict[tuple[str, str, Topic], tuple[int, int]] = {}

    def fold(self, event: FeedEvent) -> None:
        """Keep what is new of the event's thing, count what is lost."""
        match event:
            case TradePrinted() | AggregateTradePrinted():
                topic = _TOPICS[type(event)]
                self._count(event.exchange, event.instrument, topic, event.received_time_ns)
            case Dropped():
                self._count(
                    event.exchange,
                    event.instrument,
                    event.topic,
                    event.received_time_ns,
                    event.count,
                )
            case BookUpdated() | BookStale() | BookInStep():
                key = (event.exchange, event.instrument)
                self._books.setdefault(key, _LateBook()).fold(event)
            case TickerChanged() | BestPricesChanged() | BookTopChanged() | QuoteChanged():
                self._replace(_TOPICS[type(event)], event)
            case CandleChanged():
                self._latest[event.exchange, event.instrument, event.candle.start_time_ns] = event
            case InstrumentStatusChanged():
                self._latest[event.exchange, event.instrument, Topic.STATUS] = event
            case TopicStalled():
                self._latest[event.exchange, event.instrument, "stalled", event.topic] = event
            case StreamConnected() | StreamDisconnected():
                key2 = (event.exchange, event.stream)
                # Re-inserted, so that it comes after what it followed.
                self._latest.pop(key2, None)
                self._latest[key2] = event

    def _replace(
        self,
        topic: Topic,
        event: TickerChanged | BestPricesChanged | BookTopChanged | QuoteChanged,
    ) -> None:
        """The newest of a state that each event tells whole; the one before is counted as lost."""
        key = (event.exchange, event.instrument, topic)
        if self._latest.pop(key, None) is not None:
            self._count(*key, event.received_time_ns)
        self._latest[key] = event

    def _count(self, exchange: str, name: str, topic: Topic, time_ns: int, count: int = 1) -> None:
        total, _ = self._dropped.get((exchange, name, topic), (0, 0))
        self._dropped[exchange, name, topic] = (total + count, time_ns)

    def unfold(self) -> list[FeedEvent]:
        """What the consumer is to see: the losses first, then the states."""
        events: list[FeedEvent] = [
            Dropped(exchange, name, topic, count, time_ns)
            for (exchange, name, topic), (count, time_ns) in self._dropped.items()
        ]
        events.extend(self._latest.values())
        for book in self._books.values():
            events.extend(book.unfold())
        return events


class _LateBook:
    """A book's news while the consumer lagged: was it ever stale, is it in step, what is newest."""

    __slots__ = ("_in_step", "_merged", "_stale", "_update")

    def __init__(self) -> None:
        self._stale: BookStale | None = None
        self._in_step: BookInStep | None = None
        self._update: BookUpdated | None = None
        self._merged = 0

    def fold(self, event: BookUpdated | BookStale | BookInStep) -> None:
        """Newer replaces older; going stale voids what came before."""
        match event:
            case BookStale():
                self._stale, self._in_step, self._update = event, None, None
            case BookInStep():
                self._in_step = event
            case BookUpdated():
                self._merged += 1 + event.skipped
                self._update = event

    def unfold(self) -> list[FeedEvent]:
        """Stale (if ever), in step (if again), and the newest update with what it stands for."""
        events: list[FeedEvent] = []
        if self._stale is not None:
            events.append(self._stale)
        if self._in_step is not None:
            events.append(self._in_step)
        if self._update is not None:
            events.append(evolve(self._update, changes=(), skipped=self._merged - 1))
        return events


class AccountFeed:
    """One subscriber's account events: none is ever dropped.

    A subscriber that lets `capacity` events pile up gets those, then `SubscriberTooSlow`.
    """

    __slots__ = ("_arrived", "_capacity", "_end", "_queue", "_release")

    def __init__(
        self, *, capacity: int = 4096, release: Callable[["AccountFeed"], None] | None = None
    ) -> None:
        self._capacity = capacity
        self._queue: deque[AccountEvent] = deque()
        self._arrived = anyio.Event()
        self._end: BaseException | None = None
        self._release = release

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._queue)

    def put(self, event: AccountEvent) -> None:
        """Take an event in; a full channel ends, loudly, at its consumer."""
        if self._end is not None:
            return
        if len(self._queue) >= self._capacity:
            self.end(
                SubscriberTooSlow(
                    f"{self._capacity} account events wait unread; later ones were not queued",
                    exchange=event.exchange,
                    operation="account events",
                )
            )
            if self._release is not None:
                self._release(self)
            return
        self._queue.append(event)
        self._arrived.set()

    def end(self, error: BaseException) -> None:
        """No more will come: the consumer gets what is queued, then `error`."""
        if self._end is None:
            self._end = error
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AccountEvent:
        """The next event.

        Raises:
            SubscriberTooSlow: events piled up; read the orders anew.
            FeedEnded: the exchange's tree ended for good.
        """
        while not self._queue:
            if self._end is not None:
                raise self._end
            self._arrived = anyio.Event()
            await self._arrived.wait()
        await checkpoint()
        return self._queue.popleft()
