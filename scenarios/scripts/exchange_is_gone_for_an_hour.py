"""Nothing of the exchange can be reached for an hour; then it is all there again."""

import anyio

from venuetree.protocol.errors import TransportError
from venuetree.protocol.events import BookInStep, BookStale, StaleReason, StreamDisconnected
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

#: One stream tries once in half a minute at last; where two share an address, twice.
_AT_MOST = 300


@scenario(
    "An hour's outage is told at once and asked after seldom; a minute after it all is right.",
    simulator={"move_every_s": 60.0},
    tick_s=2.0,
    within_s=4000.0,
)
async def exchange_is_gone_for_an_hour(world: World) -> str:
    """Take it down for an hour, count the attempts, bring it up, and trade."""
    async with world.market(Topic.BOOK) as seen, world.account() as told:
        begun = await book_begins(seen)
        world.take_down()
        await anyio.sleep(0.1)
        stale = seen.of(BookStale, since=begun)
        world.expect(bool(stale), "the book was not told stale at once")
        world.expect(stale[0].reason is StaleReason.DISCONNECTED, stale[0].reason.value)
        world.expect(bool(told.of(StreamDisconnected)), "the account's subscriber was not told")
        down = anyio.current_time()
        await anyio.sleep(3600)
        await world.error_of(TransportError, world.exchange.balances())
        attempts = len(dials(world, "stream", since=down))
        world.expect(100 <= attempts <= _AT_MOST, f"{attempts} attempts in an hour")
        world.expect(not seen.of(BookInStep, since=begun), "the book was told in step")
        world.bring_up()
        up = anyio.current_time()
        await world.until(world.is_book_right, "the book was never right again", seconds=45)
        took = anyio.current_time() - up
        await world.exchange.reachable()
        order = await world.exchange.place(world.far_bid("a1"))
        world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
        await book_equals_the_exchanges(world)
    return f"{attempts} attempts in an hour, right after {took:.0f} s"
