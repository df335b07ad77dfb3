"""A message of the market stream ends in the middle of its JSON text."""

from venuetree.protocol.events import StaleReason, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import CorruptFrame
from venuetree.scenarios.market_watch import book_begins, book_is_repaired, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("What cannot be read ends its stream: the book is stale, then had anew by another one.")
async def frame_is_half_a_json_text(world: World) -> str:
    """Spoil one message, and count the connections: exactly one more."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        before = len(dials(world, "stream"))
        world.inject(CorruptFrame(channel=world.operator.patterns.book))
        await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun)
        (lost,) = seen.of(StreamDisconnected)
        opened = len(dials(world, "stream")) - before
        world.expect(opened == 1, f"{opened} connections were opened instead of one")
    return f"lost because of {lost.reason.split(':')[0]}, opened anew once"
