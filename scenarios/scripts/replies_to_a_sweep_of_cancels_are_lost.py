"""All orders are cancelled at once, and the replies are lost."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("When everything is cancelled each order is seen to its end, whatever replies are lost.")
async def replies_to_a_sweep_of_cancels_are_lost(world: World) -> str:
    """Place three orders, lose the reply to their cancel, and look at each at both ends."""
    names = {"a1", "a2", "a3"}
    for name in sorted(names):
        await world.exchange.place(world.far_bid(name))
    world.inject(LoseReply(to=world.operator.patterns.cancel_all))
    ended = await world.exchange.cancel_all(world.instrument, timeout=60)
    told = {order.client_order_id: order.status for order in ended}
    expected = dict.fromkeys(names, OrderStatus.CANCELLED)
    world.expect(told == expected, f"told as ended: {told}")
    held = {world.held(name).status for name in names}
    world.expect(held == {Held.CANCELLED}, f"at the exchange they are {held}")
    return "three orders, cancelled at both ends"
