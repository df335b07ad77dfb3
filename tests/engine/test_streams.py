"""Market data through the whole engine: a gap, a stall or a cut is told before it is repaired."""

from collections.abc import Callable

import anyio
import pytest

from tests.support.engines import equals_simulator, next_of, settle, trading, until_in_step
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    CandleChanged,
    StaleReason,
    StreamDisconnected,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.models import Topic
from venuetree.scenarios import faults
from venuetree.scenarios.faults import KickOnConnect

pytestmark = pytest.mark.anyio

FAULTS: dict[str, Callable[[], faults.Fault]] = {
    "cut": lambda: faults.ResetConnection(channel="level2"),
    "closed": lambda: faults.CloseConnection(channel="level2", code=1012),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_broken_feed_is_stale_first_and_then_equals_the_exchange(
    fault: Callable[[], faults.Fault],
) -> None:
    """The subscriber sees the book go stale, then in step, and the book is right to the digit."""
    async with trading() as (sim, engine, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            scheduled = sim.faults.add(fault())
            stale = await next_of(events, BookStale, seconds=30)
            told = await until_in_step(events, seconds=30)
            book = exchange.book("BTC-USD")
            sim.paused = True
            await settle(lambda: equals_simulator(exchange, sim, "BTC-USD"))
            is_in_step = book is not None and book.in_step
            reader = engine.snapshot()["coinbase/io/market/market-0"]

    assert is_in_step
    assert scheduled.fired >= 1
    assert [entry.subject for entry in sim.log.faults] == [type(fault()).__name__]
    assert stale.reason is not StaleReason.NOT_YET
    assert isinstance(told[-1], BookInStep)
    assert reader.restarts == 1
    assert reader.last_error is not None
    assert reader.failures == 1


async def test_repeated_frames_change_nothing() -> None:
    """A frame that comes twice is ignored: the book stays in step and right."""
    async with trading() as (sim, _, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            scheduled = sim.faults.add(faults.RepeatFrame(channel="level2", times=3))
            await settle(lambda: scheduled.fired == 3)
            sim.paused = True
            await settle(lambda: equals_simulator(exchange, sim, "BTC-USD"))
            stale = [event for event in list(events._queue) if isinstance(event, BookStale)]

            assert not stale


async def test_every_topic_delivers() -> None:
    """Trades, ticker, candles and books arrive, each for the instrument that was asked for."""
    async with trading() as (_, _, exchange):
        topics = (Topic.TRADES, Topic.TICKER, Topic.BOOK, Topic.CANDLES)
        async with exchange.subscribe(["BTC-USD", "ETH-USD"], *topics) as events:
            wanted = {
                (kind, name)
                for kind in (TradePrinted, TickerChanged, BookUpdated, CandleChanged)
                for name in ("BTC-USD", "ETH-USD")
            }
            with anyio.fail_after(30):
                async for event in events:
                    wanted.discard((type(event), getattr(event, "instrument", "")))
                    if not wanted:
                        break

        assert not wanted


async def test_a_second_subscriber_is_shown_the_book_at_once() -> None:
    """Joining a running book needs no new snapshot from the exchange."""
    async with trading() as (_, _, exchange), exchange.subscribe("BTC-USD", Topic.BOOK) as first:
        await until_in_step(first)
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as second:
            shown = await next_of(second, BookInStep, seconds=2)

            assert shown.book.in_step
            assert shown.book is exchange.book("BTC-USD")


async def test_more_books_than_a_connection_takes_are_spread_over_several() -> None:
    """Thirty-one and more products are sharded: each book comes in step."""
    async with trading(simulator={"extra_products": 40}) as (sim, engine, exchange):
        names = [f"T{number:02}-USD" for number in range(1, 41)]
        del sim
        async with exchange.subscribe(names, Topic.BOOK) as events:
            in_step = set()
            with anyio.fail_after(40):
                async for event in events:
                    if isinstance(event, BookInStep):
                        in_step.add(event.instrument)
                    if len(in_step) == len(names):
                        break
        children = engine.snapshot()["coinbase/io/market"].children

        assert in_step == set(names)
        assert len([child for child in children if child.name.startswith("market-")]) >= 2


async def test_an_exchange_that_kicks_after_accepting_is_not_hammered() -> None:
    """Each kick doubles the wait: the backoff is not reset by merely connecting."""
    async with trading() as (sim, engine, exchange):
        kicks = sim.faults.add(KickOnConnect(times=4))
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events, seconds=30)
        restarts = max(
            child.restarts
            for child in (
                *engine.snapshot()["coinbase/io/market"].children,
                engine.snapshot()["coinbase/io/user"],
            )
        )

        assert kicks.fired == 4
        assert restarts >= 1


async def test_an_unsupported_topic_is_refused_before_any_io() -> None:
    """What the exchange cannot do is an error at once."""
    async with trading() as (_, _, exchange):
        missing = set(Topic) - exchange._tree.wiring.exchange.profile.topics
        for topic in missing:
            with pytest.raises(NotSupported):
                async with exchange.subscribe("BTC-USD", topic):
                    pass


async def test_leaving_a_subscription_ends_its_connection() -> None:
    """What nobody wants any more is unsubscribed, and its connection closed."""
    async with trading() as (sim, engine, exchange):
        async with exchange.subscribe("BTC-USD", Topic.TRADES) as events:
            await next_of(events, TradePrinted)

        await settle(
            lambda: [c.name for c in engine.snapshot()["coinbase/io/market"].children] == ["plan"]
        )
        assert sim.streams.connections is not None


async def test_a_dead_connection_is_told_to_trade_subscribers_too() -> None:
    """A subscriber of trades learns that its stream is down, and gets trades again after it."""
    async with trading() as (sim, _, exchange):
        async with exchange.subscribe("BTC-USD", Topic.TRADES) as events:
            await next_of(events, TradePrinted)
            sim.faults.add(faults.ResetConnection(channel="market_trades"))
            lost = await next_of(events, StreamDisconnected)
            again = await next_of(events, TradePrinted)

        assert lost.reason
        assert again.instrument == "BTC-USD"
