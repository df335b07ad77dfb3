"""Conversations about orders that belong together: pairs, and an order in another's place.

Followed: "New OCO"; "Cancel an Existing Order and Send a New Order".
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve

from venuetree.protocol.commands import Replaced, ReplaceOrder
from venuetree.protocol.errors import CancelRefused, EngineError, OutcomeUnknown
from venuetree.protocol.exchanges.binance_us.asking import (
    answered,
    ask,
    retry_after_ns,
    understood,
)
from venuetree.protocol.exchanges.binance_us.judging import judge
from venuetree.protocol.exchanges.binance_us.order_flows import expect_ours, reader
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.refusals import (
    error_of,
    http_error,
    refusal_in,
    refusal_of,
)
from venuetree.protocol.exchanges.binance_us.requests import oco_request, replace_request
from venuetree.protocol.models import OcoRequest, OrderKey, OrderReport, OrderRequest, ReportSource
from venuetree.protocol.port import FlowContext, Lane, RestFlow, RestReply, RestRequest
from venuetree.protocol.reading import read_object, text_of

__all__ = ["place_oco", "replace"]

#: One of cancel and order failed, or both.
_PARTLY_FAILED: Final = -2021
_FAILED: Final = -2022
_BAD_REQUEST: Final = 400
_RESULTS: Final = frozenset({"SUCCESS", "FAILURE", "NOT_ATTEMPTED"})
_Reader = Callable[[Mapping[str, Any], int], OrderReport]


# ---------------------------------------------------------------- pairs


def place_oco(oco: OcoRequest, context: FlowContext) -> RestFlow[tuple[OrderReport, OrderReport]]:
    """Place two orders of which one cancels the other; the limit order's state and the stop's."""
    request = oco_request(oco, context)
    yield from judge(oco.orders, context)
    read = reader(context, ReportSource.REPLY, oco.limit.instrument)
    reports = yield from ask(
        request,
        lambda told, received: tuple(read(order, received) for order in told["orderReports"]),
    )
    limit, stop = (_named(order, reports, request) for order in oco.orders)
    return limit, stop


def _named(
    order: OrderRequest, reports: tuple[OrderReport, ...], request: RestRequest
) -> OrderReport:
    for report in reports:
        if report.client_order_id == order.client_order_id:
            expect_ours(order, report, request)
            return report
    raise OutcomeUnknown(
        f"the answer names no order {order.client_order_id!r}",
        client_order_id=order.client_order_id,
        exchange=NAME,
        operation=request.operation,
    )


# ---------------------------------------------------------------- replacing


def replace(command: ReplaceOrder, context: FlowContext) -> RestFlow[Replaced]:
    """Cancel an order and, only if that succeeds, place another. Not atomic: see the two apart.

    Raises:
        EngineError: any of `asking.granted`: nothing was cancelled, nothing placed.
        CancelRefused: the old order could not be cancelled, so that no new one was tried.
    """
    order = command.order
    request = replace_request(
        command.key, order, context, if_partially_filled=command.if_partially_filled
    )
    yield from judge((order,), context)
    reply = yield from answered(request)
    is_told = refusal_of(reply).code in {_PARTLY_FAILED, _FAILED}
    if not is_told and not 200 <= reply.status < 300:  # noqa: PLR2004
        raise http_error(reply, request, retry_after_ns(reply) or None)
    read = reader(context, ReportSource.REPLY, order.instrument)
    return understood(request, reply, lambda: _replaced(reply, command, request, read))


def _replaced(
    reply: RestReply, command: ReplaceOrder, request: RestRequest, read: _Reader
) -> Replaced:
    body = read_object(reply.body)
    told, received_ns = body.get("data", body), reply.received_time_ns
    placed: OrderReport | EngineError
    match _result(told, "newOrderResult"):
        case "SUCCESS":
            placed = read(told["newOrderResponse"], received_ns)
            expect_ours(command.order, placed, request)
        case "FAILURE":
            refusal = refusal_in(told["newOrderResponse"], _BAD_REQUEST)
            told_so = f"the old order has ended, the new one was refused: {refusal.message}"
            placed = error_of(evolve(refusal, message=told_so), request)
        case _:
            raise _not_cancelled(told, request)
    if _result(told, "cancelResult") != "SUCCESS":
        return Replaced(None, placed)
    return Replaced(_cancelled(told["cancelResponse"], command.key, received_ns, read), placed)


def _result(told: Mapping[str, Any], name: str) -> str:
    word = text_of(told[name])
    if word not in _RESULTS:
        message = f"unknown {name} {word!r:.40}"
        raise ValueError(message)
    return word


def _cancelled(
    told: Mapping[str, Any], key: OrderKey, received_ns: int, read: _Reader
) -> OrderReport | None:
    """The old order's end; with one of a list all of the list are cancelled, and told."""
    for row in told.get("orderReports", (told,)):
        report = read(row, received_ns)
        number = key.exchange_order_id
        is_it = (
            number == report.exchange_order_id
            if number
            else (key.client_order_id == report.client_order_id)
        )
        if is_it:
            return report
    return None


def _not_cancelled(told: Mapping[str, Any], request: RestRequest) -> EngineError:
    """Why the old order was not cancelled: the new one does not exist, whatever became of it."""
    refusal = refusal_in(told["cancelResponse"], _BAD_REQUEST)
    error = error_of(refusal, evolve(request, lane=Lane.CANCEL))
    if isinstance(error, OutcomeUnknown):
        error = CancelRefused(
            f"{error.message}; no new order was placed",
            exchange=NAME,
            operation=request.operation,
            code=error.code,
        )
    return error
