"""The market's connection is reset between two messages."""

from venuetree.protocol.events import StaleReason, StreamConnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import ResetConnection
from venuetree.scenarios.market_watch import (
    account_reader,
    book_begins,
    book_is_repaired,
    market_reader,
)
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A reset connection is told, opened anew within a second, and touches no other stream.")
async def connection_is_reset(world: World) -> str:
    """Reset it once: one restart of its reader, none of any other."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.inject(ResetConnection(channel=world.operator.patterns.book))
        stale = await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun)
        reader = market_reader(world)
        back, _ = await seen.see(StreamConnected, since=begun)
        took_s = (back.received_time_ns - stale.received_time_ns) / 1e9
        world.expect(reader.restarts == 1, f"its reader was restarted {reader.restarts} times")
        world.expect(took_s < 1.0, f"it took {took_s:.2f} s to connect again")
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return f"connected again after {took_s:.2f} s"
