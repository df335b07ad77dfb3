"""The account's stream tells of an order while its own reply is still under way."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import SlowReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "What a stream says of an order before its reply is the verdict only once the order stands:"
    " that it is pending is none.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def order_is_told_as_pending_first(world: World) -> str:
    """Hold the reply back for three seconds, and look at what `place` returns."""
    await account_begins(world)
    world.inject(SlowReply(to=world.operator.patterns.place, delay_s=3.0))
    order = await world.exchange.place(world.far_bid("a1"))
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    return f"{world.held('a1').status.value} at the exchange, once"
