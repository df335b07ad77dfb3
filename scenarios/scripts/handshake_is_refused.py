"""The exchange refuses each handshake of the market stream, for five minutes."""

import anyio

from venuetree.protocol.events import StaleReason, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import RefuseConnection, ResetConnection
from venuetree.scenarios.market_watch import (
    account_reader,
    book_begins,
    book_is_repaired,
    dials,
    expect_backoff,
)
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

#: What the backoff allows in five minutes, and a little more.
_AT_MOST = 20


@scenario(
    "A refused handshake is tried again ever more slowly, and hurts no other stream, no question.",
    simulator={"move_every_s": 10.0},
    tick_s=1.0,
)
async def handshake_is_refused(world: World) -> str:
    """Refuse for five minutes, ask a question meanwhile, and let it be over."""
    operator = world.operator
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        refusals = world.inject(
            RefuseConnection(operator.patterns.market_surface, status=503, times=None)
        )
        world.inject(ResetConnection(channel=operator.patterns.book))
        await world.until(lambda: bool(seen.of(StreamDisconnected)), "it was never told")
        started = anyio.current_time()
        await anyio.sleep(300)
        await world.exchange.balances()
        world.expect(5 <= refusals.fired <= _AT_MOST, f"{refusals.fired} attempts in five minutes")
        expect_backoff(world, dials(world, "stream", since=started))
        refusals.remove()
        await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun, seconds=60)
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return f"{refusals.fired} attempts in five minutes"
