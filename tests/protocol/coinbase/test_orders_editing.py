"""An order is edited: what is sent, and what the answer means."""

import attrs
import pytest

from tests.support.coinbase import Conversation, payload, reply
from tests.support.coinbase_orders import KEY, ORDER, ORDER_ID
from venuetree.protocol.commands import EditOrder
from venuetree.protocol.errors import ExchangeRefused, NotSupported, OrderNotFound


def test_an_edit_states_price_and_total_size() -> None:
    """Accepted, or refused with the code, as a list, an object, or in the newer form."""
    talk = Conversation([reply({"success": True, "errors": [{"edit_failure_reason": "UNKNOWN"}]})])
    talk.ask(EditOrder(KEY, ORDER))
    assert talk.body() == {"order_id": ORDER_ID, "price": "64250.10", "size": "0.015"}

    for body, error in (
        (payload("rest_edit_refused"), OrderNotFound),
        ({"success": False, "errors": {"edit_failure_reason": "ORDER_NOT_FOUND"}}, OrderNotFound),
        (
            {
                "success": False,
                "error_response": {"edit_order_failure_reason": "INVALID_EDITED_SIZE"},
            },
            ExchangeRefused,
        ),
    ):
        with pytest.raises(error) as caught:
            Conversation([reply(body)]).ask(EditOrder(KEY, ORDER))
        assert type(caught.value) is error
    with pytest.raises(NotSupported):
        Conversation([]).ask(EditOrder(KEY, attrs.evolve(ORDER, price=None)))
