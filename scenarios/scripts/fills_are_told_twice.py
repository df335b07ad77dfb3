"""The account's stream tells every event twice."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import DuplicateUserEvents
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A fill that the exchange tells twice is counted and told once.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def fills_are_told_twice(world: World) -> str:
    """Have an order executed while everything is told twice."""
    before = world.operator.holding()
    async with world.account() as account:
        await world.until(world.is_account_told, "the account's stream does not come up")
        world.inject(DuplicateUserEvents(times=None))
        order = await world.exchange.place(world.near_bid("a1"))
        price = order.price or world.small
        world.operator.trade_against(order.side, price, world.small)
        await world.until(
            lambda: OrderStatus.FILLED in account.statuses("a1"), "it was not told as filled"
        )
        await anyio.sleep(30)
        fills, statuses = account.fills("a1"), account.statuses("a1")
    told = sum(fill.quantity for fill in fills)
    world.expect(told == world.small, f"fills of {told} were told")
    world.expect(statuses.count(OrderStatus.FILLED) == 1, f"it was told as {statuses}")
    bought = world.operator.holding() - before
    world.expect(bought == world.received(fills), f"the account has {bought} more")
    return f"{len(fills)} fill told"
