"""A line of a stream ends in the middle, and its connection with it."""

from decimal import Decimal

from venuetree.protocol.events import BookUpdated, StaleReason
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
    told: list[Decimal] = []
    async with world.market(Topic.BOOK) as seen:
        since = await book_begins(seen)
        for how in (Loss.CLOSED, Loss.RESET):
            world.inject(CutFrame(channel=world.operator.patterns.book, how=how))
            await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=since)
            since = len(seen.events)
        told = [change.price for e in seen.of(BookUpdated) for change in e.changes]
    bid, _ = world.operator.top()
    world.expect(all(abs(each / bid - 1) < Decimal("0.05") for each in told), "a price was cut")
    return "twice, and no price was made of it"
