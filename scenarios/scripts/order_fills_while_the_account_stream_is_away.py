"""The account's stream breaks and stays away, and an order is executed meanwhile."""

import anyio

from venuetree.protocol.events import StreamDisconnected
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import RefuseConnection, ResetConnection
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A fill that happens while the account's stream is away is told afterwards, once.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def order_fills_while_the_account_stream_is_away(world: World) -> str:
    """Break the stream in place of the very event, and let it come back after ten seconds."""
    async with world.account() as account:
        await world.until(world.is_account_told, "the account's stream does not come up")
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(2)
        away = world.inject(RefuseConnection(times=None))
        world.inject(ResetConnection(channel=world.operator.patterns.user))
        price = order.price or world.small
        world.operator.trade_against(order.side, price, world.small)
        await anyio.sleep(10)
        world.expect(bool(account.of(StreamDisconnected)), "nobody was told that it is away")
        away.remove()
        await world.until(
            lambda: OrderStatus.FILLED in account.statuses("a1") and bool(account.fills("a1")),
            "the fill was never told",
        )
        await anyio.sleep(30)
        fills = account.fills("a1")
    told = sum(fill.quantity for fill in fills)
    world.expect(told == world.held("a1").filled == world.small, f"fills of {told} were told")
    return f"{len(fills)} fill told, once, after the stream was back"
