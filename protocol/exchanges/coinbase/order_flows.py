"""The conversations about orders: place, preview, edit, read, list."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from venuetree.protocol.errors import NotSupported, OrderNotFound, OutcomeUnknown
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.aliases import canonical_instrument
from venuetree.protocol.exchanges.coinbase.asking import ask, next_cursor
from venuetree.protocol.exchanges.coinbase.comparing import configuration_difference
from venuetree.protocol.exchanges.coinbase.reading import NAME, remote_error
from venuetree.protocol.exchanges.coinbase.refusals import (
    edit_refusal,
    order_refusal,
    telling_code,
)
from venuetree.protocol.exchanges.coinbase.reports import SIDES, report_from_query
from venuetree.protocol.exchanges.coinbase.requests import (
    create_body,
    get,
    order_body,
    post,
    segment,
)
from venuetree.protocol.models import (
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
    OrderStatus,
    ReportSource,
)
from venuetree.protocol.numbers import decimal_text
from venuetree.protocol.port import Effect, FlowContext, Lane, RestFlow, RestRequest
from venuetree.protocol.reading import MALFORMED, sample
from venuetree.protocol.timestamps import to_rfc3339

__all__ = [
    "accepted",
    "as_report",
    "close_position",
    "edit",
    "exchange_id",
    "find_order",
    "open_orders",
    "order",
    "order_by_id",
    "orders",
    "place",
    "place_request",
    "preview",
    "read_as",
    "symbol_of",
]

_PAGE: Final = 250
#: An order of ours is looked for by its client id among so many pages of the newest.
_SEARCH_PAGES: Final = 40

T = TypeVar("T")


def symbol_of(instrument: str, context: FlowContext) -> str:
    """The exchange's spelling, which for Coinbase is ours unless the instruments say otherwise."""
    known = context.instruments.get(instrument)
    return instrument if known is None else known.exchange_symbol


def read_as(operation: str, payload: Any, read: Callable[[], T]) -> T:
    """What `read` makes of an answer's member; `RemoteProtocolError` where it cannot."""
    try:
        return read()
    except MALFORMED as error:
        raise remote_error(error, sample(payload), operation=operation) from error


# ---------------------------------------------------------------- place, preview, edit, close


def place_request(
    order: OrderRequest, context: FlowContext, *, operation: str = "place", lane: Lane = Lane.PLACE
) -> RestRequest:
    """The create; `OrderInvalid` or `NotSupported` before anything is sent."""
    return post(
        operation,
        "/orders",
        create_body(order, symbol_of(order.instrument, context)),
        lane=lane,
        client_order_id=order.client_order_id,
    )


def accepted(
    order: OrderRequest, created: wire.Created, request: RestRequest, received_time_ns: int
) -> OrderReport:
    """The order that a create's answer tells of.

    Raises:
        OrderRejected: or a subclass, or `InstrumentNotFound`: it was refused.
        OutcomeUnknown: it was accepted without an id, or the id is of another order.
    """
    response = created.success_response
    if not created.success:
        raise order_refusal(created.error_response, request.operation)
    if response is None or not response.order_id:
        message = "accepted, but the answer names no order"
        raise _unknown(message, request)
    if not _is_ours(order, response):
        # A repeated client id returns the first order, which may be quite another one.
        message = f"the answer names another order, {response.order_id}"
        raise _unknown(message, request)
    told = created.order_configuration
    try:
        difference = configuration_difference(order, told)
    except MALFORMED as error:
        raise _unknown(
            f"accepted with terms that cannot be read: {sample(told)}", request
        ) from error
    if difference:
        message = f"the answer names order {response.order_id}, whose {difference} is another"
        raise _unknown(message, request)
    return OrderReport(
        exchange=NAME,
        instrument=order.instrument,
        exchange_order_id=response.order_id,
        status=OrderStatus.OPEN,
        source=ReportSource.REPLY,
        received_time_ns=received_time_ns,
        client_order_id=order.client_order_id,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        quantity=order.quantity,
        quote_quantity=order.quote_quantity,
        price=order.price,
        stop_price=order.stop_price,
    )


def _unknown(message: str, request: RestRequest) -> OutcomeUnknown:
    return OutcomeUnknown(
        message,
        client_order_id=request.client_order_id,
        exchange=NAME,
        operation=request.operation,
    )


def _is_ours(order: OrderRequest, response: wire.SuccessResponse) -> bool:
    """Whether what the answer says of its order, where it says it, is what we asked for."""
    return (
        response.client_order_id in {"", order.client_order_id}
        and (not response.side or SIDES.get(response.side) is order.side)
        and (
            not response.product_id
            or canonical_instrument(response.product_id) == canonical_instrument(order.instrument)
        )
    )


def place(order: OrderRequest, request: RestRequest) -> RestFlow[OrderReport]:
    """Place an order. Accepted is not yet resting, nor filled."""
    created, received_ns = yield from ask(request, wire.Created)
    return accepted(order, created, request, received_ns)


def close_position(
    orders: Sequence[OrderRequest], context: FlowContext
) -> RestFlow[tuple[OrderReport, ...]]:
    """Close a futures position, by an order whose id is the request's.

    Raises:
        NotSupported: there are several; a position goes one way here.
    """
    if len(orders) != 1:
        raise NotSupported("closing two ways at once", exchange=NAME, operation="close_position")
    return _closed(orders[0], context)


def _closed(order: OrderRequest, context: FlowContext) -> RestFlow[tuple[OrderReport, ...]]:
    body = {
        "client_order_id": order.client_order_id,
        "product_id": symbol_of(order.instrument, context),
    }
    if order.quantity is not None:
        body["size"] = decimal_text(order.quantity)
    request = post(
        "close_position",
        "/orders/close_position",
        body,
        lane=Lane.PLACE,
        client_order_id=order.client_order_id,
    )
    return ((yield from place(order, request)),)


def preview(order: OrderRequest, context: FlowContext) -> RestFlow[OrderPreview]:
    """What an order would cost; it is HTTP 200 even with problems."""
    body = order_body(order, symbol_of(order.instrument, context))
    request = post("preview", "/orders/preview", body, lane=Lane.DATA, effect=Effect.READ)
    return _previewed(order, request)


def _previewed(order: OrderRequest, request: RestRequest) -> RestFlow[OrderPreview]:
    answer, _ = yield from ask(request, wire.WirePreview)
    return OrderPreview(
        exchange=NAME,
        instrument=order.instrument,
        total=answer.order_total,
        fee=answer.commission_total,
        average_price=answer.est_average_filled_price or None,
        slippage=answer.slippage,
        problems=_telling(answer.errs),
        warnings=_telling(answer.warning),
    )


def _telling(codes: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(code for code in codes or () if telling_code(code))


def edit(key: OrderKey, order: OrderRequest, context: FlowContext) -> RestFlow[None]:
    """Change price and total quantity of a resting order."""
    if order.price is None or order.quantity is None:
        message = "an edit states both the price and the new total quantity in base currency"
        raise NotSupported(message, exchange=NAME, operation="edit")
    fields = {"price": decimal_text(order.price), "size": decimal_text(order.quantity)}
    if order.stop_price is not None:
        fields["stop_price"] = decimal_text(order.stop_price)
    return _edited(key, fields, context)


def _edited(key: OrderKey, fields: dict[str, str], context: FlowContext) -> RestFlow[None]:
    order_id = yield from exchange_id(key, context, Lane.PLACE)
    request = post(
        "edit",
        "/orders/edit",
        {"order_id": order_id, **fields},
        lane=Lane.PLACE,
        client_order_id=key.client_order_id,
    )
    answer, _ = yield from ask(request, wire.EditAnswer)
    if answer.success:
        return
    errors = answer.errors if isinstance(answer.errors, list) else [answer.errors]
    codes = [
        error.get(member)
        for error in errors
        if isinstance(error, dict)
        for member in ("edit_failure_reason", "preview_failure_reason")
    ]
    newer = answer.error_response or wire.EditErrorResponse()
    code = telling_code(*codes, newer.edit_order_failure_reason)
    raise edit_refusal(code, newer.error_details or "", request.operation)


# ---------------------------------------------------------------- names


def exchange_id(key: OrderKey, context: FlowContext, lane: Lane) -> RestFlow[str]:
    """The exchange's id of an order, looked up if we have only ours: nothing takes client ids."""
    if key.exchange_order_id:
        return key.exchange_order_id
    found = yield from find_order(key.client_order_id, context, lane=lane)
    if found is None:
        raise _not_found(key)
    return found.order_id


def _not_found(key: OrderKey) -> OrderNotFound:
    name = key.client_order_id or key.exchange_order_id
    return OrderNotFound(f"the exchange lists no order {name!r}", exchange=NAME, operation="order")


# ---------------------------------------------------------------- reading


def order_by_id(
    order_id: str, *, lane: Lane = Lane.DATA, operation: str = "order"
) -> RestFlow[tuple[wire.WireOrder | None, int]]:
    """An order by the exchange's id; None where the answer holds null, as just after a create."""
    request = get(operation, f"/orders/historical/{segment(order_id)}", lane=lane)
    answer, received_ns = yield from ask(request, wire.OrderAnswer)
    return answer.order, received_ns


def order(key: OrderKey, context: FlowContext) -> RestFlow[OrderReport]:
    """One order's state, by either of its names."""
    if key.exchange_order_id:
        found, received_ns = yield from order_by_id(key.exchange_order_id)
    else:
        found = yield from find_order(key.client_order_id, context)
        received_ns = context.now_ns
    if found is None:
        raise _not_found(key)
    return as_report(found, received_ns)


def as_report(found: wire.WireOrder, received_time_ns: int) -> OrderReport:
    """A wire order as a report."""
    return read_as("order", found.order_id, lambda: report_from_query(found, received_time_ns))


def _order_pages(
    pairs: Iterable[tuple[str, str | int | None]], *, operation: str, lane: Lane, cursor: str
) -> RestFlow[tuple[wire.OrderPage, int]]:
    query = [*pairs, ("limit", _PAGE), ("cursor", cursor)]
    return (
        yield from ask(get(operation, "/orders/historical/batch", query, lane=lane), wire.OrderPage)
    )


def find_order(
    client_order_id: str,
    context: FlowContext,
    *,
    start_time_ns: int | None = None,
    lane: Lane = Lane.DATA,
) -> RestFlow[wire.WireOrder | None]:
    """The order with a client id, looked for among the newest orders.

    The list is not filtered by product: a USDC order may stand there under either name.
    """
    del context
    pairs = [("start_date", None if start_time_ns is None else to_rfc3339(start_time_ns))]
    cursor, seen = "", set[str]()
    for _ in range(_SEARCH_PAGES):
        page, _received = yield from _order_pages(
            pairs, operation="orders", lane=lane, cursor=cursor
        )
        for found in page.orders:
            if found.client_order_id == client_order_id:
                return found
        following = next_cursor(page.cursor if page.has_next else None, seen, "orders")
        if following is None:
            return None
        cursor = following
    return None


def orders(
    instrument: str,
    context: FlowContext,
    *,
    start_time_ns: int | None = None,
    end_time_ns: int | None = None,
    limit: int | None = None,
    statuses: tuple[str, ...] = (),
    lane: Lane = Lane.DATA,
) -> RestFlow[tuple[OrderReport, ...]]:
    """Orders created in a window, newest first."""
    pairs: list[tuple[str, str | int | None]] = [
        ("product_ids", symbol_of(instrument, context) if instrument else None),
        *(("order_status", status) for status in statuses),
        ("start_date", None if start_time_ns is None else to_rfc3339(start_time_ns)),
        ("end_date", None if end_time_ns is None else to_rfc3339(end_time_ns)),
    ]
    reports: list[OrderReport] = []
    cursor, seen = "", set[str]()
    while True:
        page, received_ns = yield from _order_pages(
            pairs, operation="orders", lane=lane, cursor=cursor
        )
        reports.extend(as_report(found, received_ns) for found in page.orders)
        if limit is not None and len(reports) >= limit:
            return tuple(reports[:limit])
        following = next_cursor(page.cursor if page.has_next else None, seen, "orders")
        if following is None:
            return tuple(reports)
        cursor = following


#: Open, but not on the book: `order_status=OPEN` leaves them out, and may not be mixed with them.
_IN_BETWEEN: Final = ("PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED")


def open_orders(
    instrument: str, context: FlowContext, *, lane: Lane = Lane.DATA
) -> RestFlow[tuple[OrderReport, ...]]:
    """Orders that are not final.

    Three lists, since no filter names them all and an unfiltered one is the account's whole
    history: those in between, the open ones, and those in between again. An order that goes
    from pending to open meanwhile is in the second, one that goes from open to being
    cancelled in the third. Each list is newer than the one before, so its word holds.
    """
    found: dict[str, OrderReport] = {}
    for statuses in (_IN_BETWEEN, ("OPEN",), _IN_BETWEEN):
        listed = yield from orders(instrument, context, statuses=statuses, lane=lane)
        found.update((report.exchange_order_id, report) for report in listed)
    return tuple(report for report in found.values() if not report.status.is_final)
