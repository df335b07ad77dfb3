"""An order is replaced: what is asked, and what each answer means for both orders."""

from typing import Any

import pytest

from tests.support.binance_us import error, listed, reply, talk
from tests.support.binance_us_lists import LIMIT_LEG, STOP_LEG, evolve_leg, pair_of, weighing
from tests.support.binance_us_orders import asked
from venuetree.protocol.builders import limit_order
from venuetree.protocol.commands import Replaced, ReplaceOrder
from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    EngineError,
    InsufficientFunds,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
)
from venuetree.protocol.models import OrderKey, OrderReport, OrderStatus, ReportSource, Side
from venuetree.protocol.port import Effect, Lane, RestReply
from venuetree.protocol.verdict import Verdict, placing_verdict

BUY = Side.BUY
NEW = limit_order("BTC-USD", BUY, quantity="0.01", price="117000", client_order_id="new")
KEY = OrderKey("BTC-USD", "old", "2281896640")
CANCELLED = listed(
    origClientOrderId="old",
    clientOrderId="kT7hYb3Wc9ZpM5sLq1RxVd",
    status="CANCELED",
    executedQty="0.00000000",
    cummulativeQuoteQty="0.00000000",
)
PLACED = listed(
    orderId=2281896641,
    clientOrderId="new",
    status="NEW",
    executedQty="0.00000000",
    cummulativeQuoteQty="0.00000000",
    price="117000.00000000",
)
POOR = {"code": -2010, "msg": "Account has insufficient balance for requested action."}


def results(
    cancel: str, placed: str, cancelled: object = None, order: object = None
) -> dict[str, Any]:
    """What became of the two halves."""
    return {
        "cancelResult": cancel,
        "newOrderResult": placed,
        "cancelResponse": cancelled,
        "newOrderResponse": order,
    }


def failing(code: int, status: int, told: object) -> RestReply:
    """The refusal that tells what became of the two halves."""
    return reply({"code": code, "msg": "Order cancel-replace failed.", "data": told}, status)


BOTH = results("SUCCESS", "SUCCESS", CANCELLED, PLACED)


@pytest.mark.parametrize(
    ("key", "named"),
    [
        (KEY, {"cancelOrderId": "2281896640"}),
        (OrderKey("BTC-USD", "old"), {"cancelOrigClientOrderId": "old"}),
    ],
)
@pytest.mark.parametrize("if_partially_filled", [False, True])
def test_a_replacement_is_an_order_that_names_another(
    key: OrderKey, named: dict[str, str], *, if_partially_filled: bool
) -> None:
    """The new order is not tried where the cancel fails; nor, if not meant, after executions."""
    conversation = talk(reply(BOTH))
    conversation.ask(ReplaceOrder(key, NEW, if_partially_filled))

    (request,) = conversation.requests
    assert (request.method, request.path) == ("POST", "/api/v3/order/cancelReplace")
    assert (request.effect, request.lane, request.costs) == (
        Effect.WRITE,
        Lane.PLACE,
        weighing(1),
    )
    assert request.client_order_id == "new"
    restriction = {} if if_partially_filled else {"cancelRestrictions": "ONLY_NEW"}
    assert asked(request) == {
        "symbol": "BTCUSD",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "117000",
        "newClientOrderId": "new",
        "newOrderRespType": "RESULT",
        "cancelReplaceMode": "STOP_ON_FAILURE",
        **named,
        **restriction,
    }


def both(replaced: Replaced) -> tuple[OrderReport | None, OrderReport | EngineError]:
    """The halves."""
    return replaced.cancelled, replaced.placed


def test_where_both_succeed_both_are_told() -> None:
    """The old one under its own id, though the cancel renamed it."""
    old, new = both(talk(reply(BOTH)).ask(ReplaceOrder(KEY, NEW)))

    assert old is not None
    assert (old.client_order_id, old.exchange_order_id) == ("old", "2281896640")
    assert (old.status, old.source) == (OrderStatus.CANCELLED, ReportSource.REPLY)
    assert isinstance(new, OrderReport)
    assert (new.client_order_id, new.status) == ("new", OrderStatus.OPEN)


def test_a_refusal_after_the_cancel_tells_the_cancel_too() -> None:
    """HTTP 409: the old order is gone, and there is no new one."""
    told = results("SUCCESS", "FAILURE", CANCELLED, POOR)
    old, new = both(talk(failing(-2021, 409, told)).ask(ReplaceOrder(KEY, NEW)))

    assert old is not None
    assert old.status is OrderStatus.CANCELLED
    assert isinstance(new, InsufficientFunds)
    assert "the old order has ended" in str(new)
    assert new.code == "-2010"


@pytest.mark.parametrize("code", [-1006, -1007, -1000, -1015])
def test_a_new_order_whose_fate_is_open_is_unknown_after_the_cancel(code: int) -> None:
    """By the codes of a single order."""
    told = results("SUCCESS", "FAILURE", CANCELLED, {"code": code, "msg": "no"})
    old, new = both(talk(failing(-2021, 409, told)).ask(ReplaceOrder(KEY, NEW)))

    assert old is not None
    assert isinstance(new, OutcomeUnknown)
    assert new.client_order_id == "new"


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ({"code": -2011, "msg": "Unknown order sent."}, CancelRefused),
        (
            {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."},
            CancelRefused,
        ),
        ({"code": -2011, "msg": "This action is disabled on this account."}, PermissionRefused),
        ({"code": -2013, "msg": "Order does not exist."}, OrderNotFound),
        ({"code": -1007, "msg": "Timeout."}, CancelRefused),
        ({"code": -1006, "msg": "Unexpected."}, CancelRefused),
    ],
)
def test_where_the_cancel_fails_there_is_no_new_order(
    refusal: dict[str, Any], kind: type[EngineError]
) -> None:
    """Whatever became of the old one: the new one was not attempted."""
    told = results("FAILURE", "NOT_ATTEMPTED", refusal)
    with pytest.raises(kind) as caught:
        talk(failing(-2022, 400, told)).ask(ReplaceOrder(KEY, NEW))

    assert placing_verdict(caught.value) is Verdict.NOT_PLACED
    assert caught.value.code == str(refusal["code"])


def test_a_new_order_beside_the_old_one_is_told_though_nobody_asked_for_that() -> None:
    """Another mode's answer; that the old one is open still is for the asker to see."""
    told = results("FAILURE", "SUCCESS", {"code": -2011, "msg": "Unknown order sent."}, PLACED)
    old, new = both(talk(failing(-2021, 409, told)).ask(ReplaceOrder(KEY, NEW)))

    assert old is None
    assert isinstance(new, OrderReport)


def test_with_an_order_of_a_pair_the_pair_is_cancelled() -> None:
    """The answer holds the list; the order is found in it."""
    reports = [
        evolve_leg(told, status="CANCELED", origClientOrderId=told["clientOrderId"])
        for told in (STOP_LEG, LIMIT_LEG)
    ]
    told = results("SUCCESS", "SUCCESS", pair_of(*reports, status="ALL_DONE"), PLACED)
    for key in (
        OrderKey("BTC-USD", exchange_order_id="2281896702"),
        OrderKey("BTC-USD", "limitLeg1"),
    ):
        old, _ = both(talk(reply(told)).ask(ReplaceOrder(key, NEW)))

        assert old is not None
        assert old.client_order_id == "limitLeg1"
    # The exchange's number decides where it is known.
    stranger = OrderKey("BTC-USD", "limitLeg1", exchange_order_id="5")
    assert talk(reply(told)).ask(ReplaceOrder(stranger, NEW)).cancelled is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-1013, "Filter failure: LOT_SIZE"), OrderRejected),
        (error(-2010, "Order would immediately match and take."), OrderRejected),
        (error(-2015, "Invalid API-key, IP, or permissions for action.", 401), AuthRefused),
        (reply(b"", 503), OutcomeUnknown),
        (error(-1003, "Too much", 429), OutcomeUnknown),
        (reply({**BOTH, "newOrderResult": "MAYBE"}), OutcomeUnknown),
        (reply({**BOTH, "cancelResult": "MAYBE"}), OutcomeUnknown),
        (reply({**BOTH, "cancelResponse": {}}), OutcomeUnknown),
        (reply({**BOTH, "newOrderResponse": CANCELLED}), OutcomeUnknown),
        (reply(b"{"), OutcomeUnknown),
        (failing(-2021, 409, None), OutcomeUnknown),
        (failing(-2022, 400, {"newOrderResult": "NOT_ATTEMPTED"}), OutcomeUnknown),
    ],
)
def test_any_other_answer_is_that_of_an_order(answer: RestReply, kind: type[EngineError]) -> None:
    """A refusal of the whole did nothing; what cannot be read leaves it open."""
    with pytest.raises(kind):
        talk(answer).ask(ReplaceOrder(KEY, NEW))


def test_a_replacement_refused_for_its_time_is_asked_once_more() -> None:
    """Nothing was done then."""
    clock = reply({"serverTime": 1788540400000})
    conversation = talk(error(-1021, "Timestamp"), clock, reply(BOTH))
    conversation.ask(ReplaceOrder(KEY, NEW))

    assert conversation.asked == ["replace", "server_time", "replace"]
