"""A listen key is worth nothing any more, and nobody says so: the connection stays open."""

from venuetree.scenarios.account_watch import listen_key_ends_under_an_order, without_the_api
from venuetree.scenarios.faults import ExpireListenKey
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A stream that is open and deaf is found out, and what happened meanwhile is told once.",
    on=("binance_us",),
    before=without_the_api,
    simulator={"move_every_s": 30.0},
    tick_s=1.0,
    within_s=3600.0,
)
async def listen_key_dies_in_silence(world: World) -> str:
    """End the key without a word, let an order fill, and wait for the truth."""
    await listen_key_ends_under_an_order(world, ExpireListenKey(announced=False), seconds=600)
    return "one fill, told once, over another stream"
