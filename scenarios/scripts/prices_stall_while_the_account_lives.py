"""The market's stream falls silent, and the account's goes on."""

from venuetree.protocol.events import BookStale, FillReceived, StaleReason, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import StallStream
from venuetree.scenarios.market_watch import account_reader, book_begins, stream_is_replaced
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Each stream is watched by itself: an order is executed and told while prices are stalled.",
    simulator={"move_every_s": 2.0},
    tick_s=0.5,
)
async def prices_stall_while_the_account_lives(world: World) -> str:
    """Trade in the middle of the outage."""
    async with world.market(Topic.BOOK) as seen, world.account() as told:
        begun = await book_begins(seen)
        await account_begins(world)
        world.inject(StallStream(channel=world.operator.patterns.book))
        await world.until(lambda: bool(seen.of(BookStale)), "it was never told")
        await world.exchange.place(world.buy("a1"))
        await world.until(lambda: bool(told.of(FillReceived)), "the fill was never told", seconds=5)
        await stream_is_replaced(world, seen, StaleReason.STALLED, since=begun)
    world.expect(not told.of(StreamDisconnected), "the account's stream went down with it")
    world.expect(account_reader(world).incarnation == 1, "the account's stream was opened anew")
    return f"{len(told.of(FillReceived))} fills told during the outage"
