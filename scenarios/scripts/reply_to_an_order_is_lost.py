"""The exchange takes an order, and its reply never arrives."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("An order whose reply is lost is found, and the exchange holds exactly one.")
async def reply_to_an_order_is_lost(world: World) -> str:
    """Place it with the reply lost, then count what the exchange holds."""
    world.inject(LoseReply(to=world.operator.patterns.place))
    order = await world.exchange.place(world.far_bid("a1"))
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    return f"{world.held('a1').status.value} at the exchange, once"
