"""The account's stream tells of an execution before the order's own reply comes."""

import anyio

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import SlowReply
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

_HELD_BACK_S = 3.0


@scenario(
    "A fill that is told before the reply belongs to its order, and is told once.",
    simulator={"move_every_s": 30.0},
    tick_s=0.2,
)
async def fill_is_told_before_the_reply(world: World) -> str:
    """Hold the reply to a market order back for three seconds."""
    before = world.operator.holding()
    async with world.account() as account:
        await account_begins(world)
        world.inject(SlowReply(to=world.operator.patterns.place, delay_s=_HELD_BACK_S))
        began = anyio.current_time()
        told_after: list[float] = []

        async def see_fill() -> None:
            await world.until(lambda: bool(account.fills("m1")), "no fill was told")
            told_after.append(anyio.current_time() - began)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(see_fill)
            order = await world.exchange.place(world.buy("m1"))
        await anyio.sleep(30)
        fills = account.fills("m1")
    told = sum(fill.quantity for fill in fills)
    world.expect(told_after[0] < _HELD_BACK_S, f"the fill was told after {told_after[0]:.1f} s")
    world.expect(order.status is OrderStatus.FILLED, f"the order is {order.status.value}")
    world.expect(told == world.small, f"fills of {told} were told")
    bought = world.operator.holding() - before
    world.expect(bought == world.received(fills), f"the account has {bought} more")
    return f"fill told after {told_after[0]:.1f} s, once; the reply came after {_HELD_BACK_S:g} s"
