"""The exchange cannot be reached when the engine starts."""

import anyio

from venuetree.protocol.errors import TransportError
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An exchange that is down at the start is no error: the engine says so at each call, and"
    " trades when it is back.",
    before=lambda world: world.take_down(),
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def exchange_is_down_at_the_start(world: World) -> str:
    """Ask, and try an order while it is down, then again when it is back."""
    world.expect(not world.exchange.is_reachable, "it is said to be reachable")
    await world.error_of(TransportError, world.exchange.balances())
    await world.error_of(TransportError, world.exchange.place(world.far_bid("early")))
    await anyio.sleep(60)
    world.bring_up()
    await world.exchange.reachable()
    order = await world.exchange.place(world.far_bid("a1"))
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    world.expect(not world.operator.orders("early"), "the order that was not sent is there")
    await account_begins(world)
    return f"{world.held('a1').status.value} at the exchange, once"
