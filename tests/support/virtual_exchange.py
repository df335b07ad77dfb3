"""A real engine against a simulated exchange in memory, on virtual time: hours pass in seconds."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import ByteStream

from tests.support.memory_network import MemoryNetwork
from venuetree.actors.clock import LoopClock
from venuetree.config import ExchangeConfig
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.scenarios.simulated.binance_us import Settings, SimulatedBinanceUs
from venuetree.scenarios.simulated.http_connection import serve_connection
from venuetree.scenarios.simulated.wire import SimulatedExchange

__all__ = ["BASE_NS", "binance_us_world", "serving_in_memory"]

#: Our clock when a world begins: some minutes into an hour, no boundary of any window.
BASE_NS = 1_788_540_437 * 1_000_000_000


@asynccontextmanager
async def serving_in_memory(
    sim: SimulatedExchange, network: MemoryNetwork, *, tick_s: float
) -> AsyncIterator[dict[str, tuple[str, int]]]:
    """Serve an exchange over the network's connections; the addresses of its surfaces.

    An error inside the exchange is a bug of the simulation: it ends the block.
    """
    ports = dict(enumerate(sim.surfaces, start=1))

    async def accept() -> None:
        while True:
            stream = await network.accept()
            _, port, _ = network.connected[network.served]
            network.served += 1
            tasks.start_soon(_serve, sim, ports[port], stream)

    async def tick() -> None:
        while True:
            await anyio.sleep(tick_s)
            sim.tick()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(accept)
        tasks.start_soon(tick)
        yield {surface: ("127.0.0.1", port) for port, surface in ports.items()}
        tasks.cancel_scope.cancel()


async def _serve(sim: SimulatedExchange, surface: str, stream: ByteStream) -> None:
    await serve_connection(sim, surface, stream)


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
    async with serving_in_memory(sim, network, tick_s=tick_s) as addresses:
        config = configure(sim.endpoints(addresses))
        async with Engine(config, clock=clock, network=network) as engine:
            yield sim, engine, engine[config.name]
