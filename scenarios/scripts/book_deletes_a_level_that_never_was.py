"""A change of the book deletes a price that was never in it."""

from venuetree.protocol.events import BookStale, BookUpdated, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import OrphanDelete
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Deleting a level that never was changes nothing: the book stays in step, and right.",
    on=("coinbase",),
)
async def book_deletes_a_level_that_never_was(world: World) -> str:
    """Let it happen three times while the book goes on."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        orphans = world.inject(OrphanDelete(channel=world.operator.patterns.book, times=3))
        await world.until(lambda: orphans.fired == 3, "the market stood still")
        count = len(seen.of(BookUpdated))
        await world.until(
            lambda: len(seen.of(BookUpdated)) > count + 3, "the book was not told any more"
        )
        await book_equals_the_exchanges(world)
        disturbed = [*seen.of(BookStale, since=begun), *seen.of(StreamDisconnected)]
        world.expect(not disturbed, f"the book was given up: {disturbed[:1]}")
    return "three times, and the book went on"
