"""The exchange bans our address for half a minute."""

import anyio

from venuetree.protocol.errors import RateLimited
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import Respond
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.world import World

_NANOSECONDS = 1_000_000_000
_BAN_S = 30


@scenario(
    "While our address is banned not one request is sent; then an order that waited goes out.",
    on=("binance_us",),
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def address_is_banned(world: World) -> str:
    """Ban us by the answer to a question, then place an order, and read the times of all."""
    await anyio.sleep(1)
    ban = world.inject(Respond(to="GET *account*", status=418, retry_after_s=_BAN_S))
    told = await world.error_of(RateLimited, world.exchange.balances())
    world.expect(
        told.retry_after_ns == _BAN_S * _NANOSECONDS, f"it said to wait {told.retry_after_ns} ns"
    )
    order = await world.exchange.place(world.far_bid("a1"), timeout=60)
    log = list(world.operator.simulator.log)
    at = next(index for index, entry in enumerate(log) if entry.kind is LogKind.FAULT)
    until = log[at].time_ns + _BAN_S * _NANOSECONDS
    sent = [entry for entry in log[at:] if entry.kind is LogKind.REQUEST]
    early = [entry.subject for entry in sent if entry.time_ns < until]
    world.expect(not early, f"during the ban these were sent: {early}")
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    world.expect(ban.fired == 1, f"{ban.fired} requests were refused")
    return f"silent for {_BAN_S} s, then {world.held('a1').status.value} at the exchange"
