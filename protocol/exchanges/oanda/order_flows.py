"""Conversations about orders that have been placed: their state, their lists, and their end.

Orders that wait are told by the exchange's lists. Those that have ended may be told no more, and
the log always tells them: an order's number is that of the transaction that created it, and its
end comes after. By our own id the exchange finds only what waits.

Followed: "Order Endpoints"; "Transaction Endpoints".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    ExchangeRefused,
    MarginTradeNotFound,
    OrderNotFound,
)
from venuetree.protocol.exchanges.oanda.account_flows import log_state
from venuetree.protocol.exchanges.oanda.asking import ask
from venuetree.protocol.exchanges.oanda.exit_flows import read_trade
from venuetree.protocol.exchanges.oanda.fates import (
    client_id_of,
    created_order,
    exit_of_opening,
    fate_of,
    has_ended,
    is_rejection,
    type_of,
)
from venuetree.protocol.exchanges.oanda.log_flows import (
    WEEK_NS,
    Entries,
    Entry,
    legible,
    log_after,
    log_entry,
    log_since,
)
from venuetree.protocol.exchanges.oanda.placing_flows import ended
from venuetree.protocol.exchanges.oanda.reading import NAME, member, optional_id
from venuetree.protocol.exchanges.oanda.reports import as_exit_of, order_reports, report_from_order
from venuetree.protocol.exchanges.oanda.requests import account_get, account_write, order_name
from venuetree.protocol.exchanges.oanda.terms import EXITS
from venuetree.protocol.models import OrderKey, OrderReport
from venuetree.protocol.port import FlowContext, Lane, RestFlow
from venuetree.protocol.reading import optional_text

__all__ = ["cancel", "cancel_open", "not_found", "open_orders", "order", "orders"]

_DAYS: Final = "7 days"


# ---------------------------------------------------------------- cancelling


def cancel(key: OrderKey) -> RestFlow[None]:
    """Ask for an order's end: here the answer is that end.

    Raises:
        CancelRefused: it does not wait: unknown, filled and cancelled are not told apart.
    """
    name = order_name(key.exchange_order_id, key.client_order_id)
    yield from _cancelled(name, key.client_order_id, key.instrument)


def _cancelled(name: str, client_order_id: str, instrument: str) -> RestFlow[OrderReport]:
    request = account_write(
        "PUT",
        "cancel",
        f"/orders/{name}/cancel",
        None,
        lane=Lane.CANCEL,
        client_order_id=client_order_id,
    )
    return (
        yield from ask(
            request,
            lambda body, received: ended(body["orderCancelTransaction"], instrument, received),
        )
    )


def cancel_open(instrument: str) -> RestFlow[tuple[OrderReport, ...]]:
    """Ask for the end of all open orders, one by one: the exchange has no request for all.

    Exits of margin trades are left alone. They do not open anything, they guard what is open; who
    wants them gone closes the trade, with which they end, or changes its exits.

    One that is refused keeps none of the others; its error comes when all have been asked for.
    """
    request = account_get("pending_orders", "/pendingOrders", lane=Lane.CANCEL)
    listed = yield from ask(request, order_reports)
    reports: list[OrderReport] = []
    errors: list[EngineError] = []
    for report in listed:
        if report.type in EXITS or report.trade_id or instrument not in {"", report.instrument}:
            continue
        name = order_name(report.exchange_order_id, "")
        try:
            end = yield from _cancelled(name, report.client_order_id, report.instrument)
        except CancelRefused:
            continue  # it has ended meanwhile
        except EngineError as error:
            errors.append(error)
        else:
            reports.append(end)
    if errors:
        raise errors[0]
    return tuple(reports)


# ---------------------------------------------------------------- one order


def order(key: OrderKey, context: FlowContext) -> RestFlow[OrderReport]:
    """One order's state, from the exchange's list or else from the log.

    Raises:
        OrderNotFound: it was never created; or is asked for by our id alone, and neither waits nor
            was created in the last days, as far as the log has been searched.
    """
    return legible("order", _order(key, context))


def _order(key: OrderKey, context: FlowContext) -> RestFlow[OrderReport]:
    name = order_name(key.exchange_order_id, key.client_order_id)
    request = account_get("order", f"/orders/{name}")
    try:
        report, told = yield from ask(
            request,
            lambda body, received: (report_from_order(body["order"], received), body["order"]),
        )
    except OrderNotFound:
        if key.exchange_order_id:
            report = yield from _logged(key.exchange_order_id, context)
        else:
            report = yield from _searched(key.client_order_id, context)
    else:
        if report.status.is_final:
            report = yield from _with_end(report, told)
    return (yield from _joined(report))


def _with_end(report: OrderReport, told: Mapping[str, Any]) -> RestFlow[OrderReport]:
    """An order that has ended, with what the log has of its end: why, how much, at what price."""
    entries: list[Entry] = []
    for name in ("fillingTransactionID", "cancellingTransactionID"):
        number = optional_id(told, name)
        if not number:
            continue
        try:
            entry = yield from log_entry(number, lane=Lane.DATA, operation="order.end")
        except ExchangeRefused as error:
            if _is_about_access(error):
                raise
            return report
        entries.append(entry)
    return fate_of(report, entries) if entries else report


def _is_about_access(error: ExchangeRefused) -> bool:
    """Whether a refusal says more than that there is no such thing."""
    return type(error) is not ExchangeRefused


def _logged(number: str, context: FlowContext) -> RestFlow[OrderReport]:
    """An order by the transaction that created it, and what came after."""
    try:
        entry = yield from log_entry(number, lane=Lane.DATA, operation="order.created")
    except ExchangeRefused as error:
        if _is_about_access(error):
            raise
        raise not_found(
            f"no order {number!r}: neither does it wait, nor is it in the log"
        ) from error
    created = created_order(entry, context.now_ns)
    if created is None:
        raise not_found(f"no order {number!r}: that is a transaction of type {type_of(entry)}")
    name = created.exchange_order_id
    entries = yield from log_after(
        name, lane=Lane.DATA, operation="order.log", is_enough=lambda told: has_ended(told, name)
    )
    return fate_of(created, entries)


def _searched(client_order_id: str, context: FlowContext) -> RestFlow[OrderReport]:
    """An order by our id, in the log of the last days; the newest, if several bear it."""
    entries = yield from log_since(
        context.now_ns - WEEK_NS,
        context,
        lane=Lane.DATA,
        operation="order.search",
        is_enough=lambda told: any(_names(entry, client_order_id) for entry in told),
    )
    refused = ""
    for entry in reversed(entries):
        if _is_renamed(entry, client_order_id):
            return (yield from _logged(optional_id(entry, "orderID"), context))
        created = created_order(entry, context.now_ns)
        if created is not None and created.client_order_id == client_order_id:
            return fate_of(created, entries)
        if is_rejection(entry) and client_id_of(entry) == client_order_id and not refused:
            refused = optional_text(entry, "rejectReason")
    told = f"; one was refused ({refused})" if refused else ""
    raise not_found(
        f"no order {client_order_id!r} waits, and none was created in the last {_DAYS}{told}:"
        " by its own id the exchange finds only orders that wait, and the log was searched"
    )


def _names(entry: Entry, client_order_id: str) -> bool:
    """Whether an entry gives an order this id of ours."""
    if _is_renamed(entry, client_order_id):
        return True
    return type_of(entry).endswith("_ORDER") and client_id_of(entry) == client_order_id


def _is_renamed(entry: Entry, client_order_id: str) -> bool:
    if type_of(entry) != "ORDER_CLIENT_EXTENSIONS_MODIFY":
        return False
    return optional_text(member(entry, "clientExtensionsModify"), "id") == client_order_id


def not_found(message: str, operation: str = "order") -> OrderNotFound:
    """That there is no such order, and what that is known from."""
    return OrderNotFound(message, exchange=NAME, operation=operation)


# ---------------------------------------------------------------- exits


def _joined(report: OrderReport) -> RestFlow[OrderReport]:
    """An exit with instrument, side and quantity, which only its trade has."""
    if not report.trade_id or (report.instrument and report.side and report.quantity):
        return report
    if not report.status.is_final:
        try:
            trade = yield from read_trade(report.trade_id, lane=Lane.DATA, operation="order.trade")
        except MarginTradeNotFound:
            pass
        else:
            return as_exit_of(trade, report)
    opening = yield from log_entry(report.trade_id, lane=Lane.DATA, operation="order.opening")
    return exit_of_opening(report, opening)


# ---------------------------------------------------------------- lists


def open_orders(instrument: str) -> RestFlow[tuple[OrderReport, ...]]:
    """Orders that wait, exits of margin trades among them, joined with their trades as of then."""
    state = yield from log_state()
    return tuple(report for report in state.open_orders if instrument in {"", report.instrument})


def orders(
    instrument: str,
    context: FlowContext,
    *,
    start_time_ns: int | None = None,
    end_time_ns: int | None = None,
    limit: int | None = None,
) -> RestFlow[tuple[OrderReport, ...]]:
    """Orders created in a time, the last 7 days unless it is given, each as it became.

    From the log, since the exchange's list may leave out what has ended. Exits are among them.
    """
    asked = _orders(instrument, context, start_time_ns, end_time_ns, limit)
    return legible("orders", asked)


def _orders(
    instrument: str,
    context: FlowContext,
    start_time_ns: int | None,
    end_time_ns: int | None,
    limit: int | None,
) -> RestFlow[tuple[OrderReport, ...]]:
    start_ns = context.now_ns - WEEK_NS if start_time_ns is None else start_time_ns
    end_ns = None if end_time_ns is None else end_time_ns + context.clock_offset_ns

    def is_enough(entries: Entries) -> bool:
        if limit is None:
            return False
        wanted = [
            report
            for report in _created(entries, context, end_ns)
            if instrument in {"", report.instrument}
        ]
        return len(wanted) >= limit

    entries = yield from log_since(
        start_ns, context, lane=Lane.DATA, operation="orders", is_enough=is_enough
    )
    numbered = {optional_id(entry, "id"): entry for entry in entries}
    found: list[OrderReport] = []
    for created in _created(entries, context, end_ns):
        if limit is not None and len(found) >= limit:
            break
        report = fate_of(created, entries)
        if report.trade_id and not (report.instrument and report.side):
            opening = numbered.get(report.trade_id)
            if opening is None:
                opening = yield from log_entry(
                    report.trade_id, lane=Lane.DATA, operation="orders.opening"
                )
                numbered[report.trade_id] = opening
            report = exit_of_opening(report, opening)
        if instrument in {"", report.instrument}:
            found.append(report)
    return tuple(found)


def _created(
    entries: Sequence[Entry], context: FlowContext, end_ns: int | None
) -> Iterator[OrderReport]:
    """The orders that entries create before a time of the exchange's clock, newest first."""
    for entry in reversed(entries):
        created = created_order(entry, context.now_ns)
        if created is None:
            continue
        if end_ns is None or (created.created_time_ns or 0) < end_ns:
            yield created
