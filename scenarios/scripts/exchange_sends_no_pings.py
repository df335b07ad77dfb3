"""The exchange sends no pings, and nothing happens in the market."""

import anyio

from venuetree.protocol.events import BookStale, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import WithholdPings
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A quiet market without pings is not dead: it is asked, and no connection is opened anew.",
    on=("binance_us",),
    tick_s=1.0,
    within_s=1200.0,
)
async def exchange_sends_no_pings(world: World) -> str:
    """Stop the market and the pings for fifteen minutes; afterwards both go on."""
    async with world.market(Topic.BOOK) as seen:
        await book_begins(seen)
        before = len(dials(world, "stream"))
        world.operator.simulator.paused = True
        withheld = world.inject(WithholdPings(surface="stream"))
        await anyio.sleep(900)
        world.operator.simulator.paused = False
        withheld.remove()
        await book_equals_the_exchanges(world)
        disturbed = [*seen.of(BookStale), *seen.of(StreamDisconnected)]
        world.expect(not disturbed, f"a quiet market was taken for a dead one: {disturbed[:1]}")
        world.expect(len(dials(world, "stream")) == before, "another connection was opened")
        asked = len(world.log.calls("book:"))
        world.expect(asked >= 3, "nobody looked whether the quiet was true")
    return f"looked at {asked} times by another way, and left alone"
