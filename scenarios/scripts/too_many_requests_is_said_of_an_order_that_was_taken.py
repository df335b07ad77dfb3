"""429 is answered to an order that the exchange took all the same."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import Respond
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A 429 says nothing about an order that was sent: it is found, once.")
async def too_many_requests_is_said_of_an_order_that_was_taken(world: World) -> str:
    """Answer an order with 429 after it was taken."""
    world.inject(
        Respond(to=world.operator.patterns.place, status=429, retry_after_s=3, applied=True)
    )
    order = await world.exchange.place(world.far_bid("a1"), timeout=60)
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    return f"{world.held('a1').status.value} at the exchange, once"
