"""The exchange accepts each connection and closes it at once, for ten minutes."""

import anyio

from venuetree.protocol.events import BookStale, StaleReason, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import KickOnConnect, ResetConnection
from venuetree.scenarios.market_watch import (
    book_begins,
    book_equals_the_exchanges,
    dials,
    expect_backoff,
    is_back_after,
)
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

#: What the backoff allows in ten minutes, and a little more.
_AT_MOST = 30


@scenario(
    "Being accepted is no success: the delay grows at each kick, and only health makes it small.",
    simulator={"move_every_s": 10.0},
    tick_s=1.0,
    within_s=1200.0,
)
async def kicked_right_after_accept(world: World) -> str:
    """Kick for ten minutes; then lose a connection too young to be trusted, and one that is not."""
    operator = world.operator
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        kicks = world.inject(KickOnConnect(surface=operator.patterns.market_surface, times=None))
        world.inject(ResetConnection(channel=operator.patterns.book))
        await world.until(lambda: bool(seen.of(StreamDisconnected)), "it was never told")
        started = anyio.current_time()
        await anyio.sleep(600)
        kicks.remove()
        world.expect(8 <= kicks.fired <= _AT_MOST, f"{kicks.fired} attempts in ten minutes")
        expect_backoff(world, dials(world, "stream", since=started))
        await world.until(world.is_book_right, "the book was never right again")
        stale = seen.of(BookStale, since=begun)
        world.expect(stale[0].reason is StaleReason.DISCONNECTED, "the kick was not told")
        young_s = await is_back_after(world, seen)
        world.expect(young_s > 15, f"after a few seconds of health it came back in {young_s:.1f} s")
        await anyio.sleep(60)
        old_s = await is_back_after(world, seen)
        world.expect(old_s < 2, f"after a minute of health it came back in {old_s:.1f} s")
        await book_equals_the_exchanges(world)
    return f"{kicks.fired} attempts in ten minutes, then {young_s:.0f} s, then {old_s:.2f} s"
