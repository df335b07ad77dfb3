"""The key is revoked in the middle of trading."""

from venuetree.protocol.errors import AuthRefused
from venuetree.scenarios.operators import Held
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.world import World
from venuetree.supervisors.snapshot import ChildState


@scenario(
    "When the key is revoked every call says so, the exchange stays stopped with its error in"
    " the snapshot, its subscribers are told, and other exchanges go on.",
    beside=("coinbase", "binance_us", "oanda"),
    tick_s=0.5,
)
async def key_is_revoked_while_it_trades(world: World) -> str:
    """Revoke it, call, look at the tree, then ask elsewhere."""
    await world.exchange.place(world.far_bid("a1"))
    async with world.account() as account:
        world.revoke_key()
        await world.error_of(AuthRefused, world.exchange.balances())

        def is_stopped() -> bool:
            return world.engine.snapshot()[world.name].state is ChildState.STOPPED

        await world.until(is_stopped, "the exchange's tree goes on", seconds=10)
        ended = account.ended
    world.expect(isinstance(ended, AuthRefused), f"the account's subscriber was told {ended!r}")
    await world.error_of(AuthRefused, world.exchange.place(world.far_bid("a2")))
    asked = len(world.asked())
    await world.error_of(AuthRefused, world.exchange.balances())
    world.expect(len(world.asked()) == asked, "the exchange was asked with a key it refuses")
    error = world.engine.snapshot()[world.name].last_error
    world.expect(error is not None, "the snapshot shows no error")
    others = [name for name in world.operators if name != world.name]
    for name in others:
        await world.engine[name].balances()
    held = world.held("a1").status
    world.expect(held is Held.OPEN, f"the order is {held.value} at the exchange")
    return f"stopped and said why; {' and '.join(others)} go on"
