"""A line of a stream ends in the middle, and its connection with it."""

from venuetree.protocol.events import QuoteChanged, StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import CutFrame, Loss
from venuetree.scenarios.market_watch import book_begins, book_is_repaired
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Half a line changes no price, and its loss is told, however the connection ends.",
    on=("oanda",),
)
async def line_is_cut_off(world: World) -> str:
    """Cut one line short with a goodbye, then another with a reset."""
    async with world.market(Topic.BOOK, Topic.QUOTES) as seen:
        since = await book_begins(seen)
        for how in (Loss.CLOSED, Loss.RESET):
            world.inject(CutFrame(channel=world.operator.patterns.book, how=how))
            await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=since)
            since = len(seen.events)
        quotes = seen.of(QuoteChanged)
    told = [level.price for quote in quotes for level in (*quote.bids, *quote.asks)]
    # Every price has the tick's digits; one that was cut short has fewer.
    digits = world.operator.tick.as_tuple().exponent
    cut = [each for each in told if each.as_tuple().exponent != digits]
    world.expect(bool(told) and not cut, f"prices were cut: {cut}")
    return "twice, and no price was made of it"
