"""Orders against their instrument's rules, before anything is sent.

Nothing is rounded: an order that breaks a rule is refused, and the error names the rule, the
value and the bound.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, NoReturn, assert_never

from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    Bracket,
    Counted,
    Instrument,
    InstrumentStatus,
    LiquidityPreference,
    Notional,
    OpenOrderLimit,
    Order,
    OrderRequest,
    OrderType,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
    TimeInForce,
)
from venuetree.protocol.numbers import decimal_text, is_multiple, multiply

__all__ = ["check_open_orders", "check_order"]


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
        _refuse("instrument", f"the rules are those of {instrument.name}", request.instrument)
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
            case OpenOrderLimit():
                continue  # not of the order alone: `check_open_orders`
            case _:
                assert_never(rule)


def check_open_orders(
    request: OrderRequest, instrument: Instrument, orders: Callable[[], Iterable[Order]]
) -> None:
    """Return if one more order may be open.

    Args:
        request: the order.
        instrument: of it, with its rules.
        orders: gives ours, whatever their state and instrument, if there is such a rule.

    Raises:
        OrderInvalid: the orders that are not final, and this one, are more than a rule allows.
    """
    limits = [rule for rule in instrument.rules if isinstance(rule, OpenOrderLimit)]
    if not limits:
        return
    kinds = [
        order.type
        for order in orders()
        if order.instrument == request.instrument and not order.status.is_final
    ]
    for rule in limits:
        is_all = rule.counted is Counted.ALL
        if not is_all and request.type is not OrderType.STOP_LIMIT:
            continue
        found = len(kinds) if is_all else kinds.count(OrderType.STOP_LIMIT)
        if found >= rule.maximum:
            what = "orders" if is_all else "orders with a stop price"
            _refuse(
                rule.name,
                f"{found} {what} of {instrument.name} are open, of at most {rule.maximum}",
                str(found + 1),
                str(rule.maximum),
            )


def _refuse(rule: str, message: str, value: str = "", bound: str = "") -> NoReturn:
    raise OrderInvalid(message, rule=rule, value=value, bound=bound)


# ---------------------------------------------------------------- shape

#: Which prices an order of each type has.
_HAS_PRICE: Final = {
    OrderType.MARKET: False,
    OrderType.LIMIT: True,
    OrderType.STOP_LIMIT: True,
    OrderType.BRACKET: True,
}
_HAS_STOP_PRICE: Final = {
    OrderType.MARKET: False,
    OrderType.LIMIT: False,
    OrderType.STOP_LIMIT: True,
    OrderType.BRACKET: True,
}


def _check_shape(request: OrderRequest) -> None:
    if request.type is OrderType.OTHER:
        _refuse("type", "an order of an unnamed type cannot be placed", request.type.value)
    if (request.quantity is None) == (request.quote_quantity is None):
        _refuse("quantity", "exactly one of quantity and quote_quantity must be set")
    if _HAS_PRICE[request.type] is (request.price is None):
        _refuse_presence("price", request.price, request.type)
    if _HAS_STOP_PRICE[request.type] is (request.stop_price is None):
        _refuse_presence("stop_price", request.stop_price, request.type)
    if (request.type is OrderType.STOP_LIMIT) != (request.stop_direction is not None):
        _refuse("stop_direction", "a stop-limit order, and no other, has a stop direction")
    is_till_date = request.time_in_force is TimeInForce.GOOD_TILL_DATE
    if is_till_date != (request.expire_time_ns is not None):
        _refuse("expire_time", "a good-till-date order, and no other, has an expiry time")
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
            _refuse(name, f"{name} must be positive", str(value), "0")


def _refuse_presence(name: str, value: Decimal | None, kind: OrderType) -> NoReturn:
    if value is None:
        _refuse(name, f"a {kind.value} order needs a {name}")
    _refuse(name, f"a {kind.value} order has no {name}", decimal_text(value))


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
        _refuse(
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
        _refuse_number(rule.name, rule.field.value, value, "below", rule.minimum)
    if rule.maximum and value > rule.maximum:
        _refuse_number(rule.name, rule.field.value, value, "above", rule.maximum)
    if not is_multiple(value, rule.step):
        _refuse_number(rule.name, rule.field.value, value, "no multiple of", rule.step)


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
        _refuse_number(rule.name, "price times quantity", notional, "below", rule.minimum)
    if has_maximum and notional > rule.maximum:
        _refuse_number(rule.name, "price times quantity", notional, "above", rule.maximum)


def _check_band(rule: PriceBand, request: OrderRequest, reference: Decimal | None) -> None:
    """A limit price against the reference price."""
    price = request.price
    if price is None or reference is None:
        return
    is_buy = request.side is Side.BUY
    least = multiply(reference, rule.buy_minimum if is_buy else rule.sell_minimum)
    most = multiply(reference, rule.buy_maximum if is_buy else rule.sell_maximum)
    if least and price < least:
        _refuse_number(rule.name, QuantumField.PRICE.value, price, "below", least)
    if most and price > most:
        _refuse_number(rule.name, QuantumField.PRICE.value, price, "above", most)


def _refuse_number(rule: str, what: str, value: Decimal, fault: str, bound: Decimal) -> NoReturn:
    told, limit = decimal_text(value), decimal_text(bound)
    _refuse(rule, f"{what} {told} is {fault} {limit}", told, limit)
