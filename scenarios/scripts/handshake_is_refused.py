"""The exchange refuses each handshake of the market stream, for five minutes."""

from venuetree.scenarios.market_watch import account_reader, handshakes_fail
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World


@scenario(
    "A refused handshake is tried again ever more slowly, and hurts no other stream, no question.",
    simulator={"move_every_s": 10.0},
    tick_s=1.0,
)
async def handshake_is_refused(world: World) -> str:
    """Refuse with 503, and look at the account's stream afterwards."""
    tried = await handshakes_fail(world, status=503)
    reader = account_reader(world)
    world.expect(reader.restarts == 0, "the account's stream was opened anew too")
    return f"{tried} attempts in five minutes"
