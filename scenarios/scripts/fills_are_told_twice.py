"""The account's stream tells every event twice."""

from venuetree.scenarios.account_watch import account_begins, fill_is_told_once, trade_with
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
        await account_begins(world)
        world.inject(DuplicateUserEvents(times=None))
        order = await world.exchange.place(world.near_bid("a1"))
        trade_with(world, order)
        await fill_is_told_once(world, account, "a1")
        fills = account.fills("a1")
    bought = world.operator.holding() - before
    world.expect(bought == world.received(fills), f"the account has {bought} more")
    return f"{len(fills)} fill told"
