"""The exchange answers everything with 503 for two minutes, and trading is halted."""

import anyio

from venuetree.protocol.errors import ExchangeUnavailable, OutcomeUnknown
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import Body, Respond
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Orders that rest through a maintenance are still known after it; one that was sent into it"
    " is never said to exist, nor sent when it is over.",
    simulator={"move_every_s": 60.0},
    tick_s=1.0,
)
async def exchange_is_under_maintenance(world: World) -> str:
    """Ask, place and cancel during it, and compare both ends afterwards."""
    resting = await world.exchange.place(world.far_bid("resting"))
    maintenance = world.inject(Respond(status=503, body=Body.HTML, times=None))
    world.operator.halt()
    await world.error_of(ExchangeUnavailable, world.exchange.balances())
    placing = world.exchange.place(world.far_bid("lost"), timeout=10)
    await world.error_of(OutcomeUnknown, placing)
    await world.error_of(OutcomeUnknown, world.exchange.cancel(resting.key, timeout=10))
    await anyio.sleep(100)
    maintenance.remove()
    world.operator.resume()
    await anyio.sleep(300)
    known = {o.client_order_id: o.status for o in await world.exchange.known_orders()}
    expected = {"resting": OrderStatus.OPEN, "lost": OrderStatus.REJECTED}
    world.expect(known == expected, f"the engine knows {known}")
    held = world.held("resting").status
    world.expect(held is Held.OPEN, f"the order is {held.value} at the exchange")
    world.expect(not world.operator.orders("lost"), "the other order is there")
    await world.exchange.cancel(resting.key)
    return f"the order rested through it, then was {world.held('resting').status.value}"
