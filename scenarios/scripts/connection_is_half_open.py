"""The exchange vanishes: no message, no pong, no goodbye, and our end looks well."""

from venuetree.protocol.events import StaleReason
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import HalfOpenConnection
from venuetree.scenarios.market_watch import book_begins, stream_is_replaced
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A connection whose other end has vanished is noticed, and told before it is replaced.",
    simulator={"move_every_s": 2.0},
    tick_s=0.5,
)
async def connection_is_half_open(world: World) -> str:
    """Let the exchange vanish from one connection: within a minute the book is right again."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.inject(HalfOpenConnection(channel=world.operator.patterns.book))
        lost = await stream_is_replaced(
            world, seen, StaleReason.STALLED, StaleReason.DISCONNECTED, since=begun, seconds=60
        )
    return f"noticed: {lost.reason}"
