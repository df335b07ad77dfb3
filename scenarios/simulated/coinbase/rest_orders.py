"""REST: create, preview, edit, cancel, get and list orders, list fills."""

from typing import Any

from venuetree.scenarios.faults import DelayFills, StaleReplica
from venuetree.scenarios.simulated.coinbase.orders import (
    AccountOrder,
    BadRequestError,
    Fill,
    RejectedError,
)
from venuetree.scenarios.simulated.coinbase.rendering import (
    fill_json,
    order_json,
)
from venuetree.scenarios.simulated.coinbase.rest_common import (
    BASE,
    Access,
    Call,
    Route,
    error,
    page,
    whole_number,
)
from venuetree.scenarios.simulated.coinbase.rest_previews import edit_error, read_edit, read_order
from venuetree.scenarios.simulated.coinbase.venue import RepeatedId
from venuetree.scenarios.simulated.numbers import (
    NANOSECONDS,
    parse_rfc3339,
)
from venuetree.scenarios.simulated.wire import Response

_CANCEL_AT_MOST = 100
_NOT_FOUND = "order with this orderID was not found"


def create(call: Call) -> Response:
    """POST /orders."""
    body = call.body()
    client_order_id = body.get("client_order_id")
    if not isinstance(client_order_id, str) or not client_order_id:
        raise BadRequestError("client_order_id is required")
    desk = call.venue.desk
    first = desk.by_client_id(client_order_id)
    if first is not None and call.venue.settings.repeated_id is RepeatedId.REFUSED:
        repeated = RejectedError("DUPLICATE_CLIENT_ORDER_ID", "client_order_id was used before")
        return Response.of_json(_refused(repeated, body))
    try:
        if first is None:
            ticket, _ = read_order(call, body)
            first = desk.place(ticket, client_order_id)
    except RejectedError as refusal:
        return Response.of_json(_refused(refusal, body))
    return Response.of_json(
        {
            "success": True,
            "success_response": {
                "order_id": first.order_id,
                "product_id": first.ticket.product_id,
                "side": first.ticket.side.value,
                "client_order_id": first.client_order_id,
                "attached_order_id": first.attached_order_id,
            },
            "order_configuration": first.ticket.configuration,
        }
    )


def _refused(refusal: RejectedError, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "success": False,
        "error_response": {
            "error": "UNKNOWN_FAILURE_REASON" if refusal.preview_only else refusal.code,
            "message": refusal.message,
            "error_details": "",
            "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON"
            if refusal.code == "DUPLICATE_CLIENT_ORDER_ID"
            else f"PREVIEW_{refusal.code}",
            "new_order_failure_reason": refusal.code
            if refusal.code == "DUPLICATE_CLIENT_ORDER_ID"
            else "UNKNOWN_FAILURE_REASON",
        },
        "order_configuration": body.get("order_configuration"),
    }


def batch_cancel(call: Call) -> Response:
    """POST /orders/batch_cancel: one result for each id."""
    ids = call.body().get("order_ids")
    if not isinstance(ids, list) or not ids:
        raise BadRequestError("order_ids is required")
    if len(ids) > _CANCEL_AT_MOST:
        raise BadRequestError("too many order_ids, at most 100 are allowed")
    results = []
    for order_id in ids:
        reason = call.venue.desk.cancel(str(order_id))
        results.append(
            {
                "success": reason is None,
                "failure_reason": reason or "UNKNOWN_CANCEL_FAILURE_REASON",
                "order_id": str(order_id),
            }
        )
    return Response.of_json({"results": results})


def edit(call: Call) -> Response:
    """POST /orders/edit."""
    body = call.body()
    try:
        order_id, price, size = read_edit(call, body)
        call.venue.desk.edit(order_id, price=price, size=size)
    except RejectedError as refusal:
        return Response.of_json({"success": False, "errors": [edit_error(refusal)]})
    return Response.of_json(
        {"success": True, "errors": [], "success_response": {"order_id": order_id}}
    )


def get_order(call: Call) -> Response:
    """GET /orders/historical/{order_id}."""
    venue = call.venue
    order = venue.desk.orders.get(call.parts["order_id"])
    if order is None or _hidden(call, order):
        return error(404, "NOT_FOUND", _NOT_FOUND)
    return Response.of_json({"order": _order_json(call, order)})


def list_orders(call: Call) -> Response:
    """GET /orders/historical/batch: newest first."""
    request, venue = call.request, call.venue
    statuses = set(request.every("order_status"))
    if "OPEN" in statuses and len(statuses) > 1:
        raise BadRequestError("OPEN cannot be combined with other order statuses")
    start, end = _time(call, "start_date"), _time(call, "end_date")
    limit = whole_number(request.one("limit"), default=250, low=1, high=1000, name="limit")
    chosen = [
        order
        for order in reversed(list(venue.desk.orders.values()))
        if _wanted(order.order_id, request.every("order_ids"))
        and _wanted(order.ticket.product_id, request.every("product_ids"))
        and _wanted(order.status.value, tuple(statuses))
        and _wanted(order.ticket.order_type.value, request.every("order_types"))
        and _wanted(order.ticket.time_in_force.value, request.every("time_in_forces"))
        and _wanted(order.ticket.side.value, request.every("order_side"))
        and _wanted("SPOT", request.every("product_type"))
        and _wanted("RETAIL_ADVANCED", request.every("order_placement_source"))
        and (start is None or order.created_ns >= start)
        and (end is None or order.created_ns < end)
        and not _hidden(call, order)
    ]
    orders, cursor = page(
        chosen, cursor=request.one("cursor"), limit=limit, key=lambda order: order.order_id
    )
    return Response.of_json(
        {
            "orders": [_order_json(call, order) for order in orders],
            "sequence": "0",
            "has_next": bool(cursor),
            "cursor": cursor,
            "proof_token_required": False,
        }
    )


def list_fills(call: Call) -> Response:
    """GET /orders/historical/fills: newest first, with a cursor and nothing beside it."""
    request, venue = call.request, call.venue
    start, end = _time(call, "start_sequence_timestamp"), _time(call, "end_sequence_timestamp")
    limit = whole_number(request.one("limit"), default=100, low=1, high=1000, name="limit")
    delay = venue.faults.standing(DelayFills)
    visible_until = venue.now_ns() - (int(delay.for_s * NANOSECONDS) if delay else 0)
    rows: list[tuple[AccountOrder, Fill]] = [
        (order, fill)
        for order in venue.desk.orders.values()
        if _wanted(order.order_id, request.every("order_ids"))
        and _wanted(order.ticket.product_id, request.every("product_ids"))
        and _wanted(order.ticket.order_type.value, request.every("order_types"))
        and _wanted(order.ticket.side.value, request.every("order_side"))
        for fill in order.fills
        if _wanted(fill.trade_id, request.every("trade_ids"))
        and (start is None or fill.time_ns >= start)
        and (end is None or fill.time_ns < end)
    ]
    shown = [row for row in rows if delay is None or row[1].time_ns <= visible_until]
    if len(shown) < len(rows):
        venue.faults.take(DelayFills, f"{len(rows) - len(shown)} fills", lambda _: True)
    shown.sort(key=lambda row: row[1].time_ns)
    fills, cursor = page(
        shown[::-1], cursor=request.one("cursor"), limit=limit, key=lambda row: row[1].entry_id
    )
    return Response.of_json(
        {
            "fills": [
                fill_json(order, fill, user_id=venue.user_id, portfolio_id=venue.portfolio_id)
                for order, fill in fills
            ],
            "cursor": cursor,
        }
    )


def close_position(call: Call) -> Response:
    """POST /orders/close_position: a spot account has no positions."""
    refusal = RejectedError("CANNOT_CLOSE_ZERO_POSITION", "No position to close")
    return Response.of_json(_refused(refusal, call.body()))


def _hidden(call: Call, order: AccountOrder) -> bool:
    venue = call.venue
    stale = venue.faults.standing(StaleReplica)
    if stale is None or venue.now_ns() - order.created_ns >= stale.for_s * NANOSECONDS:
        return False
    return venue.faults.take(StaleReplica, order.order_id, lambda _: True) is not None


def _order_json(call: Call, order: AccountOrder) -> dict[str, Any]:
    venue = call.venue
    return order_json(order, user_id=venue.user_id, portfolio_id=venue.portfolio_id)


def _wanted(value: str, allowed: tuple[str, ...]) -> bool:
    return not allowed or value in allowed


def _time(call: Call, name: str) -> int | None:
    text = call.request.one(name)
    if text is None:
        return None
    time_ns = parse_rfc3339(text)
    if time_ns is None:
        raise BadRequestError(f"invalid {name}")
    return time_ns


ROUTES = (
    Route("POST", f"{BASE}/orders", Access.TRADE, create),
    Route("POST", f"{BASE}/orders/batch_cancel", Access.TRADE, batch_cancel),
    Route("POST", f"{BASE}/orders/edit", Access.TRADE, edit),
    Route("POST", f"{BASE}/orders/close_position", Access.TRADE, close_position),
    Route("GET", f"{BASE}/orders/historical/batch", Access.VIEW, list_orders),
    Route("GET", f"{BASE}/orders/historical/fills", Access.VIEW, list_fills),
    Route("GET", f"{BASE}/orders/historical/{{order_id}}", Access.VIEW, get_order),
)
