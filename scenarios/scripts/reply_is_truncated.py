"""The JSON of a reply ends in the middle, with and without the connection."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import Loss, TruncateBody
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("Half a reply is no verdict: the order is found, once.")
async def reply_is_truncated(world: World) -> str:
    """Cut the reply short three times: as a whole answer, by a close, by a reset."""
    for name, how in (("whole", None), ("closed", Loss.CLOSED), ("reset", Loss.RESET)):
        world.inject(TruncateBody(to=world.operator.patterns.place, how=how))
        order = await world.exchange.place(world.far_bid(name))
        world.expect(order.status is OrderStatus.OPEN, f"{name} is {order.status.value}")
        world.held(name)
    return "three orders, each at the exchange once"
