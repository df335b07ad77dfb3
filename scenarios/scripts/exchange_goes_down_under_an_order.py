"""The exchange goes down with an order in its hands, and is back after half a minute."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import SlowReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "An order that was under way when the exchange went down is found when it is back, and there"
    " is one of it.",
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
)
async def exchange_goes_down_under_an_order(world: World) -> str:
    """Take the exchange down between an order and its reply."""
    world.inject(SlowReply(to=world.operator.patterns.place, delay_s=5.0))
    statuses: list[OrderStatus] = []

    async def place() -> None:
        order = await world.exchange.place(world.far_bid("a1"), timeout=200)
        statuses.append(order.status)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(place)
        await anyio.sleep(1)
        world.take_down()
        await anyio.sleep(30)
        world.expect(not statuses, f"while it is down the order is called {statuses}")
        world.bring_up()
    world.expect(statuses == [OrderStatus.OPEN], f"the order is {statuses}")
    return f"{world.held('a1').status.value} at the exchange, once"
