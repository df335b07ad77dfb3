"""The actor that counts requests fails, and with it the count of what was sent."""

import anyio

from venuetree.actors.errors import ActorError
from venuetree.protocol.errors import EngineError
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.simulated.limits import Limit
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.tree_watch import child, crash, expect_untouched, restarts
from venuetree.scenarios.world import World

#: What may be asked within a second, of what is not urgent.
_ALLOWED = 60
_ASKED = 80


@scenario(
    "A gate that forgot what was sent believes the worst: no limit is broken after its restart.",
    on=("oanda",),
    simulator={"requests": Limit(per_second=100, burst=_ALLOWED + 10)},
)
async def rate_gate_crashes(world: World) -> str:
    """Spend all that is allowed, crash the gate, and at once want as much again."""

    async def ask() -> None:
        try:
            await world.exchange.balances()
        except (EngineError, ActorError):
            return

    async with anyio.create_task_group() as tasks:
        for _ in range(_ASKED):
            tasks.start_soon(ask)
        await anyio.sleep(0.05)
        crash(world, "gate")
        await world.until(lambda: restarts(world, "gate") == 1, "it did not crash")
        await world.until(lambda: child(world, "io/rest").incarnation == 2, "nothing else was")
        for _ in range(_ASKED):
            tasks.start_soon(ask)
    replies = world.operator.simulator.log.of(LogKind.REPLY)
    refused = [reply for reply in replies if "429" in reply.detail]
    world.expect(not refused, f"{len(refused)} requests were refused as too many")
    answered = len(world.log.calls("balances"))
    world.expect(answered >= _ASKED, f"only {answered} questions were asked at all")
    expect_untouched(world, "auth")
    return f"{answered} questions, none too many"
