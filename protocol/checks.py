"""Orders against their instrument's rules, before anything is sent.

Nothing is rounded: an order that breaks a rule is refused, and the error names the rule, the
value and the bound.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NoReturn, assert_never

from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    LiquidityPreference,
    Notional,
    OrderRequest,
    OrderType,
    Quantum,
    QuantumField,
    TimeInForce,
)
from venuetree.protocol.numbers import decimal_text, is_multiple, multiply

__all__ = ["check_order"]


def check_order(request: OrderRequest, instrument: Instrument) -> None:
    """Return if the order may be sent.

    Raises:
        OrderInvalid: the first rule that it breaks, in this order: what its type needs, what
            the instrument takes now, its grids and ranges, its notional.
    """
    if request.instrument != instrument.name:
        _refuse("instrument", f"the rules are those of {instrument.name}", request.instrument)
    _check_shape(request)
    _check_status(request, instrument)
    for rule in instrument.rules:
        match rule:
            case Quantum():
                for value in _values(request, rule.field):
                    _check_quantum(rule, value)
            case Notional():
                _check_notional(rule, request)
            case _:
                assert_never(rule)


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
    kind = request.type.value
    if request.type is OrderType.OTHER:
        _refuse("type", "an order of an unnamed type cannot be placed", kind)
    sizes = [s for s in (request.quantity, request.quote_quantity) if s is not None]
    if len(sizes) != 1:
        _refuse("quantity", "exactly one of quantity and quote_quantity must be set")
    for name, value, is_due in (
        ("price", request.price, _HAS_PRICE[request.type]),
        ("stop_price", request.stop_price, _HAS_STOP_PRICE[request.type]),
    ):
        if is_due and value is None:
            _refuse(name, f"a {kind} order needs a {name}")
        if not is_due and value is not None:
            _refuse(name, f"a {kind} order has no {name}", decimal_text(value))
    if (request.type is OrderType.STOP_LIMIT) != (request.stop_direction is not None):
        _refuse("stop_direction", "a stop-limit order, and no other, has a stop direction")
    is_till_date = request.time_in_force is TimeInForce.GOOD_TILL_DATE
    if is_till_date != (request.expire_time_ns is not None):
        _refuse("expire_time", "a good-till-date order, and no other, has an expiry time")
    for name, value in _numbers(request):
        if not value.is_finite() or value <= 0:
            _refuse(name, f"{name} must be positive", str(value), "0")


def _numbers(request: OrderRequest) -> Iterator[tuple[str, Decimal]]:
    attached = request.attached
    for name, value in (
        ("quantity", request.quantity),
        ("quote_quantity", request.quote_quantity),
        ("price", request.price),
        ("stop_price", request.stop_price),
        ("take_profit_price", attached.take_profit_price if attached else None),
        ("attached stop_price", attached.stop_price if attached else None),
    ):
        if value is not None:
            yield name, value


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


def _values(request: OrderRequest, field: QuantumField) -> Iterator[Decimal]:
    """The order's numbers that a rule for `field` rules."""
    attached = request.attached
    is_market = request.type is OrderType.MARKET
    match field:
        case QuantumField.PRICE:
            found = [request.price, attached.take_profit_price if attached else None]
        case QuantumField.STOP_PRICE:
            found = [request.stop_price, attached.stop_price if attached else None]
        case QuantumField.QUANTITY:
            found = [request.quantity]
        case QuantumField.QUOTE_QUANTITY:
            found = [request.quote_quantity]
        case QuantumField.MARKET_QUANTITY:
            # In addition to the rule for quantities.
            found = [request.quantity if is_market else None]
        case _:
            assert_never(field)
    return (value for value in found if value is not None)


def _check_quantum(rule: Quantum, value: Decimal) -> None:
    what, told = rule.field.value, decimal_text(value)
    if rule.minimum and value < rule.minimum:
        bound = decimal_text(rule.minimum)
        _refuse(rule.name, f"{what} {told} is below {bound}", told, bound)
    if rule.maximum and value > rule.maximum:
        bound = decimal_text(rule.maximum)
        _refuse(rule.name, f"{what} {told} is above {bound}", told, bound)
    if not is_multiple(value, rule.step):
        bound = decimal_text(rule.step)
        _refuse(rule.name, f"{what} {told} is no multiple of {bound}", told, bound)


def _check_notional(rule: Notional, request: OrderRequest) -> None:
    """Price times quantity; what a market order will cost is the exchange's to judge."""
    if request.quote_quantity is not None:
        notional = request.quote_quantity
    elif request.quantity is not None and request.price is not None:
        notional = multiply(request.price, request.quantity)
    else:
        return
    told = decimal_text(notional)
    if rule.minimum and notional < rule.minimum:
        bound = decimal_text(rule.minimum)
        _refuse(rule.name, f"price times quantity, {told}, is below {bound}", told, bound)
    if rule.maximum and notional > rule.maximum:
        bound = decimal_text(rule.maximum)
        _refuse(rule.name, f"price times quantity, {told}, is above {bound}", told, bound)
