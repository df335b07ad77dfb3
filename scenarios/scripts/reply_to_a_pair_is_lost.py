"""The exchange takes two orders of which one cancels the other, and the reply is lost."""

from decimal import Decimal

from venuetree.protocol.builders import oco
from venuetree.protocol.models import OcoRequest, OrderStatus, Side
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "Both orders of a pair whose reply is lost are found, and the pair is not placed twice.",
    on=("binance_us",),
)
async def reply_to_a_pair_is_lost(world: World) -> str:
    """Lose the reply, find both, and end both by the cancel of one."""
    world.inject(LoseReply(to=world.operator.patterns.pair))
    limit, stop = await world.exchange.place_oco(_pair(world))
    statuses = {limit.status, stop.status}
    world.expect(statuses == {OrderStatus.OPEN}, f"the orders are {statuses}")
    held = {world.held(name).status for name in ("limit", "stop")}
    world.expect(held == {Held.OPEN}, f"they are {held} at the exchange")
    sent = len(world.asked(world.operator.patterns.pair))
    world.expect(sent == 1, f"the pair was sent {sent} times")
    await world.exchange.cancel(stop.key)
    ended = {world.held(name).status for name in ("limit", "stop")}
    world.expect(ended == {Held.CANCELLED}, f"after a cancel they are {ended}")
    return "both are at the exchange, once, and ended together"


def _pair(world: World) -> OcoRequest:
    """A pair that sells above the market, or below it."""
    bid, _ = world.operator.top()
    hundreds = bid.quantize(Decimal(1)) // 100 * 100
    return oco(
        world.instrument,
        Side.SELL,
        quantity=world.small,
        price=hundreds * Decimal("1.1"),
        stop_price=hundreds * Decimal("0.9"),
        stop_limit_price=hundreds * Decimal("0.8"),
        client_order_ids=("limit", "stop"),
    )
