"""Worlds in which an engine trades on a simulated OANDA, on virtual time."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio

from tests.support.virtual_exchange import BASE_NS
from venuetree.actors.clock import LoopClock
from venuetree.config import oanda
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.events import (
    AccountEvent,
    FeedEvent,
    FillReceived,
    OrderUpdated,
    TransactionRecorded,
)
from venuetree.protocol.models import OrderRequest, Side
from venuetree.protocol.port import Endpoints
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.memory_server import serving_in_memory
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.oanda import Settings, SimulatedOanda

__all__ = [
    "CLOSES",
    "ORDERS",
    "Heard",
    "asked",
    "buy",
    "far_bid",
    "fills_of",
    "hearing",
    "last_id",
    "orders_of",
    "settled",
    "trading",
]

ORDERS = "POST */orders"
CLOSES = "PUT */close"


@asynccontextmanager
async def trading(
    *,
    simulator: Mapping[str, Any] | None = None,
    prepare: Callable[[SimulatedOanda], object] | None = None,
    tick_s: float = 0.05,
    base_ns: int = BASE_NS,
    **settings: Any,
) -> AsyncIterator[tuple[SimulatedOanda, Engine, ExchangeHandle]]:
    """A simulated OANDA, an engine on it, and its handle, all on one virtual clock."""
    clock = LoopClock(base_ns, origin=anyio.current_time())
    sim = SimulatedOanda(seed=7, settings=Settings(**(simulator or {})), now_ns=clock.now_ns)
    if prepare is not None:
        prepare(sim)
    network = MemoryNetwork()
    async with serving_in_memory(network, sim, tick_s=tick_s) as addresses:
        told = sim.endpoints(addresses[sim.name])
        config = oanda(
            told["credentials"], endpoints=Endpoints(told["rest"], told["stream"]), **settings
        )
        async with Engine(config, clock=clock, network=network) as engine:
            yield sim, engine, engine["oanda"]


class Heard:
    """Everything that a feed has said so far."""

    def __init__(self) -> None:
        self.events: list[AccountEvent | FeedEvent] = []

    def of(self, *kinds: type) -> list[Any]:
        """Those of some kinds, in order."""
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def transactions(self) -> list[int]:
        """The ids of the transactions that were told."""
        return [int(event.transaction_id) for event in self.of(TransactionRecorded)]

    @property
    def fills(self) -> list[str]:
        """The ids of the executions that were told."""
        return [event.fill.fill_id for event in self.of(FillReceived)]

    def statuses(self, client_order_id: str) -> list[str]:
        """What an order became, step by step."""
        return [
            event.order.status.value
            for event in self.of(OrderUpdated)
            if event.order.client_order_id == client_order_id
        ]


@asynccontextmanager
async def hearing(feed: Any) -> AsyncIterator[Heard]:
    """Listen to a feed all the while."""
    heard = Heard()

    async def listen() -> None:
        async for event in feed:
            heard.events.append(event)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        yield heard
        tasks.cancel_scope.cancel()


async def settled(holds: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Let virtual time pass until something holds."""
    with anyio.fail_after(seconds):
        while not holds():
            await anyio.sleep(0.02)


def asked(sim: SimulatedOanda, pattern: str = "") -> list[str]:
    """The requests that came, in order; only those with `pattern` in them."""
    return [e.subject for e in sim.log.of(LogKind.REQUEST) if pattern in e.subject]


def far_bid(client_order_id: str = "", quantity: str = "100") -> OrderRequest:
    """A limit order that rests: far below the market."""
    return limit_order(
        "EUR-USD", Side.BUY, quantity=quantity, price="0.9", client_order_id=client_order_id
    )


def buy(client_order_id: str = "", quantity: str = "100") -> OrderRequest:
    """A market order."""
    return market_order("EUR-USD", Side.BUY, quantity=quantity, client_order_id=client_order_id)


def fills_of(sim: SimulatedOanda, client_order_id: str) -> list[dict[str, Any]]:
    """The executions of an order, in the account's log."""
    return [
        each
        for each in sim.account.transactions
        if each["type"] == "ORDER_FILL" and each.get("clientOrderID") == client_order_id
    ]


def orders_of(sim: SimulatedOanda, client_order_id: str) -> int:
    """How many orders were created with this id of ours."""
    return sum(
        str(each["type"]).endswith("_ORDER")
        and each.get("clientExtensions", {}).get("id") == client_order_id
        for each in sim.account.transactions
    )


def last_id(sim: SimulatedOanda) -> int:
    """Of the account's newest transaction."""
    return int(sim.account.last_transaction_id)
