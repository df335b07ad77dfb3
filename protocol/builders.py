"""Orders, written plainly: one function for each kind.

Prices and quantities may be text, int or `Decimal`; a float is a `TypeError`, for it cannot say
what was meant. What is missing or contradictory is told by `check_order`, what the exchange does
not have by its codec, both before anything is sent.
"""

from decimal import Decimal

from venuetree.protocol.models import (
    Bracket,
    LiquidityPreference,
    MarginTerms,
    OcoRequest,
    OrderRequest,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.numbers import DecimalText, to_decimal

__all__ = [
    "bracket",
    "bracket_order",
    "limit_order",
    "market_if_touched_order",
    "market_order",
    "oco",
    "stop_limit_order",
    "stop_order",
]


def limit_order(
    instrument: str,
    side: Side,
    *,
    price: DecimalText,
    quantity: DecimalText | None = None,
    quote_quantity: DecimalText | None = None,
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED,
    expire_time_ns: int | None = None,
    liquidity: LiquidityPreference = LiquidityPreference.ANY,
    attached: Bracket | None = None,
    margin: MarginTerms | None = None,
    client_order_id: str = "",
) -> OrderRequest:
    """An order that trades at `price` or better.

    Args:
        instrument: `BTC-USD`.
        side: buy or sell.
        price: in quote currency.
        quantity: in base currency; or give `quote_quantity`, where the exchange takes it.
        quote_quantity: in quote currency.
        time_in_force: how long it waits.
        expire_time_ns: when a good-till-date order ends, nanoseconds UTC.
        liquidity: whether it may take.
        attached: exits that are placed once it fills.
        margin: what only an order on margin says.
        client_order_id: made by the engine if left out.
    """
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=OrderType.LIMIT,
        quantity=_optional(quantity, "quantity"),
        quote_quantity=_optional(quote_quantity, "quote_quantity"),
        price=to_decimal(price, "price"),
        time_in_force=time_in_force,
        expire_time_ns=expire_time_ns,
        liquidity=liquidity,
        attached=attached,
        margin=margin,
        client_order_id=client_order_id,
    )


def market_order(
    instrument: str,
    side: Side,
    *,
    quantity: DecimalText | None = None,
    quote_quantity: DecimalText | None = None,
    time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL,
    attached: Bracket | None = None,
    margin: MarginTerms | None = None,
    client_order_id: str = "",
) -> OrderRequest:
    """An order that trades at once at what the book offers.

    Give `quantity` in base currency, or `quote_quantity`, what a buy may spend. `attached` and
    `margin` are for exchanges that have such terms.
    """
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=OrderType.MARKET,
        quantity=_optional(quantity, "quantity"),
        quote_quantity=_optional(quote_quantity, "quote_quantity"),
        time_in_force=time_in_force,
        attached=attached,
        margin=margin,
        client_order_id=client_order_id,
    )


def stop_order(
    instrument: str,
    side: Side,
    *,
    quantity: DecimalText,
    stop_price: DecimalText,
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED,
    expire_time_ns: int | None = None,
    attached: Bracket | None = None,
    margin: MarginTerms | None = None,
    client_order_id: str = "",
) -> OrderRequest:
    """A market order that begins once the price is at `stop_price` or beyond: worse than now."""
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=OrderType.STOP,
        quantity=to_decimal(quantity, "quantity"),
        stop_price=to_decimal(stop_price, "stop_price"),
        time_in_force=time_in_force,
        expire_time_ns=expire_time_ns,
        attached=attached,
        margin=margin,
        client_order_id=client_order_id,
    )


def market_if_touched_order(
    instrument: str,
    side: Side,
    *,
    quantity: DecimalText,
    stop_price: DecimalText,
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED,
    expire_time_ns: int | None = None,
    attached: Bracket | None = None,
    margin: MarginTerms | None = None,
    client_order_id: str = "",
) -> OrderRequest:
    """A market order that begins once the price has touched `stop_price`, from either side."""
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=OrderType.MARKET_IF_TOUCHED,
        quantity=to_decimal(quantity, "quantity"),
        stop_price=to_decimal(stop_price, "stop_price"),
        time_in_force=time_in_force,
        expire_time_ns=expire_time_ns,
        attached=attached,
        margin=margin,
        client_order_id=client_order_id,
    )


def stop_limit_order(
    instrument: str,
    side: Side,
    *,
    quantity: DecimalText,
    price: DecimalText,
    stop_price: DecimalText,
    stop_direction: StopDirection,
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED,
    expire_time_ns: int | None = None,
    client_order_id: str = "",
) -> OrderRequest:
    """A limit order that begins once the last trade has reached `stop_price`."""
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=OrderType.STOP_LIMIT,
        quantity=to_decimal(quantity, "quantity"),
        price=to_decimal(price, "price"),
        stop_price=to_decimal(stop_price, "stop_price"),
        stop_direction=stop_direction,
        time_in_force=time_in_force,
        expire_time_ns=expire_time_ns,
        client_order_id=client_order_id,
    )


def bracket_order(
    instrument: str,
    side: Side,
    *,
    quantity: DecimalText,
    take_profit_price: DecimalText,
    stop_price: DecimalText,
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED,
    expire_time_ns: int | None = None,
    client_order_id: str = "",
) -> OrderRequest:
    """An exit: at a profit by a limit price, or at a loss by a stop, whichever comes first."""
    return OrderRequest(
        instrument=instrument,
        side=side,
        type=OrderType.BRACKET,
        quantity=to_decimal(quantity, "quantity"),
        price=to_decimal(take_profit_price, "take_profit_price"),
        stop_price=to_decimal(stop_price, "stop_price"),
        time_in_force=time_in_force,
        expire_time_ns=expire_time_ns,
        client_order_id=client_order_id,
    )


def bracket(
    *, take_profit_price: DecimalText | None = None, stop_price: DecimalText | None = None
) -> Bracket:
    """Exits to attach to an order."""
    return Bracket(
        _optional(take_profit_price, "take_profit_price"), _optional(stop_price, "stop_price")
    )


def oco(
    instrument: str,
    side: Side,
    *,
    quantity: DecimalText,
    price: DecimalText,
    stop_price: DecimalText,
    stop_limit_price: DecimalText,
    client_order_ids: tuple[str, str] = ("", ""),
) -> OcoRequest:
    """Two orders of which one cancels the other: a limit, and a stop on the market's other side.

    Args:
        instrument: `BTC-USD`.
        side: of both.
        quantity: of each, in base currency; no more than that is traded by both together.
        price: of the limit order: above the market for a sell, below it for a buy.
        stop_price: at which the stop order begins, on the other side of the market.
        stop_limit_price: the limit of the order that begins there.
        client_order_ids: of the limit and of the stop; made by the engine if left out.
    """
    limit_id, stop_id = client_order_ids
    return OcoRequest(
        limit_order(
            instrument,
            side,
            price=price,
            quantity=quantity,
            liquidity=LiquidityPreference.MAKER_ONLY,
            client_order_id=limit_id,
        ),
        stop_limit_order(
            instrument,
            side,
            quantity=quantity,
            price=stop_limit_price,
            stop_price=stop_price,
            stop_direction=StopDirection.DOWN if side is Side.SELL else StopDirection.UP,
            client_order_id=stop_id,
        ),
    )


def _optional(value: DecimalText | None, name: str) -> Decimal | None:
    return None if value is None else to_decimal(value, name)
