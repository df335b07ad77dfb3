"""An order is replaced: what is sent, and what each answer means for both orders."""

from typing import Any

import pytest

from tests.support.oanda_acting import (
    cancelled,
    created,
    filled,
    refusal,
    refused,
    reply,
    talk,
    told,
)
from tests.support.oanda_orders import ID, LIMIT, limit, market
from venuetree.protocol.commands import Replaced, ReplaceOrder
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    InsufficientFunds,
    NotSupported,
    OrderRejected,
    OutcomeUnknown,
)
from venuetree.protocol.models import Closing, MarginTerms, OrderKey, OrderReport, OrderStatus, Side
from venuetree.protocol.port import Effect, Lane

SELL = Side.SELL
KEY = OrderKey("EUR-USD", "eng-0006", "6407")


def replaced(*, old: str = "6407", **named: Any) -> dict[str, Any]:
    """An answer to a replacement."""
    return told(
        orderCancelTransaction=cancelled(
            6408, int(old), "CLIENT_REQUEST_REPLACED", "eng-0006", replacedByOrderID="6409"
        ),
        orderCreateTransaction=created(
            6409,
            ID,
            kind="LIMIT_ORDER",
            price="1.09100",
            batch=6408,
            reason="REPLACEMENT",
            replacesOrderID=old,
        ),
        **named,
    )


def test_a_replacement_is_the_whole_order_in_the_place_of_the_old() -> None:
    """With an id of its own; the old one is named by the exchange's."""
    conversation = talk(reply(replaced(), 201))
    answer = conversation.ask(ReplaceOrder(KEY, limit()))

    (request,) = conversation.requests
    assert (request.method, request.path) == ("PUT", "/v3/accounts/{account}/orders/6407")
    assert conversation.body()["order"] == {**LIMIT, "clientExtensions": {"id": ID}}
    assert (request.effect, request.lane) == (Effect.WRITE, Lane.PLACE)
    assert answer.cancelled is not None
    assert answer.cancelled.exchange_order_id == "6407"
    assert answer.cancelled.client_order_id == "eng-0006"
    assert answer.cancelled.instrument == "EUR-USD"
    assert answer.cancelled.status is OrderStatus.CANCELLED
    assert isinstance(answer.placed, OrderReport)
    assert answer.placed.exchange_order_id == "6409"
    assert answer.placed.status is OrderStatus.OPEN


def test_an_order_is_named_by_our_id_where_the_exchange_s_is_not_known() -> None:
    """With what must be encoded encoded."""
    conversation = talk(reply(replaced(), 201))
    conversation.ask(ReplaceOrder(OrderKey("EUR-USD", "eng/0006 @"), limit()))

    assert conversation.requests[0].path.endswith("/orders/@eng%2F0006%20%40")


def placed_by(answer: Replaced) -> OrderReport | EngineError:
    """What became of the new order; the old one has ended."""
    assert answer.cancelled is not None
    assert answer.cancelled.status is OrderStatus.CANCELLED
    return answer.placed


def test_a_replacement_that_was_executed_at_once_is_filled() -> None:
    """It was marketable."""
    body = replaced(orderFillTransaction=filled(6410, 6409, ID, batch=6408))
    placed = placed_by(talk(reply(body, 201)).ask(ReplaceOrder(KEY, limit())))

    assert isinstance(placed, OrderReport)
    assert placed.status is OrderStatus.FILLED


def test_a_replacement_that_was_ended_at_once_is_a_refusal_of_the_new_order_alone() -> None:
    """The old one is gone all the same."""
    body = replaced(
        replacingOrderCancelTransaction=cancelled(6410, 6409, "INSUFFICIENT_MARGIN", batch=6408)
    )
    placed = placed_by(talk(reply(body, 201)).ask(ReplaceOrder(KEY, limit())))

    assert isinstance(placed, InsufficientFunds)


def test_a_new_order_that_is_another_leaves_its_outcome_open() -> None:
    """The old one has ended, though."""
    placed = placed_by(talk(reply(replaced(), 201)).ask(ReplaceOrder(KEY, limit(SELL))))

    assert isinstance(placed, OutcomeUnknown)


def test_the_end_of_another_order_than_the_one_meant_leaves_both_open() -> None:
    """Nothing is believed of such an answer."""
    with pytest.raises(OutcomeUnknown):
        talk(reply(replaced(old="1"), 201)).ask(ReplaceOrder(KEY, limit()))


def test_a_refused_replacement_leaves_the_old_order_as_it_was() -> None:
    """The refusal is of the new one."""
    no = refused(6411, ID, "PRICE_PRECISION_EXCEEDED", kind="LIMIT_ORDER")
    answer = refusal("PRICE_PRECISION_EXCEEDED", **told(orderRejectTransaction=no))
    with pytest.raises(OrderRejected) as caught:
        talk(answer).ask(ReplaceOrder(KEY, limit()))
    assert caught.value.code == "PRICE_PRECISION_EXCEEDED"


@pytest.mark.parametrize("code", ["ORDER_DOESNT_EXIST", "NO_SUCH_ORDER"])
def test_an_order_that_does_not_wait_cannot_be_replaced(code: str) -> None:
    """Unknown, filled or cancelled."""
    with pytest.raises(CancelRefused):
        talk(refusal(code, status=404)).ask(ReplaceOrder(KEY, limit()))


def test_what_closes_something_takes_nobody_s_place() -> None:
    """There is no such request."""
    order = market(SELL, margin=MarginTerms(closing=Closing("6402")))
    conversation = talk()
    with pytest.raises(NotSupported):
        conversation.ask(ReplaceOrder(KEY, order))
    assert not conversation.requests
