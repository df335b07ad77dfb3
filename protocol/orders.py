"""The state machine of one order: what may follow what, and how news is merged into what is known.

News of an order comes by several ways (reply, stream, query, executions), late, twice and in any
order. These functions take an order and a piece of news and give the order as it is then known;
they never take it backwards:

- `TRANSITIONS` says which state may follow which. News of a state that may not follow is old:
  its state is ignored, what else it tells is merged by the rules below.
- `filled_quantity` never falls. An average price and fees belong to the quantity that they were
  told with; those of a smaller quantity than is known are old.
- What was executed decides. An order whose whole quantity is filled is FILLED, whatever is said
  of it: that beats CANCELLED and EXPIRED, before or after, because a cancel or an expiry is a
  statement about the rest of an order, and there was none. A rejected order of which something
  was executed was not rejected, but ended: CANCELLED.
- Between other final states the first one told stays; nobody's money depends on which.
- REJECTED without the exchange's order id says "there is no such order". It is void against the
  exchange's word that there is one, in either sequence: a proof of absence may have been wrong,
  and a refusal may have been of a repeated request. So it is the one end that an order can be
  brought back from, and only by news that carries the exchange's id.
- UNKNOWN ends with any state that the exchange tells. Executions alone do not end it, unless they
  fill the order: what became of the rest is still to be asked.
- `is_cancelling` stays until the order is final or the cancel was refused.
"""

from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Any, Final, TypeVar

from venuetree.protocol.building import evolver
from venuetree.protocol.models import (
    Fill,
    Order,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)

__all__ = [
    "TRANSITIONS",
    "adopt_order",
    "apply_cancel_refused",
    "apply_cancelling",
    "apply_editing",
    "apply_fills",
    "apply_rejected",
    "apply_report",
    "apply_sent",
    "apply_unknown",
    "as_report",
    "is_rejected_unnumbered",
    "may_be_of",
    "may_execute",
    "new_order",
]

_NEW, _SENT, _OPEN, _PARTIAL, _FILLED, _CANCELLED, _EXPIRED, _REJECTED, _UNKNOWN = OrderStatus

#: What may follow each state; what stays the same is no transition. The final states' rows hold
#: the corrections that executions force, see above.
TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    _NEW: frozenset(OrderStatus) - {_NEW},
    _SENT: frozenset(OrderStatus) - {_NEW, _SENT},
    _OPEN: frozenset({_PARTIAL, _FILLED, _CANCELLED, _EXPIRED, _REJECTED, _UNKNOWN}),
    _PARTIAL: frozenset({_FILLED, _CANCELLED, _EXPIRED, _UNKNOWN}),
    _UNKNOWN: frozenset({_OPEN, _PARTIAL, _FILLED, _CANCELLED, _EXPIRED, _REJECTED}),
    _FILLED: frozenset(),
    _CANCELLED: frozenset({_FILLED}),
    _EXPIRED: frozenset({_FILLED}),
    _REJECTED: frozenset({_CANCELLED, _FILLED}),
}

T = TypeVar("T")

_evolve: Final = evolver(Order)

_ZERO = Decimal(0)
# Sums and products of what exchanges send are exact in this; an average has the usual digits.
_EXACT = Context(prec=100)
_AVERAGE = Context(prec=28)


# ---------------------------------------------------------------- beginnings


def new_order(exchange: str, request: OrderRequest, now_ns: int) -> Order:
    """An order of ours before anything is sent."""
    return Order(
        exchange=exchange,
        instrument=request.instrument,
        client_order_id=request.client_order_id,
        exchange_order_id="",
        side=request.side,
        type=request.type,
        status=_NEW,
        time_in_force=request.time_in_force,
        quantity=request.quantity,
        quote_quantity=request.quote_quantity,
        price=request.price,
        stop_price=request.stop_price,
        created_time_ns=now_ns,
        updated_time_ns=now_ns,
    )


def adopt_order(report: OrderReport) -> Order | None:
    """An order that was placed elsewhere; None while the exchange has not told its side.

    A type or time in force that is not told becomes OTHER or good till cancelled.
    """
    if report.side is None:
        return None
    bare = Order(
        exchange=report.exchange,
        instrument=report.instrument,
        client_order_id=report.client_order_id,
        exchange_order_id=report.exchange_order_id,
        side=report.side,
        type=report.type or OrderType.OTHER,
        status=_SENT,
        time_in_force=report.time_in_force or TimeInForce.GOOD_TILL_CANCELLED,
    )
    return apply_report(bare, report)


def may_be_of(request: OrderRequest, told: OrderReport | Order) -> bool:
    """Whether what is told can be told of the order that was asked for, by side, size and price.

    What is not told is no difference, nor is the size of an order that closes all there is.
    """
    closing = None if request.margin is None else request.margin.closing
    is_whole = closing is not None and closing.is_whole
    pairs = (
        (request.side, told.side),
        (None if is_whole else request.quantity, told.quantity),
        (request.price, told.price),
    )
    return all(asked is None or said is None or asked == said for asked, said in pairs)


def may_execute(request: OrderRequest, fill: Fill) -> bool:
    """Whether an execution can be of the order that was asked for: as much, and no dearer."""
    if (request.instrument, request.side) != (fill.instrument, fill.side):
        return False
    if request.type is not OrderType.LIMIT or request.price is None:
        return True
    is_dearer = fill.price > request.price if fill.side is Side.BUY else fill.price < request.price
    is_more = request.quantity is not None and fill.quantity > request.quantity
    return not (is_dearer or is_more)


# ---------------------------------------------------------------- news


def apply_report(order: Order, report: OrderReport) -> Order:
    """The order after the exchange told something of it; the very same if that was nothing new."""
    if report.status is _REJECTED and not report.exchange_order_id and order.exchange_order_id:
        return order  # void: that order is there
    status, is_told_final = order.status, report.status.is_final
    if report.exchange_order_id and is_rejected_unnumbered(order):
        status = _UNKNOWN
    quantity = _first(order.quantity, report.quantity)
    told_filled = report.filled_quantity
    if told_filled is None and report.status is _FILLED:
        told_filled = quantity
    is_newest = told_filled is not None and told_filled >= order.filled_quantity
    if report.quantity is not None and is_newest and not (status.is_final or is_told_final):
        quantity = report.quantity  # it may have been edited
    filled = max(order.filled_quantity, told_filled or _ZERO)
    status = _follow(status, _weigh(report.status, filled, quantity))
    is_final = status.is_final
    return _changed(
        order,
        _first(report.exchange_time_ns, report.received_time_ns),
        exchange_order_id=order.exchange_order_id or report.exchange_order_id,
        client_order_id=order.client_order_id or report.client_order_id,
        status=status,
        type=report.type if order.type is OrderType.OTHER and report.type else order.type,
        quantity=quantity,
        quote_quantity=_first(order.quote_quantity, report.quote_quantity),
        price=_newer(order.price, report.price, is_kept=is_final or is_told_final),
        stop_price=_newer(order.stop_price, report.stop_price, is_kept=is_final or is_told_final),
        filled_quantity=filled,
        average_price=_told(order.average_price, report.average_price, is_newest=is_newest),
        fees=_told(order.fees, report.fees, is_newest=is_newest) or _ZERO,
        is_cancelling=(order.is_cancelling or report.is_cancelling) and not is_final,
        reason=_reason(order, status, report.reason),
        created_time_ns=_first(report.created_time_ns, order.created_time_ns),
        list_id=order.list_id or report.list_id,
        trade_id=order.trade_id or report.trade_id,
    )


def as_report(order: Order) -> OrderReport:
    """What is known of an order as news, to be merged into another that proves to be the same."""
    return OrderReport(
        exchange=order.exchange,
        instrument=order.instrument,
        exchange_order_id=order.exchange_order_id,
        status=order.status,
        source=ReportSource.STREAM,
        received_time_ns=order.updated_time_ns or 0,
        filled_quantity=order.filled_quantity,
        average_price=order.average_price,
        fees=order.fees,
        is_cancelling=order.is_cancelling,
        reason=order.reason,
        created_time_ns=order.created_time_ns,
        exchange_time_ns=order.updated_time_ns,
        list_id=order.list_id,
        trade_id=order.trade_id,
    )


def apply_fills(order: Order, fills: Iterable[Fill], now_ns: int) -> Order:
    """The order after all its known executions have been reckoned up.

    Once they account for all that is filled, the average price is reckoned from them, and so are
    the fees if they are all in one currency; until then the exchange's figures stay.
    """
    known = tuple(fills)
    if not known:
        return order
    total, value, fees = _ZERO, _ZERO, _ZERO
    for fill in known:
        total = _EXACT.add(total, fill.quantity)
        value = _EXACT.fma(fill.price, fill.quantity, value)
        fees = _EXACT.add(fees, fill.fee)
    filled = max(order.filled_quantity, total)
    status = _UNKNOWN if is_rejected_unnumbered(order) else order.status
    # An order of unknown state stays so: executions do not tell what became of its rest.
    told = _UNKNOWN if status is _UNKNOWN else _PARTIAL
    if status is _REJECTED:
        told = _CANCELLED
    status = _follow(status, _weigh(told, filled, order.quantity))
    is_complete = total == filled
    is_one_currency = len({fill.fee_currency for fill in known}) == 1
    return _changed(
        order,
        now_ns,
        exchange_order_id=order.exchange_order_id or known[0].exchange_order_id,
        status=status,
        filled_quantity=filled,
        average_price=_average(known, value, total) if is_complete else order.average_price,
        fees=fees if is_complete and is_one_currency else order.fees,
        is_cancelling=order.is_cancelling and not status.is_final,
    )


def apply_sent(order: Order, now_ns: int) -> Order:
    """The order's first byte may have left."""
    return _changed(order, now_ns, status=_follow(order.status, _SENT))


def apply_unknown(order: Order, reason: str, now_ns: int) -> Order:
    """The order was sent and no verdict came.

    Nothing new once the exchange has spoken of it, or if that was known: the first reason stays.
    """
    if order.status not in {_NEW, _SENT}:
        return order
    return _changed(order, now_ns, status=_UNKNOWN, reason=reason)


def apply_rejected(order: Order, reason: str, now_ns: int) -> Order:
    """The order does not exist: refused, never sent, or proved absent.

    Void if the exchange has numbered the order or executed some of it.
    """
    if order.exchange_order_id or order.filled_quantity or order.status.is_final:
        return order
    return _changed(order, now_ns, status=_REJECTED, reason=reason)


def apply_editing(order: Order, quantity: Decimal | None, now_ns: int) -> Order:
    """A new quantity is about to be sent.

    Until the exchange tells which one holds, the larger one is taken to, so that executions of
    the new rest are not mistaken for the end of the old order.
    """
    if quantity is None or order.quantity is None or order.status.is_final:
        return order
    return _changed(order, now_ns, quantity=max(order.quantity, quantity))


def apply_cancelling(order: Order, now_ns: int) -> Order:
    """The exchange accepted a cancel."""
    return _changed(order, now_ns, is_cancelling=not order.status.is_final)


def apply_cancel_refused(order: Order, now_ns: int) -> Order:
    """The exchange refused a cancel."""
    return _changed(order, now_ns, is_cancelling=False)


def is_rejected_unnumbered(order: Order) -> bool:
    """Whether the order is taken not to exist: the end that the exchange's word can undo."""
    return order.status is _REJECTED and not order.exchange_order_id


# ---------------------------------------------------------------- rules


def _weigh(told: OrderStatus, filled: Decimal, quantity: Decimal | None) -> OrderStatus:
    """What is told, corrected by what was executed."""
    if quantity is not None and 0 < quantity <= filled:
        return _FILLED
    if filled > 0:
        match told:
            case OrderStatus.OPEN:
                return _PARTIAL
            case OrderStatus.REJECTED:
                return _CANCELLED
            case _:
                pass
    return told


def _follow(status: OrderStatus, told: OrderStatus) -> OrderStatus:
    """The told state if it may follow, else the one that is."""
    return told if told in TRANSITIONS[status] else status


def _told(known: Decimal | None, told: Decimal | None, *, is_newest: bool) -> Decimal | None:
    return told if is_newest and told is not None else known


def _newer(known: Decimal | None, told: Decimal | None, *, is_kept: bool) -> Decimal | None:
    """A figure that an edit may have changed; a final report often has it wrong or zero."""
    return _first(known, told) if is_kept else _first(told, known)


def _reason(order: Order, status: OrderStatus, told: str) -> str:
    """The reason of the state that is; an unknown order's goes with its uncertainty."""
    if status is order.status:
        return order.reason or told
    return told


def _average(fills: tuple[Fill, ...], value: Decimal, total: Decimal) -> Decimal | None:
    first = fills[0].price
    if all(fill.price == first for fill in fills):
        return first  # with the digits the exchange sent
    return _AVERAGE.divide(value, total) if total else None


def _changed(order: Order, time_ns: int | None, **news: Any) -> Order:
    """The order with the news and its time, which never falls; itself if nothing is new."""
    for name, value in news.items():
        if getattr(order, name) != value:
            break
    else:
        return order
    times = [t for t in (order.updated_time_ns, time_ns) if t is not None]
    return _evolve(order, **news, updated_time_ns=max(times, default=None))


def _first(one: T | None, other: T | None) -> T | None:
    """The first of the two that is known."""
    return other if one is None else one
