"""The account's stream says nothing any more, while an order is executed; the market goes on."""

import anyio

from venuetree.protocol.events import BookStale, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.account_watch import account_begins, fill_is_told_once, trade_with
from venuetree.scenarios.faults import Backlog, StallStream
from venuetree.scenarios.market_watch import book_begins, market_reader
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An account's stream that tells nothing is found out: its fill is told once, all else goes on.",
    simulator={"move_every_s": 5.0},
    tick_s=0.5,
    within_s=1200.0,
)
async def account_stream_falls_silent(world: World) -> str:
    """Silence it for good, fill an order, and wait until that is told."""
    async with world.market(Topic.BOOK) as seen, world.account() as told:
        await book_begins(seen)
        await account_begins(world)
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(1)  # before the market first moves, which might execute it
        stall = StallStream(channel=world.operator.patterns.user, backlog=Backlog.DISCARDED)
        world.inject(stall)
        trade_with(world, order)
        await fill_is_told_once(world, told, "a1", seconds=600)
        await world.until(
            lambda: bool(told.of(StreamDisconnected)), "the deaf stream was left", seconds=300
        )
        world.expect(not seen.of(BookStale), "the book went stale with it")
        world.expect(market_reader(world).restarts == 0, "the market's stream was opened anew")
    return told.of(StreamDisconnected)[0].reason
