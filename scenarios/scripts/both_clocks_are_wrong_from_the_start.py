"""Our clock is an hour fast and the exchange's an hour slow before anything begins."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import ClockSkew
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.world import World

_HOUR_S = 3600.0


def _set_both_wrong(world: World) -> None:
    world.jump_clock(_HOUR_S)
    world.happens(f"the exchange's clock is {-_HOUR_S:+g} s off")
    world.operator.simulator.faults.add(ClockSkew(seconds=-_HOUR_S))


@scenario(
    "Whatever both clocks show, the exchange's time is asked first and nothing is refused for it.",
    on=("coinbase", "binance_us"),
    before=_set_both_wrong,
)
async def both_clocks_are_wrong_from_the_start(world: World) -> str:
    """Trade as if nothing were wrong, and count the refusals."""
    order = await world.exchange.place(world.far_bid("a1"))
    cancelled = await world.exchange.cancel(order.key)
    replies = [entry.detail for entry in world.operator.simulator.log.of(LogKind.REPLY)]
    refused = [reply for reply in replies if reply.startswith("4")]
    world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
    world.expect(
        cancelled.status is OrderStatus.CANCELLED, f"cancelled, it is {cancelled.status.value}"
    )
    world.expect(not refused, f"{len(refused)} requests were refused: {refused[:1]}")
    return f"{world.held('a1').status.value} at the exchange, nothing refused"
