"""What a slow consumer gets: bounded memory, kept order, and no loss in silence."""

from decimal import Decimal
from typing import Any

import anyio
import pytest

from venuetree.actors.feed import AccountFeed, FeedEnded, MarketFeed, SubscriberTooSlow
from venuetree.protocol.book import Book
from venuetree.protocol.events import (
    BookChange,
    BookInStep,
    BookStale,
    BookUpdated,
    Dropped,
    FeedEvent,
    OrderUpdated,
    QuoteChanged,
    StaleReason,
    StreamConnected,
    StreamDisconnected,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.models import (
    Level,
    Order,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    Topic,
)

pytestmark = pytest.mark.anyio


def trade(number: int) -> TradePrinted:
    """A trade that can be told from others."""
    return TradePrinted(
        exchange="x",
        instrument="BTC-USD",
        trade_id=str(number),
        price=Decimal(number + 1),
        quantity=Decimal(1),
        taker_side=Side.BUY,
        exchange_time_ns=None,
        received_time_ns=number,
    )


def ticker(number: int) -> TickerChanged:
    """A ticker that can be told from others."""
    return TickerChanged(
        exchange="x",
        instrument="BTC-USD",
        last_price=Decimal(number + 1),
        bid=None,
        bid_quantity=None,
        ask=None,
        ask_quantity=None,
        volume_24h=None,
        low_24h=None,
        high_24h=None,
        exchange_time_ns=None,
        received_time_ns=number,
    )


def quote(number: int, instrument: str = "BTC-USD") -> QuoteChanged:
    """A quote that can be told from others."""
    return QuoteChanged(
        exchange="x",
        instrument=instrument,
        bids=(Level(Decimal(number + 1), Decimal(1)),),
        asks=(),
        closeout_bid=None,
        closeout_ask=None,
        is_tradeable=None,
        status="",
        exchange_time_ns=None,
        received_time_ns=number,
    )


BOOK = Book("BTC-USD")


def update(number: int) -> BookUpdated:
    """A book update that can be told from others."""
    changes = (BookChange(Side.BUY, Decimal(number + 1), Decimal(1)),)
    return BookUpdated("x", "BTC-USD", BOOK, changes, None, number)


def stale(number: int) -> BookStale:
    """The book goes stale."""
    return BookStale("x", "BTC-USD", StaleReason.GAP, number)


def in_step(number: int) -> BookInStep:
    """The book is right again."""
    return BookInStep("x", "BTC-USD", BOOK, number)


async def drain(feed: Any, count: int) -> list[Any]:
    """The next `count` events; fails if they are not there."""
    with anyio.fail_after(1):
        return [await anext(feed) for _ in range(count)]


async def test_a_consumer_that_keeps_up_gets_every_event_as_it_was() -> None:
    """Nothing is folded while there is room."""
    feed = MarketFeed(capacity=8)
    events: list[FeedEvent] = [trade(1), update(2), update(3), ticker(4), stale(5), in_step(6)]
    for event in events:
        feed.put(event)

    assert await drain(feed, 6) == events
    assert len(feed) == 0


async def test_trades_that_a_lagging_consumer_misses_are_counted_where_they_are_missing() -> None:
    """Old trades first, then how many are missing, then new ones."""
    feed = MarketFeed(capacity=3)
    for number in range(10):
        feed.put(trade(number))

    before = await drain(feed, 4)
    feed.put(trade(10))
    after = await drain(feed, 1)

    assert before == [trade(0), trade(1), trade(2), Dropped("x", "BTC-USD", Topic.TRADES, 7, 9)]
    assert after == [trade(10)]


async def test_a_lagging_consumer_gets_the_newest_book_with_how_many_it_stands_for() -> None:
    """Updates fold into one without changes: the book itself is to be read."""
    feed = MarketFeed(capacity=1)
    for number in range(6):
        feed.put(update(number))

    first, folded = await drain(feed, 2)

    assert first == update(0)
    assert folded == BookUpdated("x", "BTC-USD", BOOK, (), None, 5, skipped=4)


async def test_a_book_that_went_stale_while_the_consumer_lagged_is_told_so() -> None:
    """Stale, in step, and newest: the interruption is never folded away."""
    feed = MarketFeed(capacity=1)
    for event in (update(0), update(1), stale(2), in_step(3), update(4)):
        feed.put(event)

    told = await drain(feed, 4)

    assert told[:3] == [update(0), stale(2), in_step(3)]
    assert told[3].received_time_ns == 4


async def test_a_book_still_stale_shows_no_update_after_its_staleness() -> None:
    """What came before it went stale is void."""
    feed = MarketFeed(capacity=1)
    for event in (update(0), update(1), stale(2)):
        feed.put(event)

    assert await drain(feed, 2) == [update(0), stale(2)]
    assert len(feed) == 0


async def test_tickers_fold_to_the_newest_and_their_number_is_told() -> None:
    """The count and the newest state."""
    feed = MarketFeed(capacity=1)
    for number in range(4):
        feed.put(ticker(number))

    assert await drain(feed, 3) == [
        ticker(0),
        Dropped("x", "BTC-USD", Topic.TICKER, 2, 3),
        ticker(3),
    ]


async def test_quotes_fold_to_the_newest_of_each_instrument() -> None:
    """Each is whole: what it replaced is only counted; the ticker beside it is another topic."""
    feed = MarketFeed(capacity=1)
    for number in range(4):
        feed.put(quote(number))
    feed.put(quote(4, "ETH-USD"))
    feed.put(ticker(5))

    told = await drain(feed, 5)

    assert told[0] == quote(0)
    assert sorted(told[1:], key=repr) == sorted(
        [
            Dropped("x", "BTC-USD", Topic.QUOTES, 2, 3),
            quote(3),
            quote(4, "ETH-USD"),
            ticker(5),
        ],
        key=repr,
    )
    assert told.index(Dropped("x", "BTC-USD", Topic.QUOTES, 2, 3)) < told.index(quote(3))
    assert len(feed) == 0


async def test_a_stuck_consumer_costs_no_more_memory_however_long_it_is_stuck() -> None:
    """A million events leave as many waiting as a thousand do."""
    feed = MarketFeed(capacity=16)
    for number in range(1000):
        feed.put(trade(number))
        feed.put(update(number))
        feed.put(StreamDisconnected("x", "market-0", "cut", number))
        feed.put(StreamConnected("x", "market-0", number))
    late = feed._late

    assert len(feed) == 16
    assert late is not None
    assert len(late.unfold()) == 3


async def test_the_latest_word_on_a_stream_is_the_one_that_is_told() -> None:
    """Connected, cut, connected again folds to connected."""
    feed = MarketFeed(capacity=1)
    feed.put(trade(0))
    feed.put(StreamDisconnected("x", "market-0", "cut", 1))
    feed.put(StreamConnected("x", "market-0", 2))

    assert await drain(feed, 2) == [trade(0), StreamConnected("x", "market-0", 2)]


async def test_cancelling_a_waiting_consumer_loses_nothing() -> None:
    """What comes after a cancelled wait is given to the next one."""
    feed = MarketFeed(capacity=4)
    with anyio.move_on_after(1):
        await anext(feed)
    feed.put(trade(1))

    assert await drain(feed, 1) == [trade(1)]


async def test_a_flood_lets_other_tasks_run() -> None:
    """A consumer whose queue is never empty yields now and then."""
    feed = MarketFeed(capacity=64)
    feed.put(trade(0))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        for number in range(1, 2000):
            feed.put(trade(number))
            await anext(feed)
        tasks.cancel_scope.cancel()

    assert turns >= 3


async def test_a_quick_consumer_takes_all_that_a_large_read_brought_before_it_yields() -> None:
    """Or a reader that brings more at a time than is taken would make it lag."""
    feed = MarketFeed(capacity=10_000)
    reads = 0

    async def reader() -> None:
        nonlocal reads
        for _ in range(20):
            for number in range(2000):
                feed.put(trade(number))
            reads += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(reader)
        for _ in range(20 * 2000):
            event = await anext(feed)
            if isinstance(event, Dropped):
                break
        tasks.cancel_scope.cancel()

    assert reads == 20
    assert not feed.is_lagging


async def test_a_consumer_in_a_flood_can_be_cancelled() -> None:
    """At once, though there is something new for it in every turn of the loop."""
    feed = MarketFeed()
    scope = anyio.CancelScope()
    put, has_ended = 0, False

    async def produce() -> None:
        nonlocal put
        while put < 3000 and not has_ended:
            feed.put(trade(put))
            put += 1
            await anyio.lowlevel.checkpoint()
        feed.end(FeedEnded("over"))

    async def consume() -> None:
        nonlocal has_ended
        with scope:
            async for _ in feed:
                pass
        has_ended = True

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(consume)
        tasks.start_soon(produce)
        # This comes after the producer in every turn: what it sees of the consumer is never idle.
        while put < 1000:
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    assert has_ended
    assert scope.cancelled_caught
    assert put < 1100


async def test_a_feed_that_ended_gives_what_it_has_and_then_the_reason() -> None:
    """Nothing queued is lost to the end."""
    feed = MarketFeed(capacity=4)
    feed.put(trade(1))
    feed.end(FeedEnded("over"))

    assert await drain(feed, 1) == [trade(1)]
    with pytest.raises(FeedEnded):
        await anext(feed)


def order(number: int) -> OrderUpdated:
    """An account event that can be told from others."""
    value = Order(
        exchange="x",
        instrument="BTC-USD",
        client_order_id=str(number),
        exchange_order_id="",
        side=Side.BUY,
        type=OrderType.LIMIT,
        status=OrderStatus.NEW,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    )
    return OrderUpdated("x", "BTC-USD", value, None, number)


async def test_account_events_are_never_dropped_and_a_full_channel_fails_loudly() -> None:
    """The events that fitted, in order, and then an error that says what to do."""
    released: list[AccountFeed] = []
    feed = AccountFeed(capacity=2, release=released.append)
    for number in range(4):
        feed.put(order(number))

    assert await drain(feed, 2) == [order(0), order(1)]
    with pytest.raises(SubscriberTooSlow, match="2 account events wait unread"):
        await anext(feed)
    assert released == [feed]
