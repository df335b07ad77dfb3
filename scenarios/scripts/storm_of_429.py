"""Many questions and orders at once are answered with 429, again and again."""

import anyio

from venuetree.protocol.errors import RateLimited
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import Respond
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.world import World

_NANOSECONDS = 1_000_000_000
_PAUSE_S = 5
_ORDERS = [f"a{number}" for number in range(5)]


@scenario(
    "After a 429 nothing is sent for as long as the exchange says; then every question is"
    " answered, and every order exists once.",
    simulator={"move_every_s": 30.0},
    tick_s=0.5,
)
async def storm_of_429(world: World) -> str:
    """Ask and place much at once, with three refusals on the way, and read the times of all."""
    await account_begins(world)
    await anyio.sleep(2)
    answered: list[str] = []
    world.inject(Respond(status=429, retry_after_s=_PAUSE_S, applied=True, times=3, after=2))

    async def ask() -> None:
        while True:
            try:
                answered.append(str(await world.exchange.balances()))
            except RateLimited:
                continue
            return

    async def place(name: str) -> None:
        order = await world.exchange.place(world.far_bid(name), timeout=200)
        world.expect(order.status is OrderStatus.OPEN, f"{name} is {order.status.value}")

    async with anyio.create_task_group() as tasks:
        for name in _ORDERS:
            tasks.start_soon(place, name)
            tasks.start_soon(ask)
            await anyio.sleep(1)
    for name in _ORDERS:
        world.held(name)
    world.expect(len(answered) == len(_ORDERS), f"{len(answered)} questions were answered")
    log = world.operator.simulator.log
    for refused in log.faults:
        until = refused.time_ns + _PAUSE_S * _NANOSECONDS
        early = [e for e in log.of(LogKind.REQUEST) if refused.time_ns < e.time_ns < until]
        world.expect(not early, f"{len(early)} requests were sent during a pause")
    return f"{len(_ORDERS)} orders and as many answers, after three refusals"
