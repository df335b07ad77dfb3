"""The exchange answers an order with 500, 502 or 504, and has taken it."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import Respond
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A failure of the exchange's own is no verdict: an order that it took is found, once.")
async def exchange_errs_after_taking_an_order(world: World) -> str:
    """Answer three orders with three failures, each after the order was taken."""
    for status in (500, 502, 504):
        name = f"a{status}"
        world.inject(Respond(to=world.operator.patterns.place, status=status, applied=True))
        order = await world.exchange.place(world.far_bid(name))
        world.expect(order.status is OrderStatus.OPEN, f"{name} is {order.status.value}")
        world.held(name)
    return "three orders, each at the exchange once"
