"""An order is executed while its cancel is under way."""

import anyio

from venuetree.protocol.errors import CancelRefused
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins, trade_with
from venuetree.scenarios.faults import DelayRequest, Loss
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An order that is executed before its cancel comes through is told as filled, and its fill"
    " once.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def order_fills_while_it_is_cancelled(world: World) -> str:
    """Delay the cancel, and trade with the order meanwhile."""
    async with world.account() as account:
        await account_begins(world)
        order = await world.exchange.place(world.near_bid("a1"))
        world.inject(DelayRequest(to=world.operator.patterns.cancel, delay_s=2.0, how=Loss.HANGING))

        async def trade() -> None:
            await anyio.sleep(1)
            trade_with(world, order)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trade)
            try:
                ended = await world.exchange.cancel(order.key, timeout=60)
            except CancelRefused as refused:
                ended = await world.exchange.order(order.key)
                world.expect(ended.status.value in str(refused), f"it was refused by {refused}")
        await anyio.sleep(30)
        fills = account.fills("a1")
    held = world.held("a1")
    world.expect(held.status is Held.FILLED, f"the order is {held.status.value} at the exchange")
    world.expect(ended.status is OrderStatus.FILLED, f"the order is {ended.status.value}")
    told = sum(fill.quantity for fill in fills)
    world.expect(told == held.filled, f"fills of {told} were told")
    return f"filled at both ends, {len(fills)} fill told"
