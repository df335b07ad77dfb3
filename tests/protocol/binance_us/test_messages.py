"""Orders by the WebSocket API: the same parameters, and replies in HTTP's terms."""

import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.messages import OrderMessages
from venuetree.protocol.port import MessageReply, RestRequest

DOOR = OrderMessages()


def request(method: str, query: str = "", body: bytes = b"") -> RestRequest:
    """A request about an order."""
    return RestRequest(operation="o", method=method, path="/api/v3/order", query=query, body=body)


def reply(message: Mapping[str, Any]) -> MessageReply | str | None:
    """What a frame says."""
    return DOOR.reply(orjson.dumps(message))


def test_a_request_keeps_its_parameters_and_numbers_become_numbers() -> None:
    """Prices stay text, because they are signed as they are sent."""
    body = b"symbol=BTCUSD&side=BUY&price=0.10&quantity=1&newClientOrderId=a-b_c"
    placed = DOOR.message(request("POST", body=body), 7).fields
    asked = DOOR.message(request("GET", query="symbol=BTCUSD&orderId=12"), 8).fields
    cancelled = DOOR.message(request("DELETE", query="symbol=BTCUSD&origClientOrderId=%41"), 9)

    assert placed == {
        "id": 7,
        "method": "order.place",
        "params": {
            "symbol": "BTCUSD",
            "side": "BUY",
            "price": "0.10",
            "quantity": "1",
            "newClientOrderId": "a-b_c",
        },
    }
    assert (asked["method"], asked["params"]) == (
        "order.status",
        {"symbol": "BTCUSD", "orderId": 12},
    )
    assert cancelled.fields["params"]["origClientOrderId"] == "A"


def test_only_requests_about_one_order_are_carried() -> None:
    """Everything else has no twin here that is worth a connection."""
    other = RestRequest(operation="o", method="POST", path="/api/v3/order/test")

    assert [DOOR.carries(request(verb)) for verb in ("POST", "DELETE", "GET", "PUT")] == [
        True,
        True,
        True,
        False,
    ]
    assert not DOOR.carries(other)


def test_a_reply_is_told_as_http_would_tell_it() -> None:
    """The counts of its limits as headers, its result as body."""
    limits = [
        {
            "rateLimitType": "ORDERS",
            "interval": "SECOND",
            "intervalNum": 10,
            "limit": 100,
            "count": 1,
        },
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": 6000,
            "count": 26,
        },
        {"rateLimitType": "NEW", "interval": "WEEK", "intervalNum": 1, "limit": 1, "count": 1},
    ]
    told = reply({"id": 3, "status": 200, "result": {"orderId": 1}, "rateLimits": limits})

    assert told == MessageReply(
        3,
        200,
        {"x-mbx-order-count-10s": "1", "x-mbx-used-weight-1m": "26"},
        b'{"orderId":1}',
    )
    assert reply({"id": 3, "status": 200, "response": {}}) == MessageReply(3, 200, {}, b"{}")


def test_a_refusal_keeps_its_code_and_a_ban_its_end() -> None:
    """There a moment, over HTTP a time to wait: rounded up, since early is too early."""
    data = {"serverTime": 1_788_542_907_531, "retryAfter": 1_788_542_909_532}
    told = reply({"id": 4, "status": 418, "error": {"code": -1003, "msg": "banned", "data": data}})

    assert isinstance(told, MessageReply)
    assert (told.number, told.status) == (4, 418)
    assert told.headers == {"retry-after": "3"}
    assert orjson.loads(told.body)["code"] == -1003


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"e": "serverShutdown", "E": 1}, "serverShutdown"),
        ({"event": {"e": "serverShutdown", "E": 1}}, "serverShutdown"),
        (
            {"id": None, "status": 400, "error": {"code": -1135, "msg": "Invalid JSON"}},
            "a request was not understood: Invalid JSON [-1135]",
        ),
        ({"subscriptionId": 0, "event": {"e": "executionReport"}}, None),
        ({"anything": 1}, None),
    ],
)
def test_what_ends_a_connection_and_what_is_nobodys_reply(
    message: Mapping[str, Any], reason: str | None
) -> None:
    """An error without an id may be any request's: all that are under way become unknown."""
    assert reply(message) == reason


@pytest.mark.parametrize(
    "message",
    [
        {"id": "x", "status": 200, "result": {}},
        {"id": 1, "status": "200", "result": {}},
        {"id": 1, "status": 200},
        {"id": 1, "status": 200, "result": {}, "rateLimits": [1]},
        {"status": 200, "result": {}},
    ],
)
def test_a_reply_of_the_wrong_shape_is_an_error(message: Mapping[str, Any]) -> None:
    """The connection is given up, and what was under way is resolved."""
    with pytest.raises(RemoteProtocolError):
        reply(message)


@given(st.one_of(st.binary(), st.recursive(st.none() | st.integers() | st.text(), st.lists)))
def test_any_bytes_are_a_reply_nothing_or_an_error_of_ours(payload: object) -> None:
    """And nothing else leaves."""
    raw = payload if isinstance(payload, bytes) else json.dumps({"status": payload}).encode()
    try:
        told = DOOR.reply(raw)
    except RemoteProtocolError:
        return
    assert told is None or isinstance(told, MessageReply | str)
