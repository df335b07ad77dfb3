"""The exchange sends a message of trades twice."""

from venuetree.protocol.events import StreamDisconnected, TradePrinted
from venuetree.protocol.models import Topic
from venuetree.scenarios.faults import RepeatFrame
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A trade is told once, however often the exchange says it.", on=("coinbase", "binance_us")
)
async def trade_is_told_twice(world: World) -> str:
    """Repeat five messages: every trade id is there once."""
    async with world.market(Topic.TRADES) as seen:
        await world.until(lambda: bool(seen.of(TradePrinted)), "no trade was told")
        repeated = world.inject(RepeatFrame(channel="*trade*", times=5))
        await world.until(lambda: repeated.fired == 5, "the market stood still")
        count = len(seen.of(TradePrinted))
        await world.until(lambda: len(seen.of(TradePrinted)) > count + 2, "trades stopped")
        told = [trade.trade_id for trade in seen.of(TradePrinted)]
        twice = {each for each in told if told.count(each) > 1}
        world.expect(not twice, f"{len(twice)} trades were told twice")
        world.expect(not seen.of(StreamDisconnected), "a repetition was taken for a fault")
    return f"{len(told)} trades, each once"
