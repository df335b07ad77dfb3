"""Conversations that close what is open: a margin trade, or the position of an instrument.

The exchange makes the orders that do it, and fills or cancels each at once. Asked for a side that
is flat, it refuses the request as a whole, so that only sides that are open are to be named; the
other is said to be left alone, since what an omitted one means is documented in two ways.

Followed: "Position Endpoints" (close); "Trade Endpoints" (close).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from attrs import evolve

from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.exchanges.oanda.asking import ask
from venuetree.protocol.exchanges.oanda.order_bodies import closed_units, extensions_body
from venuetree.protocol.exchanges.oanda.placing_flows import (
    answered_fate,
    is_unexecuted,
    outcome_of,
    told_in,
)
from venuetree.protocol.exchanges.oanda.reading import NAME, symbol_of
from venuetree.protocol.exchanges.oanda.refusals import unexecuted
from venuetree.protocol.exchanges.oanda.requests import account_write, quoted
from venuetree.protocol.models import (
    ClientExtensions,
    Closing,
    MarginTerms,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
)
from venuetree.protocol.port import FlowContext, Lane, RestFlow, RestRequest

__all__ = ["close_position", "place_closing"]

#: By the side of the order that closes it.
_PREFIXES: Final = {Side.SELL: "long", Side.BUY: "short"}
_NOT_CLOSED: Final = "what was to be closed is as it was"


def place_closing(
    order: OrderRequest, closing: Closing, context: FlowContext
) -> RestFlow[OrderReport]:
    """Place an order that closes a margin trade, or one side of a position.

    Raises:
        ExchangeRefused: of the order's kind: refused, or taken and not executed.
    """
    if closing.trade_id:
        return _close_trade(order, closing.trade_id)
    return _first(close_position((order,), context, operation="place"))


def _first(asked: RestFlow[tuple[OrderReport, ...]]) -> RestFlow[OrderReport]:
    return (yield from asked)[0]


# ---------------------------------------------------------------- a trade


def _close_trade(order: OrderRequest, trade_id: str) -> RestFlow[OrderReport]:
    """Its order cannot be given an id of ours: it is known by the trade that it closes."""
    _terms(order, "place")
    request = account_write(
        "PUT",
        "place",
        f"/trades/{quoted(trade_id)}/close",
        {"units": closed_units(order, "place")},
        lane=Lane.PLACE,
        client_order_id=order.client_order_id,
    )
    return ask(
        request,
        lambda body, received_time_ns: outcome_of(
            order,
            request,
            received_time_ns,
            created=body["orderCreateTransaction"],
            later=told_in(body, "orderFillTransaction", "orderCancelTransaction"),
        ),
    )


# ---------------------------------------------------------------- a position


def close_position(
    orders: Sequence[OrderRequest], context: FlowContext, *, operation: str = "close_position"
) -> RestFlow[tuple[OrderReport, ...]]:
    """Close an instrument's position: by an order that sells what is long, buys what is short.

    Of two of which one was not executed that one is told as rejected.

    Raises:
        PositionNotFound: a side is flat: nothing was closed.
        ExchangeRefused: of an order's kind: nothing was executed.
        OrderInvalid: orders that do not close one position, each a side of it.
    """
    sides = [order.side for order in orders]
    if not sides or len(set(sides)) != len(sides):
        raise _invalid("a position is closed by one order a side", str(len(sides)))
    instruments = {order.instrument for order in orders}
    if len(instruments) != 1:
        raise _invalid("the orders are of several instruments", ", ".join(sorted(instruments)))
    body: dict[str, Any] = {f"{prefix}Units": "NONE" for prefix in _PREFIXES.values()}
    for order in orders:
        margin = _terms(order, operation)
        if margin.closing is not None and margin.closing.trade_id:
            raise _invalid("a trade is closed by itself", margin.closing.trade_id)
        prefix = _PREFIXES[order.side]
        body[f"{prefix}Units"] = closed_units(order, operation)
        own = ClientExtensions(order.client_order_id, margin.tag, margin.comment)
        body[f"{prefix}ClientExtensions"] = extensions_body(own)
    request = account_write(
        "PUT",
        operation,
        f"/positions/{quoted(symbol_of(orders[0].instrument, context))}/close",
        body,
        lane=Lane.PLACE,
        client_order_id=orders[0].client_order_id,
    )
    return ask(request, partial(_closed, tuple(orders), request))


def _terms(order: OrderRequest, operation: str) -> MarginTerms:
    margin = order.margin
    if margin is None or margin.closing is None:
        raise _invalid("the order does not say that it closes something", operation)
    if order.type is not OrderType.MARKET:
        raise _invalid("what closes is a market order", order.type.value)
    return margin


def _closed(
    orders: tuple[OrderRequest, ...],
    request: RestRequest,
    body: Mapping[str, Any],
    received_time_ns: int,
) -> tuple[OrderReport, ...]:
    fates = [_fate(order, request, body, received_time_ns) for order in orders]
    if all(is_unexecuted(fate) for fate in fates):
        raise unexecuted(fates[0].reason, request.operation)
    return tuple(
        evolve(fate, status=OrderStatus.REJECTED, reason=fate.reason or _NOT_CLOSED)
        if is_unexecuted(fate)
        else fate
        for fate in fates
    )


def _fate(
    order: OrderRequest, request: RestRequest, body: Mapping[str, Any], received_time_ns: int
) -> OrderReport:
    prefix = _PREFIXES[order.side]
    return answered_fate(
        order,
        request,
        received_time_ns,
        created=body[f"{prefix}OrderCreateTransaction"],
        later=told_in(body, f"{prefix}OrderFillTransaction", f"{prefix}OrderCancelTransaction"),
    )


def _invalid(message: str, value: str) -> OrderInvalid:
    return OrderInvalid(message, rule="closing", value=value, exchange=NAME)
