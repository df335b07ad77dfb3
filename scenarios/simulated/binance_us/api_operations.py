"""What the WebSocket API does: REST's operations, and those that only a connection can have."""

from collections.abc import Mapping
from typing import Any

import attrs
import orjson

from venuetree.scenarios.faults import Respond
from venuetree.scenarios.simulated.binance_us import parameters
from venuetree.scenarios.simulated.binance_us.errors import ApiError
from venuetree.scenarios.simulated.binance_us.operation_table import OPERATIONS
from venuetree.scenarios.simulated.binance_us.operations import (
    Call,
    Claim,
    Operation,
    Outcome,
    Security,
    perform,
)
from venuetree.scenarios.simulated.binance_us.scripted_errors import scripted_error
from venuetree.scenarios.simulated.binance_us.subscriptions import Subscriptions
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.binance_us.weights import flat
from venuetree.scenarios.simulated.binance_us.ws_api_requests import ApiRequest, signed_text

_SUCCESS = 200
_WEIGHT = flat(2, 2)
_NOT_PARAMETERS = {"apiKey", "signature", "returnRateLimits"}


@attrs.frozen
class Reply:
    """The status and what stands beside it, ``result`` or ``error``; `orders`: its order counts."""

    status: int
    body: Mapping[str, Any]
    orders: tuple[Mapping[str, Any], ...] = ()
    delay_s: float = 0.0


def scripted(fault: Respond, now_ms: int) -> Reply:
    """The reply that a `Respond` fault describes; a JSON object as text is the whole error."""
    code, text = scripted_error(fault, now_ms)
    error: dict[str, Any] = {"code": code, "msg": text}
    if fault.body_text is not None:
        try:
            error = orjson.loads(fault.body_text)
        except orjson.JSONDecodeError:
            error["msg"] = fault.body_text
    return Reply(fault.status, _refusal(error, fault.retry_after_s, now_ms))


def _refusal(error: dict[str, Any], retry_after_s: int | None, now_ms: int) -> dict[str, Any]:
    if retry_after_s is None:
        return {"error": error}
    # Unlike REST's header this is a moment, not a time to wait.
    data = {"serverTime": now_ms, "retryAfter": now_ms + retry_after_s * 1000}
    return {"error": {**error, "data": data}}


def perform_request(
    venue: Venue, request: ApiRequest, address: str, subscriptions: Subscriptions
) -> Reply:
    """Do what a request asks for."""
    operation = _of_connection(subscriptions).get(request.method) or OPERATIONS.get(request.method)
    if operation is None:
        unsupported = ApiError(-1020, "This operation is not supported.")
        return Reply(unsupported.status, {"error": unsupported.body})
    outcome = perform(venue, operation, _claim(request, address))
    counts: list[dict[str, Any]] = []
    if operation.orders and outcome.account is not None:
        counts = venue.limits.order_counts(outcome.account, outcome.counted_ms)
    return Reply(outcome.status, _body(outcome, venue.now_ms()), tuple(counts), outcome.delay_s)


def _claim(request: ApiRequest, address: str) -> Claim:
    params = request.params
    return Claim(
        fields=tuple(item for item in params.items() if item[0] not in _NOT_PARAMETERS),
        api_key=params.get("apiKey"),
        signature=params.get("signature"),
        payload=signed_text(params).encode(),
        address=address,
    )


def _body(outcome: Outcome, now_ms: int) -> dict[str, Any]:
    if outcome.error is None:
        return {"result": outcome.body}
    return _refusal(outcome.body, outcome.error.retry_after_s, now_ms)


# What only a connection can have


def _of_connection(subscriptions: Subscriptions) -> Mapping[str, Operation]:
    def subscribe(call: Call) -> object:
        return {"subscriptionId": subscriptions.begin(call.account)}

    def unsubscribe(call: Call) -> object:
        subscriptions.end(call.values.get("subscriptionId"))
        return {}

    def listed(_: Call) -> object:
        return [{"subscriptionId": each} for each in sorted(subscriptions.ids())]

    return {
        "userDataStream.subscribe.signature": Operation(Security.USER_DATA, _WEIGHT, subscribe),
        "userDataStream.unsubscribe": Operation(
            Security.NONE, _WEIGHT, unsubscribe, {"subscriptionId": parameters.whole}
        ),
        "session.subscriptions": Operation(Security.NONE, _WEIGHT, listed),
        "session.status": Operation(Security.NONE, _WEIGHT, _session_status),
        "session.logon": Operation(Security.USER_DATA, _WEIGHT, _refuse_logon),
        "session.logout": Operation(Security.NONE, _WEIGHT, _session_status),
        # Without a signature only a session that has logged on may subscribe.
        "userDataStream.subscribe": Operation(Security.NONE, _WEIGHT, _refuse_without_logon),
    }


def _session_status(call: Call) -> object:
    return {
        "apiKey": None,
        "authorizedSince": None,
        "serverTime": call.venue.now_ms(),
    }


def _refuse_logon(_: Call) -> object:
    raise ApiError(-4056, "HMAC_SHA256 API key is not supported.")


def _refuse_without_logon(_: Call) -> object:
    raise ApiError(-1002, "You are not authorized to execute this request.", status=401)
