"""The market's connection stays open, answers pings, and says nothing more."""

from venuetree.protocol.events import StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import StallStream
from venuetree.scenarios.market_watch import account_reader, book_begins, stream_is_replaced
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A connection that only answers pings is given up: the book is told stalled before it closes.",
    simulator={"move_every_s": 2.0},
    tick_s=0.5,
)
async def market_stream_falls_silent(world: World) -> str:
    """Let it stall for good, and see that it ends and another one carries the book."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.inject(StallStream(channel=world.operator.patterns.book))
        lost = await stream_is_replaced(world, seen, StaleReason.STALLED, since=begun)
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return f"given up: {lost.reason}"
