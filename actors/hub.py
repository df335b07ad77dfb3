"""Where an exchange's events meet its subscribers; outlives every stream.

The hub is a plain table, owned by the exchange's tree and used from its one thread: the readers
write, the handle adds and removes feeds. It holds what must survive a restart: who wants what,
which connection carries it, and the books as last seen. A new incarnation of a reader asks it
for its subscriptions, so nobody has to replay anything to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from venuetree.actors.feed import AccountFeed, MarketFeed
from venuetree.protocol.book import BookView
from venuetree.protocol.events import (
    AccountEvent,
    AccountNotice,
    AggregateTradePrinted,
    BestPricesChanged,
    BookInStep,
    BookStale,
    BookTopChanged,
    BookUpdated,
    CandleChanged,
    InstrumentStatusChanged,
    QuoteChanged,
    SequenceGap,
    StreamConnected,
    StreamDisconnected,
    StreamEnding,
    StreamErrorReported,
    TickerChanged,
    TopicStalled,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.port import SessionEvent, StreamLimits, Subscription
from venuetree.protocol.shards import place_subscriptions

__all__ = ["Hub"]

#: Which topic an event belongs to; those absent go to every feed of their stream.
_TOPIC_EVENTS: Mapping[type, tuple[Topic, ...]] = {
    TradePrinted: (Topic.TRADES,),
    AggregateTradePrinted: (Topic.AGGREGATE_TRADES,),
    BestPricesChanged: (Topic.BEST_PRICES,),
    BookTopChanged: (Topic.BOOK_TOP,),
    TickerChanged: (Topic.TICKER, Topic.TICKER_BATCH),
    QuoteChanged: (Topic.QUOTES,),
    BookUpdated: (Topic.BOOK,),
    BookStale: (Topic.BOOK,),
    CandleChanged: (Topic.CANDLES,),
    InstrumentStatusChanged: (Topic.STATUS,),
}


class Hub:
    """Feeds, wanted subscriptions, their connections, and the books of one exchange."""

    def __init__(
        self, *, limits: StreamLimits, note: Callable[[SessionEvent], None] = lambda _: None
    ) -> None:
        """`note` is called with what a stream says that is no subscriber's to hear."""
        self._limits = limits
        self._note = note
        self._feeds: dict[MarketFeed, frozenset[Subscription]] = {}
        self._accounts: list[AccountFeed] = []
        self._placed: dict[Subscription, int] = {}
        self._routes: dict[tuple[type, str], tuple[MarketFeed, ...]] = {}
        self._books: dict[str, BookInStep] = {}
        self._connected: dict[str, bool] = {}
        self._on_change: Callable[[], None] = lambda: None

    # ------------------------------------------------------------ wants

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call this whenever what a connection should carry has changed."""
        self._on_change = callback

    def add(self, feed: MarketFeed, subscriptions: Iterable[Subscription]) -> None:
        """Send a feed these from now on. A book in step is shown to it at once."""
        self._feeds[feed] = frozenset(subscriptions)
        self._replace()
        for subscription in sorted(self._feeds[feed]):
            if subscription.topic is Topic.BOOK:
                self._greet(feed, subscription.instrument)

    def remove(self, feed: MarketFeed) -> None:
        """Send a feed no more; what only it wanted is unsubscribed."""
        if self._feeds.pop(feed, None) is not None:
            self._replace()

    def wanted(self, shard: int) -> frozenset[Subscription]:
        """What the connection of this number should carry now."""
        return frozenset(sub for sub, number in self._placed.items() if number == shard)

    @property
    def shards(self) -> tuple[int, ...]:
        """The numbers of the connections that should be up."""
        return tuple(sorted(set(self._placed.values())))

    def _replace(self) -> None:
        wanted = frozenset().union(*self._feeds.values())
        before = self._placed
        self._placed = place_subscriptions(wanted, before, self._limits)
        self._routes.clear()
        for subscription in before.keys() - self._placed.keys():
            if subscription.topic is Topic.BOOK:
                self._books.pop(subscription.instrument, None)
        if before != self._placed:
            self._on_change()

    # ------------------------------------------------------------ events

    def publish(self, events: Sequence[SessionEvent], *, shard: int | None = None) -> None:
        """Hand a batch of one stream's events to whoever wants them; never waits.

        Args:
            events: in the order they were said; what no feed wants is left out.
            shard: the market connection they came by, for events about the stream itself.
        """
        routes = self._routes
        for event in events:
            try:
                feeds = routes[event.__class__, event.instrument]  # type: ignore[union-attr]
            except (KeyError, AttributeError):
                feeds = self._route(event, shard)
            for feed in feeds:
                feed.put(event)  # type: ignore[arg-type]

    def _route(self, event: SessionEvent, shard: int | None) -> tuple[MarketFeed, ...]:
        """Who gets an event; remembered where the next of its kind goes the same way."""
        match event:
            case StreamConnected() | StreamDisconnected():
                self._connected[event.stream] = isinstance(event, StreamConnected)
                return self._feeds_of(shard)
            case TopicStalled():
                return self._feeds_for(event.instrument, (event.topic,))
            case BookInStep():
                # Not remembered: each may bring another book object than the one before.
                self._books[event.instrument] = event
                return self._feeds_for(event.instrument, (Topic.BOOK,))
            case (
                StreamErrorReported()
                | StreamEnding()
                | UnknownMessage()
                | SequenceGap()
                | AccountNotice()
            ):
                self._note(event)
                return ()
        topics = _TOPIC_EVENTS.get(type(event))
        instrument: str | None = getattr(event, "instrument", None)
        if topics is None or instrument is None:
            return ()
        feeds = self._feeds_for(instrument, topics)
        self._routes[type(event), instrument] = feeds
        return feeds

    def publish_account(self, events: Iterable[AccountEvent]) -> None:
        """Hand account events to every account feed."""
        for event in events:
            for feed in tuple(self._accounts):
                feed.put(event)

    def add_account(self, feed: AccountFeed) -> None:
        """Send a feed every account event from now on."""
        self._accounts.append(feed)

    def remove_account(self, feed: AccountFeed) -> None:
        """Send it no more."""
        if feed in self._accounts:
            self._accounts.remove(feed)

    def end(self, error: BaseException) -> None:
        """The exchange has ended for good: every feed gets what it has, then `error`."""
        for feed in self._feeds:
            feed.end(error)
        for account in tuple(self._accounts):
            account.end(error)

    # ------------------------------------------------------------ reading

    def book(self, instrument: str) -> BookView | None:
        """The book as last seen, None if nobody subscribed to it or nothing has come."""
        last = self._books.get(instrument)
        return None if last is None else last.book

    def is_connected(self, stream: str) -> bool:
        """Whether a stream is up."""
        return self._connected.get(stream, False)

    @property
    def feeds(self) -> int:
        """How many market feeds there are."""
        return len(self._feeds)

    def _greet(self, feed: MarketFeed, instrument: str) -> None:
        last = self._books.get(instrument)
        if last is not None and last.book.in_step:
            feed.put(last)

    def _feeds_for(self, instrument: str, topics: tuple[Topic, ...]) -> tuple[MarketFeed, ...]:
        wanted = {Subscription(instrument, topic) for topic in topics}
        return tuple(feed for feed, has in self._feeds.items() if has & wanted)

    def _feeds_of(self, shard: int | None) -> tuple[MarketFeed, ...]:
        carried = frozenset() if shard is None else self.wanted(shard)
        return tuple(feed for feed, has in self._feeds.items() if has & carried)
