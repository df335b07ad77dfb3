"""The exchange closes a part of a margin trade, and the reply is lost."""

from venuetree.protocol.models import OrderStatus, Side
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A trade whose closing lost its reply is closed once, though that order bears no id of ours.",
    on=("oanda",),
)
async def reply_to_the_closing_of_a_trade_is_lost(world: World) -> str:
    """Close a part; closed twice, twice as much would be gone."""
    await world.exchange.place(world.buy("m1", 3 * world.small))
    (trade,) = await world.exchange.margin_trades()
    world.inject(LoseReply(to=world.operator.patterns.close))
    order = await world.exchange.close_trade(trade.trade_id, world.small)
    (left,) = await world.exchange.margin_trades()
    known = [each for each in await world.exchange.known_orders() if each.side is Side.SELL]
    world.expect(order.status is OrderStatus.FILLED, f"the order is {order.status.value}")
    world.expect(left.quantity == 2 * world.small, f"{left.quantity} are said to be left")
    holding = world.operator.holding()
    world.expect(holding == 2 * world.small, f"{holding} are left at the exchange")
    world.expect(known == [order], f"{len(known)} closing orders are known")
    return f"{order.filled_quantity} closed, once"
