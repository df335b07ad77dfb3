"""An order's reply is lost, and who is asked does not know the order for a while."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply, StaleReplica
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "That an order is not found soon after it was sent proves nothing: it is asked for until it"
    " is, and there is one of it.",
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def replica_does_not_know_the_order_yet(world: World) -> str:
    """Lose the reply, and let questions find nothing for twenty seconds."""
    world.inject(StaleReplica(for_s=20.0))
    world.inject(LoseReply(to=world.operator.patterns.place))
    began = anyio.current_time()
    order = await world.exchange.place(world.far_bid("a1"), timeout=120)
    took = anyio.current_time() - began
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    again = await world.exchange.order(order.key, timeout=60)
    world.expect(again.status is OrderStatus.OPEN, f"asked for, it is {again.status.value}")
    return f"{world.held('a1').status.value} at the exchange, once, known after {took:.0f} s"
