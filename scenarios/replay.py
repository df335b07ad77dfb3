"""Replays a scenario on virtual time and says whether its promise was kept."""

import traceback
from enum import Enum

import anyio
from attrs import frozen

from venuetree.actors.errors import ActorError
from venuetree.protocol.errors import EngineError
from venuetree.scenarios.scenario import Scenario
from venuetree.scenarios.simulated.fault_plan import ScheduledFault
from venuetree.scenarios.virtual_time import run_virtual
from venuetree.scenarios.world import BrokenPromise, World
from venuetree.scenarios.world_log import Line, LineKind
from venuetree.scenarios.world_opening import open_world

__all__ = ["Outcome", "Verdict", "replay"]

#: What a script may end with that is the engine's failure to keep a promise; all else is a fault
#: of the script or of the simulation, and shown with its traceback.
_TOLD = (BrokenPromise, EngineError, ActorError, TimeoutError)


class Verdict(Enum):
    """What came of a promise."""

    KEPT = "kept"
    BROKEN = "broken"
    CRASHED = "crashed"
    """The script itself failed: nothing is proved either way."""


@frozen
class Outcome:
    """How a scenario ended on one exchange; with the same seed on trio always the same.

    Attributes:
        detail: what was seen, in a few words.
        faults: when and how the failure really happened, from the log.
        virtual_s: how long it took, in the world's seconds.
        log: everything that happened.
    """

    scenario: str
    exchange: str
    promise: str
    verdict: Verdict
    detail: str
    faults: tuple[Line, ...]
    virtual_s: float
    log: tuple[Line, ...]


def replay(scenario: Scenario, exchange: str, *, backend: str = "trio", seed: int = 1) -> Outcome:
    """Run a scenario on one exchange, in a loop of its own.

    Args:
        scenario: what to run.
        exchange: one of `scenario.on`.
        backend: `asyncio` or `trio`.
        seed: of everything that is drawn.
    """

    async def run() -> Outcome:
        return await _replay(scenario, exchange, seed)

    return run_virtual(backend, run, seed=seed)


async def _replay(scenario: Scenario, exchange: str, seed: int) -> Outcome:
    began = anyio.current_time()
    world: World | None = None
    verdict, detail = Verdict.KEPT, ""
    crash = ""
    try:
        async with open_world(
            exchange,
            seed=seed,
            beside=scenario.beside,
            simulator=scenario.simulator,
            settings=scenario.settings,
            tick_s=scenario.tick_s,
        ) as world:
            detail = await _play(scenario, world)
    except Exception as error:  # noqa: BLE001 - each becomes a verdict, none is swallowed
        cause = _first(error)
        is_told = isinstance(cause, _TOLD)
        verdict = Verdict.BROKEN if is_told else Verdict.CRASHED
        detail = _said(cause, scenario)
        crash = "" if is_told else "".join(traceback.format_exception(error))
    lines = _lines(world, crash)
    return Outcome(
        scenario=scenario.name,
        exchange=exchange,
        promise=scenario.promise,
        verdict=verdict,
        detail=detail,
        faults=tuple(line for line in lines if line.kind is LineKind.FAULT),
        virtual_s=round(anyio.current_time() - began, 3),
        log=lines,
    )


async def _play(scenario: Scenario, world: World) -> str:
    """The script, and whether what it is about happened at all."""
    with anyio.fail_after(scenario.within_s):
        if scenario.before is not None:
            scenario.before(world)
        async with world.start_engine():
            seen = await scenario.script(world)
    for scheduled in world.injected:
        if not scheduled.fired:
            raise BrokenPromise(f"{_named(scheduled)} was ordered and never happened")
    if not any(line.kind is LineKind.FAULT for line in world.log.lines):
        raise BrokenPromise("nothing went wrong: there was nothing to keep a promise about")
    return seen


def _lines(world: World | None, crash: str) -> tuple[Line, ...]:
    if world is None:
        return (Line(0.0, LineKind.SEEN, crash),) if crash else ()
    if crash:
        world.log.add(LineKind.SEEN, crash)
    return world.log.lines


def _first(error: BaseException) -> BaseException:
    """What went wrong, without the groups that task groups make of it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _said(error: BaseException, scenario: Scenario) -> str:
    if isinstance(error, TimeoutError):
        return f"not within {scenario.within_s:g} s"
    text = " ".join(str(error).split())
    return text if isinstance(error, BrokenPromise) else f"{type(error).__name__}: {text}"


def _named(scheduled: ScheduledFault) -> str:
    return type(scheduled.fault).__name__
