"""The book's stream says nothing any more, and all others of its connection go on."""

from venuetree.protocol.events import StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import Backlog, StallStream
from venuetree.scenarios.market_watch import account_reader, book_begins, book_is_repaired
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A book that is silent for long is looked into though its connection lives, and had anew.",
    simulator={"move_every_s": 2.0},
    tick_s=0.5,
)
async def book_stands_still_while_the_connection_lives(world: World) -> str:
    """Silence the book alone; the market goes on, heartbeats and pings too."""
    book = world.operator.patterns.book
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.inject(StallStream(channel=book, only=book, backlog=Backlog.DISCARDED))
        stale = await book_is_repaired(
            world, seen, StaleReason.STALLED, StaleReason.GAP, since=begun, seconds=240
        )
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return f"found out, stale: {stale.reason.value}, then right"
