"""A market order is executed, and its executions are listed only later."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import DelayFills
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.wiring import Part


@scenario(
    "Executions that are listed late are asked for until they add up, and told once each.",
    # Elsewhere the reply itself tells them.
    on=("coinbase", "binance_us"),
    settings={"parts": Part.ALL & ~Part.USER_STREAM},
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def list_of_fills_lags(world: World) -> str:
    """Without the account's stream only the list tells; it lags by ten seconds."""
    async with world.account() as account:
        world.inject(DelayFills(for_s=10.0))
        order = await world.exchange.place(world.buy("m1"))
        order = await world.exchange.order(order.key)

        def told() -> bool:
            return sum(fill.quantity for fill in account.fills("m1")) >= world.small

        await world.until(told, "the executions were never told", seconds=60)
        await anyio.sleep(30)
        fills = account.fills("m1")
    total = sum(fill.quantity for fill in fills)
    world.expect(order.status is OrderStatus.FILLED, f"the order is {order.status.value}")
    world.expect(total == world.small, f"fills of {total} were told")
    world.expect(world.held("m1").filled == total, "the exchange executed another quantity")
    return f"{len(fills)} fills told, each once"
