"""Events of the account's stream are lost on the way, the connection stands."""

import anyio

from venuetree.scenarios.account_watch import account_begins, fill_is_told_once, trade_with
from venuetree.scenarios.faults import DropFrame
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An event that the account's stream left out is noticed, and what it told is told, once.",
    # Elsewhere nothing in the stream shows that something is missing.
    on=("coinbase", "oanda"),
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def event_of_the_account_is_dropped(world: World) -> str:
    """Drop the very events that tell of an execution."""
    async with world.account() as account:
        await account_begins(world)
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(2)
        world.inject(DropFrame(channel=world.operator.patterns.user))
        trade_with(world, order)
        await fill_is_told_once(world, account, "a1")
    return "the fill was told, once"
