"""The connections of an address are reset after the first bytes of a message."""

from venuetree.protocol.events import StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.market_watch import book_begins, book_is_repaired, market_reader
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("Half a message is worth nothing: it is never applied, and the book is had anew.")
async def connection_breaks_within_a_message(world: World) -> str:
    """Cut the stream's bytes, not its messages."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.cut("stream", after_bytes=40)
        await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun)
        reader = market_reader(world)
        world.expect(reader.restarts == 1, f"its reader was restarted {reader.restarts} times")
    return f"ended by {type(reader.last_error).__name__}, then right"
