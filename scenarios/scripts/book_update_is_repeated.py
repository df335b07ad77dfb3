"""The exchange sends a change of the book twice."""

from itertools import pairwise

from venuetree.protocol.events import BookStale, BookUpdated, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import RepeatFrame
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A change of the book that comes twice is told once, and nothing goes stale for it.")
async def book_update_is_repeated(world: World) -> str:
    """Repeat three changes: no event is the same as the one before it."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        repeated = world.inject(RepeatFrame(channel=world.operator.patterns.book, times=3))
        await world.until(lambda: repeated.fired == 3, "the market stood still")
        await book_equals_the_exchanges(world)
        told = seen.of(BookUpdated, since=begun)
        twice = [
            each
            for each, after in pairwise(told)
            if each.changes
            and (each.changes, each.exchange_time_ns) == (after.changes, after.exchange_time_ns)
        ]
        world.expect(not twice, f"{len(twice)} changes were told twice")
        disturbed = [*seen.of(BookStale, since=begun), *seen.of(StreamDisconnected)]
        world.expect(not disturbed, f"a repetition was taken for a fault: {disturbed[:1]}")
    return f"{len(told)} changes, each told once"
