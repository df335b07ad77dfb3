"""Every connection to the exchange is reset at the same moment, again and again."""

import anyio

from venuetree.protocol.events import StreamDisconnected
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges, dials
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.simulated.limits import Limit
from venuetree.scenarios.world import World

_LIMIT = 2


@scenario(
    "New connections keep to what the exchange takes a second, however many are wanted at once.",
    on=("oanda",),
    simulator={"connections": Limit(per_second=_LIMIT, burst=_LIMIT)},
)
async def many_connections_are_lost_at_once(world: World) -> str:
    """Reset them all five times while questions are asked."""
    async with world.market(Topic.BOOK) as seen, world.account():
        await book_begins(seen)
        for _ in range(5):
            world.take_down()
            world.bring_up()
            async with anyio.create_task_group() as tasks:
                for _ in range(4):
                    tasks.start_soon(world.exchange.balances)
            await anyio.sleep(5)
        begun = sorted([*dials(world, "rest"), *dials(world, "stream")])
        rushed = [at for at, third in zip(begun, begun[_LIMIT:], strict=False) if third - at < 1.0]
        world.expect(not rushed, f"{len(rushed)} times a third connection came within a second")
        world.expect(len(seen.of(StreamDisconnected)) <= 5, "a connection was refused")
        order = await world.exchange.place(world.far_bid("a1"))
        world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
        await book_equals_the_exchanges(world)
    return f"{len(begun)} connections, never more than {_LIMIT} a second"
