"""The exchange ends the subscription to the account's events; the connection stays."""

import anyio

from venuetree.protocol.events import FillReceived, StreamDisconnected
from venuetree.protocol.models import Side, Topic
from venuetree.scenarios.faults import EndUserStream
from venuetree.scenarios.market_watch import account_reader, book_begins, market_reader
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A subscription that the exchange ends is had anew, and a fill in between is told once.",
    on=("binance_us",),
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def account_subscription_ends(world: World) -> str:
    """End it, fill an order at that moment, and see that the market never noticed."""
    async with world.market(Topic.BOOK) as seen, world.account() as told:
        await book_begins(seen)
        order = await world.exchange.place(world.near_bid("a1"))
        ended = world.inject(EndUserStream())
        await world.until(lambda: ended.fired == 1, "there was no subscription")
        world.operator.trade_against(Side.BUY, order.price or world.small, world.small)
        await world.until(
            lambda: bool(told.of(FillReceived)), "the fill was never told", seconds=30
        )
        await anyio.sleep(120)
        fills, lost = told.of(FillReceived), told.of(StreamDisconnected)
        world.expect(len(fills) == 1, f"the fill was told {len(fills)} times")
        world.expect(len(lost) == 1, f"the interruption was told {len(lost)} times")
        world.expect(bool(account_reader(world).detail.is_healthy), "it is not had anew")
        world.expect(market_reader(world).restarts == 0, "the market's stream was opened anew")
    return f"told: {lost[0].reason}"
