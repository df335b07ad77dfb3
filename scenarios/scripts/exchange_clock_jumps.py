"""The exchange's clock is set forward by five minutes, then back by ten."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import ClockSkew
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An order that is refused for its time was never taken: the clock is read and it is signed"
    " anew, and there is one of it.",
    on=("coinbase", "binance_us"),
)
async def exchange_clock_jumps(world: World) -> str:
    """Place an order just after each jump."""
    for seconds in (300.0, -300.0):
        name = f"a{seconds:g}"
        world.happens(f"the exchange's clock is {seconds:+g} s off")
        skew = world.operator.simulator.faults.add(ClockSkew(seconds=seconds))
        asked = len(world.asked(world.operator.patterns.place))
        order = await world.exchange.place(world.far_bid(name))
        tries = len(world.asked(world.operator.patterns.place)) - asked
        world.expect(order.status is OrderStatus.OPEN, f"{name} is {order.status.value}")
        world.expect(tries > 1, "the exchange did not mind the time")
        world.held(name)
        skew.remove()
    return "both orders are at the exchange, once each"
