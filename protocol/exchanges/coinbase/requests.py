"""Our orders as Coinbase's bodies, and the pieces that every request is made of.

A body is a pure function of the order, so that sending it again sends the same bytes.
"""

from collections.abc import Iterable
from typing import Any, Final, NoReturn
from urllib.parse import quote, urlencode

import orjson

from venuetree.protocol.errors import NotSupported, OrderInvalid
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.models import (
    Bracket,
    LiquidityPreference,
    OrderRequest,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.numbers import decimal_text
from venuetree.protocol.port import Auth, Cost, Effect, Lane, RestRequest
from venuetree.protocol.timestamps import to_rfc3339

__all__ = [
    "PREFIX",
    "PRIVATE",
    "PUBLIC",
    "create_body",
    "get",
    "order_configuration",
    "post",
    "public_get",
    "query_of",
    "segment",
]

PREFIX: Final = "/api/v3/brokerage"

#: Windows of the profile that a request of each kind draws on.
PRIVATE: Final = (Cost("private"), Cost("hour"))
PUBLIC: Final = (Cost("public"),)

_JSON: Final = (("content-type", "application/json"),)
#: Public answers are cached for about a second unless asked otherwise.
_FRESH: Final = (("cache-control", "no-cache"),)


def segment(text: str) -> str:
    """One path segment, percent-encoded whatever it holds."""
    return quote(text, safe="")


def query_of(pairs: Iterable[tuple[str, str | int | None]]) -> str:
    """An encoded query of the pairs that have a value; a key may come several times."""
    return urlencode([(key, value) for key, value in pairs if value is not None and value != ""])


def get(
    operation: str,
    path: str,
    pairs: Iterable[tuple[str, str | int | None]] = (),
    *,
    lane: Lane = Lane.DATA,
) -> RestRequest:
    """A signed question."""
    return RestRequest(operation, "GET", PREFIX + path, query_of(pairs), lane=lane, costs=PRIVATE)


def public_get(
    operation: str, path: str, pairs: Iterable[tuple[str, str | int | None]] = ()
) -> RestRequest:
    """A question that needs no key."""
    return RestRequest(
        operation,
        "GET",
        PREFIX + path,
        query_of(pairs),
        headers=_FRESH,
        auth=Auth.NONE,
        costs=PUBLIC,
    )


def post(
    operation: str,
    path: str,
    body: Any,
    *,
    lane: Lane,
    effect: Effect = Effect.WRITE,
    client_order_id: str = "",
) -> RestRequest:
    """A signed order or cancel, or (with `Effect.READ`) a question that has a body."""
    return RestRequest(
        operation,
        "POST",
        PREFIX + path,
        body=orjson.dumps(body),
        headers=_JSON,
        effect=effect,
        lane=lane,
        costs=PRIVATE,
        client_order_id=client_order_id,
    )


# ---------------------------------------------------------------- orders

_SIDES: Final = {Side.BUY: "BUY", Side.SELL: "SELL"}
_STOP_DIRECTIONS: Final = {
    StopDirection.UP: "STOP_DIRECTION_STOP_UP",
    StopDirection.DOWN: "STOP_DIRECTION_STOP_DOWN",
}
_LIMIT_VARIANTS: Final = {
    TimeInForce.GOOD_TILL_CANCELLED: "limit_limit_gtc",
    TimeInForce.GOOD_TILL_DATE: "limit_limit_gtd",
    TimeInForce.FILL_OR_KILL: "limit_limit_fok",
    # There is no `limit_limit_ioc`.
    TimeInForce.IMMEDIATE_OR_CANCEL: "sor_limit_ioc",
}


def _invalid(message: str, rule: str) -> NoReturn:
    raise OrderInvalid(message, rule=rule, exchange=NAME)


def _not_supported(message: str) -> NoReturn:
    raise NotSupported(message, exchange=NAME, operation="place")


def _size(order: OrderRequest) -> dict[str, str]:
    quantity, quote_quantity = order.quantity, order.quote_quantity
    if quantity is None and quote_quantity is None:
        _invalid("neither quantity nor quote_quantity is set", "quantity")
    if quantity is not None and quote_quantity is not None:
        _invalid("both quantity and quote_quantity are set", "quantity")
    if quantity is not None:
        return {"base_size": decimal_text(quantity)}
    return {} if quote_quantity is None else {"quote_size": decimal_text(quote_quantity)}


def _base_size(order: OrderRequest) -> dict[str, str]:
    size = _size(order)
    if "base_size" not in size:
        _not_supported(f"a {order.type.value} order is sized in base currency")
    return size


def _price(order: OrderRequest) -> str:
    if order.price is None:
        _invalid(f"a {order.type.value} order needs a price", "limit_price")
    return decimal_text(order.price)


def _stop_price(order: OrderRequest) -> str:
    if order.stop_price is None:
        _invalid(f"a {order.type.value} order needs a stop price", "stop_price")
    return decimal_text(order.stop_price)


def _end_time(order: OrderRequest) -> dict[str, str]:
    if order.time_in_force is not TimeInForce.GOOD_TILL_DATE:
        return {}
    if order.expire_time_ns is None:
        _invalid("a good-till-date order needs expire_time_ns", "end_time")
    return {"end_time": to_rfc3339(order.expire_time_ns)}


def _market(order: OrderRequest) -> dict[str, Any]:
    _no_maker_only(order)
    # Good till cancelled is the request's default: of a market order it says nothing.
    match order.time_in_force:
        case TimeInForce.GOOD_TILL_CANCELLED | TimeInForce.IMMEDIATE_OR_CANCEL:
            variant = "market_market_ioc"
        case TimeInForce.FILL_OR_KILL:
            variant = "market_market_fok"
        case TimeInForce.GOOD_TILL_DATE | TimeInForce.GOOD_FOR_DAY:
            _not_supported("a market order cannot wait")
    size = _size(order)
    if order.side is Side.SELL and "base_size" not in size:
        # The exchange would read the quote amount as base: it sold 10 DOGE for "10 USD".
        _not_supported("a market sell is sized in base currency")
    if order.price is not None:
        _invalid("a market order has no price", "limit_price")
    return {variant: size}


def _limit(order: OrderRequest) -> dict[str, Any]:
    variant = _LIMIT_VARIANTS.get(order.time_in_force)
    if variant is None:
        _not_supported(f"a limit order cannot be {order.time_in_force.value}")
    fields: dict[str, Any] = {**_size(order), "limit_price": _price(order), **_end_time(order)}
    if variant in {"limit_limit_gtc", "limit_limit_gtd"}:
        fields["post_only"] = order.liquidity is LiquidityPreference.MAKER_ONLY
    elif order.liquidity is LiquidityPreference.MAKER_ONLY:
        _not_supported("only an order that may rest can be maker-only")
    return {variant: fields}


def _waiting_suffix(order: OrderRequest) -> str:
    match order.time_in_force:
        case TimeInForce.GOOD_TILL_CANCELLED:
            return "gtc"
        case TimeInForce.GOOD_TILL_DATE:
            return "gtd"
        case TimeInForce.IMMEDIATE_OR_CANCEL | TimeInForce.FILL_OR_KILL | TimeInForce.GOOD_FOR_DAY:
            _not_supported(f"a {order.type.value} order waits: good till cancelled or date")


def _no_maker_only(order: OrderRequest) -> None:
    if order.liquidity is LiquidityPreference.MAKER_ONLY:
        _not_supported(f"a {order.type.value} order cannot be maker-only")


def _stop_limit(order: OrderRequest) -> dict[str, Any]:
    _no_maker_only(order)
    if order.stop_direction is None:
        _invalid("a stop-limit order needs a stop direction", "stop_direction")
    return {
        f"stop_limit_stop_limit_{_waiting_suffix(order)}": {
            **_base_size(order),
            "limit_price": _price(order),
            "stop_price": _stop_price(order),
            **_end_time(order),
            "stop_direction": _STOP_DIRECTIONS[order.stop_direction],
        }
    }


def _bracket(order: OrderRequest) -> dict[str, Any]:
    _no_maker_only(order)
    return {
        f"trigger_bracket_{_waiting_suffix(order)}": {
            **_base_size(order),
            "limit_price": _price(order),
            "stop_trigger_price": _stop_price(order),
            **_end_time(order),
        }
    }


def order_configuration(order: OrderRequest) -> dict[str, Any]:
    """`order_configuration`: exactly one variant.

    Raises:
        OrderInvalid: a member that the variant needs is missing, or one contradicts another.
        NotSupported: the exchange has no such order.
    """
    match order.type:
        case OrderType.MARKET:
            return _market(order)
        case OrderType.LIMIT:
            return _limit(order)
        case OrderType.STOP_LIMIT:
            return _stop_limit(order)
        case OrderType.BRACKET:
            return _bracket(order)
        case _:
            _not_supported(f"an order of type {order.type.value} cannot be placed")


def _attached(order: OrderRequest, bracket: Bracket) -> dict[str, Any]:
    if order.type is not OrderType.LIMIT:
        _not_supported("exits can be attached to limit orders only")
    fields = {
        name: decimal_text(price)
        for name, price in (
            ("limit_price", bracket.take_profit_price),
            ("stop_trigger_price", bracket.stop_price),
        )
        if price is not None
    }
    if len(fields) != 2:  # noqa: PLR2004 - one bracket, two exits
        _not_supported("an attached bracket needs a take-profit price and a stop price")
    # Its size is the parent's, and must not be given.
    return {"trigger_bracket_gtc": fields}


def order_body(order: OrderRequest, exchange_symbol: str) -> dict[str, Any]:
    """The body of a preview, and of a create but for its id."""
    body: dict[str, Any] = {
        "product_id": exchange_symbol,
        "side": _SIDES[order.side],
        "order_configuration": order_configuration(order),
    }
    if order.attached is not None:
        body["attached_order_configuration"] = _attached(order, order.attached)
    return body


def create_body(order: OrderRequest, exchange_symbol: str) -> dict[str, Any]:
    """The body of a create; the same for the same order, always."""
    if not order.client_order_id:
        _invalid("an order needs a client order id", "client_order_id")
    return {"client_order_id": order.client_order_id, **order_body(order, exchange_symbol)}
