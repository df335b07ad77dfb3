"""When a new order is refused before the engine sees it: its form, then the symbol's filters."""

from collections.abc import Iterator
from decimal import Decimal

from venuetree.scenarios.simulated.binance_us.errors import (
    ApiError,
    bad_combination,
    filter_failure,
    missing,
    not_required,
    rejected,
)
from venuetree.scenarios.simulated.binance_us.filters import Filters, Profile
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.order_store import OrderStore
from venuetree.scenarios.simulated.binance_us.orders import (
    ZERO,
    OrderType,
    SelfTradeMode,
    Ticket,
    TimeInForceName,
)
from venuetree.scenarios.simulated.binance_us.parameters import Values, invalid_data
from venuetree.scenarios.simulated.matching import Side

ALLOWED_MODES = {
    Profile.DOC: (
        SelfTradeMode.NONE,
        SelfTradeMode.EXPIRE_TAKER,
        SelfTradeMode.EXPIRE_MAKER,
        SelfTradeMode.EXPIRE_BOTH,
    ),
    Profile.LIVE: (
        SelfTradeMode.EXPIRE_TAKER,
        SelfTradeMode.EXPIRE_MAKER,
        SelfTradeMode.EXPIRE_BOTH,
        SelfTradeMode.DECREMENT,
        SelfTradeMode.TRANSFER,
    ),
}

_NEEDED = {
    OrderType.LIMIT: ("timeInForce", "quantity", "price"),
    OrderType.LIMIT_MAKER: ("quantity", "price"),
    OrderType.MARKET: (),
    OrderType.STOP_LOSS: ("quantity",),
    OrderType.TAKE_PROFIT: ("quantity",),
    OrderType.STOP_LOSS_LIMIT: ("timeInForce", "quantity", "price"),
    OrderType.TAKE_PROFIT_LIMIT: ("timeInForce", "quantity", "price"),
}
_STOP = ("stopPrice", "trailingDelta")
_FORBIDDEN = {
    OrderType.LIMIT: ("quoteOrderQty", *_STOP),
    OrderType.LIMIT_MAKER: ("timeInForce", "quoteOrderQty", *_STOP),
    OrderType.MARKET: ("timeInForce", "price", "icebergQty", *_STOP),
    OrderType.STOP_LOSS: ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    OrderType.TAKE_PROFIT: ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    OrderType.STOP_LOSS_LIMIT: ("quoteOrderQty",),
    OrderType.TAKE_PROFIT_LIMIT: ("quoteOrderQty",),
}
_STRATEGY_TYPES_FROM = 1_000_000
_WORDS = {
    OrderType.MARKET: "Market",
    OrderType.STOP_LOSS: "Stop loss",
    OrderType.STOP_LOSS_LIMIT: "Stop loss limit",
    OrderType.TAKE_PROFIT: "Take profit",
    OrderType.TAKE_PROFIT_LIMIT: "Take profit limit",
}


def check_form(values: Values, profile: Profile) -> None:
    """Refuse parameters that an order of this type must have and has not, or the reverse.

    Raises:
        ApiError: so it is.
    """
    del profile
    for name in ("symbol", "side", "type"):
        values.need(name)
    order_type: OrderType = values.need("type")
    for name in _NEEDED[order_type]:
        if name not in values:
            raise missing(name)
    _check_alternatives(values, order_type)
    for name in _FORBIDDEN[order_type]:
        if name in values:
            raise not_required(name)
    if values.get("strategyType", _STRATEGY_TYPES_FROM) < _STRATEGY_TYPES_FROM:
        raise invalid_data("strategyType")


def _check_alternatives(values: Values, order_type: OrderType) -> None:
    """What of two parameters must be there, or may only stand with another."""
    if order_type is OrderType.MARKET:
        values.need_one("quantity", "quoteOrderQty")
        if "quantity" in values and "quoteOrderQty" in values:
            raise not_required("quoteOrderQty")
    if order_type.waits:
        values.need_one(*_STOP)
    hurried = values.get("timeInForce", TimeInForceName.GTC) is not TimeInForceName.GTC
    if hurried and "icebergQty" in values:
        raise bad_combination()


def check_precision(values: Values, market: Market, profile: Profile) -> None:
    """Refuse a number with more decimals than the asset has.

    Raises:
        ApiError: there is one.
    """
    for name, value in ((name, values.get(name)) for name in values):
        if not isinstance(value, Decimal) or name == "recvWindow":
            continue
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > market.instrument.precision:
            text = (
                "Precision is over the maximum defined for this asset."
                if profile is Profile.DOC
                else f"Parameter '{name}' has too much precision."
            )
            raise ApiError(-1111, text)


def check_symbol(ticket: Ticket, market: Market, profile: Profile) -> None:
    """Refuse what the symbol does not offer, or does not offer now.

    Raises:
        ApiError: so it is.
    """
    instrument = market.instrument
    if instrument.status != "TRADING":
        raise rejected("Market is closed.")
    if ticket.order_type.value not in instrument.order_types:
        words = _WORDS.get(ticket.order_type, "Limit maker")
        raise rejected(f"{words} orders are not supported for this symbol.")
    if ticket.quote_quantity is not None and not instrument.quote_order_quantity_allowed:
        # The exchange's own spelling.
        raise rejected("Quote order qty market orders are not support for this symbol.")
    if ticket.iceberg_quantity is not None and not instrument.iceberg_allowed:
        raise rejected("Iceberg orders are not supported for this symbol.")
    if ticket.trailing_delta is not None and not instrument.trailing_stop_allowed:
        raise rejected("Trailing stop orders are not supported for this symbol.")
    if ticket.self_trade not in ALLOWED_MODES[profile]:
        raise ApiError(
            -1013, "This symbol does not allow the specified self-trade prevention mode."
        )


def check_filters(ticket: Ticket, market: Market, average: Decimal) -> None:
    """Refuse an order whose own numbers do not pass the symbol's filters.

    Raises:
        ApiError: so it is.
    """
    for each, word in (
        (ticket.price, "price"),
        (ticket.stop_price, "price"),
        (ticket.quantity, "quantity"),
        (ticket.quote_quantity, "quantity"),
    ):
        if each == ZERO:
            raise ApiError(-1013, f"Invalid {word}.")
    for name, holds in _filtered(ticket, market.instrument.filters, average):
        if not holds:
            raise filter_failure(name)


def _filtered(ticket: Ticket, filters: Filters, average: Decimal) -> Iterator[tuple[str, bool]]:
    """Each filter that concerns an order's own numbers, and whether the order passes it."""
    price, quantity, notional = ticket.price, ticket.quantity, ticket.quote_quantity
    for each in (price, ticket.stop_price):
        if each is not None:
            yield "PRICE_FILTER", filters.price_filter(each)
    if price is not None:
        yield "PERCENT_PRICE", filters.percent_price(price, average)
        by_side = filters.percent_price_by_side(ticket.side, price, average)
        yield "PERCENT_PRICE_BY_SIDE", by_side
    if quantity is not None:
        yield "LOT_SIZE", filters.lot_size(quantity)
        if price is None:
            yield "MARKET_LOT_SIZE", filters.market_lot_size(quantity)
        notional = quantity * (average if price is None else price)
    if notional is not None and (price is not None or filters.notional_applies_to_market):
        yield "MIN_NOTIONAL", filters.notional(notional)


def check_counts(
    account: str,
    tickets: tuple[Ticket, ...],
    market: Market,
    store: OrderStore,
    *,
    position: Decimal,
) -> None:
    """Refuse an order, or a pair, beyond what an account may have open or own.

    Args:
        account: whose orders they would be.
        tickets: what would be added.
        market: of their symbol.
        store: the orders that there are.
        position: what the account has of the base asset, free or locked.

    Raises:
        ApiError: so it is.
    """
    filters = market.instrument.filters
    resting = store.open(account, market.symbol)
    if len(resting) + len(tickets) > filters.max_orders:
        raise filter_failure("MAX_NUM_ORDERS")
    algos = sum(order.ticket.order_type.waits for order in resting)
    more = sum(ticket.order_type.waits for ticket in tickets)
    if more and algos + more > filters.max_algo_orders:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")
    lists = len(store.open_lists(account, market.symbol))
    if len(tickets) > 1 and lists + 1 > filters.max_order_lists:
        raise filter_failure("MAX_NUM_ORDER_LISTS")
    if filters.max_position and tickets[0].side is Side.BUY:
        bought = sum((o.remaining for o in resting if o.side is Side.BUY), start=ZERO)
        wanted = max(ticket.quantity or ZERO for ticket in tickets)
        if position + bought + wanted > filters.max_position:
            raise filter_failure("MAX_POSITION")
