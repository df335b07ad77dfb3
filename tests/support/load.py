"""Ten times what an exchange permits, asked of an engine by many tasks for a minute.

Each call of the host is a task of its own and begins at its time, whatever became of the others:
a host that waits for its answers would ask for no more than it gets.
"""

import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, assert_never

import anyio
import anyio.abc
from attrs import Factory, define, frozen

from tests.support.lagging_network import LaggingNetwork
from tests.support.virtual_exchange import BASE_NS
from venuetree.actors.clock import LoopClock
from venuetree.actors.rate_gate import GateDetail
from venuetree.config import exchange_config
from venuetree.engine import Engine
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import EngineError
from venuetree.protocol.models import Order, OrderKey, Side
from venuetree.protocol.port import Endpoints, Lane
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.memory_server import serving_in_memory
from venuetree.scenarios.simulated import binance_us as binance
from venuetree.scenarios.simulated import coinbase, oanda
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.coinbase import SimulatedCoinbase
from venuetree.scenarios.simulated.oanda import SimulatedOanda

__all__ = ["DEMANDS", "SECONDS", "CallLog", "Demand", "Loaded", "loaded"]

#: How long the demand lasts, in virtual seconds. A minute of it is tens of thousands of calls and
#: about as much of computing: unless all of it is asked for, there is a part.
SECONDS = int(os.environ.get("VENUETREE_LOAD_SECONDS", "60"))
#: How long an order rests before its host wants it gone, at most.
RESTS_S = 2.0
#: Questions are about one of the newest orders: old ones that have ended are forgotten in time.
RECENT = 50
#: Between two looks at the gate.
LOOK_S = 0.25
#: Our clock at the beginning: eight seconds before a window of a minute ends.
BEGINS_NS = BASE_NS + 35 * 1_000_000_000
#: The way to the exchange: its variation is below what the gate allows for, a tenth of a second.
SHORTEST_S, LONGEST_S = 0.005, 0.095

Simulator = SimulatedCoinbase | SimulatedBinanceUs | SimulatedOanda


class CallLog:
    """Keeps the engine's log lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        """One line."""
        self.lines.append((event, fields))

    warning = info

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """The lines of requests of one operation."""
        return [f for e, f in self.lines if e == "api_call" and f["operation"] == operation]


@frozen
class Demand:
    """What is asked in each second.

    Attributes:
        places: orders; each that rests is cancelled soon after.
        questions: by name, calls of the handle.
        statuses: questions about orders that were placed.
        bids: prices of orders that rest, by instrument, taken in turn: so many open orders of one
            instrument are not allowed everywhere.
    """

    places: int
    statuses: int
    questions: Mapping[str, tuple[int, Callable[[ExchangeHandle], Awaitable[object]]]]
    quantity: str
    bids: Mapping[str, str]


#: By exchange, ten times what `limit_judge.RULES` permits, which the test reckons again.
DEMANDS = {
    "coinbase": Demand(
        places=120,
        statuses=120,
        questions={
            "balances": (60, lambda exchange: exchange.balances()),
            "trades": (100, lambda exchange: exchange.trades("BTC-USD", limit=1)),
        },
        quantity="0.001",
        bids={"BTC-USD": "20000"},
    ),
    "binance_us": Demand(
        places=100,
        statuses=60,
        questions={
            "balances": (12, lambda exchange: exchange.balances()),
            "trades": (20, lambda exchange: exchange.trades("BTC-USD", limit=1)),
        },
        quantity="0.02",
        bids={"BTC-USD": "20000", "BTC-USDT": "20000"},
    ),
    "oanda": Demand(
        places=150,
        statuses=150,
        questions={"balances": (700, lambda exchange: exchange.balances())},
        quantity="100",
        bids={"EUR-USD": "0.9"},
    ),
}


@define
class Loaded:
    """A world under load, and what became of every call.

    Attributes:
        asked: calls begun, by kind.
        answered: calls that ended in a result, by kind.
        failed: calls that ended in an error: kind, name of what was asked, error.
        placed: orders that the exchange acknowledged, as the engine told.
        cancelled: how cancels ended.
        looks: the gate as snapshots showed it under way.
        mailbox_depths: of the gate, at the same times.
    """

    name: str
    sim: Simulator
    engine: Engine
    log: CallLog
    network: LaggingNetwork
    rng: random.Random
    asked: Counter[str] = Factory(Counter)
    answered: Counter[str] = Factory(Counter)
    failed: list[tuple[str, str, EngineError]] = Factory(list)
    placed: dict[str, Order] = Factory(dict)
    cancelled: list[Order] = Factory(list)
    looks: list[GateDetail] = Factory(list)
    mailbox_depths: list[int] = Factory(list)
    _keys: list[OrderKey] = Factory(list)

    @property
    def exchange(self) -> ExchangeHandle:
        """The handle."""
        return self.engine[self.name]

    async def run(self, demand: Demand, *, seconds: float) -> None:
        """Ask for all of it, and wait until every call has ended."""
        async with anyio.create_task_group() as tasks:
            rates: dict[str, tuple[int, Callable[[], Awaitable[object]]]] = {
                "place": (demand.places, partial(self._place_and_cancel, demand)),
                "status": (demand.statuses, self._status),
                **{
                    kind: (rate, partial(self._call, kind, "", ask))
                    for kind, (rate, ask) in demand.questions.items()
                },
            }
            end = anyio.current_time() + seconds
            async with anyio.create_task_group() as pacers:
                for rate, call in rates.values():
                    if rate:
                        pacers.start_soon(_pace, tasks, rate, call, end)
                pacers.start_soon(self._watch, end)

    async def _place_and_cancel(self, demand: Demand) -> None:
        name = f"load-{self.asked['place']}"
        instruments = tuple(demand.bids)
        instrument = instruments[self.asked["place"] % len(instruments)]
        request = limit_order(
            instrument,
            Side.BUY,
            quantity=demand.quantity,
            price=demand.bids[instrument],
            client_order_id=name,
        )
        order = await self._call("place", name, lambda e: e.place(request))
        if not isinstance(order, Order):
            return
        self.placed[name] = order
        self._keys.append(order.key)
        await anyio.sleep(self.rng.uniform(0, RESTS_S))
        cancelled = await self._call("cancel", name, lambda e: e.cancel(order.key))
        if isinstance(cancelled, Order):
            self.cancelled.append(cancelled)

    async def _status(self) -> None:
        if self._keys:
            key = self.rng.choice(self._keys[-RECENT:])
            await self._call("status", "", lambda e: e.order(key))
        else:
            await self._call("status", "", lambda e: e.open_orders())

    async def _call(
        self, kind: str, name: str, ask: Callable[[ExchangeHandle], Awaitable[object]]
    ) -> object:
        self.asked[kind] += 1
        try:
            answer = await ask(self.exchange)
        except EngineError as error:
            self.failed.append((kind, name, error))
            return None
        self.answered[kind] += 1
        return answer

    async def _watch(self, end: float) -> None:
        while anyio.current_time() < end:
            gate = self.engine.snapshot()[f"{self.name}/gate"]
            if isinstance(gate.detail, GateDetail):
                self.looks.append(gate.detail)
            self.mailbox_depths.append(gate.mailbox_depth)
            await anyio.sleep(LOOK_S)

    def known_there(self) -> list[str]:
        """The client order ids of all orders that the exchange has, one an order."""
        match self.sim:
            case SimulatedOanda():
                return [
                    each["clientExtensions"]["id"]
                    for each in self.sim.account.transactions
                    if each["type"] == "LIMIT_ORDER"
                ]
            case SimulatedBinanceUs():
                # A cancel gives an order another name.
                return [
                    order.original_client_id or order.client_order_id for order in self.sim.orders
                ]
            case SimulatedCoinbase():
                return [order.client_order_id for order in self.sim.orders]
            case _:
                assert_never(self.sim)

    def names(self, kind: str) -> set[str]:
        """What was asked for in vain, of one kind."""
        return {name for of, name, _ in self.failed if of == kind}

    def most_queued(self, lane: Lane) -> int:
        """The most that any look saw waiting in a lane."""
        return max(look.queued[lane] for look in self.looks)


async def _pace(
    tasks: anyio.abc.TaskGroup, rate: int, call: Callable[[], Awaitable[object]], end: float
) -> None:
    """Begin `rate` calls a second, evenly, until `end`."""
    begin, number = anyio.current_time(), 0
    while (due := begin + number / rate) < end:
        await anyio.sleep_until(due)
        tasks.start_soon(_ended(call))
        number += 1


def _ended(
    call: Callable[[], Awaitable[object]],
) -> Callable[[], Coroutine[Any, Any, None]]:
    async def run() -> None:
        await call()

    return run


def _simulator(name: str, now_ns: Callable[[], int]) -> Simulator:
    """One with a market that hardly moves: its moves are work, and nobody listens."""
    match name:
        case "coinbase":
            return SimulatedCoinbase(
                seed=7, settings=coinbase.Settings(move_every_s=30.0), now_ns=now_ns
            )
        case "binance_us":
            return SimulatedBinanceUs(
                seed=7, settings=binance.Settings(move_every_s=30.0), now_ns=now_ns
            )
        case "oanda":
            return SimulatedOanda(seed=7, settings=oanda.Settings(move_every_s=30.0), now_ns=now_ns)
    raise AssertionError(name)


@asynccontextmanager
async def loaded(
    name: str, *, shortest_s: float = SHORTEST_S, longest_s: float = LONGEST_S
) -> AsyncIterator[Loaded]:
    """A simulated exchange with its limits on, and an engine on it, on one virtual clock."""
    clock = LoopClock(BEGINS_NS, origin=anyio.current_time())
    sim = _simulator(name, clock.now_ns)
    inner, rng, log = MemoryNetwork(), random.Random(11), CallLog()
    network = LaggingNetwork(inner, rng, shortest_s=shortest_s, longest_s=longest_s)
    async with serving_in_memory(inner, sim, tick_s=0.05) as addresses:
        told = sim.endpoints(addresses[sim.name])
        endpoints = Endpoints(told["rest"], told["stream"], told.get("user_stream", ""))
        if "ws_api" in told:
            endpoints = Endpoints(told["rest"], told["stream"], others={"ws_api": told["ws_api"]})
        config = exchange_config(name, told["credentials"], endpoints=endpoints)
        async with Engine(
            config, clock=clock, network=network, rng=random.Random(5), log=log
        ) as engine:
            yield Loaded(name, sim, engine, log, network, rng)
