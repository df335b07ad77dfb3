"""The exchange puts an order in another's place, and the reply is lost."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "After a replacement whose reply is lost the old order has ended and the new one is there,"
    " once.",
    on=("binance_us", "oanda"),
)
async def reply_to_a_replacement_is_lost(world: World) -> str:
    """Lose the reply, and look at both orders at both ends."""
    old = await world.exchange.place(world.far_bid("old"))
    world.inject(LoseReply(to=world.operator.patterns.replace))
    new = await world.exchange.replace(old.key, world.far_bid("new", 2 * world.small))
    before = await world.exchange.order(old.key)
    world.expect(new.status is OrderStatus.OPEN, f"the new order is {new.status.value}")
    world.expect(before.status is OrderStatus.CANCELLED, f"the old order is {before.status.value}")
    held = world.held("old").status, world.held("new").status
    world.expect(held == (Held.CANCELLED, Held.OPEN), f"the exchange holds {held}")
    return "the old order has ended and the new one is open, at both ends"
