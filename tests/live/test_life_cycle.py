"""An order's life at each exchange for which there are keys; `make live` runs this."""

import os

import pytest

from tests.live.life_cycle import life_cycle
from tests.live.targets import Refused, target_of
from venuetree.protocol.exchanges import EXCHANGES

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", sorted(EXCHANGES))
async def test_an_order_lives_and_ends(name: str) -> None:
    """From the connection to an order that is cancelled, and nothing left behind."""
    try:
        target = target_of(name, os.environ)
    except Refused as refused:
        pytest.skip(str(refused))

    await life_cycle(target)
