"""The exchange refuses an order for want of funds, and the refusal is lost."""

from venuetree.protocol.errors import OrderRejected
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An order whose refusal is lost is told as rejected in the end, and never as placed.",
    simulator={"move_every_s": 60.0},
    tick_s=1.0,
)
async def refusal_of_an_order_is_lost(world: World) -> str:
    """Halt trading, place a market order, and lose what the exchange says to it."""
    world.operator.halt()
    world.happens("trading is halted")
    world.inject(LoseReply(to=world.operator.patterns.place))
    refused = await world.error_of(
        OrderRejected, world.exchange.place(world.buy("m1"), timeout=300)
    )
    (known,) = await world.exchange.known_orders()
    world.expect(known.status is OrderStatus.REJECTED, f"the order is {known.status.value}")
    held = world.operator.orders("m1")
    live = [order for order in held if order.status is not Held.CANCELLED]
    world.expect(not live, f"the exchange holds {live}")
    return f"{type(refused).__name__}, and nothing of it at the exchange"
