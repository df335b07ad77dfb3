"""An order is under way for some seconds, and its connection breaks meanwhile."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import DelayRequest
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "An order that lands after its connection broke is not called absent before it lands,"
    " and there is one of it.",
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def order_lands_late(world: World) -> str:
    """Wait for the verdict, then for the late copy, and count what the exchange holds."""
    world.inject(DelayRequest(to=world.operator.patterns.place, delay_s=4.0))
    order = await world.exchange.place(world.far_bid("a1"), timeout=120)
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    await anyio.sleep(30)
    (known,) = await world.exchange.known_orders()
    world.expect(known.status is OrderStatus.OPEN, f"later it is {known.status.value}")
    return f"{world.held('a1').status.value} at the exchange, once"
