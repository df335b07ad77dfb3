"""Words that orders and transactions share: types, times in force, prices, extensions.

An order's type (`LIMIT`) is that of the transaction that makes it (`LIMIT_ORDER`) without its end.

Followed: "Order Definitions" (OrderType, TimeInForce); "Transaction Definitions".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.exchanges.oanda.reading import member, optional_amount, word
from venuetree.protocol.models import ClientExtensions, OrderType, TimeInForce
from venuetree.protocol.reading import optional_text

__all__ = [
    "EXITS",
    "TIMES_IN_FORCE",
    "TIMES_OF",
    "TYPES",
    "WAITING",
    "extensions_of",
    "order_type",
    "prices_of",
    "time_in_force",
]

TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "STOP": OrderType.STOP,
    "MARKET_IF_TOUCHED": OrderType.MARKET_IF_TOUCHED,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT,
    "STOP_LOSS": OrderType.STOP_LOSS,
    "TRAILING_STOP_LOSS": OrderType.TRAILING_STOP,
    "GUARANTEED_STOP_LOSS": OrderType.GUARANTEED_STOP,
}
TIMES_IN_FORCE: Final = {
    "GTC": TimeInForce.GOOD_TILL_CANCELLED,
    "GTD": TimeInForce.GOOD_TILL_DATE,
    "GFD": TimeInForce.GOOD_FOR_DAY,
    "IOC": TimeInForce.IMMEDIATE_OR_CANCEL,
    "FOK": TimeInForce.FILL_OR_KILL,
}
#: How long an order of a type that is placed by itself may wait ("Order Definitions").
WAITING: Final = (
    TimeInForce.GOOD_TILL_CANCELLED,
    TimeInForce.GOOD_TILL_DATE,
    TimeInForce.GOOD_FOR_DAY,
)
_AT_ONCE: Final = (TimeInForce.FILL_OR_KILL, TimeInForce.IMMEDIATE_OR_CANCEL)
TIMES_OF: Final = {
    OrderType.MARKET: _AT_ONCE,
    OrderType.LIMIT: (*WAITING, *_AT_ONCE),
    OrderType.STOP: (*WAITING, *_AT_ONCE),
    OrderType.MARKET_IF_TOUCHED: WAITING,
}
#: Orders that leave a trade: they have neither an instrument nor units of their own.
EXITS: Final = frozenset(
    {
        OrderType.TAKE_PROFIT,
        OrderType.STOP_LOSS,
        OrderType.TRAILING_STOP,
        OrderType.GUARANTEED_STOP,
    }
)
#: Orders whose price is what they wait for, not what they are worth.
_STOPS: Final = frozenset(
    {
        OrderType.STOP,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.STOP_LOSS,
        OrderType.TRAILING_STOP,
        OrderType.GUARANTEED_STOP,
    }
)


def order_type(name: str) -> OrderType:
    """The type of an order; OTHER for one that is not known: it describes."""
    return TYPES.get(name, OrderType.OTHER)


def time_in_force(told: Mapping[str, Any]) -> TimeInForce | None:
    """None where none is told, as of orders at a fixed price; raises for a word not known."""
    value = told.get("timeInForce")
    if value is None:
        return None
    found: TimeInForce = word(TIMES_IN_FORCE, value, "time in force")
    return found


def prices_of(told: Mapping[str, Any], kind: OrderType) -> tuple[Decimal | None, Decimal | None]:
    """Price and stop price of an order, which has one member for either.

    A trailing stop has no price but the one that it has followed to.
    """
    price = optional_amount(told, "price")
    if kind not in _STOPS:
        return price, None
    return None, optional_amount(told, "trailingStopValue") if price is None else price


def extensions_of(told: Mapping[str, Any], key: str) -> ClientExtensions:
    """What a client has written on something."""
    written = member(told, key)
    return ClientExtensions(*(optional_text(written, name) for name in ("id", "tag", "comment")))
