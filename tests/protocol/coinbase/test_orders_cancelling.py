"""Orders are cancelled: what is asked, and what each answer means."""

from typing import Any

import pytest

from tests.support.coinbase import Conversation, payload, reply
from tests.support.coinbase_orders import CLIENT_ID, HTML, KEY, ORDER_ID, listed, wire_order
from venuetree.protocol.commands import CancelOpenOrders, CancelOrder
from venuetree.protocol.errors import CancelRefused, EngineError, OrderNotFound, OutcomeUnknown
from venuetree.protocol.models import OrderKey
from venuetree.protocol.port import Effect, Lane


def cancelled(reason: str = "UNKNOWN_CANCEL_FAILURE_REASON", order_id: str = ORDER_ID) -> Any:
    """One result of a batch."""
    success = reason == "UNKNOWN_CANCEL_FAILURE_REASON"
    return {"results": [{"success": success, "failure_reason": reason, "order_id": order_id}]}


def test_a_cancel_is_a_batch_of_one_in_the_most_urgent_lane() -> None:
    """Accepted is all that it says."""
    talk = Conversation([reply(payload("rest_cancelled"))])
    talk.ask(CancelOrder(KEY))
    (request,) = talk.requests

    assert request.path == "/api/v3/brokerage/orders/batch_cancel"
    assert talk.body() == {"order_ids": [ORDER_ID]}
    assert (request.lane, request.effect) == (Lane.CANCEL, Effect.WRITE)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("UNKNOWN_CANCEL_ORDER", OrderNotFound),
        ("ORDER_IS_FULLY_FILLED", CancelRefused),
        ("NOT_ALLOWED_TO_CANCEL", CancelRefused),
        ("ORDER_IS_BEING_REPLACED", CancelRefused),
        ("SOMETHING_NEW", CancelRefused),
    ],
)
def test_each_refusal_of_a_cancel_has_its_error(reason: str, error: type[EngineError]) -> None:
    """HTTP says 200."""
    with pytest.raises(error) as caught:
        Conversation([reply(cancelled(reason))]).ask(CancelOrder(KEY))

    assert caught.value.code == reason


def test_a_second_cancel_of_an_order_being_cancelled_is_accepted() -> None:
    """It is being cancelled, as asked."""
    Conversation([reply(cancelled("DUPLICATE_CANCEL_REQUEST"))]).ask(CancelOrder(KEY))


@pytest.mark.parametrize(
    "answer",
    [
        reply(HTML, 429),
        reply(b"", 503),
        reply(b"{}"),
        reply({"results": []}),
        reply(cancelled(order_id="another")),
    ],
)
def test_a_cancel_without_a_verdict_is_unknown(answer: Any) -> None:
    """It is resolved by asking."""
    with pytest.raises(OutcomeUnknown):
        Conversation([answer]).ask(CancelOrder(KEY))


def test_a_cancel_by_client_id_looks_the_order_up_first() -> None:
    """The exchange takes its own ids only."""
    talk = Conversation(
        [
            listed(wire_order(client_order_id="x"), cursor="next"),
            listed(wire_order()),
            reply(cancelled()),
        ]
    )
    talk.ask(CancelOrder(OrderKey(client_order_id=CLIENT_ID)))

    assert talk.asked == ["orders", "orders", "cancel"]
    assert "cursor=next" in talk.requests[1].query
    assert all(request.lane is Lane.CANCEL for request in talk.requests)
    with pytest.raises(OrderNotFound):
        Conversation([listed()]).ask(CancelOrder(OrderKey(client_order_id=CLIENT_ID)))


def test_all_open_orders_are_cancelled_as_they_are_listed() -> None:
    """There is no request for all: what is listed goes in batches of a hundred, urgently."""
    many = [wire_order(order_id=f"id-{number}", client_order_id="") for number in range(150)]
    talk = Conversation(
        [listed(), listed(*many), listed(), reply({"results": []}), reply({"results": []})]
    )
    told = talk.ask(CancelOpenOrders("BTC-USD"))

    assert len(told) == 150
    assert talk.asked == [*["orders"] * 3, *["cancel_all"] * 2]
    assert [len(talk.body(index)["order_ids"]) for index in (3, 4)] == [100, 50]
    assert talk.body(3)["order_ids"][0] == "id-0"
    assert {request.lane for request in talk.requests} == {Lane.CANCEL}
    assert {request.effect for request in talk.requests[3:]} == {Effect.WRITE}
    assert "product_ids=BTC-USD" in talk.requests[0].query


def test_a_batch_that_fails_keeps_none_of_the_others() -> None:
    """Its error comes when all have been asked for; where nothing is open nothing is asked."""
    many = [wire_order(order_id=f"id-{number}", client_order_id="") for number in range(101)]
    talk = Conversation(
        [listed(), listed(*many), listed(), reply(b"", 503), reply({"results": []})]
    )
    with pytest.raises(OutcomeUnknown):
        talk.ask(CancelOpenOrders())
    assert talk.asked[3:] == ["cancel_all", "cancel_all"]

    nothing = Conversation([listed(), listed(), listed()])
    assert nothing.ask(CancelOpenOrders()) == ()
