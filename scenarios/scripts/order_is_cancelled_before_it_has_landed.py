"""An order is cancelled while it is still on its way, and lands afterwards."""

import anyio

from venuetree.protocol.models import Order, OrderStatus
from venuetree.scenarios.faults import DelayRequest
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "The cancel of an order that is still on its way waits for it: it does not come to rest"
    " behind our back.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def order_is_cancelled_before_it_has_landed(world: World) -> str:
    """Delay the order, cancel it meanwhile, and see what rests afterwards."""
    world.inject(DelayRequest(to=world.operator.patterns.place, delay_s=3.0))
    cancelled: list[Order] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(world.exchange.place, world.far_bid("a1"))
        await anyio.sleep(0.05)
        cancelled.append(await world.exchange.cancel("a1", timeout=60))
    await anyio.sleep(30)
    (order,) = cancelled
    world.expect(order.status is OrderStatus.CANCELLED, f"the order is {order.status.value}")
    held = world.held("a1").status
    world.expect(held is Held.CANCELLED, f"the order is {held.value} at the exchange")
    return "cancelled at both ends"
