"""Orders by REST: what is asked, and what each answer means. Driven by literal replies."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from tests.support.coinbase import NOW_NS, Conversation, payload, reply
from venuetree.protocol.builders import (
    bracket,
    bracket_order,
    limit_order,
    market_order,
    stop_limit_order,
)
from venuetree.protocol.commands import (
    CancelOpenOrders,
    CancelOrder,
    EditOrder,
    FetchFills,
    FetchOpenOrders,
    FetchOrder,
    FetchOrders,
    PlaceOrder,
    PreviewOrder,
)
from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    DuplicateClientOrderId,
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    InstrumentNotFound,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
    PostOnlyWouldTake,
    RateLimited,
    RemoteProtocolError,
    ReplyLost,
)
from venuetree.protocol.exchanges.coinbase import COINBASE
from venuetree.protocol.models import (
    Fill,
    Liquidity,
    LiquidityPreference,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import ClockReading, Cost, Effect, Lane
from venuetree.protocol.timestamps import SECOND, from_rfc3339

D = Decimal
CLIENT_ID = "a1f0c7de-5b0e-4c52-9c39-0f4f5b8a7a10"
ORDER_ID = "7c1c7a62-3f0f-4d5e-8f35-4b0d6b0c9c11"
ORDER = limit_order(
    "BTC-USD",
    Side.BUY,
    quantity="0.015",
    price="64250.10",
    liquidity=LiquidityPreference.MAKER_ONLY,
    client_order_id=CLIENT_ID,
)
PLACE = PlaceOrder(ORDER)
#: Of an order that has this id and was placed before: not what `ORDER` asks for.
OTHER_TERMS = (
    b'{"limit_limit_gtc":{"base_size":"0.015","limit_price":"64250.20"}}',
    b'{"limit_limit_gtc":{"base_size":"0.15","limit_price":"64250.10"}}',
    b'{"market_market_ioc":{"base_size":"0.015"}}',
    b'{"limit_limit_gtc":{"base_size":"much","limit_price":"64250.10"}}',
)
UNTIL = from_rfc3339("2026-10-06T00:00:00Z")


def with_id(order: OrderRequest) -> OrderRequest:
    """The order under the usual client id."""
    return attrs.evolve(order, client_order_id=CLIENT_ID)


# ---------------------------------------------------------------- what is sent


def test_a_create_says_what_was_asked_and_nothing_else() -> None:
    """Path, body, lane, effect and cost."""
    talk = Conversation([reply(payload("rest_created"))])
    talk.ask(PLACE)
    (request,) = talk.requests

    assert (request.method, request.path, request.query) == (
        "POST",
        "/api/v3/brokerage/orders",
        "",
    )
    assert talk.body() == {
        "client_order_id": CLIENT_ID,
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": {
            "limit_limit_gtc": {
                "base_size": "0.015",
                "limit_price": "64250.10",
                "post_only": True,
            }
        },
    }
    assert (request.effect, request.lane) == (Effect.WRITE, Lane.PLACE)
    assert request.costs == (Cost("private"), Cost("hour"))
    assert request.client_order_id == CLIENT_ID


def limit(**changes: Any) -> OrderRequest:
    """A limit order of half a bitcoin."""
    return limit_order("BTC-USD", Side.BUY, quantity="0.5", price="64300.00", **changes)


IOC, FOK = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL
GTD, GFD = TimeInForce.GOOD_TILL_DATE, TimeInForce.GOOD_FOR_DAY
STOP: dict[str, Any] = {
    "quantity": "0.01",
    "price": "61900.00",
    "stop_price": "62000.00",
    "stop_direction": StopDirection.DOWN,
}
EXIT: dict[str, Any] = {
    "quantity": "0.01",
    "take_profit_price": "70000.00",
    "stop_price": "60000.00",
}
SIZED = {"base_size": "0.5", "limit_price": "64300.00"}
STOPPED = {"base_size": "0.01", "limit_price": "61900.00", "stop_price": "62000.00"}
LEFT = {"base_size": "0.01", "limit_price": "70000.00", "stop_trigger_price": "60000.00"}
END = {"end_time": "2026-10-06T00:00:00Z"}
DOWN = {"stop_direction": "STOP_DIRECTION_STOP_DOWN"}


@pytest.mark.parametrize(
    ("order", "configuration"),
    [
        (
            market_order("BTC-USD", Side.BUY, quote_quantity="250.00"),
            {"market_market_ioc": {"quote_size": "250.00"}},
        ),
        (
            market_order("BTC-USD", Side.SELL, quantity="0.004"),
            {"market_market_ioc": {"base_size": "0.004"}},
        ),
        (
            market_order("BTC-USD", Side.BUY, quantity="0.004", time_in_force=FOK),
            {"market_market_fok": {"base_size": "0.004"}},
        ),
        (limit(), {"limit_limit_gtc": {**SIZED, "post_only": False}}),
        (
            limit(time_in_force=GTD, expire_time_ns=UNTIL),
            {"limit_limit_gtd": {**SIZED, **END, "post_only": False}},
        ),
        (limit(time_in_force=FOK), {"limit_limit_fok": SIZED}),
        (limit(time_in_force=IOC), {"sor_limit_ioc": SIZED}),
        (
            stop_limit_order("BTC-USD", Side.SELL, **STOP),
            {"stop_limit_stop_limit_gtc": {**STOPPED, **DOWN}},
        ),
        (
            stop_limit_order("BTC-USD", Side.SELL, **STOP, time_in_force=GTD, expire_time_ns=UNTIL),
            {"stop_limit_stop_limit_gtd": {**STOPPED, **END, **DOWN}},
        ),
        (bracket_order("BTC-USD", Side.SELL, **EXIT), {"trigger_bracket_gtc": LEFT}),
        (
            bracket_order("BTC-USD", Side.SELL, **EXIT, time_in_force=GTD, expire_time_ns=UNTIL),
            {"trigger_bracket_gtd": {**LEFT, **END}},
        ),
        (
            limit_order("BTC-USD", Side.BUY, quantity=D("1E-8"), price=D("1E+5")),
            {
                "limit_limit_gtc": {
                    "base_size": "0.00000001",
                    "limit_price": "100000",
                    "post_only": False,
                }
            },
        ),
    ],
)
def test_each_kind_of_order_has_its_configuration(
    order: OrderRequest, configuration: dict[str, Any]
) -> None:
    """Exactly one variant, with text that has no exponent."""
    talk = Conversation([reply(status=500)])
    with pytest.raises(OutcomeUnknown):
        talk.ask(PlaceOrder(with_id(order)))

    assert talk.body()["order_configuration"] == configuration


def test_an_attached_bracket_has_no_size_of_its_own() -> None:
    """Its size is its parent's."""
    talk = Conversation([reply(status=500)])
    exits = bracket(take_profit_price="70000", stop_price="60000")
    with pytest.raises(OutcomeUnknown):
        talk.ask(PlaceOrder(attrs.evolve(ORDER, attached=exits)))

    assert talk.body()["attached_order_configuration"] == {
        "trigger_bracket_gtc": {"limit_price": "70000", "stop_trigger_price": "60000"}
    }


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (market_order("BTC-USD", Side.SELL, quote_quantity="10"), NotSupported),
        (market_order("BTC-USD", Side.SELL, quantity="1", time_in_force=GTD), NotSupported),
        (market_order("BTC-USD", Side.BUY, quantity="1", time_in_force=GFD), NotSupported),
        (limit(time_in_force=GFD), NotSupported),
        (limit(time_in_force=IOC, liquidity=LiquidityPreference.MAKER_ONLY), NotSupported),
        (stop_limit_order("BTC-USD", Side.BUY, **STOP, time_in_force=IOC), NotSupported),
        (limit(attached=bracket(stop_price="1")), NotSupported),
        (
            attrs.evolve(
                market_order("BTC-USD", Side.BUY, quantity="1"),
                attached=bracket(stop_price="1", take_profit_price="2"),
            ),
            NotSupported,
        ),
        (attrs.evolve(limit(), type=OrderType.OTHER), NotSupported),
        (attrs.evolve(limit(), price=None), OrderInvalid),
        (attrs.evolve(limit(), quantity=None), OrderInvalid),
        (attrs.evolve(limit(), quote_quantity=D(1)), OrderInvalid),
        (limit(time_in_force=GTD), OrderInvalid),
    ],
)
def test_what_the_exchange_has_not_is_told_before_anything_is_sent(
    order: OrderRequest, error: type[EngineError]
) -> None:
    """By `flow` itself: not one request is made."""
    with pytest.raises(error):
        Conversation([]).ask(PlaceOrder(with_id(order)))


def test_a_create_without_a_client_order_id_is_refused_here() -> None:
    """Without it nothing could be found again."""
    with pytest.raises(OrderInvalid):
        Conversation([]).ask(PlaceOrder(attrs.evolve(ORDER, client_order_id="")))


# ---------------------------------------------------------------- what comes back


def test_an_accepted_order_is_open() -> None:
    """Neither filled nor final."""
    report = Conversation([reply(payload("rest_created"))]).ask(PLACE)

    assert report == OrderReport(
        exchange="coinbase",
        instrument="BTC-USD",
        exchange_order_id=ORDER_ID,
        status=OrderStatus.OPEN,
        source=ReportSource.REPLY,
        received_time_ns=NOW_NS,
        client_order_id=CLIENT_ID,
        side=Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
        quantity=D("0.015"),
        price=D("64250.10"),
    )


@pytest.mark.parametrize(
    ("members", "error", "code"),
    [
        ({"error": "INSUFFICIENT_FUND"}, InsufficientFunds, "INSUFFICIENT_FUND"),
        ({"error": "INSUFFICIENT_FUNDS"}, InsufficientFunds, "INSUFFICIENT_FUNDS"),
        (
            {"preview_failure_reason": "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES"},
            InsufficientFunds,
            "PREVIEW_INSUFFICIENT_FUNDS_FOR_FUTURES",
        ),
        (
            {"new_order_failure_reason": "INVALID_LIMIT_PRICE_POST_ONLY"},
            PostOnlyWouldTake,
            "INVALID_LIMIT_PRICE_POST_ONLY",
        ),
        (
            {"preview_failure_reason": "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY"},
            PostOnlyWouldTake,
            "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY",
        ),
        (
            {"error": "POST_ONLY_NOT_ALLOWED_WITH_FOK"},
            OrderRejected,
            "POST_ONLY_NOT_ALLOWED_WITH_FOK",
        ),
        (
            {"new_order_failure_reason": "DUPLICATE_CLIENT_ORDER_ID"},
            DuplicateClientOrderId,
            "DUPLICATE_CLIENT_ORDER_ID",
        ),
        ({"error": "INVALID_PRODUCT_ID"}, InstrumentNotFound, "INVALID_PRODUCT_ID"),
        ({"error": "NEVER_HEARD_OF_IT"}, OrderRejected, "NEVER_HEARD_OF_IT"),
        (
            {
                "error": "UNKNOWN_FAILURE_REASON",
                "message": "",
                "preview_failure_reason": "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE",
            },
            OrderRejected,
            "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE",
        ),
        ({"error": "UNKNOWN_FAILURE_REASON"}, OrderRejected, ""),
        (None, OrderRejected, ""),
    ],
)
def test_each_refusal_has_its_error(
    members: dict[str, str] | None, error: type[EngineError], code: str
) -> None:
    """The first telling code of the three counts; HTTP says 200."""
    body = {"success": False, "error_response": members, "order_configuration": None}
    with pytest.raises(error) as caught:
        Conversation([reply(body)]).ask(PLACE)

    assert type(caught.value) is error
    assert (caught.value.code, caught.value.operation) == (code, "place")


def test_the_documented_refusal_is_insufficient_funds() -> None:
    """The spec's whole envelope, with its message."""
    with pytest.raises(InsufficientFunds, match="Insufficient balance in source account"):
        Conversation([reply(payload("rest_refused"))]).ask(PLACE)


HTML = b"<html><body>Too Many Requests</body></html>"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408, 409, 302])
@pytest.mark.parametrize("body", [HTML, b"", b'{"error":"INTERNAL","message":"x"}'])
def test_an_order_without_a_verdict_is_unknown_not_rejected(status: int, body: bytes) -> None:
    """A rate limit too: the order may have been taken."""
    with pytest.raises(OutcomeUnknown) as caught:
        Conversation([reply(body, status)]).ask(PLACE)

    assert caught.value.client_order_id == CLIENT_ID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HTML,
        b"{}",
        b'{"success":"true"}',
        b'{"success":true}',
        b'{"success":true,"success_response":{"order_id":""}}',
        b'{"success":true,"success_response":{"order_id":"x","side":"SELL"}}',
        b'{"success":true,"success_response":{"order_id":"x","product_id":"ETH-USD"}}',
        b'{"success":true,"success_response":{"order_id":"x","client_order_id":"other"}}',
        *(
            b'{"success":true,"success_response":{"order_id":"x"},"order_configuration":%b}' % terms
            for terms in OTHER_TERMS
        ),
    ],
)
def test_an_accepted_order_that_is_not_surely_ours_is_unknown(body: bytes) -> None:
    """Unreadable, without an id, or another order: it exists, but which is it?"""
    with pytest.raises(OutcomeUnknown):
        Conversation([reply(body)]).ask(PLACE)


@pytest.mark.parametrize(
    "terms",
    [
        b"null",
        b"{}",
        b'{"limit_limit_gtc":{"base_size":"0.0150","limit_price":"64250.1","post_only":true}}',
        b'{"a_new_name":{"base_size":"0.015"}}',
    ],
)
def test_an_accepted_order_with_the_terms_that_were_meant_is_ours(terms: bytes) -> None:
    """However they are spelt, and where they are not told at all."""
    body = b'{"success":true,"success_response":{"order_id":"x"},"order_configuration":%b}' % terms

    assert Conversation([reply(body)]).ask(PLACE).exchange_order_id == "x"


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (
            400,
            {
                "error": "INVALID_ARGUMENT",
                "error_details": "account is not available",
                "message": "account is not available",
            },
            OrderRejected,
            "INVALID_ARGUMENT",
        ),
        (
            400,
            {"error": "INVALID_ARGUMENT", "message": "ProductID is invalid"},
            InstrumentNotFound,
            "INVALID_ARGUMENT",
        ),
        (
            403,
            {"error": "PERMISSION_DENIED", "message": "Missing required scopes"},
            PermissionRefused,
            "PERMISSION_DENIED",
        ),
        (403, {"error": "unknown", "message": "no"}, PermissionRefused, "HTTP 403"),
    ],
)
def test_http_refusals_of_an_order_are_positive(
    status: int, body: Any, error: type[EngineError], code: str
) -> None:
    """They say that the order does not exist."""
    with pytest.raises(error) as caught:
        Conversation([reply(body, status)]).ask(PLACE)

    assert type(caught.value) is error
    assert caught.value.code == code


@pytest.mark.parametrize("request_", [PLACE, CancelOrder(OrderKey("BTC-USD", CLIENT_ID, ORDER_ID))])
@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.parametrize("body", [b"<html><body>Forbidden</body></html>", b"", b"not found"])
def test_a_refusal_that_is_not_the_exchanges_json_leaves_an_order_unknown(
    status: int, body: bytes, request_: Any
) -> None:
    """A proxy's page says nothing of what lies behind it."""
    with pytest.raises(OutcomeUnknown):
        Conversation([reply(body, status)]).ask(request_)


def test_a_401_is_tried_once_more_with_the_same_bytes_when_the_clock_has_been_read() -> None:
    """Valid tokens are refused now and then, those of a wrong clock always; it is signed anew."""
    time = reply({"iso": "", "epochSeconds": "", "epochMillis": "1759656000123"})
    talk = Conversation([reply(b"Unauthorized", 401), time, reply(payload("rest_created"))])
    report = talk.ask(PLACE)

    assert report.exchange_order_id == ORDER_ID
    assert talk.requests[0] == talk.requests[2]
    assert [request.lane for request in talk.requests] == [Lane.PLACE] * 3
    assert talk.news == [ClockReading(1_759_656_000_123_000_000, NOW_NS, NOW_NS, is_overdue=True)]


@pytest.mark.parametrize("time", [reply(b"", 503), ReplyLost("lost"), reply(b"{")])
def test_a_401_is_tried_once_more_though_the_clock_cannot_be_read(time: Any) -> None:
    """The second answer decides."""
    talk = Conversation([reply(b"Unauthorized", 401), time, reply(payload("rest_created"))])

    assert talk.ask(PLACE).exchange_order_id == ORDER_ID
    with pytest.raises(AuthRefused):
        Conversation([reply(b"Unauthorized", 401), time, reply(b"Unauthorized", 401)]).ask(PLACE)


# ---------------------------------------------------------------- cancel

KEY = OrderKey("BTC-USD", CLIENT_ID, ORDER_ID)


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


def listed(*orders: dict[str, Any], cursor: str = "") -> Any:
    """A page of the order list."""
    return reply({"orders": list(orders), "has_next": bool(cursor), "cursor": cursor})


def wire_order(**members: Any) -> dict[str, Any]:
    """The spec's order, other in these members."""
    return {**payload("rest_order")["order"], **members}


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


# ---------------------------------------------------------------- reading

REPORT = OrderReport(
    exchange="coinbase",
    instrument="BTC-USD",
    exchange_order_id=ORDER_ID,
    status=OrderStatus.PARTIALLY_FILLED,
    source=ReportSource.QUERY,
    received_time_ns=NOW_NS,
    client_order_id=CLIENT_ID,
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    quantity=D("0.015"),
    price=D("64250.10"),
    filled_quantity=D("0.005"),
    average_price=D("64250.1"),
    fees=D("1.6062525"),
    created_time_ns=from_rfc3339("2026-10-05T09:15:22.418734Z"),
    exchange_time_ns=from_rfc3339("2026-10-05T09:15:25.1Z"),
)


def test_an_order_is_read_by_either_of_its_names() -> None:
    """The whole report, from the spec's envelope."""
    by_id = Conversation([reply(payload("rest_order"))])
    by_client_id = Conversation([listed(wire_order())])

    assert by_id.ask(FetchOrder(KEY)) == REPORT
    assert by_id.requests[0].path == f"/api/v3/brokerage/orders/historical/{ORDER_ID}"
    assert by_client_id.ask(FetchOrder(OrderKey(client_order_id=CLIENT_ID))) == REPORT


def test_odd_ids_are_encoded() -> None:
    """Neither path nor query can be broken out of."""
    talk = Conversation([reply(status=404)])
    with pytest.raises(OrderNotFound):
        talk.ask(FetchOrder(OrderKey(exchange_order_id="../é?a=b&c #")))

    assert talk.requests[0].path.endswith("/historical/..%2F%C3%A9%3Fa%3Db%26c%20%23")


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": "NOT_FOUND", "message": "order with this orderID was not found"}, 404),
        reply({"error": "unknown", "error_details": "order with this orderID was not found"}, 400),
        reply({"error": "INVALID_ARGUMENT", "message": "invalid OrderId X passed"}, 400),
        reply({"errors": [{"id": "not_found", "message": "Not found"}]}, 404),
        reply({"order": None}),
    ],
)
def test_an_order_that_is_not_there_is_told_as_such(answer: Any) -> None:
    """In every spelling; null too, as just after a create."""
    with pytest.raises(OrderNotFound):
        Conversation([answer]).ask(FetchOrder(KEY))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(HTML, 429), RateLimited),
        (reply(HTML, 502), ExchangeUnavailable),
        (reply(b"", 500), ExchangeUnavailable),
        (reply(HTML), RemoteProtocolError),
        (reply({"order": {"order_id": 5}}), RemoteProtocolError),
        (reply({"order": wire_order(filled_size="1e5")}), RemoteProtocolError),
        (reply({"order": wire_order(created_time="yesterday")}), RemoteProtocolError),
        (reply(b"", 302), RemoteProtocolError),
        (reply({"error": "INVALID_ARGUMENT", "message": "x"}, 400), ExchangeRefused),
    ],
)
def test_a_question_that_is_not_answered_may_be_asked_again(
    answer: Any, error: type[EngineError]
) -> None:
    """It changed nothing."""
    with pytest.raises(error) as caught:
        Conversation([answer]).ask(FetchOrder(KEY))

    assert type(caught.value) is error


def test_an_unknown_status_is_an_unknown_order() -> None:
    """Strict where money moves, and the list lives on."""
    (report, other) = Conversation(
        [listed(wire_order(status="PONDERING"), wire_order(side="BOTH"))]
    ).ask(FetchOrders())

    assert report.status is OrderStatus.UNKNOWN
    assert "PONDERING" in report.reason
    assert (other.status, other.side) == (OrderStatus.UNKNOWN, None)


def test_orders_are_listed_page_by_page_up_to_the_limit() -> None:
    """Newest first, in a window of creation times."""
    talk = Conversation([listed(wire_order(), cursor="c2"), listed(wire_order(order_id="2"))])
    command = FetchOrders("BTC-USD", NOW_NS, NOW_NS + SECOND, limit=2)

    assert [report.exchange_order_id for report in talk.ask(command)] == [ORDER_ID, "2"]
    assert talk.requests[1].query == (
        "product_ids=BTC-USD&start_date=2026-10-05T09%3A00%3A00Z"
        "&end_date=2026-10-05T09%3A00%3A01Z&limit=250&cursor=c2"
    )
    first = Conversation([listed(wire_order(), cursor="c2")])
    assert len(first.ask(FetchOrders(limit=1))) == 1


def test_pages_that_repeat_are_an_error_not_a_loop() -> None:
    """A cursor that was followed before is not followed again."""
    talk = Conversation([listed(wire_order(), cursor="c")] * 3)
    with pytest.raises(RemoteProtocolError):
        talk.ask(FetchOrders())

    assert len(talk.requests) == 2


def test_open_orders_include_those_that_the_open_filter_hides() -> None:
    """Pending, queued and being cancelled: listed before and after the open ones."""
    talk = Conversation(
        [
            listed(wire_order(order_id="a", status="PENDING", filled_size="0")),
            listed(wire_order(order_id="a", filled_size="0"), wire_order(order_id="b")),
            listed(
                wire_order(order_id="c", status="CANCEL_QUEUED"),
                wire_order(order_id="d", status="FILLED"),
            ),
        ]
    )
    found = talk.ask(FetchOpenOrders("BTC-USD"))

    assert [(r.exchange_order_id, r.status, r.is_cancelling) for r in found] == [
        ("a", OrderStatus.OPEN, False),
        ("b", OrderStatus.PARTIALLY_FILLED, False),
        ("c", OrderStatus.PARTIALLY_FILLED, True),
    ]
    assert "order_status=OPEN" in talk.requests[1].query
    assert "order_status=PENDING&order_status=QUEUED" in talk.requests[0].query


# ---------------------------------------------------------------- fills


def test_fills_are_read_until_the_cursor_is_empty() -> None:
    """The whole fill, from the spec's envelope; there is no `has_next`."""
    page = payload("rest_fills")
    talk = Conversation([reply({**page, "cursor": "more"}), reply({"fills": [], "cursor": ""})])
    (fill,) = talk.ask(FetchFills(KEY))

    assert fill == Fill(
        exchange="coinbase",
        instrument="BTC-USD",
        fill_id="0b1c2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccddeeff0",
        exchange_order_id=ORDER_ID,
        side=Side.BUY,
        price=D("64250.1"),
        quantity=D("0.005"),
        fee=D("1.6062525"),
        fee_currency="USD",
        liquidity=Liquidity.MAKER,
        exchange_time_ns=from_rfc3339("2026-10-05T09:15:25.1Z"),
        client_order_id=CLIENT_ID,
        trade_id="5b0c1f58-9a4e-4b3a-bb1c-111122223333",
    )
    assert talk.requests[1].query == f"order_ids={ORDER_ID}&limit=250&cursor=more"


def fill_of(**members: Any) -> Any:
    """A page of the spec's fill, other in these members."""
    return reply({"fills": [{**payload("rest_fills")["fills"][0], **members}], "cursor": ""})


def test_a_fill_sized_in_quote_is_reckoned_in_base() -> None:
    """`size` is in dollars then."""
    talk = Conversation([fill_of(size_in_quote=True, size="321.2505")])

    assert talk.ask(FetchFills(KEY))[0].quantity == D("0.005")
    with pytest.raises(RemoteProtocolError):
        Conversation([fill_of(size_in_quote=True, price="0")]).ask(FetchFills(KEY))


def test_corrections_of_the_exchange_are_no_executions() -> None:
    """And a fill of an unknown side is an error."""
    assert Conversation([fill_of(trade_type="REVERSAL")]).ask(FetchFills(KEY)) == ()
    with pytest.raises(RemoteProtocolError):
        Conversation([fill_of(side="BOTH")]).ask(FetchFills(KEY))
    unknown = Conversation([fill_of(liquidity_indicator="WHO_KNOWS")]).ask(FetchFills(KEY))
    assert unknown[0].liquidity is Liquidity.UNKNOWN


# ---------------------------------------------------------------- preview, edit


def test_a_preview_tells_cost_and_problems() -> None:
    """HTTP 200 even with problems; words that say nothing are left out."""
    answer = {**payload("rest_preview"), "errs": ["PREVIEW_INSUFFICIENT_FUND", "UNKNOWN"]}
    talk = Conversation([reply(answer)])

    assert talk.ask(PreviewOrder(ORDER)) == OrderPreview(
        exchange="coinbase",
        instrument="BTC-USD",
        total=D("251.88"),
        fee=D("1.88"),
        average_price=D("64283.40"),
        slippage=D("0.0000012"),
        problems=("PREVIEW_INSUFFICIENT_FUND",),
        warnings=(),
    )
    assert "client_order_id" not in talk.body()
    assert talk.requests[0].effect is Effect.READ


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


# ---------------------------------------------------------------- limits


def test_a_429_asks_for_silence_by_its_status_alone() -> None:
    """JSON, HTML or nothing; `Retry-After` where it is given."""
    rest = COINBASE.rest

    assert rest.retry_after_ns(reply(HTML, 429)) == 0
    assert rest.retry_after_ns(reply(b"", 429, headers={"retry-after": "7"})) == 7 * SECOND
    assert rest.retry_after_ns(reply(b"", 429, headers={"retry-after": "soon"})) == 0
    assert rest.retry_after_ns(reply(b"", 503)) is None
    assert rest.retry_after_ns(reply(b"{}")) is None


def test_a_replys_headers_correct_the_count() -> None:
    """Absent or odd headers say nothing."""
    told = reply(b"", headers={"x-ratelimit-limit": "30", "x-ratelimit-remaining": "12"})
    hour = reply(b"", headers={"x-ratelimit-limit": "10000", "x-ratelimit-remaining": "9"})

    assert [(r.window, r.remaining, r.capacity) for r in COINBASE.rest.limits(told)] == [
        ("private", 12, 30)
    ]
    assert [r.window for r in COINBASE.rest.limits(hour)] == ["hour"]
    assert COINBASE.rest.limits(reply(b"", headers={"x-ratelimit-remaining": "some"})) == ()
    assert COINBASE.rest.limits(reply(b"")) == ()
