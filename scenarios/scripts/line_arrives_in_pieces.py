"""The lines of a stream arrive byte by byte."""

from venuetree.protocol.events import BookStale, BookUpdated, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import SplitFrame
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Where the network splits a line is nobody's business: nothing of it is seen.", on=("oanda",)
)
async def line_arrives_in_pieces(world: World) -> str:
    """Split five lines at each of their bytes, then a few at places that are awkward."""
    book = world.operator.patterns.book
    async with world.market(Topic.BOOK, Topic.QUOTES) as seen:
        begun = await book_begins(seen)
        split = [world.inject(SplitFrame(channel=book, times=5))]
        split += [world.inject(SplitFrame(channel=book, at=at)) for at in (1, 60, -1, -2)]

        def disturbed() -> list[BookStale | StreamDisconnected]:
            return [*seen.of(BookStale, since=begun), *seen.of(StreamDisconnected)]

        await world.until(
            lambda: all(each.fired for each in split) or bool(disturbed()),
            "the market stood still",
        )
        world.expect(not disturbed(), f"a split line was taken for a fault: {disturbed()[:1]}")
        await book_equals_the_exchanges(world)
        told = len(seen.of(BookUpdated, since=begun))
        world.expect(told >= 9, f"only {told} of the lines were understood")
        world.expect(not disturbed(), f"a split line was taken for a fault: {disturbed()[:1]}")
    return f"{told} lines, none noticed"
