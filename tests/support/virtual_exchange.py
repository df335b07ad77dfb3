"""A real engine against a simulated exchange in memory, on virtual time: hours pass in seconds."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from venuetree.actors.clock import LoopClock
from venuetree.config import ExchangeConfig
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.memory_server import serving_in_memory
from venuetree.scenarios.simulated.binance_us import Settings, SimulatedBinanceUs

__all__ = ["BASE_NS", "binance_us_world"]

#: Our clock when a world begins: some minutes into an hour, no boundary of any window.
BASE_NS = 1_788_540_437 * 1_000_000_000


@asynccontextmanager
async def binance_us_world(
    configure: Callable[[Mapping[str, Any]], ExchangeConfig],
    *,
    settings: Mapping[str, Any] | None = None,
    prepare: Callable[[SimulatedBinanceUs], object] | None = None,
    tick_s: float = 0.02,
) -> AsyncIterator[tuple[SimulatedBinanceUs, Engine, ExchangeHandle]]:
    """A simulated Binance.US, an engine on it, and its handle, all on one virtual clock."""
    clock = LoopClock(BASE_NS, origin=anyio.current_time())
    sim = SimulatedBinanceUs(seed=7, settings=Settings(**(settings or {})), now_ns=clock.now_ns)
    if prepare is not None:
        prepare(sim)
    network = MemoryNetwork()
    async with serving_in_memory(network, sim, tick_s=tick_s) as addresses:
        config = configure(sim.endpoints(addresses[sim.name]))
        async with Engine(config, clock=clock, network=network) as engine:
            yield sim, engine, engine[config.name]
