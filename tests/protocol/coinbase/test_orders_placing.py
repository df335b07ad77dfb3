"""An order is placed: what each answer means. Driven by literal replies."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.coinbase import NOW_NS, Conversation, payload, reply
from tests.support.coinbase_orders import CLIENT_ID, HTML, ORDER_ID, PLACE
from venuetree.protocol.commands import CancelOrder
from venuetree.protocol.errors import (
    AuthRefused,
    DuplicateClientOrderId,
    EngineError,
    InstrumentNotFound,
    InsufficientFunds,
    OrderRejected,
    OutcomeUnknown,
    PermissionRefused,
    PostOnlyWouldTake,
    ReplyLost,
)
from venuetree.protocol.models import (
    OrderKey,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.port import ClockReading, Lane

D = Decimal
#: Of an order that has this id and was placed before: not what `ORDER` asks for.
OTHER_TERMS = (
    b'{"limit_limit_gtc":{"base_size":"0.015","limit_price":"64250.20"}}',
    b'{"limit_limit_gtc":{"base_size":"0.15","limit_price":"64250.10"}}',
    b'{"market_market_ioc":{"base_size":"0.015"}}',
    b'{"limit_limit_gtc":{"base_size":"much","limit_price":"64250.10"}}',
)


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
