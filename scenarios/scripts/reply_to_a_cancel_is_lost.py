"""The exchange cancels an order, and its reply never arrives."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply, Loss
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A cancel whose reply is lost is seen through: the order has ended at both ends.")
async def reply_to_a_cancel_is_lost(world: World) -> str:
    """Lose the reply in each of three ways."""
    for how in Loss:
        name = how.value
        order = await world.exchange.place(world.far_bid(name))
        world.inject(LoseReply(to=world.operator.patterns.cancel, how=how))
        cancelled = await world.exchange.cancel(order.key, timeout=60)
        world.expect(
            cancelled.status is OrderStatus.CANCELLED, f"{name} is {cancelled.status.value}"
        )
        held = world.held(name).status
        world.expect(held is Held.CANCELLED, f"{name} is {held.value} at the exchange")
    return "three orders, cancelled at both ends"
