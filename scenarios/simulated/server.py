"""Simulated exchanges on loopback sockets, on asyncio and trio alike.

The server is our own, over anyio's byte streams with h11 and the sans-I/O
side of websockets, and no ASGI stack: a failure worth simulating happens
below what ASGI can say. A body that ends before its length, an answer that
never comes on a connection that stays, a reset, a peer that does not even
answer a ping: each needs the connection itself.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import attrs
from anyio.abc import ByteStream, SocketAttribute, TaskGroup

from venuetree.scenarios.simulated.http_connection import serve_connection
from venuetree.scenarios.simulated.wire import SimulatedExchange

LOOPBACK = "127.0.0.1"
_TICK_S = 0.01


@attrs.frozen
class Running:
    """Exchanges that are being served.

    `endpoints` is the object that other programs take: by exchange, its
    addresses and credentials. `ports` can be handed to a later `serve`, to
    come back at the same addresses.
    """

    exchanges: Mapping[str, SimulatedExchange]
    endpoints: Mapping[str, Any]
    ports: Mapping[str, Mapping[str, int]]


@asynccontextmanager
async def serve(
    *exchanges: SimulatedExchange,
    ports: Mapping[str, Mapping[str, int]] | None = None,
    tick_s: float = _TICK_S,
) -> AsyncIterator[Running]:
    """Serve exchanges on 127.0.0.1 until the block is left.

    Args:
        exchanges: each is listened for on one port for each of its surfaces.
        ports: by exchange and surface; what is not named gets a free port.
        tick_s: seconds between two ticks of the exchanges.

    Leaving, or cancelling, closes listeners and connections; nothing runs on.
    An error of the block passes unchanged. An error inside an exchange is a
    bug of the simulation: it ends the block with an exception group.
    """
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        addresses: dict[str, dict[str, tuple[str, int]]] = {}
        for exchange in exchanges:
            wanted = (ports or {}).get(exchange.name, {})
            addresses[exchange.name] = {
                surface: await _listen(tasks, exchange, surface, wanted.get(surface, 0))
                for surface in exchange.surfaces
            }
            tasks.start_soon(_tick, exchange, tick_s)
        running = Running(
            exchanges={exchange.name: exchange for exchange in exchanges},
            endpoints={e.name: e.endpoints(addresses[e.name]) for e in exchanges},
            ports={
                name: {surface: port for surface, (_, port) in places.items()}
                for name, places in addresses.items()
            },
        )
        try:
            yield running
        except Exception as error:  # noqa: BLE001 - raised again below, outside the group
            # Raised in here, the group would wrap the block's own error.
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _tick(exchange: SimulatedExchange, tick_s: float) -> None:
    while True:
        await anyio.sleep(tick_s)
        exchange.tick()


async def _listen(
    tasks: TaskGroup, exchange: SimulatedExchange, surface: str, port: int
) -> tuple[str, int]:
    listener = await anyio.create_tcp_listener(local_host=LOOPBACK, local_port=port)
    bound = listener.extra(SocketAttribute.local_port)

    async def handle(stream: ByteStream) -> None:
        await serve_connection(exchange, surface, stream)

    async def listen() -> None:
        async with listener:
            await listener.serve(handle)

    tasks.start_soon(partial(listen))
    return LOOPBACK, bound
