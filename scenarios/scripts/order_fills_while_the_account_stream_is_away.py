"""The account's stream breaks and stays away, and an order is executed meanwhile."""

import anyio

from venuetree.protocol.events import StreamDisconnected
from venuetree.scenarios.account_watch import account_begins, fill_is_told_once, trade_with
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
        await account_begins(world)
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(2)
        away = world.inject(RefuseConnection(times=None))
        world.inject(ResetConnection(channel=world.operator.patterns.user))
        trade_with(world, order)
        await anyio.sleep(10)
        world.expect(bool(account.of(StreamDisconnected)), "nobody was told that it is away")
        away.remove()
        await fill_is_told_once(world, account, "a1")
    return "the fill was told, once, after the stream was back"
