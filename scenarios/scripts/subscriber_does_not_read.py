"""A subscriber to the market reads nothing for two minutes, and another one reads all."""

import anyio

from venuetree.protocol.events import (
    BookUpdated,
    Dropped,
    QuoteChanged,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.models import Topic
from venuetree.scenarios.market_watch import book_begins, has_lost_a_stream
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.witness import listening
from venuetree.scenarios.world import World

_CAPACITY = 128


@scenario(
    "A slow subscriber costs so much memory and no more, and is told what it missed: what it got"
    " and what was left out add up; states are the newest; whoever is quick gets everything.",
    simulator={"move_every_s": 0.5},
    tick_s=0.1,
    settings={"feed_capacity": _CAPACITY},
)
async def subscriber_does_not_read(world: World) -> str:
    """Compare what the sleeper was given with what the other one has read."""
    single = Topic.TRADES if Topic.TRADES in world.exchange.topics else Topic.QUOTES
    kind = TradePrinted if single is Topic.TRADES else QuoteChanged
    topics = (Topic.BOOK, Topic.TICKER, single)
    async with (
        world.exchange.subscribe(world.instrument, *topics) as unread,
        world.market(*topics) as seen,
    ):
        await book_begins(seen)
        world.happens("a subscriber stops reading")
        await anyio.sleep(100)
        world.operator.simulator.paused = True
        await anyio.sleep(2)
        world.expect(len(unread) <= _CAPACITY, f"{len(unread)} events wait for it")
        world.expect(not seen.of(Dropped), "the quick one was told of a loss")
        async with listening(unread) as late:
            await anyio.sleep(1)
        told = len(seen.of(kind))
        missed = sum(event.count for event in late.of(Dropped, lambda e: e.topic is single))
        got = len(late.of(kind))
        world.expect(got + missed == told, f"{got} given, {missed} left out, of {told}")
        world.expect(missed > 0, "nothing was left out: it was not slow enough")
        newest = late.of(TickerChanged)[-1]
        world.expect(newest == seen.of(TickerChanged)[-1], "its ticker is an old one")
        update = late.of(BookUpdated)[-1]
        world.expect(update.skipped > 0, "the book was not folded")
        world.expect(world.is_book_right(), "the book is not the exchange's")
        world.expect(not has_lost_a_stream(world), "a stream was lost over it")
    return f"{got} given, {missed} left out, of {told}"
