"""Two changes of the book arrive in the wrong order."""

from venuetree.protocol.events import StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import SwapFrames
from venuetree.scenarios.market_watch import book_begins, book_is_repaired
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Changes in the wrong order are never applied: the book is told stale, then had anew.",
    on=("coinbase", "binance_us"),
)
async def book_updates_are_swapped(world: World) -> str:
    """Swap two, wait for the repair."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.inject(SwapFrames(channel=world.operator.patterns.book))
        stale = await book_is_repaired(world, seen, StaleReason.GAP, since=begun)
    return f"stale by a {stale.reason.value}, then right to the level"
