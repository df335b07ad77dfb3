"""Orders whose replies are lost, again and again: none is lost and none doubled."""

import pytest

from venuetree.protocol.models import OrderStatus
from venuetree.scenarios.faults import LoseReply
from venuetree.scenarios.operators import OPERATORS, Held
from venuetree.scenarios.world_opening import open_world

pytestmark = pytest.mark.anyio

MANY = 100


@pytest.mark.parametrize("name", OPERATORS)
async def test_a_hundred_orders_whose_replies_are_lost_end_as_a_hundred(name: str) -> None:
    """However often the reply goes missing."""
    slow = {"move_every_s": 30.0}
    async with open_world(name, seed=1, simulator=slow) as world, world.start_engine():
        lost = world.inject(LoseReply(to=world.operator.patterns.place, times=MANY))
        ids = [f"order-{number:03}" for number in range(MANY)]
        for client_order_id in ids:
            await world.exchange.place(world.far_bid(client_order_id))
        known = {order.client_order_id: order for order in await world.exchange.known_orders()}
        held = {client_order_id: world.held(client_order_id).status for client_order_id in ids}

    assert lost.fired >= MANY // 2  # a resend's reply may be the one that is lost
    assert held == dict.fromkeys(ids, Held.OPEN)
    assert {one: order.status for one, order in known.items()} == dict.fromkeys(
        ids, OrderStatus.OPEN
    )
