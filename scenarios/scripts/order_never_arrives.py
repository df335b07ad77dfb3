"""An order never reaches the exchange, however often it is sent."""

import anyio

from venuetree.protocol.errors import OrderRejected
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseRequest
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

#: No exchange takes a copy of a request up later than this by much.
_LATE_S = 60.0


@scenario(
    "An order that never arrives is called rejected only once no copy of it could land any more.",
    simulator={"move_every_s": 60.0},
    tick_s=1.0,
)
async def order_never_arrives(world: World) -> str:
    """Lose each of its copies on the way, and look how long its absence took to prove."""
    world.inject(LoseRequest(to=world.operator.patterns.place, times=None))
    began = anyio.current_time()
    placing = world.exchange.place(world.far_bid("a1"), timeout=500)
    await world.error_of(OrderRejected, placing)
    took = anyio.current_time() - began
    world.expect(took > _LATE_S, f"it was called absent after {took:.0f} s")
    (known,) = await world.exchange.known_orders()
    world.expect(known.status is OrderStatus.REJECTED, f"the order is {known.status.value}")
    held = world.operator.orders("a1")
    world.expect(not held, f"the exchange holds {held}")
    return f"proved absent after {took:.0f} s"
