"""Our own clock is set forward by five minutes, then back by ten."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "When our clock jumps, an order is signed by the exchange's time all the same, and there is"
    " one of it.",
    on=("coinbase", "binance_us"),
)
async def our_clock_jumps(world: World) -> str:
    """Place an order just after each jump."""
    for seconds in (300.0, -600.0):
        name = f"a{seconds:g}"
        world.jump_clock(seconds)
        order = await world.exchange.place(world.far_bid(name))
        world.expect(order.status is OrderStatus.OPEN, f"{name} is {order.status.value}")
        world.held(name)
        again = await world.exchange.order(order.key)
        world.expect(again.status is OrderStatus.OPEN, f"asked for, it is {again.status.value}")
    return "both orders are at the exchange, once each"
