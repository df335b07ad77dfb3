"""The exchange ends the subscription to the account's events; the connection stays."""

from venuetree.protocol.events import StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.account_watch import fill_is_told_once, trade_with
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
        trade_with(world, order)
        await fill_is_told_once(world, told, "a1", seconds=30)
        lost = told.of(StreamDisconnected)
        world.expect(len(lost) == 1, f"the interruption was told {len(lost)} times")
        world.expect(bool(account_reader(world).detail.is_healthy), "it is not had anew")
        world.expect(market_reader(world).restarts == 0, "the market's stream was opened anew")
    return f"told: {lost[0].reason}"
