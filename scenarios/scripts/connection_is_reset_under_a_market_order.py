"""A market order is executed, and its connection is reset before the reply."""

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply, Loss
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario("A market order whose reply is lost is executed once, and told once.")
async def connection_is_reset_under_a_market_order(world: World) -> str:
    """Compare what was bought by the reply, by the fills told, and by the exchange's own books."""
    before = world.operator.holding()
    async with world.account() as account:
        world.inject(LoseReply(to=world.operator.patterns.place, how=Loss.RESET))
        order = await world.exchange.place(world.buy("m1"))
        await world.until(lambda: bool(account.fills("m1")), "no fill was told", seconds=30)
        fills = account.fills("m1")
    told = sum(fill.quantity for fill in fills)
    bought = world.operator.holding() - before
    world.expect(order.status is OrderStatus.FILLED, f"the order is {order.status.value}")
    world.expect(order.filled_quantity == world.small, f"{order.filled_quantity} was executed")
    world.expect(bought == world.received(fills), f"the account has {bought} more")
    world.expect(told == world.small, f"fills of {told} were told")
    return f"{world.held('m1').filled} bought, once"
