"""What became of an order that was sent without a verdict: Binance.US's proof.

A client order id is unique among open orders only. Were the order sent again after the first one
had filled at once, it would fill twice, so nothing is ever sent again here: the exchange is asked.

That it does not know the order proves nothing at first, since questions are answered from copies
that lag behind. What ends the possibility is the request's own time: `RECV_WINDOW_MS` after it,
and the ten seconds that the exchange may take, a late copy is refused. A margin for the lag is
added. From then on the order is called absent, if the lists of orders and of executions agree: a
cancel gives an order another client order id, so an order that may be ours under another name,
or an execution of an order that is not listed, leaves the question open for a person to look at.

Followed: "New order" (`newClientOrderId`), "Timing security", "Query order", "All orders".
"""

from collections.abc import Sequence
from typing import Final

from attrs import evolve

from venuetree.protocol.commands import Absent, Found, Resolution, ResolveOrder, Undecided
from venuetree.protocol.errors import (
    OrderNotFound,
)
from venuetree.protocol.exchanges.binance_us.fill_flows import fills_since
from venuetree.protocol.exchanges.binance_us.order_flows import Row, listed_orders, queried
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND
from venuetree.protocol.exchanges.binance_us.signing import RECV_WINDOW_MS
from venuetree.protocol.models import OrderKey, OrderReport, OrderRequest, OrderStatus
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.resolving import or_undecided
from venuetree.protocol.timestamps import SECOND

__all__ = ["ABSENT_AFTER_NS", "LATE_AFTER_NS", "resolve"]

#: No copy of a request is taken up later than this after it was signed.
LATE_AFTER_NS: Final = RECV_WINDOW_MS * MILLISECOND + 10 * SECOND
#: Ours: how far copies may lag behind; two seconds were seen, and waiting longer costs nothing but
#: time.
_LAG_NS: Final = 105 * SECOND
#: From so long after the first sending on, lists without the order prove that there is none.
ABSENT_AFTER_NS: Final = LATE_AFTER_NS + _LAG_NS
#: Ours: before that the lists, which weigh ten times as much as the question, would only lag too.
_LIST_AFTER_NS: Final = 2 * SECOND
#: The lists are read from so long before the sending: their times are the exchange's.
_BEFORE_NS: Final = 60 * SECOND


def resolve(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    """What became of the order; `AuthRefused` and `PermissionRefused` pass through."""
    return or_undecided(_resolve(command, context))


def _resolve(command: ResolveOrder, context: FlowContext) -> RestFlow[Resolution]:
    order = command.order
    key = OrderKey(order.instrument, order.client_order_id)
    try:
        report = yield from queried(key, context, lane=Lane.RESOLVE, operation="resolve.order")
    except OrderNotFound:
        pass
    else:
        return _compared(order, report)
    age_ns = context.now_ns - command.sent_time_ns
    if age_ns < _LIST_AFTER_NS:
        return Undecided("the exchange does not know the order yet")
    rows = yield from listed_orders(
        order.instrument,
        context,
        start_time_ns=command.sent_time_ns - _BEFORE_NS,
        lane=Lane.RESOLVE,
    )
    for report, told in rows:
        if order.client_order_id in {told.get("clientOrderId"), told.get("origClientOrderId")}:
            return _compared(order, evolve(report, client_order_id=order.client_order_id))
    double = _double(command, context, rows)
    if double is not None:
        return Undecided(
            f"order {double.exchange_order_id} has the same terms and was cancelled, and a cancel"
            " takes an order's client order id away: it may be this one"
        )
    if age_ns < ABSENT_AFTER_NS:
        return Undecided("the exchange does not list the order yet")
    return (yield from _absent(command, context, rows))


def _double(command: ResolveOrder, context: FlowContext, rows: Sequence[Row]) -> OrderReport | None:
    """An order of another name, none of ours, that may have been this one until it was cancelled.

    Made in the time in which this one can have been, and with its terms.
    """
    latest_ns = command.sent_time_ns + LATE_AFTER_NS + context.clock_offset_ns
    for report, _ in rows:
        if (
            report.status is OrderStatus.CANCELLED
            and report.exchange_order_id not in command.known_order_ids
            and (report.created_time_ns or 0) <= latest_ns
            and not _difference(command.order, report)
        ):
            return report
    return None


def _absent(
    command: ResolveOrder, context: FlowContext, rows: Sequence[Row]
) -> RestFlow[Resolution]:
    """The last look before an order is called absent: whose are the executions since?"""
    listed = {report.exchange_order_id for report, _ in rows} | command.known_order_ids
    executed = yield from fills_since(
        command.order.instrument,
        context,
        start_time_ns=command.sent_time_ns - _BEFORE_NS,
        lane=Lane.RESOLVE,
    )
    for fill in executed:
        if fill.exchange_order_id not in listed:
            return Undecided(
                f"order {fill.exchange_order_id} was executed and is not listed: it may be this one"
            )
    return Absent("the exchange lists no such order, and would accept it no more")


def _compared(order: OrderRequest, report: OrderReport) -> Resolution:
    """Found, if it is the order that was meant.

    Another order under the same client id is left undecided: ours was never made, but to call it
    rejected while a live order carries its id would hide that order. A person must look.
    """
    difference = _difference(order, report)
    if difference:
        return Undecided(
            f"order {report.exchange_order_id} has this client order id but another {difference}"
        )
    return Found(report)


def _difference(order: OrderRequest, report: OrderReport) -> str:
    """What sets an order apart from the one meant; `""` if nothing does."""
    if report.instrument != order.instrument:
        return "instrument"
    for name, ours, theirs in (
        ("side", order.side, report.side),
        ("type", order.type, report.type),
        ("quantity", order.quantity, report.quantity),
        ("price", order.price, report.price),
        ("stop price", order.stop_price, report.stop_price),
    ):
        # What was not asked for, the exchange fills in: a quantity for one in quote currency.
        if ours is not None and theirs is not None and ours != theirs:
            return name
    quotes = (order.quote_quantity, report.quote_quantity)
    if None not in quotes and quotes[0] != quotes[1]:
        return "quote quantity"
    return ""
