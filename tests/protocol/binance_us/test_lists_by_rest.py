"""Pairs, replacements and sweeps by REST: what is asked, and what each answer means."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import error, listed, reply, talk
from tests.support.binance_us_orders import asked
from venuetree.protocol.builders import limit_order, oco, stop_limit_order
from venuetree.protocol.commands import (
    CancelOpenOrders,
    PlaceOco,
    Replaced,
    ReplaceOrder,
)
from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    EngineError,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
)
from venuetree.protocol.models import (
    OcoRequest,
    OrderKey,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import Cost, Effect, Lane, RestReply
from venuetree.protocol.verdict import Verdict, placing_verdict

D = Decimal
BUY, SELL = Side.BUY, Side.SELL
PAIR = oco(
    "BTC-USD",
    SELL,
    quantity="0.005",
    price="125000",
    stop_price="111000",
    stop_limit_price="110000",
    client_order_ids=("limitLeg1", "stopLeg1"),
)


def weighing(orders: int) -> tuple[Cost, ...]:
    """What placing costs."""
    return (
        Cost("weight_1m", 1),
        Cost("raw_5m"),
        Cost("orders_10s", orders),
        Cost("orders_1d", orders),
    )


def leg(client_order_id: str, **fields: Any) -> dict[str, Any]:
    """An order of the pair, as the reply tells it."""
    return {
        "symbol": "BTCUSD",
        "orderListId": 27104,
        "transactTime": 1788540500525,
        "clientOrderId": client_order_id,
        "origQty": "0.00500000",
        "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "side": "SELL",
        "workingTime": -1,
        **fields,
    }


STOP_LEG = leg(
    "stopLeg1",
    orderId=2281896701,
    price="110000.00000000",
    type="STOP_LOSS_LIMIT",
    stopPrice="111000.00000000",
)
LIMIT_LEG = leg("limitLeg1", orderId=2281896702, price="125000.00000000", type="LIMIT_MAKER")


def pair_of(*reports: dict[str, Any], status: str = "EXECUTING") -> dict[str, Any]:
    """A list, as replies tell it."""
    return {
        "orderListId": 27104,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED",
        "listOrderStatus": status,
        "listClientOrderId": "Lw8sVt3bQm5ZkR1xNc7HyA",
        "transactionTime": 1788540500525,
        "symbol": "BTCUSD",
        "orders": [],
        "orderReports": list(reports),
    }


# ---------------------------------------------------------------- pairs


def test_a_pair_is_one_form_that_counts_as_two_orders() -> None:
    """Both ids are ours, so that either order can be found whatever becomes of the reply."""
    conversation = talk(reply(pair_of(STOP_LEG, LIMIT_LEG)))
    conversation.ask(PlaceOco(PAIR))

    (request,) = conversation.requests
    assert (request.method, request.path) == ("POST", "/api/v3/order/oco")
    assert (request.effect, request.lane, request.costs) == (
        Effect.WRITE,
        Lane.PLACE,
        weighing(2),
    )
    assert request.client_order_id == "limitLeg1"
    assert asked(request) == {
        "symbol": "BTCUSD",
        "side": "SELL",
        "quantity": "0.005",
        "price": "125000",
        "limitClientOrderId": "limitLeg1",
        "stopPrice": "111000",
        "stopLimitPrice": "110000",
        "stopLimitTimeInForce": "GTC",
        "stopClientOrderId": "stopLeg1",
        "newOrderRespType": "RESULT",
    }


@pytest.mark.parametrize("legs", [(STOP_LEG, LIMIT_LEG), (LIMIT_LEG, STOP_LEG)])
def test_each_order_of_a_pair_is_told_by_its_own_id(legs: tuple[dict[str, Any], ...]) -> None:
    """In whatever sequence the exchange tells them."""
    limit, stop = talk(reply(pair_of(*legs))).ask(PlaceOco(PAIR))

    assert (limit.client_order_id, limit.exchange_order_id) == ("limitLeg1", "2281896702")
    assert (stop.client_order_id, stop.exchange_order_id) == ("stopLeg1", "2281896701")
    assert {limit.list_id, stop.list_id} == {"27104"}
    assert (limit.type, stop.type) == (OrderType.LIMIT, OrderType.STOP_LIMIT)
    assert (stop.price, stop.stop_price) == (D(110000), D(111000))


def test_a_bought_pair_has_its_stop_above() -> None:
    """The side says where either is."""
    pair = oco(
        "BTC-USD",
        BUY,
        quantity="0.005",
        price="110000",
        stop_price="125000",
        stop_limit_price="126000",
        client_order_ids=("limitLeg1", "stopLeg1"),
    )
    legs = [evolve_leg(told, side="BUY") for told in (STOP_LEG, LIMIT_LEG)]
    conversation = talk(reply(pair_of(*legs)))
    conversation.ask(PlaceOco(pair))

    assert pair.stop.stop_direction is StopDirection.UP
    assert asked(conversation.requests[0])["side"] == "BUY"


def evolve_leg(told: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An order of a reply with other fields."""
    return {**told, **fields}


@pytest.mark.parametrize(
    "told",
    [
        pair_of(STOP_LEG),
        pair_of(LIMIT_LEG),
        pair_of(STOP_LEG, evolve_leg(LIMIT_LEG, clientOrderId="another")),
        pair_of(evolve_leg(STOP_LEG, side="BUY"), LIMIT_LEG),
        pair_of(STOP_LEG, evolve_leg(LIMIT_LEG, symbol="ETHUSD")),
        pair_of(STOP_LEG, evolve_leg(LIMIT_LEG, status="STRANGE")),
        {"orderListId": 27104},
    ],
)
def test_an_answer_that_is_not_about_both_leaves_both_unknown(told: dict[str, Any]) -> None:
    """It was accepted, whatever it is: they may exist."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(reply(told)).ask(PlaceOco(PAIR))

    assert caught.value.client_order_id in {"limitLeg1", "stopLeg1"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(-2010, "Account has insufficient balance for requested action."), InsufficientFunds),
        (error(-1013, "Filter failure: PRICE_FILTER"), OrderRejected),
        (error(-1007, "Timeout", 400), OutcomeUnknown),
        (reply(b"", 502), OutcomeUnknown),
        (error(-1015, "Too many new orders", 429), OutcomeUnknown),
    ],
)
def test_a_refused_pair_is_two_refused_orders(answer: RestReply, kind: type[EngineError]) -> None:
    """By the rules of a single order."""
    with pytest.raises(kind):
        talk(answer).ask(PlaceOco(PAIR))


@pytest.mark.parametrize(
    ("pair", "kind"),
    [
        (evolve(PAIR, limit=evolve(PAIR.limit, client_order_id="a b")), OrderInvalid),
        (evolve(PAIR, stop=evolve(PAIR.stop, client_order_id="a.b")), OrderInvalid),
        (evolve(PAIR, stop=evolve(PAIR.stop, stop_price=None)), OrderInvalid),
        (
            evolve(PAIR, stop=evolve(PAIR.stop, time_in_force=TimeInForce.GOOD_TILL_DATE)),
            NotSupported,
        ),
        (evolve(PAIR, limit=evolve(PAIR.limit, expire_time_ns=1)), NotSupported),
    ],
)
def test_a_pair_that_cannot_be_said_is_not_sent(pair: OcoRequest, kind: type[EngineError]) -> None:
    """Either order is looked at as one by itself."""
    conversation = talk()
    with pytest.raises(kind):
        conversation.ask(PlaceOco(pair))

    assert conversation.requests == []


# ---------------------------------------------------------------- replacing

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


# ---------------------------------------------------------------- all

ENDED = listed(origClientOrderId="a", clientOrderId="x", status="CANCELED")


def test_all_orders_of_a_symbol_end_by_one_request() -> None:
    """Those of pairs are told within their lists."""
    reports = [
        evolve_leg(told, status="CANCELED", origClientOrderId=told["clientOrderId"])
        for told in (STOP_LEG, LIMIT_LEG)
    ]
    conversation = talk(reply([ENDED, pair_of(*reports, status="ALL_DONE")]))
    ended = conversation.ask(CancelOpenOrders("BTC-USD"))

    (request,) = conversation.requests
    assert (request.method, request.path, request.query) == (
        "DELETE",
        "/api/v3/openOrders",
        "symbol=BTCUSD",
    )
    assert (request.effect, request.lane) == (Effect.WRITE, Lane.CANCEL)
    assert request.costs == (Cost("weight_1m", 1), Cost("raw_5m"))
    assert [report.client_order_id for report in ended] == ["a", "stopLeg1", "limitLeg1"]
    assert {report.status for report in ended} == {OrderStatus.CANCELLED}


def test_without_an_instrument_each_that_has_open_orders_is_swept() -> None:
    """Once each, and urgently, the list included."""
    rows = [listed(), listed(symbol="ETHUSD"), listed(orderId=1)]
    conversation = talk(reply(rows), reply([ENDED]), reply([]))
    conversation.ask(CancelOpenOrders())

    assert conversation.asked == ["open_orders", "cancel_all", "cancel_all"]
    assert [request.query for request in conversation.requests[1:]] == [
        "symbol=BTCUSD",
        "symbol=ETHUSD",
    ]
    assert {request.lane for request in conversation.requests} == {Lane.CANCEL}


def test_where_nothing_is_open_nothing_is_wrong() -> None:
    """The exchange has no other word for it."""
    nothing = error(-2011, "Unknown order sent.")

    assert talk(nothing).ask(CancelOpenOrders("BTC-USD")) == ()
    assert talk(reply([])).ask(CancelOpenOrders()) == ()
    rows = reply([listed(), listed(symbol="ETHUSD")])
    (ended,) = talk(rows, nothing, reply([ENDED])).ask(CancelOpenOrders())
    assert ended.client_order_id == "a"


def test_one_that_fails_keeps_none_of_the_others() -> None:
    """Its error comes when all have been asked for."""
    rows = reply([listed(), listed(symbol="ETHUSD")])
    conversation = talk(rows, reply(b"", 503), reply([ENDED]))
    with pytest.raises(OutcomeUnknown):
        conversation.ask(CancelOpenOrders())

    assert conversation.asked == ["open_orders", "cancel_all", "cancel_all"]


def test_the_builder_takes_the_same_numbers_for_both() -> None:
    """And the directions of the side."""
    assert PAIR.stop == stop_limit_order(
        "BTC-USD",
        SELL,
        quantity="0.005",
        price="110000",
        stop_price="111000",
        stop_direction=StopDirection.DOWN,
        client_order_id="stopLeg1",
    )
    assert PAIR.orders == (PAIR.limit, PAIR.stop)
