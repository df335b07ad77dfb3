"""Events of the account's stream are lost on the way, the connection stands."""

import anyio

from venuetree.protocol.models import OrderStatus
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
        await world.until(world.is_account_told, "the account's stream does not come up")
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(2)
        world.inject(DropFrame(channel=world.operator.patterns.user))
        price = order.price or world.small
        world.operator.trade_against(order.side, price, world.small)
        await world.until(
            lambda: OrderStatus.FILLED in account.statuses("a1") and bool(account.fills("a1")),
            "the fill was never told",
        )
        await anyio.sleep(30)
        fills = account.fills("a1")
    told = sum(fill.quantity for fill in fills)
    world.expect(told == world.held("a1").filled == world.small, f"fills of {told} were told")
    return f"{len(fills)} fill told"
