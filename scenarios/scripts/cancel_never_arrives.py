"""A cancel is lost on its way to the exchange."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseRequest
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A cancel that never arrived is not taken for done: it is asked for again.")
async def cancel_never_arrives(world: World) -> str:
    """Lose the request twice; the order is cancelled only when the exchange has cancelled it."""
    order = await world.exchange.place(world.far_bid("a1"))
    world.inject(LoseRequest(to=world.operator.patterns.cancel, times=2))
    cancelled = await world.exchange.cancel(order.key)
    held = world.held("a1").status
    world.expect(held is Held.CANCELLED, f"the order is {held.value} at the exchange")
    world.expect(
        cancelled.status is OrderStatus.CANCELLED, f"the order is {cancelled.status.value}"
    )
    tries = len(world.asked(world.operator.patterns.cancel))
    return f"cancelled at both ends, asked for {tries} times"
