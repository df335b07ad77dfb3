"""Of an order that may not rest half is executed, and its reply is lost."""

import anyio

from venuetree.protocol.models import OrderStatus, TimeInForce
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Of an order that could be executed only in part, what was executed is known to the digit"
    " though its reply was lost, and its rest has ended.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def order_executed_in_part_loses_its_reply(world: World) -> str:
    """Leave half of what is wanted in the book, and lose the reply."""
    half = world.small / 2
    world.operator.thin_out(half)
    async with world.account() as account:
        await account_begins(world)
        world.inject(LoseReply(to=world.operator.patterns.place))
        request = world.bid_at_the_ask("a1", time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
        order = await world.exchange.place(request)
        await anyio.sleep(30)
        final = await world.exchange.order(order.key)
        told = sum(fill.quantity for fill in account.fills("a1"))
    held = world.held("a1")
    ends = {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
    world.expect(order.status in ends, f"the order is {order.status.value}")
    world.expect(final.filled_quantity == held.filled == half, f"{final.filled_quantity} executed")
    world.expect(told == half, f"fills of {told} were told")
    return f"{told} executed and told, {order.status.value}"
