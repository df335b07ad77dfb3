"""Conversations about orders.

Followed: "New order", "Cancel order", "Query order", "Current open orders", "All orders".
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from typing import Any

from venuetree.protocol.errors import (
    CancelRefused,
    EngineError,
    ExchangeRefused,
    NotSupported,
    OrderRejected,
    OutcomeUnknown,
)
from venuetree.protocol.exchanges.binance_us.asking import ask, ask_list
from venuetree.protocol.exchanges.binance_us.judging import judge
from venuetree.protocol.exchanges.binance_us.paging import MOST_ROWS, PageParameters, Pages
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME, Symbols
from venuetree.protocol.exchanges.binance_us.reports import report_from_order
from venuetree.protocol.exchanges.binance_us.requests import (
    cancel_all_request,
    cancel_request,
    place_request,
    signed_get,
    symbol_of,
)
from venuetree.protocol.models import (
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    ReportSource,
)
from venuetree.protocol.port import FlowContext, Lane, RestFlow, RestRequest
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "cancel",
    "cancel_open",
    "expect_ours",
    "listed_orders",
    "open_orders",
    "order",
    "orders",
    "place",
    "preview",
    "queried",
    "reader",
    "symbols_of",
]

#: An order and all that was said of it.
Row = tuple[OrderReport, Mapping[str, Any]]


def symbols_of(context: FlowContext, instrument: str = "") -> Symbols:
    """Our names: that of the one instrument which is asked about, else by the list of them all."""
    symbols = Symbols()
    if instrument:
        symbols.know(symbol_of(instrument, context), instrument)
    else:
        symbols.learn(context.instruments)
    return symbols


# ---------------------------------------------------------------- placing


def place(order: OrderRequest, context: FlowContext) -> RestFlow[OrderReport]:
    """Place an order; what is left of one that may not rest is expired in the same answer."""
    request = place_request(order, context)
    yield from judge((order,), context)
    read = reader(context, ReportSource.REPLY, order.instrument, order.client_order_id)
    report = yield from ask(request, read)
    expect_ours(order, report, request)
    return report


def expect_ours(order: OrderRequest, report: OrderReport, request: RestRequest) -> None:
    """`OutcomeUnknown` if the answer is about another order: ours may exist all the same."""
    if (
        report.client_order_id == order.client_order_id
        and report.side is order.side
        and report.instrument == order.instrument
    ):
        return
    raise OutcomeUnknown(
        f"the answer names another order, {report.client_order_id!r}",
        client_order_id=order.client_order_id,
        exchange=NAME,
        operation=request.operation,
    )


def preview(order: OrderRequest, context: FlowContext) -> RestFlow[OrderPreview]:
    """Whether the exchange would take an order; it tells no costs, and looks at no balance."""
    request = place_request(order, context, operation="preview", is_test=True)
    problems: tuple[str, ...] = ()
    try:
        yield from ask(request, lambda _, __: None)
    except ExchangeRefused as error:
        if not _is_about_the_order(error):
            raise
        problems = (f"{error.message} [{error.code}]",)
    return OrderPreview(NAME, order.instrument, None, None, None, None, problems, ())


def _is_about_the_order(error: ExchangeRefused) -> bool:
    return isinstance(error, OrderRejected) or error.code in {"-1013", "-1014", "-1111"}


# ---------------------------------------------------------------- cancelling


def cancel(key: OrderKey, context: FlowContext) -> RestFlow[None]:
    """Ask for an order's end: here the answer is that end, which the order's news tell too."""
    symbol = _symbol(key, context, "cancel")
    request = cancel_request(
        symbol, order_id=key.exchange_order_id, client_order_id=key.client_order_id
    )
    yield from ask(request, lambda _, __: None)


def cancel_open(instrument: str, context: FlowContext) -> RestFlow[tuple[OrderReport, ...]]:
    """Ask for the end of all open orders: symbol by symbol, since the exchange takes no more.

    One that is refused keeps none of the others; its error comes when all have been asked for.
    """
    names = {instrument: None}
    if not instrument:
        listed = yield from open_orders("", context, lane=Lane.CANCEL)
        names = dict.fromkeys(report.instrument for report in listed)
    ended: list[OrderReport] = []
    errors: list[EngineError] = []
    for name in names:
        read = partial(_cancelled, reader(context, ReportSource.REPLY, name))
        try:
            rows = yield from ask_list(cancel_all_request(symbol_of(name, context)), read)
        except CancelRefused:
            continue  # "Unknown order": nothing is open (any more)
        except EngineError as error:
            errors.append(error)
        else:
            ended += chain.from_iterable(rows)
    if errors:
        raise errors[0]
    return tuple(ended)


def _cancelled(
    read: Callable[[Mapping[str, Any], int], OrderReport], told: Mapping[str, Any], received_ns: int
) -> tuple[OrderReport, ...]:
    """An order, or the orders of a list."""
    return tuple(read(order, received_ns) for order in told.get("orderReports", (told,)))


def _symbol(key: OrderKey, context: FlowContext, operation: str) -> str:
    if not key.instrument:
        message = "orders are numbered by instrument here: name the instrument too"
        raise NotSupported(message, exchange=NAME, operation=operation)
    return symbol_of(key.instrument, context)


# ---------------------------------------------------------------- reading


def reader(
    context: FlowContext, source: ReportSource, instrument: str, asked_id: str = ""
) -> Callable[[Mapping[str, Any], int], OrderReport]:
    """What reads an order of an answer."""
    symbols = symbols_of(context, instrument)
    return lambda told, received_ns: report_from_order(
        told, received_ns, symbols, source=source, asked_id=asked_id
    )


def order(key: OrderKey, context: FlowContext) -> RestFlow[OrderReport]:
    """One order's state, by the exchange's id if that is known; `OrderNotFound` may be too soon."""
    return queried(key, context, lane=Lane.DATA, operation="order")


def queried(
    key: OrderKey, context: FlowContext, *, lane: Lane, operation: str
) -> RestFlow[OrderReport]:
    """The same, as urgent as it is."""
    pairs = (
        ("symbol", _symbol(key, context, operation)),
        ("orderId", key.exchange_order_id or None),
        ("origClientOrderId", None if key.exchange_order_id else key.client_order_id),
    )
    request = signed_get(operation, "/order", pairs, weight=4, lane=lane)
    read = reader(context, ReportSource.QUERY, key.instrument, key.client_order_id)
    return (yield from ask(request, read))


def open_orders(
    instrument: str, context: FlowContext, *, lane: Lane = Lane.DATA
) -> RestFlow[tuple[OrderReport, ...]]:
    """Orders that are not final; all instruments at once weigh much more than one."""
    symbol = symbol_of(instrument, context) if instrument else None
    request = signed_get(
        "open_orders", "/openOrders", (("symbol", symbol),), weight=6 if symbol else 80, lane=lane
    )
    return (yield from ask_list(request, reader(context, ReportSource.QUERY, instrument)))


def orders(
    instrument: str,
    context: FlowContext,
    *,
    start_time_ns: int | None = None,
    end_time_ns: int | None = None,
    limit: int | None = None,
) -> RestFlow[tuple[OrderReport, ...]]:
    """Orders of an instrument created in a window, newest first.

    Raises:
        NotSupported: no instrument is named; the exchange lists by instrument only.
    """
    if not instrument:
        message = "the exchange lists past orders of one instrument at a time: name it"
        raise NotSupported(message, exchange=NAME, operation="orders")
    return _orders(instrument, context, start_time_ns, end_time_ns, limit)


def _orders(
    instrument: str,
    context: FlowContext,
    start_time_ns: int | None,
    end_time_ns: int | None,
    limit: int | None,
) -> RestFlow[tuple[OrderReport, ...]]:
    if start_time_ns is None:
        # The latest ones, which the exchange gives when it is told no start.
        rows = yield from _page(instrument, context, _until(end_time_ns, context), Lane.DATA)
    else:
        rows = yield from listed_orders(
            instrument, context, start_time_ns=start_time_ns, end_time_ns=end_time_ns
        )
    found = [report for report, _ in rows]
    if end_time_ns is not None:
        end_ns = end_time_ns + context.clock_offset_ns
        found = [report for report in found if (report.created_time_ns or 0) < end_ns]
    return tuple(found[::-1][:limit])


def _until(end_time_ns: int | None, context: FlowContext) -> PageParameters:
    if end_time_ns is None:
        return ()
    return (("endTime", -(-(end_time_ns + context.clock_offset_ns) // MILLISECOND) - 1),)


def listed_orders(
    instrument: str,
    context: FlowContext,
    *,
    start_time_ns: int,
    end_time_ns: int | None = None,
    lane: Lane = Lane.DATA,
) -> RestFlow[tuple[Row, ...]]:
    """Every order of an instrument since a time, oldest first, with what was said of each.

    The times are ours; the exchange is asked by its own, so that neither clock must be right.
    """
    start_ms = (start_time_ns + context.clock_offset_ns) // MILLISECOND
    end_ns = context.now_ns + 60 * SECOND
    if end_time_ns is not None:
        end_ns = min(end_ns, end_time_ns)
    end_ms = -(-(end_ns + context.clock_offset_ns) // MILLISECOND)
    pages: Pages[Row] = Pages(
        lambda pairs: _page(instrument, context, pairs, lane),
        "orderId",
        lambda row: int(row[0].exchange_order_id),
        lambda row: row[0].created_time_ns,
    )
    return pages.since(start_ms, end_ms)


def _page(
    instrument: str,
    context: FlowContext,
    pairs: PageParameters,
    lane: Lane,
) -> RestFlow[tuple[Row, ...]]:
    read = reader(context, ReportSource.QUERY, instrument)
    request = signed_get(
        "orders",
        "/allOrders",
        (("symbol", symbol_of(instrument, context)), *pairs, ("limit", MOST_ROWS)),
        weight=20,
        lane=lane,
    )
    return (yield from ask_list(request, lambda told, received: (read(told, received), told)))
