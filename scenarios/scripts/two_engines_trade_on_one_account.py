"""A second engine trades on the same account, with the same key."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins, trade_with
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.witness import listening
from venuetree.scenarios.world import World


@scenario(
    "Orders of another engine on the account are known and told, and neither sent again nor"
    " cancelled by ours when it stops.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def two_engines_trade_on_one_account(world: World) -> str:
    """Have each place an order, let one of them fill, and stop the second."""
    await world.exchange.place(world.far_bid("ours"))
    await account_begins(world)
    world.happens("a second engine starts on the same account")
    async with (
        world.account() as account,
        world.start_engine() as second,
        second[world.name].account_events() as feed,
        listening(feed) as beside,
    ):
        other = second[world.name]
        theirs = await other.place(world.near_bid("theirs"))
        await anyio.sleep(5)
        known = {o.client_order_id: o.status for o in await other.known_orders()}
        expected = {"ours": OrderStatus.OPEN, "theirs": OrderStatus.OPEN}
        world.expect(known == expected, f"the second engine knows {known}")
        trade_with(world, theirs)
        await world.until(lambda: bool(account.fills("theirs")), "ours was not told of the fill")
        await anyio.sleep(30)
        fills = len(account.fills("theirs")), len(beside.fills("theirs"))
    known = {o.client_order_id: o.status for o in await world.exchange.known_orders()}
    expected = {"ours": OrderStatus.OPEN, "theirs": OrderStatus.FILLED}
    world.expect(known == expected, f"ours knows {known}")
    world.expect(fills == (1, 1), f"fills were told so often by the two: {fills}")
    held = world.held("ours").status, world.held("theirs").status
    world.expect(held == (Held.OPEN, Held.FILLED), f"the exchange holds {held}")
    return "each order once, known to both, its fill told once by each"
