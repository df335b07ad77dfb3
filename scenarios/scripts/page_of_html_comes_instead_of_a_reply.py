"""A proxy answers an order with a page of its own, and the order was taken."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import Body, Respond
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("An answer that is not the exchange's is no verdict: the order is found, once.")
async def page_of_html_comes_instead_of_a_reply(world: World) -> str:
    """Answer with a page that says 200, then with one that says 403."""
    for status in (200, 403):
        name = f"a{status}"
        page = Respond(
            to=world.operator.patterns.place, status=status, body=Body.HTML, applied=True
        )
        world.inject(page)
        order = await world.exchange.place(world.far_bid(name))
        world.expect(order.status is OrderStatus.OPEN, f"{name} is {order.status.value}")
        world.held(name)
    return "both orders are at the exchange, once each"
