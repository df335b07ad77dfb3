"""The actor that keeps the orders crashes while one is under way."""

import anyio

from venuetree.protocol.errors import EngineError, OutcomeUnknown
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply, Loss
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "An order under way when its actor crashes is said to be of unknown outcome, is known to the"
    " next incarnation from the journal, and there is one of it.",
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def orders_actor_crashes_under_an_order(world: World) -> str:
    """Let the reply hang, and break the clock for the next order that comes."""
    world.inject(LoseReply(to=world.operator.patterns.place, how=Loss.HANGING))
    said: list[OutcomeUnknown] = []

    async def place() -> None:
        said.append(await world.error_of(OutcomeUnknown, world.exchange.place(world.far_bid("a1"))))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(place)
        await anyio.sleep(1)
        with world.broken_clock():
            await world.error_of(EngineError, world.exchange.place(world.far_bid("a2")))
    world.expect(said[0].client_order_id == "a1", f"it names {said[0].client_order_id!r}")
    restarts = world.engine.snapshot()[f"{world.name}/io/orders"].restarts
    world.expect(restarts >= 1, "the orders actor did not crash")
    await anyio.sleep(30)
    known = {o.client_order_id: o.status for o in await world.exchange.known_orders()}
    world.expect(known.get("a1") is OrderStatus.OPEN, f"the next incarnation knows {known}")
    return f"{world.held('a1').status.value} at the exchange, once, after {restarts} restart"
