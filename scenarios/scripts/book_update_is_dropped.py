"""The exchange counts a change of the book and never sends it."""

from venuetree.protocol.events import StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import DropFrame
from venuetree.scenarios.market_watch import account_reader, book_begins, book_is_repaired
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A lost change of the book is seen by its number: stale is told first, then the book is right.",
    on=("coinbase", "binance_us"),
)
async def book_update_is_dropped(world: World) -> str:
    """Drop one change, wait for the repair, and see that the account's stream heard nothing."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.inject(DropFrame(channel=world.operator.patterns.book))
        stale = await book_is_repaired(world, seen, StaleReason.GAP, since=begun)
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return f"stale by a {stale.reason.value}, then right to the level"
