"""A real engine against a simulated exchange on loopback, for tests."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from venuetree.config import ExchangeConfig, exchange_config
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.events import BookInStep, BookStale, BookUpdated, FeedEvent
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.simulated import SimulatedCoinbase, serve
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.matching import Side as SimulatedSide

#: Limits of the simulator switched off, for tests of something else.
UNLIMITED: Mapping[str, Any] = {"private_limit": None, "public_limit": None}


def config_for(endpoints: Mapping[str, Any], **settings: Any) -> ExchangeConfig:
    """The configuration that an endpoints object of `simulate --json` asks for."""
    settings.setdefault(
        "endpoints",
        Endpoints(
            rest=endpoints["rest"],
            stream=endpoints["stream"],
            user_stream=endpoints["user_stream"],
        ),
    )
    credentials = settings.pop("credentials", None) or endpoints["credentials"]
    return exchange_config("coinbase", credentials, **settings)


@asynccontextmanager
async def trading(
    *,
    simulator: Mapping[str, Any] | None = None,
    prepare: Callable[[SimulatedCoinbase], None] | None = None,
    **settings: Any,
) -> AsyncIterator[tuple[SimulatedCoinbase, Engine, ExchangeHandle]]:
    """A simulated exchange, an engine on it, and its handle."""
    sim = SimulatedCoinbase(seed=7, settings=Settings(**{**UNLIMITED, **(simulator or {})}))
    if prepare is not None:
        prepare(sim)
    async with (
        serve(sim) as running,
        Engine(config_for(running.endpoints["coinbase"], **settings)) as engine,
    ):
        yield sim, engine, engine["coinbase"]


async def next_of(feed: Any, *kinds: type, seconds: float = 10.0) -> Any:
    """The next event of one of these kinds; TimeoutError if none comes in time."""
    with anyio.fail_after(seconds):
        async for event in feed:
            if isinstance(event, kinds):
                return event
    raise AssertionError(kinds)


async def until_in_step(feed: Any, *, seconds: float = 15.0) -> list[FeedEvent]:
    """Read until the book is in step; the book's events on the way."""
    seen: list[FeedEvent] = []
    with anyio.fail_after(seconds):
        async for event in feed:
            if isinstance(event, BookStale | BookInStep | BookUpdated):
                seen.append(event)
            if isinstance(event, BookInStep):
                return seen
    raise AssertionError(seen)


async def settle(check: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait until `check` holds, for what no event tells; TimeoutError if it never does."""
    with anyio.fail_after(seconds):
        while not check():
            await anyio.sleep(0.02)


def equals_simulator(handle: ExchangeHandle, sim: SimulatedCoinbase, instrument: str) -> bool:
    """Whether our book's levels are the simulator's, as exact decimals."""
    book = handle.book(instrument)
    if book is None:
        return False
    ours = ([tuple(level) for level in book.bids()], [tuple(level) for level in book.asks()])
    theirs = (sim.book(instrument, SimulatedSide.BUY), sim.book(instrument, SimulatedSide.SELL))
    return ours == theirs
