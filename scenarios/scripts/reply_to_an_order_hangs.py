"""The exchange takes an order, and its reply hangs on an open connection."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply, Loss
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "While the reply to one order hangs others go on, and it is found without being sent again.",
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def reply_to_an_order_hangs(world: World) -> str:
    """Let one reply hang, place another order meanwhile, then see what became of the first."""
    world.inject(LoseReply(to=world.operator.patterns.place, how=Loss.HANGING))
    hanging: list[OrderStatus] = []

    async def place_first() -> None:
        order = await world.exchange.place(world.far_bid("a1"), timeout=60)
        hanging.append(order.status)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(place_first)
        await anyio.sleep(1)
        began = anyio.current_time()
        await world.exchange.place(world.far_bid("a2"))
        took = anyio.current_time() - began
    world.expect(took < 1, f"another order took {took:.1f} s meanwhile")
    world.expect(hanging == [OrderStatus.OPEN], f"the first is {hanging}")
    return f"{world.held('a1').status.value} at the exchange, once"
