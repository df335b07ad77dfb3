"""The exchange stops trading an instrument, and takes it up again later."""

import anyio

from venuetree.protocol.events import BookStale, InstrumentStatusChanged, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.scenarios.market_watch import book_begins, book_equals_the_exchanges
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A halt is told as the instrument's state, and so is its end; the book is not stale for it.",
    on=("oanda",),
    tick_s=0.25,
)
async def market_halts_and_resumes(world: World) -> str:
    """Halt for a minute, then resume."""
    async with world.market(Topic.BOOK, Topic.STATUS) as seen:
        await book_begins(seen)
        await world.until(lambda: bool(seen.of(InstrumentStatusChanged)), "no state was told")
        before = seen.of(InstrumentStatusChanged)[-1]
        for happens, change in (
            ("trading is halted", world.operator.halt),
            ("trading is resumed", world.operator.resume),
        ):
            world.happens(happens)
            since = len(seen.events)
            change()
            await anyio.sleep(60)
            world.expect(
                len(seen.of(InstrumentStatusChanged, since=since)) == 1,
                f"{happens}, and it was not told just once",
            )
            told = seen.of(InstrumentStatusChanged)[-1]
            is_same = (told.status, told.message) == (before.status, before.message)
            world.expect(is_same is (change == world.operator.resume), f"told: {told.status}")
        noticed = [*seen.of(BookStale), *seen.of(StreamDisconnected)]
        world.expect(not noticed, f"a halt was taken for an outage: {noticed[:1]}")
        await book_equals_the_exchanges(world)
    return f"{before.status}, halted, {told.status}"
