"""A subscriber to the account's events reads nothing while orders come and go."""

import anyio

from venuetree.actors.feed import SubscriberTooSlow
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import OrderUpdated
from venuetree.scenarios.scenario import scenario
from venuetree.scenarios.witness import listening
from venuetree.scenarios.world import World

_CAPACITY = 8
_ORDERS = 10


@scenario(
    "News of the account is never left out in silence: who does not read gets what fits, then an"
    " error that says so; all others get everything.",
    settings={"account_capacity": _CAPACITY},
)
async def account_subscriber_does_not_read(world: World) -> str:
    """Let one sleep and another one listen while ten orders are placed and cancelled."""
    async with world.exchange.account_events() as unread, world.account() as told:
        world.happens("a subscriber to the account stops reading")
        for number in range(_ORDERS):
            order = await world.exchange.place(world.far_bid(f"a{number}"))
            await world.exchange.cancel(order.key)
            await anyio.sleep(0.5)
        world.expect(len(unread) <= _CAPACITY, f"{len(unread)} events wait for it")
        async with listening(unread) as late:
            await anyio.sleep(1)
        world.expect(
            isinstance(late.ended, SubscriberTooSlow), f"it was not ended but: {late.ended}"
        )
        world.expect(
            isinstance(late.ended, EngineError) and bool(late.ended.remedy), "it says no remedy"
        )
        world.expect(len(late.events) == _CAPACITY, f"it was given {len(late.events)} events")
        world.expect(late.events == told.events[:_CAPACITY], "it was given other events")
        heard = {event.order.client_order_id for event in told.of(OrderUpdated)}
        world.expect(len(heard) == _ORDERS, f"the other one heard of {len(heard)} orders")
        world.expect(told.ended is None, "the other one was ended too")
    return f"ended after {_CAPACITY} of {len(told.events)} events"
