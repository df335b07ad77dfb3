"""An order is cancelled: what is asked, and what each answer means."""

import pytest

from tests.support.binance_us import error, payload, reply, talk
from tests.support.binance_us_orders import ORDER, WEIGHT_1
from venuetree.protocol.commands import CancelOrder, EditOrder, FetchOrder
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    NotSupported,
    OrderNotFound,
    OutcomeUnknown,
)
from venuetree.protocol.models import OrderKey
from venuetree.protocol.port import Effect, Lane, RestReply, RestRequest
from venuetree.protocol.timestamps import SECOND


@pytest.mark.parametrize(
    ("key", "query"),
    [
        (OrderKey("BTC-USD", "c1", "2281896640"), "symbol=BTCUSD&orderId=2281896640"),
        (OrderKey("BTC-USD", "", "2281896640"), "symbol=BTCUSD&orderId=2281896640"),
        (OrderKey("BTC-USD", "c1"), "symbol=BTCUSD&origClientOrderId=c1"),
    ],
)
def test_a_cancel_names_the_order_once(key: OrderKey, query: str) -> None:
    """By the exchange's id where it is known; it counts as no order."""
    conversation = talk(reply(payload("rest_cancelled")))
    conversation.ask(CancelOrder(key))

    assert conversation.requests == [
        RestRequest(
            operation="cancel",
            method="DELETE",
            path="/api/v3/order",
            query=query,
            effect=Effect.WRITE,
            lane=Lane.CANCEL,
            costs=WEIGHT_1,
            client_order_id=key.client_order_id,
            timeout_ns=15 * SECOND,
        )
    ]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-2011, "Unknown order sent."), CancelRefused),
        (error(-2013, "Order does not exist."), OrderNotFound),
        (error(-1007, "Timeout", 504), OutcomeUnknown),
        (reply(b"{"), OutcomeUnknown),
        (reply(b"[]"), OutcomeUnknown),
    ],
)
def test_a_cancel_may_be_refused_or_stay_open(answer: RestReply, kind: type[EngineError]) -> None:
    """One that cannot be read has perhaps happened."""
    with pytest.raises(kind):
        talk(answer).ask(CancelOrder(OrderKey("BTC-USD", "c1", "1")))


@pytest.mark.parametrize("command", [CancelOrder, FetchOrder])
def test_an_order_without_its_instrument_cannot_be_named(
    command: type[CancelOrder | FetchOrder],
) -> None:
    """Numbers are unique within a symbol only."""
    with pytest.raises(NotSupported):
        talk().ask(command(OrderKey("", "c1", "1")))


def test_orders_cannot_be_edited() -> None:
    """A replacement is another order."""
    with pytest.raises(NotSupported):
        talk().ask(EditOrder(OrderKey("BTC-USD", "c1", "1"), ORDER))
