"""Two prices arrive in the wrong order, and nothing but their times tells."""

from venuetree.protocol.events import BookStale, QuoteChanged, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import SwapFrames
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A price that comes after a newer one is passed over: the newer one stands.",
    # Elsewhere messages have numbers: `book-updates-are-swapped`.
    on=("oanda",),
)
async def prices_are_swapped(world: World) -> str:
    """Swap two, and look at the book before the next one comes."""
    async with world.market(Topic.BOOK, Topic.QUOTES) as seen:
        begun = await book_begins(seen)
        swapped = world.inject(SwapFrames(channel=world.operator.patterns.book))
        await world.until(lambda: swapped.fired == 1, "the market stood still")
        count = len(seen.of(QuoteChanged))
        await world.until(lambda: len(seen.of(QuoteChanged)) > count, "no price was told any more")
        await book_equals_the_exchanges(world)
        times = [quote.exchange_time_ns or 0 for quote in seen.of(QuoteChanged)]
        world.expect(times == sorted(times), "an older price was told after a newer one")
        disturbed = [*seen.of(BookStale, since=begun), *seen.of(StreamDisconnected)]
        world.expect(not disturbed, f"it was taken for an outage: {disturbed[:1]}")
    return "the newer price stands"
