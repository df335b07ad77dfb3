"""An order is held up for longer than its signature is good."""

import anyio

from venuetree.protocol.errors import OrderRejected
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import DelayRequest
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import BrokenPromise, World


@scenario(
    "An order that lands when its signature has expired is not there, and the engine comes to"
    " say what the exchange holds: sent anew where that is safe, else rejected.",
    on=("coinbase", "binance_us"),
    simulator={"move_every_s": 60.0},
    tick_s=1.0,
)
async def signature_has_expired_when_the_order_lands(world: World) -> str:
    """Hold the order up for longer than any exchange takes an old signature."""
    world.inject(DelayRequest(to=world.operator.patterns.place, delay_s=130.0))
    try:
        order = await world.exchange.place(world.far_bid("a1"), timeout=300)
    except OrderRejected:
        status = OrderStatus.REJECTED
    else:
        status = order.status
    await anyio.sleep(60)
    held = world.operator.orders("a1")
    match status:
        case OrderStatus.OPEN:
            world.expect(len(held) == 1, f"it is open, and the exchange holds {held}")
        case OrderStatus.REJECTED:
            world.expect(not held, f"it is rejected, and the exchange holds {held}")
        case _:
            raise BrokenPromise(f"the order is {status.value}")
    return f"{status.value}, and the exchange holds {len(held)}"
