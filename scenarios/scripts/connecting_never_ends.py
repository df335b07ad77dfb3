"""The network swallows every attempt to connect: no refusal, no answer."""

import anyio

from venuetree.protocol.events import StaleReason, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import ResetConnection
from venuetree.scenarios.market_watch import account_reader, book_begins, book_is_repaired, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An attempt that nobody answers is given up in time and made again, and what is open goes on.",
    simulator={"move_every_s": 2.0},
    tick_s=0.5,
)
async def connecting_never_ends(world: World) -> str:
    """Lose the market's connection while no new one can be had, for two minutes."""
    async with world.market(Topic.BOOK) as seen:
        begun = await book_begins(seen)
        world.happens("no attempt to connect is answered")
        world.network.is_silent = True
        world.inject(ResetConnection(channel=world.operator.patterns.book))
        await world.until(lambda: bool(seen.of(StreamDisconnected)), "it was never told")
        started = anyio.current_time()
        await anyio.sleep(120)
        attempts = len(dials(world, "stream", since=started))
        world.expect(3 <= attempts <= 20, f"{attempts} attempts in two minutes")
        world.network.is_silent = False
        await book_is_repaired(world, seen, StaleReason.DISCONNECTED, since=begun, seconds=60)
    world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew too")
    return f"{attempts} attempts in two minutes, then right"
