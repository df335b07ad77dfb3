"""The end of orders: one by its name, or all that are open; exits of trades stay."""

from typing import Any

import pytest

from tests.support.oanda_acting import cancelled, refusal, reply, talk, told
from venuetree.protocol.commands import CancelOpenOrders, CancelOrder
from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    ExchangeUnavailable,
    OutcomeUnknown,
    PermissionRefused,
)
from venuetree.protocol.models import OrderKey, OrderStatus
from venuetree.protocol.port import Cost, Effect, Lane, LogTold, RestReply, RestRequest
from venuetree.protocol.timestamps import SECOND

ENDED = reply(told(orderCancelTransaction=cancelled(6410, 6409, client_id="c1")))


def test_a_cancel_is_a_request_without_a_body() -> None:
    """By the exchange's number, in the lane that goes first."""
    conversation = talk(ENDED)
    conversation.ask(CancelOrder(OrderKey("EUR-USD", "c1", "6409")))

    assert conversation.requests == [
        RestRequest(
            operation="cancel",
            method="PUT",
            path="/v3/accounts/{account}/orders/6409/cancel",
            effect=Effect.WRITE,
            lane=Lane.CANCEL,
            costs=(Cost("rest_1s"),),
            client_order_id="c1",
            timeout_ns=15 * SECOND,
        )
    ]
    (news,) = conversation.news
    assert isinstance(news, LogTold)
    assert news.position == "6410"


def test_a_cancel_by_our_id_alone_names_it_with_an_at() -> None:
    """Encoded."""
    conversation = talk(ENDED)
    conversation.ask(CancelOrder(OrderKey(client_order_id="c 1/{account}")))

    assert conversation.requests[0].path == (
        "/v3/accounts/{account}/orders/@c%201%2F%7Baccount%7D/cancel"
    )


@pytest.mark.parametrize("code", ["ORDER_DOESNT_EXIST", "NO_SUCH_ORDER", ""])
def test_an_order_that_does_not_wait_cannot_be_cancelled(code: str) -> None:
    """Whether it ever was is for its state to say."""
    with pytest.raises(CancelRefused):
        talk(refusal(code, status=404)).ask(CancelOrder(OrderKey(exchange_order_id="1")))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", 503),
        reply(b"<html>", 200),
        reply({}, 200),
        refusal("", status=504),
        reply(told(orderCancelTransaction={**cancelled(6410, 6409), "type": "MARKET_ORDER"})),
        OutcomeUnknown("lost"),
    ],
)
def test_a_cancel_without_a_verdict_is_open(answer: RestReply | Exception) -> None:
    """Asking again does no harm, but that is for others to decide."""
    with pytest.raises(OutcomeUnknown):
        talk(answer).ask(CancelOrder(OrderKey(exchange_order_id="6409")))


# ---------------------------------------------------------------- all


def waiting(number: str, **fields: Any) -> dict[str, Any]:
    """An order that waits."""
    return {
        "id": number,
        "createTime": "2024-06-11T14:20:09.551120003Z",
        "type": "LIMIT",
        "instrument": "EUR_USD",
        "units": "-10000",
        "price": "1.09100",
        "timeInForce": "GTC",
        "state": "PENDING",
        "clientExtensions": {"id": f"c{number}"},
        **fields,
    }


def an_exit(number: str) -> dict[str, Any]:
    """An exit of a trade."""
    bare = waiting(number, type="STOP_LOSS", tradeID="6402")
    del bare["instrument"], bare["units"], bare["clientExtensions"]
    return bare


def listing(*orders: dict[str, Any]) -> RestReply:
    """All that wait."""
    return reply({"orders": list(orders), "lastTransactionID": "7000"})


def ended(number: int) -> RestReply:
    """The end of one."""
    return reply(told(orderCancelTransaction=cancelled(7000 + number, number)))


def test_every_order_of_the_instrument_is_cancelled_and_no_exit_is() -> None:
    """What guards an open trade must not vanish with orders that wait."""
    conversation = talk(
        listing(waiting("3"), an_exit("4"), waiting("5", instrument="USD_JPY"), waiting("6")),
        ended(3),
        ended(6),
    )
    reports = conversation.ask(CancelOpenOrders("EUR-USD"))

    assert [request.path.rpartition("{account}")[2] for request in conversation.requests] == [
        "/pendingOrders",
        "/orders/3/cancel",
        "/orders/6/cancel",
    ]
    assert all(request.lane is Lane.CANCEL for request in conversation.requests)
    assert [(each.instrument, each.exchange_order_id) for each in reports] == [
        ("EUR-USD", "3"),
        ("EUR-USD", "6"),
    ]
    assert all(each.status is OrderStatus.CANCELLED for each in reports)


def test_orders_of_all_instruments_are_cancelled_where_none_is_named() -> None:
    """Each told under its own."""
    conversation = talk(
        listing(waiting("3"), waiting("5", instrument="USD_JPY")), ended(3), ended(5)
    )
    reports = conversation.ask(CancelOpenOrders())

    assert [each.instrument for each in reports] == ["EUR-USD", "USD-JPY"]


def test_nothing_open_is_nothing_to_do() -> None:
    """One question."""
    assert talk(listing()).ask(CancelOpenOrders()) == ()


def test_one_that_has_ended_meanwhile_is_passed_over() -> None:
    """The others are seen to."""
    conversation = talk(
        listing(waiting("3"), waiting("6")), refusal("ORDER_DOESNT_EXIST", status=404), ended(6)
    )

    assert [each.exchange_order_id for each in conversation.ask(CancelOpenOrders())] == ["6"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(b"", 503), OutcomeUnknown),
        (refusal("ACCOUNT_ORDER_CANCEL_LOCKED"), PermissionRefused),
        (refusal("", status=401), AuthRefused),
    ],
)
def test_one_that_fails_keeps_none_of_the_others(answer: RestReply, kind: type[Exception]) -> None:
    """And is told in the end."""
    conversation = talk(listing(waiting("3"), waiting("6")), answer, ended(6))
    with pytest.raises(kind):
        conversation.ask(CancelOpenOrders())
    assert len(conversation.requests) == 3


def test_a_list_that_cannot_be_had_cancels_nothing() -> None:
    """It is a question, and may be asked again."""
    with pytest.raises(ExchangeUnavailable):
        talk(reply(b"", 503)).ask(CancelOpenOrders())
