"""The older feed through the whole engine: the same events, stale before it is repaired."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import anyio
import pytest

from tests.support.engines import UNLIMITED, equals_simulator, next_of, settle, until_in_step
from venuetree.config import ExchangeConfig, coinbase
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.errors import AuthRefused, NotSupported
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    StaleReason,
    StreamDisconnected,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase import (
    CoinbaseCredentials,
    CoinbaseExchangeCredentials,
    CoinbaseFeed,
    CoinbaseFeedCredentials,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Endpoints
from venuetree.scenarios import faults
from venuetree.scenarios.faults import FrameKind
from venuetree.scenarios.simulated import SimulatedCoinbase, serve
from venuetree.scenarios.simulated.coinbase import HmacKey, Settings
from venuetree.scenarios.simulated.coinbase.exchange_feed import ExchangeFeedSession
from venuetree.scenarios.simulated.matching import Side as SimulatedSide

pytestmark = pytest.mark.anyio

SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
KEY = HmacKey("feed-key", SECRET, "pass")
FEED_KEY = CoinbaseExchangeCredentials("feed-key", SECRET, "pass")
WRONG_KEY = CoinbaseExchangeCredentials("feed-key", SECRET, "wrong")


def config(endpoints: dict[str, Any], credentials: object | None) -> ExchangeConfig:
    """Market data by the older feed, which the simulator serves at the same address."""
    places = {name: endpoints[name] for name in ("rest", "stream", "user_stream")}
    return coinbase(credentials, feed=CoinbaseFeed.EXCHANGE, endpoints=Endpoints(**places))


@asynccontextmanager
async def listening(
    credentials: Callable[[SimulatedCoinbase], object | None] = lambda sim: None,
) -> AsyncIterator[tuple[SimulatedCoinbase, Engine, ExchangeHandle]]:
    """A simulated exchange, an engine that listens to its older feed, and its handle."""
    simulator = Settings(**{**UNLIMITED, "exchange_feed_key": KEY})
    sim = SimulatedCoinbase(seed=7, settings=simulator)
    async with serve(sim) as running:
        configured = config(running.endpoints["coinbase"], credentials(sim))
        async with Engine(configured) as engine:
            yield sim, engine, engine["coinbase"]


def both_keys(sim: SimulatedCoinbase) -> CoinbaseFeedCredentials:
    """A key of the feed and one of Advanced Trade."""
    return CoinbaseFeedCredentials(
        FEED_KEY, CoinbaseCredentials(sim.es256_key.name, sim.es256_key.secret)
    )


def feeds(sim: SimulatedCoinbase) -> list[dict[str, dict[str, None]]]:
    """The subscriptions of each connection that speaks the older feed, by echoed name."""
    sessions = [connection.session for connection in sim.streams.connections]
    return [s.subscriptions for s in sessions if isinstance(s, ExchangeFeedSession)]


async def test_trades_tickers_and_a_right_book_without_any_key() -> None:
    """The same events as Advanced Trade's; the book is the simulator's, digit by digit."""
    async with listening() as (sim, _, exchange):
        topics = (Topic.TRADES, Topic.TICKER, Topic.BOOK)
        async with exchange.subscribe(["BTC-USD", "ETH-USD"], *topics) as events:
            kinds = (TradePrinted, TickerChanged, BookInStep, BookUpdated)
            wanted = {(kind, name) for kind in kinds for name in ("BTC-USD", "ETH-USD")}
            new_trades: list[int] = []
            with anyio.fail_after(30):
                async for event in events:
                    if isinstance(event, TradePrinted) and event.instrument == "BTC-USD":
                        new_trades.append(int(event.trade_id))
                    wanted.discard((type(event), getattr(event, "instrument", "")))
                    if not wanted and len(new_trades) >= 3:
                        break
            subscribed = feeds(sim)
            sim.paused = True
            for name in ("BTC-USD", "ETH-USD"):
                await settle(lambda name=name: equals_simulator(exchange, sim, name))  # type: ignore[misc]
            book = exchange.book("BTC-USD")
            is_in_step = book is not None and book.in_step

    assert is_in_step
    assert new_trades == list(range(new_trades[0], new_trades[0] + len(new_trades)))
    assert [set(each) for each in subscribed] == [{"heartbeat", "level2_50", "matches", "ticker"}]


async def test_a_cut_is_told_before_the_book_is_right_again() -> None:
    """Stale, disconnected, in step, in this order."""
    async with listening() as (sim, engine, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            cut = sim.faults.add(faults.ResetConnection(channel="level2_50"))
            stale = await next_of(events, BookStale, StreamDisconnected, BookInStep)
            lost = await next_of(events, StreamDisconnected, BookInStep)
            await next_of(events, BookInStep)
            sim.paused = True
            await settle(lambda: equals_simulator(exchange, sim, "BTC-USD"))
            reader = engine.snapshot()["coinbase/io/market/market-0"]

    assert cut.fired == 1
    assert isinstance(stale, BookStale)
    assert stale.reason is StaleReason.DISCONNECTED
    assert isinstance(lost, StreamDisconnected)
    assert reader.restarts == 1


async def test_a_lost_trade_makes_the_book_stale_and_a_new_snapshot_repairs_it() -> None:
    """On the same connection; the subscriber of trades is told as well."""
    async with listening() as (sim, engine, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK, Topic.TRADES) as events:
            await until_in_step(events)
            await next_of(events, TradePrinted)
            sim.faults.add(faults.DropFrame(channel="matches", carrying=FrameKind.UPDATE))
            for _ in range(2):
                sim.trade("BTC-USD", SimulatedSide.BUY, Decimal("0.001"))
            stale = await next_of(events, BookStale, StreamDisconnected)
            missed = await next_of(events, TopicStalled, StreamDisconnected)
            await next_of(events, BookInStep, StreamDisconnected)
            sim.paused = True
            await settle(lambda: equals_simulator(exchange, sim, "BTC-USD"))
            reader = engine.snapshot()["coinbase/io/market/market-0"]

    assert isinstance(stale, BookStale)
    assert stale.reason is StaleReason.GAP
    assert isinstance(missed, TopicStalled)
    assert missed.topic is Topic.TRADES
    assert reader.restarts == 0


async def test_heartbeats_that_stop_are_a_stall() -> None:
    """Though the books' frames still come."""
    async with listening() as (sim, _, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            sim.faults.add(faults.StallStream(channel="heartbeat", only="heartbeat"))
            stale = await next_of(events, BookStale, StreamDisconnected, seconds=20)
            await next_of(events, StreamDisconnected)
            await next_of(events, BookInStep)

    assert isinstance(stale, BookStale)
    assert stale.reason is StaleReason.STALLED


@pytest.mark.parametrize("credentials", [both_keys, lambda sim: FEED_KEY], ids=["both", "feed"])
async def test_with_a_key_of_the_feed_books_come_by_the_signed_channel(
    credentials: Callable[[SimulatedCoinbase], object],
) -> None:
    """And orders by the key of Advanced Trade, if there is one."""
    async with listening(credentials) as (sim, _, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            subscribed = feeds(sim)
            sim.paused = True
            await settle(lambda: equals_simulator(exchange, sim, "BTC-USD"))
        if credentials is both_keys:
            assert await exchange.balances()
        else:
            with pytest.raises(AuthRefused, match="only one of the Exchange feed"):
                await exchange.balances()

    assert [set(each) for each in subscribed] == [{"heartbeat", "level2"}]


async def test_a_key_that_the_feed_refuses_is_told_and_trades_go_on() -> None:
    """The book is refused; nothing falls back in silence."""
    async with listening(lambda sim: WRONG_KEY) as (_, _, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK, Topic.TRADES) as events:
            stale = await next_of(events, BookStale)
            await next_of(events, TradePrinted)

    assert stale.reason is StaleReason.REFUSED


async def test_candles_are_not_offered() -> None:
    """Refused before any input or output."""
    async with listening() as (_, _, exchange):
        with pytest.raises(NotSupported):
            async with exchange.subscribe("BTC-USD", Topic.CANDLES):
                pass


def test_the_feeds_own_addresses_are_the_default() -> None:
    """Live and sandbox; REST and the user stream stay Advanced Trade's."""
    endpoints = coinbase(feed=CoinbaseFeed.EXCHANGE).resolved_endpoints()

    assert endpoints.stream == "wss://ws-feed.exchange.coinbase.com"
    assert endpoints.rest == coinbase().resolved_endpoints().rest
    assert endpoints.user_stream == coinbase().resolved_endpoints().user_stream
