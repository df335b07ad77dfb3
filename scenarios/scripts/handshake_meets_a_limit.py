"""The exchange answers each handshake with 429, as if we had connected too often."""

from venuetree.scenarios.market_watch import handshakes_fail
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "An exchange that says `too often` is asked ever more seldom, until it lets us in.",
    simulator={"move_every_s": 10.0},
    tick_s=1.0,
)
async def handshake_meets_a_limit(world: World) -> str:
    """Refuse with 429 for five minutes."""
    tried = await handshakes_fail(world, status=429)
    return f"{tried} attempts in five minutes"
