"""Our own clock fails for three seconds: every actor that looks at it crashes."""

import anyio

from venuetree.protocol.events import BookStale
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Whatever crashes for a while is told, and comes back by itself: books right, orders taken."
)
async def clock_cannot_be_read(world: World) -> str:
    """Break it, mend it, and see that everything works."""
    async with world.market(Topic.BOOK) as seen, world.account():
        begun = await book_begins(seen)
        before = len(dials(world, "stream"))
        with world.broken_clock():
            await anyio.sleep(3)
        await world.until(world.is_book_right, "the book was never right again", seconds=120)
        order = await world.exchange.place(world.far_bid("a1"))
        world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
        await book_equals_the_exchanges(world)
        opened = len(dials(world, "stream")) - before
        world.expect(1 <= opened <= 12, f"{opened} connections were opened")
        world.expect(bool(seen.of(BookStale, since=begun)), "the book was never told stale")
    return f"back after {opened} connections"
