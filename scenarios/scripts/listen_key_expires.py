"""A listen key ends before its time, and the exchange says so."""

from venuetree.scenarios.account_watch import listen_key_ends_under_an_order, without_the_api
from venuetree.scenarios.faults import ExpireListenKey
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An expired listen key ends its stream: another is opened, and no fill is lost or told twice.",
    on=("binance_us",),
    before=without_the_api,
    simulator={"move_every_s": 30.0},
    tick_s=1.0,
    within_s=3600.0,
)
async def listen_key_expires(world: World) -> str:
    """End the key, let an order fill at once, and count what is told."""
    await listen_key_ends_under_an_order(world, ExpireListenKey(announced=True), seconds=30)
    return "one fill, told once, over another stream"
