"""Makes a world: the simulated exchanges, the network to them, and the clock of it all."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio

from venuetree.actors.clock import LoopClock
from venuetree.config import ExchangeConfig
from venuetree.scenarios.faults import Fault
from venuetree.scenarios.memory_network import MemoryNetwork
from venuetree.scenarios.memory_server import serving_in_memory
from venuetree.scenarios.operators import OPERATORS
from venuetree.scenarios.simulated.registry import Simulator
from venuetree.scenarios.world import World
from venuetree.scenarios.world_clock import BASE_NS, WorldClock
from venuetree.scenarios.world_log import LineKind, WorldLog

__all__ = ["open_world"]


@asynccontextmanager
async def open_world(
    name: str,
    *,
    seed: int,
    beside: Sequence[str] = (),
    simulator: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    configure: Callable[[ExchangeConfig], ExchangeConfig] = lambda config: config,
    tick_s: float = 0.05,
) -> AsyncIterator[World]:
    """A world without an engine yet, while the body runs.

    Args:
        name: of the exchange that it is about.
        seed: of prices, ids, jitter: of everything that is drawn.
        beside: other exchanges that the engine trades on as well.
        simulator: settings of the exchange's simulator.
        settings: of the engine's configuration of each exchange.
        configure: makes of each configuration the one that an engine gets.
        tick_s: between two ticks of the simulators; long where hours pass, since each is work.
    """
    true = LoopClock(BASE_NS, origin=anyio.current_time())
    operators = {name: OPERATORS[name](seed, true.now_ns, **(simulator or {}))}
    operators |= {other: OPERATORS[other](seed, true.now_ns) for other in beside}
    network = MemoryNetwork()
    simulators = [operator.simulator for operator in operators.values()]
    async with serving_in_memory(network, *simulators, tick_s=tick_s) as addresses:
        log = WorldLog(true.now_ns)
        for operator in operators.values():
            _log_faults(operator.simulator, log)
        yield World(
            name=name,
            seed=seed,
            operators=operators,
            network=network,
            clock=WorldClock(true),
            log=log,
            settings=settings or {},
            addresses=addresses,
            configure=configure,
        )


def _log_faults(simulator: Simulator, log: WorldLog) -> None:
    """Let the world's log tell of each fault in the moment in which it fires."""
    plan = simulator.faults
    report = plan.report

    def tell(fault: Fault, hit: str) -> None:
        report(fault, hit)
        log.add(LineKind.FAULT, f"{simulator.name}: {type(fault).__name__} on {hit}")

    plan.report = tell
