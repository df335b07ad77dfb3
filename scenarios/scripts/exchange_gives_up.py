"""An actor of one exchange fails again and again, more often than a restart can be worth."""

from functools import partial

import anyio

from venuetree.protocol.events import BookStale, BookUpdated, StreamDisconnected
from venuetree.protocol.models import OrderStatus, Topic
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.tree_watch import child, crash, expect_untouched, fails, restarts, starts
from venuetree.scenarios.witness import listening
from venuetree.scenarios.world import World

#: One more failure than the exchange's own supervisor bears within a minute.
_FAILURES = 4


@scenario(
    "An exchange that cannot be kept running gives up as a whole, is started again ever later,"
    " and the one beside it never notices.",
    on=("coinbase", "binance_us"),
    beside=("oanda",),
    simulator={"move_every_s": 10.0},
    tick_s=1.0,
)
async def exchange_gives_up(world: World) -> str:
    """Make it give up twice, with subscribers on both; then all is well again."""
    (name,) = (each for each in world.operators if each != world.name)
    other, theirs = world.engine[name], world.operators[name].instrument
    async with (
        world.market(Topic.BOOK) as seen,
        other.subscribe(theirs, Topic.BOOK) as feed,
        listening(feed) as beside,
    ):
        await book_begins(seen)
        await book_begins(beside)
        for times in (1, 2):
            await _fail(world)
            await fails(world, "", times=times)
            await starts(world, "", number=times + 1)
        await world.until(world.is_book_right, "the book was never right again", seconds=310)
        delays = [
            float(line.text.split()[-2])
            for line in world.log.lines
            if line.text.startswith(f"{world.name} starts again in")
        ]
        world.expect(len(delays) == 2, f"it was started again {len(delays)} times")
        world.expect(0.8 <= delays[0] <= 1.2, f"the first time after {delays[0]} s")
        world.expect(delays[1] > delays[0], f"the second time no later: {delays[1]} s")
        order = await world.exchange.place(world.far_bid("a1"))
        world.expect(order.status is OrderStatus.OPEN, f"the order is {order.status.value}")
        await book_equals_the_exchanges(world)
        noticed = [*beside.of(BookStale), *beside.of(StreamDisconnected)]
        world.expect(not noticed, f"the exchange beside it noticed: {noticed[:1]}")
        count = len(beside.of(BookUpdated))
        await anyio.sleep(5)
        world.expect(len(beside.of(BookUpdated)) > count, "the exchange beside it fell silent")
    expect_untouched(world, "", "auth", "gate", "io", exchange=name)
    return f"gave up twice, back after {delays[0]} s and {delays[1]} s"


async def _fail(world: World) -> None:
    """Crash the first actor, as soon as it is there, until its supervisor has had enough."""
    began = restarts(world, "")
    for _ in range(_FAILURES):
        number = child(world, "auth").incarnation
        crash(world, "auth")
        await world.until(partial(_is_next, world, number, began), "it was not started again")


def _is_next(world: World, number: int, began: int) -> bool:
    """Whether the actor was started again, or its supervisor gave up."""
    return child(world, "auth").incarnation > number or restarts(world, "") > began
