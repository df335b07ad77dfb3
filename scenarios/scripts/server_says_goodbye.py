"""The exchange closes the market's connection in good order."""

from venuetree.protocol.events import StaleReason, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import CloseConnection
from venuetree.scenarios.market_watch import book_begins, book_is_repaired, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A connection closed in good order is told with what was said, and opened anew once.")
async def server_says_goodbye(world: World) -> str:
    """Close it once with a code."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        before = len(dials(world, "stream"))
        world.inject(
            CloseConnection(channel=world.operator.patterns.book, code=1012, reason="restart")
        )
        await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun)
        (lost,) = seen.of(StreamDisconnected)
        opened = len(dials(world, "stream")) - before
        world.expect(opened == 1, f"{opened} connections were opened instead of one")
        world.expect("by the exchange" in lost.reason, f"told as: {lost.reason}")
    return lost.reason
