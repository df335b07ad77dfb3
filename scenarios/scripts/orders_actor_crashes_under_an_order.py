"""The actor that keeps the orders crashes while two of them are under way."""

import anyio

from venuetree.protocol.errors import EngineError, OutcomeUnknown
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply, LoseRequest, Loss
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "Orders under way when their actor crashes are said to be of unknown outcome, and the next"
    " incarnation knows both from the journal: the one that is there, and the one that is not.",
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
    simulator={"move_every_s": 60.0},
    tick_s=1.0,
)
async def orders_actor_crashes_under_an_order(world: World) -> str:
    """Let a reply and a request hang, and break the clock for the next order that comes."""
    place = world.operator.patterns.place
    world.inject(LoseReply(to=place, how=Loss.HANGING))
    world.inject(LoseRequest(to=place, how=Loss.HANGING, after=1))
    said: list[str] = []

    async def place_unheard(name: str) -> None:
        placing = world.exchange.place(world.far_bid(name))
        unknown = await world.error_of(OutcomeUnknown, placing)
        said.append(unknown.client_order_id)

    async with anyio.create_task_group() as tasks:
        for name in ("taken", "lost"):
            tasks.start_soon(place_unheard, name)
            await anyio.sleep(1)
        with world.broken_clock():
            await world.error_of(EngineError, world.exchange.place(world.far_bid("a3")))
    world.expect(set(said) == {"taken", "lost"}, f"unknown were {said}")
    restarts = world.engine.snapshot()[f"{world.name}/io/orders"].restarts
    world.expect(restarts == 1, f"the orders actor was started {restarts} times again")
    await anyio.sleep(300)
    known = {o.client_order_id: o.status for o in await world.exchange.known_orders()}
    expected = {"taken": OrderStatus.OPEN, "lost": OrderStatus.REJECTED}
    world.expect(known == expected, f"the next incarnation knows {known}")
    world.expect(not world.operator.orders("lost"), "the lost order is at the exchange")
    return f"one is {world.held('taken').status.value} at the exchange, once, the other is not"
