"""Where events meet their subscribers."""

from decimal import Decimal

from venuetree.actors.feed import AccountFeed, FeedEnded, MarketFeed
from venuetree.actors.hub import Hub
from venuetree.protocol.book import Book
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    Heartbeat,
    QuoteChanged,
    SequenceGap,
    StaleReason,
    StreamConnected,
    StreamDisconnected,
    StreamErrorReported,
    TopicStalled,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.port import SessionEvent, StreamLimits, Subscription

TRADES = Subscription("A-USD", Topic.TRADES)
BOOK = Subscription("A-USD", Topic.BOOK)
OTHER = Subscription("B-USD", Topic.BOOK)


def hub() -> Hub:
    """Two books a connection."""
    return Hub(limits=StreamLimits(instruments={Topic.BOOK: 1}))


def trade(instrument: str = "A-USD") -> TradePrinted:
    """A public trade."""
    return TradePrinted("x", instrument, "1", Decimal(1), Decimal(1), Side.BUY, None, 0)


def test_each_feed_gets_what_it_asked_for_and_nothing_else() -> None:
    """By instrument and by topic."""
    table, trades, books = hub(), MarketFeed(), MarketFeed()
    table.add(trades, {TRADES})
    table.add(books, {BOOK, OTHER})
    book = Book("A-USD")
    in_step = BookInStep("x", "A-USD", book, 1)
    updated = BookUpdated("x", "A-USD", book, (), None, 2)
    table.publish([trade(), trade("B-USD"), in_step, updated, Heartbeat("x", 1, None, 3)])

    assert list(trades._queue) == [trade()]
    assert list(books._queue) == [in_step, updated]


def test_quotes_go_to_those_who_asked_for_quotes() -> None:
    """Not to those of the same instrument's ticker, nor of another one's quotes."""
    table, quotes, ticker, other = hub(), MarketFeed(), MarketFeed(), MarketFeed()
    table.add(quotes, {Subscription("A-USD", Topic.QUOTES)})
    table.add(ticker, {Subscription("A-USD", Topic.TICKER)})
    table.add(other, {Subscription("B-USD", Topic.QUOTES)})
    quote = QuoteChanged(
        exchange="x",
        instrument="A-USD",
        bids=(),
        asks=(),
        closeout_bid=None,
        closeout_ask=None,
        is_tradeable=False,
        status="",
        exchange_time_ns=None,
        received_time_ns=0,
    )
    table.publish([quote])

    assert list(quotes._queue) == [quote]
    assert (len(ticker), len(other)) == (0, 0)


def test_a_feed_that_comes_later_and_one_that_leaves_change_who_gets_what() -> None:
    """Routes are found anew whenever the feeds change."""
    table, first, second = hub(), MarketFeed(), MarketFeed()
    table.add(first, {TRADES})
    table.publish([trade()])
    table.add(second, {TRADES})
    table.publish([trade()])
    table.remove(first)
    table.publish([trade()])

    assert (len(first), len(second)) == (2, 2)


def test_what_happens_to_a_connection_is_told_to_those_it_carries() -> None:
    """Each book has a connection of its own here; the other's subscriber hears nothing."""
    table, first, second = hub(), MarketFeed(), MarketFeed()
    table.add(first, {BOOK})
    table.add(second, {OTHER})
    lost = StreamDisconnected("x", "market-0", "cut", 1)
    table.publish([StreamConnected("x", "market-0", 0)], shard=0)
    was_connected = table.is_connected("market-0")
    table.publish([lost], shard=0)

    assert was_connected
    assert not table.is_connected("market-0")
    assert list(first._queue) == [StreamConnected("x", "market-0", 0), lost]
    assert len(second) == 0
    assert table.shards == (0, 1)
    assert table.wanted(1) == {OTHER}


def test_a_stalled_topic_is_told_to_that_topics_subscribers() -> None:
    """Silence of trades is no news for a book's subscriber."""
    table, trades, books = hub(), MarketFeed(), MarketFeed()
    table.add(trades, {TRADES})
    table.add(books, {BOOK})
    for topic in (Topic.TRADES, Topic.BOOK):
        table.publish([TopicStalled("x", "A-USD", topic, 5, 9)])

    assert [event.topic for event in trades._queue if isinstance(event, TopicStalled)] == [
        Topic.TRADES
    ]
    assert [event.topic for event in books._queue if isinstance(event, TopicStalled)] == [
        Topic.BOOK
    ]


def test_a_newcomer_is_shown_a_book_in_step_and_not_a_stale_one() -> None:
    """A stale book is not shown as if it were right."""
    table, first = hub(), MarketFeed()
    table.add(first, {BOOK})
    book = Book("A-USD")
    book.load([], [])
    in_step = BookInStep("x", "A-USD", book, 1)
    table.publish([in_step])
    early, late = MarketFeed(), MarketFeed()
    table.add(early, {BOOK})
    book.mark_stale()
    table.publish([BookStale("x", "A-USD", StaleReason.GAP, 2)])
    table.add(late, {BOOK})

    assert list(early._queue)[:1] == [in_step]
    assert len(late) == 0
    assert table.book("A-USD") is book


def test_a_book_nobody_wants_is_forgotten() -> None:
    """Reading it later would show an old picture."""
    table, feed = hub(), MarketFeed()
    table.add(feed, {BOOK})
    table.publish([BookInStep("x", "A-USD", Book("A-USD"), 1)])
    table.remove(feed)
    table.remove(feed)

    assert table.book("A-USD") is None
    assert table.feeds == 0


def test_a_change_of_wants_is_told_once() -> None:
    """A second subscriber of the same topic changes nothing for the connections."""
    table = hub()
    changes: list[int] = []
    table.on_change(lambda: changes.append(1))
    first, second = MarketFeed(), MarketFeed()
    table.add(first, {TRADES})
    table.add(second, {TRADES})
    table.remove(first)
    before = len(changes)
    table.remove(second)

    assert (before, len(changes)) == (1, 2)


def test_what_is_no_subscribers_to_hear_is_noted_and_not_dropped() -> None:
    """Errors, gaps and unknown messages of a stream; a heartbeat is no news."""
    noted: list[object] = []
    table = Hub(limits=StreamLimits(), note=noted.append)
    news: list[SessionEvent] = [
        StreamErrorReported("x", "no", "", None, 1),
        SequenceGap("x", "market-0", 4, 7, None, 2),
        UnknownMessage("x", "odd", "?", None, 3),
    ]
    table.publish([*news, Heartbeat("x", 1, None, 4)])

    assert noted == news


def test_the_end_of_an_exchange_reaches_every_feed() -> None:
    """Market and account subscribers alike."""
    table, feed, account = hub(), MarketFeed(), AccountFeed()
    table.add(feed, {TRADES})
    table.add_account(account)
    over = FeedEnded("over")
    table.end(over)
    table.remove_account(account)
    table.remove_account(account)

    assert feed._end is over
    assert account._end is over
