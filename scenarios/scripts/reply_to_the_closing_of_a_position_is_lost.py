"""The exchange closes a position, and the reply is lost."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A position whose closing lost its reply is closed once, and its fill told once.",
    on=("oanda",),
)
async def reply_to_the_closing_of_a_position_is_lost(world: World) -> str:
    """Close a third of it; closed twice, only a third would be left."""
    await world.exchange.place(world.buy("m1", 3 * world.small))
    async with world.account() as account:
        world.inject(LoseReply(to=world.operator.patterns.close))
        (order,) = await world.exchange.close_position(world.instrument, long=world.small)
        await anyio.sleep(10)
        fills = account.fills(order.client_order_id)
    (position,) = await world.exchange.positions()
    left = world.operator.holding()
    world.expect(order.status is OrderStatus.FILLED, f"the order is {order.status.value}")
    world.expect(left == 2 * world.small, f"{left} are left at the exchange")
    world.expect(position.quantity == left, f"{position.quantity} are said to be left")
    world.expect(len(fills) == 1, f"{len(fills)} fills were told")
    return f"{order.filled_quantity} closed, once"
