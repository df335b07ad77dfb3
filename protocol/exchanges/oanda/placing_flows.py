"""Conversations that place orders, and put an order in another's place.

A 201 says that the exchange has taken a request up, not that anything was executed: what else the
answer holds decides. With an execution the order has been filled, as far as that goes; with a
cancel alone nothing was executed, and the order has ended by a refusal; with neither it waits.

Followed: "Order Endpoints" (create, replace).
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import evolve

from venuetree.protocol.commands import Replaced, ReplaceOrder
from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    ExchangeRefused,
    NotSupported,
    OrderNotFound,
    OutcomeUnknown,
)
from venuetree.protocol.exchanges.oanda.asking import ask
from venuetree.protocol.exchanges.oanda.fates import created_order, fate_of, type_of
from venuetree.protocol.exchanges.oanda.log_flows import Entry
from venuetree.protocol.exchanges.oanda.order_bodies import order_body
from venuetree.protocol.exchanges.oanda.reading import NAME, id_text, member
from venuetree.protocol.exchanges.oanda.refusals import unexecuted
from venuetree.protocol.exchanges.oanda.requests import account_write, order_name
from venuetree.protocol.exchanges.oanda.transaction_reports import order_report_of
from venuetree.protocol.models import (
    OrderReport,
    OrderRequest,
    OrderStatus,
    ReportSource,
)
from venuetree.protocol.port import FlowContext, Lane, RestFlow, RestRequest
from venuetree.protocol.reading import optional_text

__all__ = [
    "answered_fate",
    "difference_of",
    "ended",
    "is_unexecuted",
    "outcome_of",
    "place",
    "replace",
    "told_in",
]

_Body = Mapping[str, Any]


def place(order: OrderRequest, context: FlowContext) -> RestFlow[OrderReport]:
    """Place an order; an execution is in the same answer.

    Raises:
        ExchangeRefused: of the order's kind: refused, or taken and ended without an execution.
    """
    request = account_write(
        "POST",
        "place",
        "/orders",
        order_body(order, context, "place"),
        lane=Lane.PLACE,
        client_order_id=order.client_order_id,
    )
    return ask(request, partial(_outcome, order, request))


def _outcome(
    order: OrderRequest, request: RestRequest, body: _Body, received_time_ns: int
) -> OrderReport:
    return outcome_of(
        order,
        request,
        received_time_ns,
        created=body["orderCreateTransaction"],
        later=told_in(body, "orderFillTransaction", "orderCancelTransaction"),
        rest=_rest(body),
    )


# ---------------------------------------------------------------- what came of it


def outcome_of(
    order: OrderRequest,
    request: RestRequest,
    received_time_ns: int,
    *,
    created: Entry,
    later: tuple[Entry, ...],
    rest: str = "",
) -> OrderReport:
    """What became of an order by the transactions of an answer.

    Args:
        order: as it was sent.
        request: that it was sent with.
        received_time_ns: our clock.
        created: the transaction that created it.
        later: those that executed or ended it.
        rest: what became of the rest of one that was executed in part, where that is told.

    Raises:
        ExchangeRefused: it ended without an execution.
        OutcomeUnknown: the answer is about another order.
    """
    fate = answered_fate(order, request, received_time_ns, created=created, later=later)
    if is_unexecuted(fate):
        raise unexecuted(fate.reason, request.operation)
    if rest and fate.status is OrderStatus.CANCELLED:
        return evolve(fate, reason=rest)
    return fate


def is_unexecuted(report: OrderReport) -> bool:
    """Whether an order has ended and nothing of it was executed."""
    return report.status.is_final and not report.filled_quantity


def answered_fate(
    order: OrderRequest,
    request: RestRequest,
    received_time_ns: int,
    *,
    created: Entry,
    later: tuple[Entry, ...],
) -> OrderReport:
    """What became of an order by the transactions of an answer; one without an execution too.

    Raises:
        OutcomeUnknown: the answer is about another order.
    """
    report = created_order(created, received_time_ns, ReportSource.REPLY)
    if report is None:
        message = f"{type_of(created)!r} creates no order"
        raise ValueError(message)
    difference = difference_of(order, report, created)
    if difference:
        raise OutcomeUnknown(
            f"the answer names an order of another {difference}, {report.exchange_order_id}",
            client_order_id=order.client_order_id,
            exchange=NAME,
            operation=request.operation,
        )
    return evolve(fate_of(report, later), client_order_id=order.client_order_id)


def difference_of(order: OrderRequest, report: OrderReport, created: Entry) -> str:
    """What sets the order that was made apart from the one that was sent; `""` if nothing does."""
    closing = None if order.margin is None else order.margin.closing
    if report.instrument != order.instrument:
        return "instrument"
    if report.side is not order.side:
        return "side"
    if not (closing is not None and closing.is_whole) and report.quantity != order.quantity:
        return "quantity"
    if closing is None:
        return "client order id" if report.client_order_id != order.client_order_id else ""
    if closing.trade_id and member(created, "tradeClose").get("tradeID") != closing.trade_id:
        return "trade"
    # The order that closes a position bears our id, one that closes a trade none.
    return "client order id" if report.client_order_id not in {"", order.client_order_id} else ""


def told_in(body: _Body, *names: str) -> tuple[Entry, ...]:
    """Those of these transactions that an answer holds."""
    return tuple(body[name] for name in names if name in body)


def _rest(body: _Body) -> str:
    """What became of the rest of an order that was executed in part: it may go on as another."""
    reissued = body.get("orderReissueTransaction")
    if reissued is not None:
        return f"executed in part; the rest waits as order {id_text(reissued['id'])}"
    refused = body.get("orderReissueRejectTransaction")
    return "" if refused is None else optional_text(refused, "rejectReason")


# ---------------------------------------------------------------- replacing


def replace(command: ReplaceOrder, context: FlowContext) -> RestFlow[Replaced]:
    """Cancel an order and create another, in one: both happen, or neither.

    An order that waits has not been executed in part (`fates`), so that the two ways of dealing
    with one that was are the same here.

    Raises:
        CancelRefused: the old order does not wait (any more); nothing was placed.
        ExchangeRefused: the new order was refused; the old one waits as before.
    """
    order = command.order
    if order.margin is not None and order.margin.closing is not None:
        message = "an order that closes something cannot take another's place"
        raise NotSupported(message, exchange=NAME, operation="replace")
    key = command.key
    request = account_write(
        "PUT",
        "replace",
        f"/orders/{order_name(key.exchange_order_id, key.client_order_id)}",
        order_body(order, context, "replace"),
        lane=Lane.PLACE,
        client_order_id=order.client_order_id,
    )
    return _replace(command, request)


def _replace(command: ReplaceOrder, request: RestRequest) -> RestFlow[Replaced]:
    try:
        return (yield from ask(request, partial(_replaced, command, request)))
    except OrderNotFound as error:
        # Unknown, filled or cancelled: the exchange does not tell these apart.
        raise CancelRefused(
            f"{error.message}; nothing was placed",
            exchange=NAME,
            operation=request.operation,
            code=error.code,
        ) from error


def _replaced(
    command: ReplaceOrder, request: RestRequest, body: _Body, received_time_ns: int
) -> Replaced:
    old = ended(body["orderCancelTransaction"], command.key.instrument, received_time_ns)
    number = command.key.exchange_order_id
    if number and old.exchange_order_id != number:
        message = f"order {old.exchange_order_id} was cancelled, and not {number}"
        raise ValueError(message)
    placed: OrderReport | EngineError
    try:
        placed = outcome_of(
            command.order,
            request,
            received_time_ns,
            created=body["orderCreateTransaction"],
            later=told_in(body, "orderFillTransaction", "replacingOrderCancelTransaction"),
            rest=_rest(body),
        )
    except (ExchangeRefused, OutcomeUnknown) as error:
        placed = error
    return Replaced(
        evolve(old, client_order_id=old.client_order_id or command.key.client_order_id), placed
    )


def ended(
    cancel: Entry,
    instrument: str,
    received_time_ns: int,
    *,
    source: ReportSource = ReportSource.REPLY,
) -> OrderReport:
    """An order of an instrument that a transaction has ended, which names no instrument itself."""
    report = order_report_of(cancel, received_time_ns, source=source)
    if report is None or not report.status.is_final:
        message = f"{type_of(cancel)!r} ends no order"
        raise ValueError(message)
    return evolve(report, instrument=instrument)
