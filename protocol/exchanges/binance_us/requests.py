"""Questions and orders as HTTP requests: parameters, lanes, and what each costs.

Two generations of the documents weigh requests differently; the larger figure is counted here, and
the headers of the replies correct the count. Every request also counts as a raw one.

Parameters go in the query, but those of a POST in a form body; values are percent-encoded before
anything is signed. Nothing may be sent that an order's type does not ask for: the exchange refuses
what it does not read.

Followed: "General API Information"; "New order"; "Exchange information" (rate limits).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from typing import Final, NoReturn
from urllib.parse import quote

from venuetree.protocol.errors import NotSupported, OrderInvalid
from venuetree.protocol.exchanges.binance_us.reading import NAME, symbol_name
from venuetree.protocol.models import (
    LiquidityPreference,
    OcoRequest,
    OrderKey,
    OrderRequest,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.numbers import decimal_text
from venuetree.protocol.port import Auth, Cost, Effect, FlowContext, Lane, RestRequest
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "DEPTH_AT_MOST",
    "Pairs",
    "cancel_all_request",
    "cancel_request",
    "oco_request",
    "order_parameters",
    "place_request",
    "public_get",
    "replace_request",
    "signed_get",
    "stream_key_request",
    "symbol_of",
]

Pairs = Iterable[tuple[str, str | int | Decimal | None]]

#: "Limits": the exchange gives up on an order after about ten seconds, and says so (-1007).
_ORDER_TIMEOUT_NS: Final = 15 * SECOND
_FORM: Final = (("content-type", "application/x-www-form-urlencoded"),)
#: What percent-encoding leaves as it is.
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)
_CLIENT_ID: Final = re.compile(r"[a-zA-Z0-9-_]{1,36}", re.ASCII)
DEPTH_AT_MOST: Final = 5000

_SIDES: Final = {Side.BUY: "BUY", Side.SELL: "SELL"}
_TIMES_IN_FORCE: Final = {
    TimeInForce.GOOD_TILL_CANCELLED: "GTC",
    TimeInForce.IMMEDIATE_OR_CANCEL: "IOC",
    TimeInForce.FILL_OR_KILL: "FOK",
}
#: A stop that the market reaches by moving against the order is a stop loss, else a take profit.
_STOP_TYPES: Final = {
    (Side.BUY, StopDirection.UP): "STOP_LOSS_LIMIT",
    (Side.SELL, StopDirection.DOWN): "STOP_LOSS_LIMIT",
    (Side.BUY, StopDirection.DOWN): "TAKE_PROFIT_LIMIT",
    (Side.SELL, StopDirection.UP): "TAKE_PROFIT_LIMIT",
}


def symbol_of(instrument: str, context: FlowContext) -> str:
    """The exchange's spelling: by its list, else without the hyphen."""
    known = context.instruments.get(instrument)
    return symbol_name(instrument) if known is None else known.exchange_symbol


def _encoded(pairs: Pairs) -> str:
    """Those that are set, percent-encoded, in their order."""
    return "&".join(f"{name}={_text(value)}" for name, value in pairs if value is not None)


def _text(value: str | int | Decimal) -> str:
    plain = decimal_text(value) if isinstance(value, Decimal) else str(value)
    return plain if _UNRESERVED.fullmatch(plain) is not None else quote(plain, safe="")


@cache
def _costs(weight: int, orders: int = 0) -> tuple[Cost, ...]:
    costs = (Cost("weight_1m", weight), Cost("raw_5m"))
    if not orders:
        return costs
    return (*costs, Cost("orders_10s", orders), Cost("orders_1d", orders))


# ---------------------------------------------------------------- questions


def public_get(
    operation: str, path: str, pairs: Pairs = (), *, weight: int, lane: Lane = Lane.DATA
) -> RestRequest:
    """A question that needs no key."""
    return RestRequest(
        operation=operation,
        method="GET",
        path=f"/api/v3{path}",
        query=_encoded(pairs),
        auth=Auth.NONE,
        lane=lane,
        costs=_costs(weight),
    )


def signed_get(
    operation: str, path: str, pairs: Pairs = (), *, weight: int, lane: Lane = Lane.DATA
) -> RestRequest:
    """A question about the account."""
    return RestRequest(
        operation=operation,
        method="GET",
        path=f"/api/v3{path}",
        query=_encoded(pairs),
        lane=lane,
        costs=_costs(weight),
    )


def stream_key_request(operation: str, method: str, pairs: Pairs = ()) -> RestRequest:
    """Something about a listen key: the API key in the header, no signature, no time."""
    return RestRequest(
        operation=operation,
        method=method,
        path="/api/v3/userDataStream",
        query=_encoded(pairs),
        auth=Auth.KEY,
        costs=_costs(2),
    )


# ---------------------------------------------------------------- orders


def place_request(
    order: OrderRequest, context: FlowContext, *, operation: str = "place", is_test: bool = False
) -> RestRequest:
    """The order's request, or that of its trial.

    Raises:
        OrderInvalid: a member that its type needs is missing, or its id cannot be one here.
        NotSupported: the exchange has no such order.
    """
    return _order_post(
        operation,
        "/order/test" if is_test else "/order",
        order_parameters(order, symbol_of(order.instrument, context)),
        order.client_order_id,
        orders=0 if is_test else 1,
    )


def _order_post(
    operation: str, path: str, pairs: Pairs, client_order_id: str, *, orders: int
) -> RestRequest:
    """A request that places so many orders; one of none is a question."""
    return RestRequest(
        operation=operation,
        method="POST",
        path=f"/api/v3{path}",
        body=_encoded(pairs).encode(),
        headers=_FORM,
        effect=Effect.WRITE if orders else Effect.READ,
        lane=Lane.PLACE if orders else Lane.DATA,
        costs=_costs(1, orders=orders),
        client_order_id=client_order_id,
        timeout_ns=_ORDER_TIMEOUT_NS,
    )


def oco_request(oco: OcoRequest, context: FlowContext) -> RestRequest:
    """Two orders of which one cancels the other, each under its own client order id.

    By the request that both generations of the documents have ("New OCO").

    Raises:
        OrderInvalid, NotSupported: as of `place_request`, of either.
    """
    limit, stop = oco.orders
    symbol = symbol_of(limit.instrument, context)
    for order in oco.orders:
        order_parameters(order, symbol)
    pairs = (
        ("symbol", symbol),
        ("side", _SIDES[limit.side]),
        ("quantity", _quantity(limit)),
        ("price", _price(limit)),
        ("limitClientOrderId", limit.client_order_id or None),
        ("stopPrice", stop.stop_price),
        ("stopLimitPrice", _price(stop)),
        ("stopLimitTimeInForce", _time_in_force(stop)),
        ("stopClientOrderId", stop.client_order_id or None),
        ("newOrderRespType", "RESULT"),
    )
    # Either id finds the pair; it is the one that an unknown outcome names.
    return _order_post("place_oco", "/order/oco", pairs, limit.client_order_id, orders=2)


def replace_request(
    key: OrderKey, order: OrderRequest, context: FlowContext, *, if_partially_filled: bool
) -> RestRequest:
    """A cancel and, only if it succeeds, a new order.

    Raises:
        OrderInvalid, NotSupported: as of `place_request`.
    """
    pairs = (
        *order_parameters(order, symbol_of(order.instrument, context)),
        ("cancelReplaceMode", "STOP_ON_FAILURE"),
        ("cancelOrderId", key.exchange_order_id or None),
        ("cancelOrigClientOrderId", None if key.exchange_order_id else key.client_order_id),
        ("cancelRestrictions", None if if_partially_filled else "ONLY_NEW"),
    )
    return _order_post("replace", "/order/cancelReplace", pairs, order.client_order_id, orders=1)


def cancel_request(
    symbol: str, *, order_id: str, client_order_id: str, operation: str = "cancel"
) -> RestRequest:
    """A cancel by the exchange's id if that is known: ours may name another order by now."""
    pairs: Pairs = (
        ("symbol", symbol),
        ("orderId", order_id or None),
        ("origClientOrderId", None if order_id else client_order_id),
    )
    return RestRequest(
        operation=operation,
        method="DELETE",
        path="/api/v3/order",
        query=_encoded(pairs),
        effect=Effect.WRITE,
        lane=Lane.CANCEL,
        costs=_costs(1),
        client_order_id=client_order_id,
        timeout_ns=_ORDER_TIMEOUT_NS,
    )


def cancel_all_request(symbol: str) -> RestRequest:
    """A cancel of all open orders of a symbol."""
    return RestRequest(
        operation="cancel_all",
        method="DELETE",
        path="/api/v3/openOrders",
        query=_encoded((("symbol", symbol),)),
        effect=Effect.WRITE,
        lane=Lane.CANCEL,
        costs=_costs(1),
        timeout_ns=_ORDER_TIMEOUT_NS,
    )


def order_parameters(order: OrderRequest, symbol: str) -> Pairs:
    """What is sent of an order, and nothing else; always the same for the same order."""
    client_order_id = order.client_order_id
    if client_order_id and _CLIENT_ID.fullmatch(client_order_id) is None:
        _invalid(
            "a client order id here is 1 to 36 letters, digits, hyphens and underscores",
            "newClientOrderId",
            client_order_id,
        )
    if order.attached is not None:
        _not_supported("exits cannot be attached to an order")
    terms = _TERMS.get(order.type)
    if terms is None:
        _not_supported(f"an order of type {order.type.value} cannot be placed")
    if order.expire_time_ns is not None:
        _not_supported("an order cannot end at a date")
    if order.quantity is not None and order.quote_quantity is not None:
        _invalid("an order has one quantity, in base or in quote currency", "quantity")
    if order.stop_price is not None and order.type is not OrderType.STOP_LIMIT:
        _invalid(
            f"a {order.type.value} order has no stop price",
            "stopPrice",
            decimal_text(order.stop_price),
        )
    return (
        ("symbol", symbol),
        ("side", _SIDES[order.side]),
        *terms(order),
        ("newClientOrderId", client_order_id or None),
        # Stop orders are else acknowledged without their state.
        ("newOrderRespType", "RESULT"),
    )


def _market(order: OrderRequest) -> Pairs:
    # Good till cancelled is the request's default: of a market order it says nothing.
    if order.time_in_force not in {
        TimeInForce.GOOD_TILL_CANCELLED,
        TimeInForce.IMMEDIATE_OR_CANCEL,
    }:
        _not_supported("a market order takes what there is and waits for nothing")
    if order.liquidity is LiquidityPreference.MAKER_ONLY:
        _not_supported("a market order cannot be maker-only")
    if order.price is not None:
        _invalid("a market order has no price", "price", decimal_text(order.price))
    if order.quote_quantity is not None:
        return (("type", "MARKET"), ("quoteOrderQty", order.quote_quantity))
    return (("type", "MARKET"), ("quantity", _quantity(order)))


def _limit(order: OrderRequest) -> Pairs:
    terms = (("quantity", _quantity(order)), ("price", _price(order)))
    if order.liquidity is LiquidityPreference.MAKER_ONLY:
        if order.time_in_force is not TimeInForce.GOOD_TILL_CANCELLED:
            _not_supported("only an order that may rest can be maker-only")
        return (("type", "LIMIT_MAKER"), *terms)
    return (("type", "LIMIT"), ("timeInForce", _time_in_force(order)), *terms)


def _stop_limit(order: OrderRequest) -> Pairs:
    if order.liquidity is LiquidityPreference.MAKER_ONLY:
        _not_supported("a stop-limit order cannot be maker-only")
    if order.stop_direction is None or order.stop_price is None:
        _invalid("a stop-limit order needs a stop price and its direction", "stopPrice")
    return (
        ("type", _STOP_TYPES[order.side, order.stop_direction]),
        ("timeInForce", _time_in_force(order)),
        ("quantity", _quantity(order)),
        ("price", _price(order)),
        ("stopPrice", order.stop_price),
    )


_TERMS: Final[Mapping[OrderType, Callable[[OrderRequest], Pairs]]] = {
    OrderType.MARKET: _market,
    OrderType.LIMIT: _limit,
    OrderType.STOP_LIMIT: _stop_limit,
}


def _time_in_force(order: OrderRequest) -> str:
    word = _TIMES_IN_FORCE.get(order.time_in_force)
    if word is None:
        _not_supported("an order cannot end at a date")
    return word


def _quantity(order: OrderRequest) -> Decimal:
    if order.quote_quantity is not None:
        _not_supported("only a market order can be sized in quote currency")
    if order.quantity is None:
        _invalid("an order needs a quantity", "quantity")
    return order.quantity


def _price(order: OrderRequest) -> Decimal:
    if order.price is None:
        _invalid(f"a {order.type.value} order needs a price", "price")
    return order.price


def _invalid(message: str, rule: str, value: str = "") -> NoReturn:
    raise OrderInvalid(message, rule=rule, value=value, exchange=NAME)


def _not_supported(message: str) -> NoReturn:
    raise NotSupported(message, exchange=NAME, operation="place")
