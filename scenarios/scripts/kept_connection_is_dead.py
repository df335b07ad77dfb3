"""The exchange has dropped the connections that we keep, and nobody has noticed yet."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("An order does not fail because a kept connection is dead: it goes by another, once.")
async def kept_connection_is_dead(world: World) -> str:
    """Reset every connection, then place an order at once."""
    await world.exchange.place(world.far_bid("a1"))
    world.take_down()
    world.bring_up()
    order = await world.exchange.place(world.far_bid("a2"))
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    return f"{world.held('a2').status.value} at the exchange, once"
