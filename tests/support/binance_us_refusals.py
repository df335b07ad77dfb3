"""What the tests of Binance.US's refusals share: commands, and the error that each ends in."""

from typing import Any

import pytest

from tests.support.binance_us import talk
from tests.support.binance_us_orders import ORDER
from venuetree.protocol.commands import CancelOrder, FetchOrder, PlaceOrder
from venuetree.protocol.errors import EngineError
from venuetree.protocol.models import OrderKey
from venuetree.protocol.port import RestReply

__all__ = ["ASK", "CANCEL", "PLACE", "TOO_MUCH", "refused"]

PLACE = PlaceOrder(ORDER)
KEY = OrderKey("BTC-USD", "c1", "1")
CANCEL, ASK = CancelOrder(KEY), FetchOrder(KEY)


def refused(command: Any, answer: RestReply) -> EngineError:
    """The error of a command that is answered so."""
    conversation = talk(answer)
    with pytest.raises(EngineError) as caught:
        conversation.ask(command)

    assert len(conversation.requests) == 1
    assert caught.value.exchange == "binance_us"
    assert caught.value.operation == conversation.requests[0].operation
    return caught.value


TOO_MUCH = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use"
    " WebSocket Streams for live updates to avoid polling the API."
)
