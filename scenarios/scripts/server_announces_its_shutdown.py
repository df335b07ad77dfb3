"""The exchange says that the server of the market stream goes down, and closes it later."""

from venuetree.protocol.events import BookInStep, BookStale, StreamDisconnected, TradePrinted
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import ShutDownServer
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An announced end is no outage: the next connection delivers before the old one is closed.",
    on=("binance_us",),
)
async def server_announces_its_shutdown(world: World) -> str:
    """Announce it, wait until the server is gone, and count what was missed."""
    async with world.market(Topic.BOOK, Topic.TRADES) as seen:
        begun = await book_begins(seen)
        before = len(dials(world, "stream"))
        world.inject(ShutDownServer(surface="stream", close_after_s=10))
        await world.until(lambda: len(dials(world, "stream")) > before, "nothing was opened")
        trades = len(seen.of(TradePrinted))
        await world.until(lambda: len(seen.of(TradePrinted)) > trades + 25, "trades stopped")
        await book_equals_the_exchanges(world)
        disturbed = [*seen.of(BookStale), *seen.of(StreamDisconnected)]
        world.expect(not disturbed, f"subscribers noticed: {disturbed[:1]}")
        again = seen.of(BookInStep, since=begun)
        world.expect(len(again) <= 1, f"the book was told anew {len(again)} times")
        told = [int(trade.trade_id) for trade in seen.of(TradePrinted)]
        world.expect(
            told == list(range(told[0], told[0] + len(told))), "trades were missed or told twice"
        )
    return f"{len(told)} trades without a gap, over two connections"
