"""The list of open orders shows them as they were half a minute ago."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import LaggingOpenOrders, ResetConnection
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A list that lags ends no order that is open, and revives none that has ended.",
    on=("binance_us",),
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def list_of_open_orders_lags(world: World) -> str:
    """Have the list read, because the account's stream breaks, while it lags."""
    await account_begins(world)
    await world.exchange.place(world.far_bid("ended"))
    await world.exchange.cancel("ended")
    lags = world.inject(LaggingOpenOrders(for_s=30.0))
    world.inject(ResetConnection(channel=world.operator.patterns.user))
    await world.exchange.place(world.far_bid("open"))
    await world.until(lambda: lags.fired > 0, "the list was not read")
    await anyio.sleep(5)
    known = {o.client_order_id: o.status for o in await world.exchange.known_orders()}
    expected = {"ended": OrderStatus.CANCELLED, "open": OrderStatus.OPEN}
    world.expect(known == expected, f"the engine knows {known}")
    held = world.held("ended").status, world.held("open").status
    world.expect(held == (Held.CANCELLED, Held.OPEN), f"the exchange holds {held}")
    return "one is open, one has ended, at both ends"
