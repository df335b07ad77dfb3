"""Orders against their instrument's rules, before anything is sent.

Nothing is rounded: an order that breaks a rule is refused, and the error names the rule, the
value and the bound.
"""

from decimal import Decimal
from typing import Final, NoReturn, assert_never

from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    AllowedOrders,
    Bracket,
    Instrument,
    InstrumentStatus,
    LiquidityPreference,
    Notional,
    OcoRequest,
    OpenOrderLimit,
    OrderRequest,
    OrderTimes,
    OrderType,
    PositionLimit,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.numbers import decimal_text, is_multiple, multiply

__all__ = [
    "check_oco",
    "check_order",
    "check_reference",
    "check_replacing",
    "refuse",
    "refuse_number",
]


def check_order(
    request: OrderRequest, instrument: Instrument, *, reference_price: Decimal | None = None
) -> None:
    """Return if the order may be sent.

    Args:
        request: the order.
        instrument: of it, with its rules.
        reference_price: by which the exchange judges prices (`models.PriceBand`); rules that need
            it are left to the exchange where it is None.

    Raises:
        OrderInvalid: the first rule that it breaks, in this order: what its type needs, what
            the instrument takes now, its grids and ranges, its notional.
    """
    if request.instrument != instrument.name:
        refuse("instrument", f"the rules are those of {instrument.name}", request.instrument)
    _check_shape(request)
    _check_status(request, instrument)
    numbers = _numbers(request)
    for rule in instrument.rules:
        match rule:
            case Quantum():
                for value in numbers.get(rule.field, ()):
                    _check_quantum(rule, value)
            case Notional():
                _check_notional(rule, request, reference_price)
            case PriceBand():
                _check_band(rule, request, reference_price)
            case AllowedOrders():
                _check_allowed(rule, request)
            case OrderTimes():
                _check_times(rule, request)
            case OpenOrderLimit() | PositionLimit():
                continue  # not of the order alone: `account_checks`
            case _:
                assert_never(rule)


def check_reference(
    request: OrderRequest, instrument: Instrument, reference_price: Decimal
) -> None:
    """Return if an order that `check_order` has passed keeps the rules of the reference price.

    Raises:
        OrderInvalid: as of `check_order` with that price.
    """
    for rule in instrument.rules:
        match rule:
            case Notional():
                _check_notional(rule, request, reference_price)
            case PriceBand():
                _check_band(rule, request, reference_price)
            case _:
                continue


def check_oco(oco: OcoRequest, instrument: Instrument) -> None:
    """Return if the two orders may be sent as a pair of which one cancels the other.

    Raises:
        OrderInvalid: as of `check_order`, of either; or they are no such pair.
    """
    limit, stop = oco.orders
    for request in oco.orders:
        check_order(request, instrument)
    _check_listed(instrument)
    is_limit = limit.type is OrderType.LIMIT
    if not is_limit or limit.liquidity is not LiquidityPreference.MAKER_ONLY:
        refuse("oco", "the first of the two must be a maker-only limit order", limit.type.value)
    if stop.type is not OrderType.STOP_LIMIT:
        refuse("oco", "the second of the two must be a stop-limit order", stop.type.value)
    if limit.side is not stop.side:
        refuse("oco", "both orders must be of one side", stop.side.value, limit.side.value)
    if limit.quantity is None or limit.quantity != stop.quantity:
        refuse("oco", "both orders must have the same quantity, in base currency")
    if limit.client_order_id and limit.client_order_id == stop.client_order_id:
        refuse("oco", "the two orders need client order ids of their own", stop.client_order_id)
    is_sell = limit.side is Side.SELL
    if stop.stop_direction is not (StopDirection.DOWN if is_sell else StopDirection.UP):
        word = "below" if is_sell else "above"
        refuse("oco", f"the stop of a {limit.side.value} must be {word} the market")
    price, stop_price = limit.price, stop.stop_price
    if price is None or stop_price is None:  # `check_order` has seen to it
        refuse("oco", "the limit order needs a price and the stop order a stop price")
    if price <= stop_price if is_sell else price >= stop_price:
        words = ("above", "below") if is_sell else ("below", "above")
        told, bound = decimal_text(price), decimal_text(stop_price)
        message = f"the price must be {words[0]} the market and the stop price {words[1]} it"
        refuse("oco", message, told, bound)


def _check_listed(instrument: Instrument) -> None:
    for rule in instrument.rules:
        if isinstance(rule, AllowedOrders) and not rule.oco:
            refuse(rule.name, f"{instrument.name} takes no pairs of which one cancels the other")


def check_replacing(request: OrderRequest, instrument: Instrument) -> None:
    """Return if the order may be sent to take the place of another.

    Raises:
        OrderInvalid: as of `check_order`, or orders of the instrument cannot be replaced.
    """
    check_order(request, instrument)
    for rule in instrument.rules:
        if isinstance(rule, AllowedOrders) and not rule.replace:
            refuse(rule.name, f"orders of {instrument.name} cannot be replaced in one request")


def _check_allowed(rule: AllowedOrders, request: OrderRequest) -> None:
    allowed = [kind.value for kind in rule.types]
    if request.type not in rule.types:
        message = f"orders of {request.instrument} of type {request.type.value} are not taken"
        refuse(rule.name, message, request.type.value, ", ".join(allowed))
    is_by_quote = request.type is OrderType.MARKET and request.quote_quantity is not None
    if is_by_quote and not rule.by_quote:
        message = f"market orders of {request.instrument} are sized in base currency only"
        refuse(rule.name, message, "quote_quantity", "quantity")
    if request.liquidity is LiquidityPreference.MAKER_ONLY and not rule.maker_only:
        refuse(rule.name, f"{request.instrument} takes no maker-only orders", "maker_only")


def _check_times(rule: OrderTimes, request: OrderRequest) -> None:
    if request.type in rule.types and request.time_in_force not in rule.times:
        told = request.time_in_force.value
        allowed = ", ".join(time.value for time in rule.times)
        refuse(rule.name, f"a {request.type.value} order cannot be {told}", told, allowed)


def refuse(rule: str, message: str, value: str = "", bound: str = "") -> NoReturn:
    """Raise `OrderInvalid`."""
    raise OrderInvalid(message, rule=rule, value=value, bound=bound)


# ---------------------------------------------------------------- shape

#: Which prices an order of each type has.
_HAS_PRICE: Final = {
    OrderType.MARKET: False,
    OrderType.STOP: False,
    OrderType.MARKET_IF_TOUCHED: False,
    OrderType.LIMIT: True,
    OrderType.STOP_LIMIT: True,
    OrderType.BRACKET: True,
}
_HAS_STOP_PRICE: Final = {
    OrderType.MARKET: False,
    OrderType.STOP: True,
    OrderType.MARKET_IF_TOUCHED: True,
    OrderType.LIMIT: False,
    OrderType.STOP_LIMIT: True,
    OrderType.BRACKET: True,
}


def _check_shape(request: OrderRequest) -> None:
    if request.type not in _HAS_PRICE:
        message = f"an order of type {request.type.value} cannot be placed by itself"
        refuse("type", message, request.type.value)
    if (request.quantity is None) == (request.quote_quantity is None):
        refuse("quantity", "exactly one of quantity and quote_quantity must be set")
    if _HAS_PRICE[request.type] is (request.price is None):
        _refuse_presence("price", request.price, request.type)
    if _HAS_STOP_PRICE[request.type] is (request.stop_price is None):
        _refuse_presence("stop_price", request.stop_price, request.type)
    if (request.type is OrderType.STOP_LIMIT) != (request.stop_direction is not None):
        refuse("stop_direction", "a stop-limit order, and no other, has a stop direction")
    is_till_date = request.time_in_force is TimeInForce.GOOD_TILL_DATE
    if is_till_date != (request.expire_time_ns is not None):
        refuse("expire_time", "a good-till-date order, and no other, has an expiry time")
    attached = request.attached
    for name, value in (
        ("quantity", request.quantity),
        ("quote_quantity", request.quote_quantity),
        ("price", request.price),
        ("stop_price", request.stop_price),
        ("take_profit_price", attached.take_profit_price if attached else None),
        ("attached stop_price", attached.stop_price if attached else None),
    ):
        if value is not None and (not value.is_finite() or value <= 0):
            refuse(name, f"{name} must be positive", str(value), "0")


def _refuse_presence(name: str, value: Decimal | None, kind: OrderType) -> NoReturn:
    if value is None:
        refuse(name, f"a {kind.value} order needs a {name}")
    refuse(name, f"a {kind.value} order has no {name}", decimal_text(value))


# ---------------------------------------------------------------- status


def _check_status(request: OrderRequest, instrument: Instrument) -> None:
    status = instrument.status
    match status:
        case InstrumentStatus.TRADING:
            return
        case InstrumentStatus.HALTED | InstrumentStatus.CANCEL_ONLY:
            is_taken = False
        case InstrumentStatus.LIMIT_ONLY:
            is_taken = request.type is not OrderType.MARKET
        case InstrumentStatus.POST_ONLY:
            is_taken = request.liquidity is LiquidityPreference.MAKER_ONLY
        case _:
            assert_never(status)
    if not is_taken:
        refuse(
            "status",
            f"{instrument.name} does not take such orders now",
            request.type.value,
            status.value,
        )


# ---------------------------------------------------------------- numbers

_NOTHING_ATTACHED: Final = Bracket()


def _numbers(request: OrderRequest) -> dict[QuantumField, list[Decimal]]:
    """The order's numbers, by the field whose rules they must keep."""
    numbers: dict[QuantumField, list[Decimal]] = {}
    if request.quantity is not None:
        numbers[QuantumField.QUANTITY] = [request.quantity]
        if request.type is OrderType.MARKET:
            # In addition to the rule for quantities.
            numbers[QuantumField.MARKET_QUANTITY] = [request.quantity]
    if request.quote_quantity is not None:
        numbers[QuantumField.QUOTE_QUANTITY] = [request.quote_quantity]
    attached = request.attached or _NOTHING_ATTACHED
    prices = (request.price, attached.take_profit_price)
    stop_prices = (request.stop_price, attached.stop_price)
    numbers[QuantumField.PRICE] = [price for price in prices if price is not None]
    numbers[QuantumField.STOP_PRICE] = [price for price in stop_prices if price is not None]
    return numbers


def _check_quantum(rule: Quantum, value: Decimal) -> None:
    if rule.minimum and value < rule.minimum:
        refuse_number(rule.name, rule.field.value, value, "below", rule.minimum)
    if rule.maximum and value > rule.maximum:
        refuse_number(rule.name, rule.field.value, value, "above", rule.maximum)
    if not is_multiple(value, rule.step):
        refuse_number(rule.name, rule.field.value, value, "no multiple of", rule.step)


def _check_notional(rule: Notional, request: OrderRequest, reference: Decimal | None) -> None:
    """Price times quantity; a market order's by the reference price, if that is known."""
    is_market = request.type is OrderType.MARKET
    price = reference if is_market else request.price
    if request.quote_quantity is not None:
        notional = request.quote_quantity
    elif request.quantity is not None and price is not None:
        notional = multiply(price, request.quantity)
    else:
        return
    has_minimum = rule.minimum and (rule.minimum_for_market or not is_market)
    has_maximum = rule.maximum and (rule.maximum_for_market or not is_market)
    if has_minimum and notional < rule.minimum:
        refuse_number(rule.name, "price times quantity", notional, "below", rule.minimum)
    if has_maximum and notional > rule.maximum:
        refuse_number(rule.name, "price times quantity", notional, "above", rule.maximum)


def _check_band(rule: PriceBand, request: OrderRequest, reference: Decimal | None) -> None:
    """A limit price against the reference price."""
    price = request.price
    if price is None or reference is None:
        return
    is_buy = request.side is Side.BUY
    least = multiply(reference, rule.buy_minimum if is_buy else rule.sell_minimum)
    most = multiply(reference, rule.buy_maximum if is_buy else rule.sell_maximum)
    if least and price < least:
        refuse_number(rule.name, QuantumField.PRICE.value, price, "below", least)
    if most and price > most:
        refuse_number(rule.name, QuantumField.PRICE.value, price, "above", most)


def refuse_number(rule: str, what: str, value: Decimal, fault: str, bound: Decimal) -> NoReturn:
    """Raise `OrderInvalid` for a number: what it is, and how it breaks the bound."""
    told, limit = decimal_text(value), decimal_text(bound)
    refuse(rule, f"{what} {told} is {fault} {limit}", told, limit)
