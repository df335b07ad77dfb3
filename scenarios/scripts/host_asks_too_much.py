"""A host asks far more than the exchange permits, while the account's stream says nothing."""

import anyio

from venuetree.actors.rate_gate import GateDetail
from venuetree.protocol.errors import RateLimited
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.protocol.port import Lane
from venuetree.scenarios.account_watch import account_begins
from venuetree.scenarios.faults import Backlog, StallStream
from venuetree.scenarios.market_watch import book_begins
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World

#: Askers, each of whom has a question waiting always: enough to fill the gate's queue.
_ASKERS = 300
#: What a full queue lets an asker wait before it asks again, in seconds.
_PAUSE_S = 0.2
#: The engine's own questions are answered within this, in seconds.
_SOON_S = 5.0


@scenario(
    "However much a host asks, a cancel's end is seen and a book begins within seconds, though"
    " the account's stream says nothing.",
    simulator={"move_every_s": 30.0},
    tick_s=0.1,
)
async def host_asks_too_much(world: World) -> str:
    """Fill the queue with questions; then cancel an order, and subscribe to a book."""
    await account_begins(world)
    order = await world.exchange.place(world.far_bid("a1"))
    user = world.operator.patterns.user
    world.inject(StallStream(channel=user, backlog=Backlog.DISCARDED))

    async def ask() -> None:
        while True:
            try:
                await world.exchange.balances()
            except RateLimited:
                await anyio.sleep(_PAUSE_S)

    async with anyio.create_task_group() as askers:
        for _ in range(_ASKERS):
            askers.start_soon(ask)
        await world.until(lambda: _waiting(world) > _ASKERS // 2, "the questions do not queue")
        began = anyio.current_time()
        cancelled = await world.exchange.cancel(order.key, timeout=_SOON_S)
        async with world.market(Topic.BOOK) as seen:
            await book_begins(seen)
        took = anyio.current_time() - began
        askers.cancel_scope.cancel()
    world.expect(
        cancelled.status is OrderStatus.CANCELLED,
        f"the order is {cancelled.status.value} still to us, {world.held('a1').status.value} there",
    )
    world.expect(took <= _SOON_S, f"the cancel and the book took {took:.1f} s")
    return f"cancelled, and a book in step, while {_ASKERS} questions were asked"


def _waiting(world: World) -> int:
    """How many questions of the host's wait at the gate."""
    detail = world.engine.snapshot()[f"{world.name}/gate"].detail
    return detail.queued[Lane.DATA] if isinstance(detail, GateDetail) else 0
