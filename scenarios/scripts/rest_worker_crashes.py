"""The actor that asks the exchange fails on a request that it cannot make sense of."""

from venuetree.protocol.events import BookStale, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.market_watch import (
    account_reader,
    book_begins,
    book_equals_the_exchanges,
    market_reader,
)
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.tree_watch import crash, expect_untouched, fails
from venuetree.scenarios.world import World


@scenario("A failed request takes down whoever made it and nobody else: streams, books, gate stay.")
async def rest_worker_crashes(world: World) -> str:
    """Crash it three times, and ask again: it answers, and no stream was touched."""
    async with world.market(Topic.BOOK) as seen, world.account() as told:
        await book_begins(seen)
        for times in (1, 2, 3):
            crash(world, "rest")
            await fails(world, "io/rest", times=times)
            balances = await world.exchange.balances()
            world.expect(bool(balances), "no balances were answered")
        await book_equals_the_exchanges(world)
        noticed = [*seen.of(BookStale), *seen.of(StreamDisconnected), *told.of(StreamDisconnected)]
        world.expect(not noticed, f"a stream went with it: {noticed[:1]}")
        for reader in (market_reader(world), account_reader(world)):
            world.expect(reader.incarnation == 1, f"{reader.name} was started again")
    expect_untouched(world, "auth", "gate", "io", "io/orders", "io/upkeep")
    return "three times, each time answered again"
