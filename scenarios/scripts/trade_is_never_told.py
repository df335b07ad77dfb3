"""The exchange counts a message of trades and never sends it."""

from venuetree.protocol.events import StreamDisconnected, TopicStalled, TradePrinted
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import DropFrame
from venuetree.scenarios.market_watch import is_said
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A hole in the trades is told to who listens to them, and noted with what is missing.",
    on=("coinbase", "binance_us"),
)
async def trade_is_never_told(world: World) -> str:
    """Drop one message: the subscriber is told before the next trade or just with it."""
    async with world.market(Topic.TRADES) as seen:
        await world.until(lambda: bool(seen.of(TradePrinted)), "no trade was told")
        world.inject(DropFrame(channel="*trade*"))
        await world.until(
            lambda: bool(seen.of(TopicStalled) or seen.of(StreamDisconnected)),
            "the hole was not told to the subscriber",
            seconds=20,
        )
        world.expect(is_said(world, "SequenceGap"), "what is missing was not noted")
        since = len(seen.events)
        await world.until(lambda: bool(seen.of(TradePrinted, since=since)), "trades stopped")
        told = [*seen.of(TopicStalled), *seen.of(StreamDisconnected)]
    return f"told as {type(told[0]).__name__}"
