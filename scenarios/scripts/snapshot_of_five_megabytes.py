"""A book's snapshot is swollen to five megabytes while everything else goes on."""

from itertools import pairwise

import anyio

from venuetree.protocol.events import BookInStep, BookStale, StreamDisconnected, TradePrinted
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import OversizeSnapshot
from venuetree.scenarios.market_watch import account_reader
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.witness import listening
from venuetree.scenarios.world import World

_BYTES = 5_000_000
#: The network gives so much at a time.
_PIECE = 16_384
_OTHER = "ETH-USD"


@scenario(
    "A snapshot of five megabytes in small pieces is taken whole: the book is right, and nobody"
    " else has to wait for it.",
    on=("coinbase",),
    simulator={"move_every_s": 0.05, "compression": False},
    within_s=20.0,
)
async def snapshot_of_five_megabytes(world: World) -> str:
    """Ask for such a book on a connection that carries another instrument's trades."""
    exchange = world.exchange
    async with exchange.subscribe(_OTHER, Topic.TRADES) as feed, listening(feed) as beside:
        await world.until(lambda: len(beside.of(TradePrinted)) > 3, "no trade was told")
        for client in world.network.clients:
            client.piece = _PIECE
        world.inject(OversizeSnapshot(channel="level2", at_least_bytes=_BYTES))
        async with world.market(Topic.BOOK) as seen:
            await world.until(
                lambda: bool(seen.of(BookInStep)), "the book was never in step", seconds=5
            )
            book, _ = await seen.see(BookInStep)
            await anyio.sleep(1)
            world.operator.simulator.paused = True
            await anyio.sleep(1)
            bids, asks = world.operator.book()
            ours = (
                [tuple(level) for level in book.book.bids()],
                [tuple(level) for level in book.book.asks()],
            )
            world.expect(ours == (bids, asks), "the book is not the exchange's")
            levels = len(bids) + len(asks)
            world.expect(levels > 10_000, f"the book has {levels} levels: far ones were left out")
            world.expect(not seen.of(BookStale), "the book was lost over it")
        lost = [*seen.of(StreamDisconnected), *beside.of(StreamDisconnected)]
        world.expect(not lost, "the connection was lost over it")
        times = [trade.received_time_ns for trade in beside.of(TradePrinted)]
        longest = max(later - earlier for earlier, later in pairwise(times)) / 1e9
        world.expect(longest < 2.0, f"the other instrument waited {longest:.1f} s")
    world.expect(account_reader(world).restarts == 0, "the account's stream was lost over it")
    return f"{levels} levels, and {len(times)} trades beside it"
