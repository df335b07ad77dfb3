"""A listen key ends before its time, and the exchange says so."""

import anyio

from venuetree.protocol.events import FillReceived
from venuetree.protocol.models import OrderStatus, Side
from venuetree.scenarios.faults import ExpireListenKey, Respond
from venuetree.scenarios.market_watch import account_reader
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

#: The other way to the account's events, by which no listen key is wanted.
_API = "WS userDataStream*"


def without_the_api(world: World) -> None:
    """Let the WebSocket API not know of account streams, so that a listen key is had."""
    world.inject(Respond(to=_API, status=410, times=None))


@scenario(
    "An expired listen key ends its stream: another is opened, and no fill is lost or told twice.",
    on=("binance_us",),
    before=without_the_api,
    simulator={"move_every_s": 30.0},
    tick_s=1.0,
    within_s=3600.0,
)
async def listen_key_expires(world: World) -> str:
    """End the key, let an order fill at once, and count what is told."""
    async with world.account() as told:
        await world.until(
            lambda: bool(account_reader(world).detail.is_healthy), "no stream by a listen key"
        )
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(5)
        restarts = account_reader(world).restarts
        expired = world.inject(ExpireListenKey(announced=True))
        await world.until(lambda: expired.fired == 1, "the key was not in use")
        world.operator.trade_against(Side.BUY, order.price or world.small, world.small)
        await world.until(
            lambda: bool(told.of(FillReceived)), "the fill was never told", seconds=30
        )
        await anyio.sleep(120)
        fills = [event.fill for event in told.of(FillReceived)]
        now = await world.exchange.order(order.key)
    world.expect(len(fills) == 1, f"the fill was told {len(fills)} times")
    world.expect(fills[0].quantity == order.quantity, f"a fill of {fills[0].quantity} was told")
    world.expect(now.status is OrderStatus.FILLED, f"the order is {now.status.value}")
    world.expect(account_reader(world).restarts > restarts, "the dead stream was left as it was")
    return "one fill, told once, over another stream"
