"""Who runs a simulated exchange: what scenarios let happen on its market."""

import pytest

from venuetree.scenarios.operators import OPERATORS
from venuetree.scenarios.world_opening import open_world

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", OPERATORS)
async def test_an_order_behind_better_ones_is_executed_when_it_is_traded_with(name: str) -> None:
    """The market may have moved since it was the best; a tenth below there are many better."""
    slow = {"move_every_s": 3600.0}
    async with open_world(name, seed=1, simulator=slow) as world, world.start_engine():
        order = await world.exchange.place(world.far_bid("a1"))
        assert order.price is not None
        assert order.quantity is not None
        before = world.held("a1").filled
        world.operator.trade_against(order.side, order.price, order.quantity)
        after = world.held("a1").filled

    assert not before
    assert after == order.quantity
