"""Prices stand still for half an hour, as on a weekend; heartbeats come all the same."""

import anyio

from venuetree.protocol.events import BookStale, StreamDisconnected, TopicStalled
from venuetree.protocol.models import Topic
from venuetree.scenarios.market_watch import (
    account_reader,
    book_begins,
    book_equals_the_exchanges,
    dials,
)
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A market that does not move is no outage: nothing is called stale and nothing opened anew.",
    on=("oanda",),
    tick_s=4.0,
    within_s=5000.0,
)
async def prices_stand_still(world: World) -> str:
    """Let half an hour pass without a price, and then go on."""
    async with world.market(Topic.BOOK, Topic.QUOTES) as seen:
        await book_begins(seen)
        before = len(dials(world, "stream"))
        world.happens("no price moves for half an hour")
        world.operator.simulator.paused = True
        await anyio.sleep(1800)
        world.operator.simulator.paused = False
        told = [*seen.of(BookStale), *seen.of(TopicStalled), *seen.of(StreamDisconnected)]
        world.expect(not told, f"told all the same: {told[:1]}")
        opened = len(dials(world, "stream")) - before
        world.expect(opened == 0, f"{opened} connections were opened")
        world.expect(account_reader(world).restarts == 0, "the account's stream was opened anew")
        await book_equals_the_exchanges(world)
    looked = len(world.log.calls("tickers:"))
    return f"looked at {looked} times by another way, and left alone"
