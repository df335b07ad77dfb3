"""Simulated exchanges served over a network in memory, for real and for virtual time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import anyio

from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.simulated.http_connection import serve_connection
from venuetree.scenarios.simulated.wire import SimulatedExchange

__all__ = ["serving_in_memory"]

_HOST = "127.0.0.1"


@asynccontextmanager
async def serving_in_memory(
    network: MemoryNetwork, *exchanges: SimulatedExchange, tick_s: float
) -> AsyncIterator[Mapping[str, Mapping[str, tuple[str, int]]]]:
    """Serve exchanges over the network's connections while the body runs.

    Gives the addresses, host and port, by exchange and surface. Nothing listens any more when the
    block is left. An error inside an exchange is a bug of the simulation: it ends the block.

    Args:
        network: where clients connect.
        exchanges: each is served on one port for each of its surfaces.
        tick_s: seconds between two ticks of the exchanges.
    """
    doors = [(exchange, surface) for exchange in exchanges for surface in exchange.surfaces]
    ports = dict(enumerate(doors, start=1))

    async def accept() -> None:
        while True:
            arrival = await network.next_arrival()
            exchange, surface = ports[arrival.port]
            tasks.start_soon(serve_connection, exchange, surface, arrival.stream)

    async def tick(exchange: SimulatedExchange) -> None:
        while True:
            await anyio.sleep(tick_s)
            exchange.tick()

    addresses: dict[str, dict[str, tuple[str, int]]] = {e.name: {} for e in exchanges}
    for port, (exchange, surface) in ports.items():
        addresses[exchange.name][surface] = (_HOST, port)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(accept)
        for exchange in exchanges:
            tasks.start_soon(tick, exchange)
        yield addresses
        tasks.cancel_scope.cancel()
