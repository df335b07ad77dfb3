"""The market's connection holds everything back for three seconds, then sends it all."""

from venuetree.protocol.events import BookStale, BookUpdated, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import StallStream
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A pause shorter than the exchange's heartbeat allows is no failure: nothing is redone.")
async def stream_pauses_for_a_moment(world: World) -> str:
    """Let it pause; the book is late, never stale, and right in the end."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        before = len(dials(world, "stream"))
        pause = world.inject(StallStream(channel=world.operator.patterns.book, for_s=3.0))
        await world.until(lambda: pause.fired == 1, "the market stood still")
        paused_at = len(seen.events)
        await world.until(
            lambda: len(seen.of(BookUpdated, since=paused_at)) > 8, "the book never went on"
        )
        await book_equals_the_exchanges(world)
        disturbed = [*seen.of(BookStale, since=begun), *seen.of(StreamDisconnected)]
        world.expect(not disturbed, f"a pause was taken for an outage: {disturbed[:1]}")
        world.expect(len(dials(world, "stream")) == before, "another connection was opened")
    return "late, and nothing was redone"
