"""Worlds in which an engine trades on paper at a simulated exchange, on virtual time."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import anyio
from attrs import frozen

from tests.support.oanda_world import hearing, settled
from tests.support.virtual_exchange import BASE_NS
from venuetree import paper
from venuetree.actors.clock import LoopClock
from venuetree.config import binance_us, coinbase, oanda
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order
from venuetree.protocol.models import (
    Level,
    Side,
    Topic,
)
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.memory_server import serving_in_memory
from venuetree.scenarios.simulated.binance_us import Settings as BinanceUsSettings
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.coinbase import Settings as CoinbaseSettings
from venuetree.scenarios.simulated.coinbase import SimulatedCoinbase
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.scenarios.simulated.oanda import Settings as OandaSettings
from venuetree.scenarios.simulated.oanda import SimulatedOanda

__all__ = [
    "BINANCE_US",
    "COINBASE",
    "EVERYWHERE",
    "OANDA",
    "SPOT",
    "Place",
    "asks",
    "buy_at",
    "drop_asks_to",
    "on_paper_at",
    "watching",
]

#: A market that stands still, so that a test knows what the book shows.
STILL: Mapping[str, Any] = {"move_every_s": 1e6}


@frozen
class Place:
    """A simulated exchange to trade at on paper.

    Attributes:
        market: every request line that a paper account may send, and no other.
        size: of an order that the best level can fill.
    """

    name: str
    instrument: str
    market: tuple[str, ...]
    size: str
    simulated: Callable[..., Any]
    configure: Callable[[Mapping[str, Any]], Any]


COINBASE = Place(
    "coinbase",
    "BTC-USD",
    (
        r"GET /api/v3/brokerage/time",
        r"GET /api/v3/brokerage/market/products(/[A-Z0-9-]+)?(/ticker|/candles)?",
        r"GET /api/v3/brokerage/market/product_book",
        r"GET /api/v3/brokerage/products(/[A-Z0-9-]+)?(/ticker|/candles)?",
        r"GET /api/v3/brokerage/(product_book|best_bid_ask)",
    ),
    "0.001",
    lambda now_ns, settings: SimulatedCoinbase(
        seed=7, settings=CoinbaseSettings(**settings), now_ns=now_ns
    ),
    lambda told: coinbase(endpoints=Endpoints(told["rest"], told["stream"], told["user_stream"])),
)
BINANCE_US = Place(
    "binance_us",
    "BTC-USD",
    (r"GET /api/v3/(time|exchangeInfo|depth|trades|klines|ticker/bookTicker|avgPrice)",),
    "0.001",
    lambda now_ns, settings: SimulatedBinanceUs(
        seed=7, settings=BinanceUsSettings(**settings), now_ns=now_ns
    ),
    lambda told: binance_us(
        endpoints=Endpoints(told["rest"], told["stream"], others={"ws_api": told["ws_api"]})
    ),
)
OANDA = Place(
    "oanda",
    "EUR-USD",
    (
        r"GET /v3/accounts/[0-9-]+/(instruments|pricing|pricing/stream)",
        r"GET /v3/instruments/[A-Z_]+/(candles|orderBook|positionBook)",
    ),
    "100",
    lambda now_ns, settings: SimulatedOanda(
        seed=7, settings=OandaSettings(**settings), now_ns=now_ns
    ),
    lambda told: oanda(told["credentials"], endpoints=Endpoints(told["rest"], told["stream"])),
)
SPOT = [COINBASE, BINANCE_US]
EVERYWHERE = [COINBASE, BINANCE_US, OANDA]


@asynccontextmanager
async def on_paper_at(
    place: Place,
    *,
    simulator: Mapping[str, Any] | None = None,
    base_ns: int = BASE_NS,
    **options: Any,
) -> AsyncIterator[tuple[Any, Engine, ExchangeHandle]]:
    """A paper account at a simulated exchange; whatever is asked of that is watched.

    Args:
        place: where.
        simulator: its settings; by default its market stands still.
        base_ns: the time at which it begins.
        options: of the paper account.
    """
    clock = LoopClock(base_ns, origin=anyio.current_time())
    sim = place.simulated(clock.now_ns, STILL if simulator is None else simulator)
    network = MemoryNetwork()
    async with serving_in_memory(network, sim, tick_s=0.02) as addresses:
        config = paper(place.configure(sim.endpoints(addresses[sim.name])), **options)
        async with Engine(config, clock=clock, network=network) as engine:
            yield sim, engine, engine[place.name]
    assert asked_beside_the_market(sim, place) == []


def asked_beside_the_market(sim: Any, place: Place) -> list[str]:
    """Requests that no paper account may make: each line is on the list of the market's."""
    lines = [entry.subject.partition("?")[0] for entry in sim.log.of(LogKind.REQUEST)]
    assert lines
    return [line for line in lines if not any(re.fullmatch(one, line) for one in place.market)]


@asynccontextmanager
async def watching(handle: ExchangeHandle, place: Place) -> AsyncIterator[None]:
    """The book in step, all the while."""
    async with handle.subscribe(place.instrument, Topic.BOOK) as feed, hearing(feed):
        await settled(lambda: (b := handle.book(place.instrument)) is not None and b.in_step)
        yield


def asks(handle: ExchangeHandle, place: Place, depth: int = 3) -> list[Level]:
    """The best asks as the engine holds them."""
    book = handle.book(place.instrument)
    assert book is not None
    return book.asks(depth)


def buy_at(place: Place, price: object, quantity: object, **terms: Any) -> Any:
    """A limit order that buys."""
    return limit_order(
        place.instrument, Side.BUY, price=str(price), quantity=str(quantity), **terms
    )


def drop_asks_to(sim: Any, price: Any) -> None:
    """Let the house sell down to a price, so that its asks come to stand there."""
    symbol = "BTC-USD" if isinstance(sim, SimulatedCoinbase) else "BTCUSD"
    market = sim.market(symbol)
    bids = [(p, q) for p, q in sim.book(symbol, SimulatedSide.BUY) if p >= price]
    sim.trade(symbol, SimulatedSide.SELL, sum((q for _, q in bids), Decimal(0)))
    execution = market.walk.rest(SimulatedSide.SELL, price, Decimal(5))
    sim.venue.desk.settle(market, execution)
