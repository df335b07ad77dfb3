"""What scripts about the account look at and do: its stream, an execution that is told once."""

import anyio

from venuetree.protocol.models import Order, OrderStatus
from venuetree.scenarios.faults import ExpireListenKey, Respond
from venuetree.scenarios.market_watch import account_reader
from venuetree.scenarios.witness import Witness
from venuetree.scenarios.world import BrokenPromise, World

__all__ = [
    "account_begins",
    "fill_is_told_once",
    "listen_key_ends_under_an_order",
    "trade_with",
    "without_the_api",
]

#: How long after an execution was told it might still be told again, in seconds.
_AGAIN_WITHIN = 120.0
#: The way to the account's events by which no listen key is wanted.
_API = "WS userDataStream*"


async def account_begins(world: World) -> None:
    """Wait until the account's own stream is up and healthy."""
    await world.until(
        lambda: bool(account_reader(world).detail.is_healthy),
        "the account's stream does not come up",
    )


def trade_with(world: World, order: Order) -> None:
    """Let somebody take an order of ours, whole; it must be the best of its side."""
    if order.price is None or order.quantity is None:
        raise BrokenPromise(f"{order.client_order_id} is told without its price or quantity")
    world.operator.trade_against(order.side, order.price, order.quantity)


async def fill_is_told_once(
    world: World, told: Witness, client_order_id: str, *, seconds: float = 60.0
) -> None:
    """Wait until an order is told as filled and its executions too; they add up, then and later.

    Args:
        world: where.
        told: what a subscriber to the account was told.
        client_order_id: of the order.
        seconds: how long it may take.
    """

    def is_told() -> bool:
        is_filled = OrderStatus.FILLED in told.statuses(client_order_id)
        return is_filled and bool(told.fills(client_order_id))

    await world.until(is_told, "the fill was never told", seconds=seconds)
    await anyio.sleep(_AGAIN_WITHIN)
    filled = world.held(client_order_id).filled
    sums = sum(fill.quantity for fill in told.fills(client_order_id))
    world.expect(sums == filled, f"fills of {sums} were told, and there were {filled}")
    times = told.statuses(client_order_id).count(OrderStatus.FILLED)
    world.expect(times == 1, f"it was told as filled {times} times")


def without_the_api(world: World) -> None:
    """Let the WebSocket API not know of account streams, so that a listen key is had."""
    world.inject(Respond(to=_API, status=410, times=None))


async def listen_key_ends_under_an_order(
    world: World, end: ExpireListenKey, *, seconds: float
) -> None:
    """End the key by which the account is told, and fill an order: it is told by another stream.

    Args:
        world: where.
        end: how the key ends.
        seconds: how long it may take until the execution is told.
    """
    async with world.account() as told:
        await account_begins(world)
        order = await world.exchange.place(world.near_bid("a1"))
        await anyio.sleep(5)
        restarts = account_reader(world).restarts
        expired = world.inject(end)
        await world.until(lambda: expired.fired == 1, "the key was not in use")
        trade_with(world, order)
        await fill_is_told_once(world, told, "a1", seconds=seconds)
    world.expect(account_reader(world).restarts > restarts, "the dead stream was left as it was")
