"""What an order says on the wire, and what it must not say: nothing is asked for silently.

Units carry the side in their sign, so that a quantity is checked to be positive before it is
given one. Prices are written with the instrument's digits, units with as few as they need.

Followed: "Order Definitions" (MarketOrderRequest and its siblings, TakeProfitDetails and its
siblings); "Transaction Definitions" (ClientExtensions).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.errors import NotSupported, OrderInvalid
from venuetree.protocol.exchanges.oanda.grids import distance_text, price_text, units_text
from venuetree.protocol.exchanges.oanda.reading import NAME, symbol_of
from venuetree.protocol.exchanges.oanda.terms import (
    TIMES_IN_FORCE,
    TIMES_OF,
    TYPES,
    WAITING,
)
from venuetree.protocol.models import (
    Bracket,
    ClientExtensions,
    Exit,
    Exits,
    Instrument,
    LiquidityPreference,
    MarginTerms,
    OrderRequest,
    OrderType,
    PositionFill,
    Side,
    TimeInForce,
    TriggerPrice,
)
from venuetree.protocol.port import FlowContext
from venuetree.protocol.timestamps import to_rfc3339

__all__ = [
    "CLIENT_ID_LENGTH",
    "EXIT_NAMES",
    "checked",
    "closed_units",
    "exit_body",
    "extensions_body",
    "order_body",
]

#: One character more is CLIENT_ORDER_ID_INVALID.
CLIENT_ID_LENGTH: Final = 128

#: The exchange's words for ours.
_TYPES: Final = {kind: name for name, kind in TYPES.items() if kind in TIMES_OF}
_TIMES: Final = {time: name for name, time in TIMES_IN_FORCE.items()}
_FILLS: Final[Mapping[PositionFill, str]] = {
    PositionFill.DEFAULT: "DEFAULT",
    PositionFill.REDUCE_FIRST: "REDUCE_FIRST",
    PositionFill.REDUCE_ONLY: "REDUCE_ONLY",
    PositionFill.OPEN_ONLY: "OPEN_ONLY",
}
_TRIGGERS: Final[Mapping[TriggerPrice, str]] = {
    TriggerPrice.DEFAULT: "DEFAULT",
    TriggerPrice.INVERSE: "INVERSE",
    TriggerPrice.BID: "BID",
    TriggerPrice.ASK: "ASK",
    TriggerPrice.MID: "MID",
}
#: Our names of the exits, and the exchange's.
EXIT_NAMES: Final = (
    ("take_profit", "takeProfit"),
    ("stop_loss", "stopLoss"),
    ("guaranteed_stop", "guaranteedStopLoss"),
    ("trailing_stop", "trailingStopLoss"),
)
_PLAIN: Final = MarginTerms()


def _wire_time(time_ns: int) -> str:
    """With its zone: without it the exchange would take it for New York's.

    `OrderInvalid` for a time that no calendar has.
    """
    try:
        return to_rfc3339(time_ns)
    except OverflowError as error:
        raise _invalid("expire_time", "not a time", str(time_ns)) from error


def checked(order: OrderRequest, operation: str) -> Decimal:
    """The order's quantity, if the exchange has such orders.

    Raises:
        NotSupported: a type, or terms, that the exchange does not have.
        OrderInvalid: no client order id or one that is too long, or no quantity to be signed.
    """
    if order.type not in _TYPES:
        raise _unsupported(f"orders of type {order.type.value}", operation)
    if order.quote_quantity is not None:
        raise _unsupported("orders sized in quote currency", operation)
    if order.liquidity is LiquidityPreference.MAKER_ONLY:
        raise _unsupported("maker-only orders", operation)
    if order.stop_direction is not None:
        raise _unsupported("a stop direction: the order's type and side say it", operation)
    length = len(order.client_order_id)
    if not 1 <= length <= CLIENT_ID_LENGTH:
        message = f"a client order id has 1 to {CLIENT_ID_LENGTH} characters"
        raise _invalid("client_order_id", message, str(length), str(CLIENT_ID_LENGTH))
    quantity = order.quantity
    if quantity is None or not quantity.is_finite() or quantity <= 0:
        raise _invalid("quantity", "the quantity must be positive", str(quantity), "0")
    return quantity


def closed_units(order: OrderRequest, operation: str) -> str:
    """How much of what is open an order closes: `ALL`, or so many units."""
    quantity = checked(order, operation)
    closing = None if order.margin is None else order.margin.closing
    if closing is not None and closing.is_whole:
        return "ALL"
    return units_text(quantity)


def order_body(order: OrderRequest, context: FlowContext, operation: str) -> dict[str, Any]:
    """The order as the body of its request.

    Raises:
        NotSupported: any of `checked`.
        OrderInvalid: any of `checked`; or a price, bound, time in force or expiry that its type
            does not have or lacks, or one exit given twice.
    """
    quantity = checked(order, operation)
    margin = order.margin or _PLAIN
    units = quantity if order.side is Side.BUY else quantity.copy_negate()
    instrument = context.instruments.get(order.instrument)
    body: dict[str, Any] = {
        "type": _TYPES[order.type],
        "instrument": symbol_of(order.instrument, context),
        "units": units_text(units),
    }
    price = _price(order)
    if price is not None:
        body["price"] = price_text("price", price, instrument)
    if margin.price_bound is not None:
        if order.type is OrderType.LIMIT:
            raise _invalid("price_bound", "a limit order is bound by its own price")
        bound = _positive("price_bound", margin.price_bound)
        body["priceBound"] = price_text("price_bound", bound, instrument)
    body |= _time_in_force(order.time_in_force, order.expire_time_ns, TIMES_OF[order.type])
    body["positionFill"] = _FILLS[margin.position_fill]
    if order.type is not OrderType.MARKET:
        body["triggerCondition"] = _TRIGGERS[margin.trigger]
    elif margin.trigger is not TriggerPrice.DEFAULT:
        message = "a market order waits for no price"
        raise _invalid("trigger", message, margin.trigger.value)
    own = ClientExtensions(order.client_order_id, margin.tag, margin.comment)
    body["clientExtensions"] = extensions_body(own)
    of_trade = extensions_body(margin.trade)
    if of_trade:
        body["tradeClientExtensions"] = of_trade
    for name, wanted in _exits(order.attached, margin.exits):
        body[f"{name}OnFill"] = exit_body(wanted, instrument)
    return {"order": body}


def _price(order: OrderRequest) -> Decimal | None:
    """The price that the type wants: a limit order's own, a waiting order's stop price."""
    is_limit = order.type is OrderType.LIMIT
    is_stop = order.type in {OrderType.STOP, OrderType.MARKET_IF_TOUCHED}
    for name, value, is_wanted in (
        ("price", order.price, is_limit),
        ("stop_price", order.stop_price, is_stop),
    ):
        if is_wanted is (value is None):
            verb = "needs a" if is_wanted else "has no"
            raise _invalid(name, f"a {order.type.value} order {verb} {name}", str(value or ""))
        if value is not None:
            _positive(name, value)
    return order.price if is_limit else order.stop_price


def _time_in_force(
    time: TimeInForce, expire_time_ns: int | None, allowed: tuple[TimeInForce, ...]
) -> dict[str, str]:
    if time not in allowed:
        words = ", ".join(each.value for each in allowed)
        raise _invalid("time_in_force", "such an order cannot wait so", time.value, words)
    if (time is TimeInForce.GOOD_TILL_DATE) is (expire_time_ns is None):
        message = "a good-till-date order, and no other, has an expiry time"
        raise _invalid("expire_time", message)
    told = {"timeInForce": _TIMES[time]}
    if expire_time_ns is not None:
        told["gtdTime"] = _wire_time(expire_time_ns)
    return told


def _exits(attached: Bracket | None, exits: Exits) -> list[tuple[str, Exit]]:
    """The exits that are wanted, by the exchange's names."""
    bracket = attached or Bracket()
    also = {
        "take_profit": bracket.take_profit_price,
        "stop_loss": bracket.stop_price,
    }
    wanted: list[tuple[str, Exit]] = []
    for ours, theirs in EXIT_NAMES:
        exit_: Exit | None = getattr(exits, ours)
        price = also.get(ours)
        if exit_ is not None and price is not None:
            word = ours.replace("_", " ")
            raise _invalid("exits", f"the {word} is given twice, by `attached` and by `margin`")
        if price is not None:
            exit_ = Exit(price=price)
        if exit_ is not None:
            wanted.append((theirs, exit_))
    return wanted


def exit_body(wanted: Exit, instrument: Instrument | None = None) -> dict[str, Any]:
    """An exit as the details of a request.

    Raises:
        OrderInvalid: it does not have one price or distance, or more digits than the instrument.
    """
    if (wanted.price is None) is (wanted.distance is None):
        raise _invalid("exits", "an exit has a price or a distance, and not both")
    body: dict[str, Any] = {}
    if wanted.price is not None:
        price = _positive("exit price", wanted.price)
        body["price"] = price_text("exit price", price, instrument)
    if wanted.distance is not None:
        distance = _positive("exit distance", wanted.distance)
        body["distance"] = distance_text("exit distance", distance, instrument)
    body |= _time_in_force(wanted.time_in_force, wanted.expire_time_ns, WAITING)
    words = extensions_body(wanted.extensions)
    if words:
        body["clientExtensions"] = words
    return body


def extensions_body(extensions: ClientExtensions) -> dict[str, str]:
    """A client's words as far as they are written; `OrderInvalid` for an id that is too long."""
    if len(extensions.id) > CLIENT_ID_LENGTH:
        message = f"a client id has {CLIENT_ID_LENGTH} characters at most"
        raise _invalid("client_id", message, str(len(extensions.id)), str(CLIENT_ID_LENGTH))
    written = (("id", extensions.id), ("tag", extensions.tag), ("comment", extensions.comment))
    return {name: text for name, text in written if text}


def _positive(name: str, value: Decimal) -> Decimal:
    if not value.is_finite() or value <= 0:
        raise _invalid(name, f"{name} must be positive", str(value), "0")
    return value


def _invalid(rule: str, message: str, value: str = "", bound: str = "") -> OrderInvalid:
    return OrderInvalid(message, rule=rule, value=value, bound=bound, exchange=NAME)


def _unsupported(what: str, operation: str) -> NotSupported:
    return NotSupported(f"the exchange does not have {what}", exchange=NAME, operation=operation)
