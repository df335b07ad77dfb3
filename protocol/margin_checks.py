"""What an order says about margin, before it is sent: what fits together, and the grids.

Beside `checks`, which judges what every order has. Nothing is rounded.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from venuetree.protocol.checks import refuse, refuse_number
from venuetree.protocol.models import (
    Bracket,
    Exit,
    ExitChanges,
    Exits,
    Instrument,
    Keep,
    MarginTerms,
    OrderRequest,
    OrderType,
    PositionFill,
    QuantumField,
    Side,
    TimeInForce,
    TriggerPrice,
)
from venuetree.protocol.numbers import decimal_text, is_multiple

__all__ = ["check_exit_changes", "check_terms"]

_DAYS: Final = (
    TimeInForce.GOOD_TILL_CANCELLED,
    TimeInForce.GOOD_TILL_DATE,
    TimeInForce.GOOD_FOR_DAY,
)
_ONE_STOP: Final = "a trade has a stop-loss or a guaranteed stop, not both"
#: Whether an exit may have a price, and a distance.
_SHAPES: Final = {
    "take_profit": (True, False),
    "stop_loss": (True, True),
    "trailing_stop": (False, True),
    "guaranteed_stop": (True, True),
}


def check_terms(request: OrderRequest, instrument: Instrument) -> None:
    """Return if an order that `check_order` has passed may say what it says about margin.

    Raises:
        OrderInvalid: terms that contradict each other, a price or distance off its grid, or an
            exit on the wrong side of the order's own price.
    """
    terms = request.margin
    own = request.price if request.price is not None else request.stop_price
    if request.attached is not None and instrument.margin_rate is not None:
        _check_attached(request.attached, own, request.side)
    if terms is None:
        return
    if terms.closing is not None:
        _check_closing(request, terms)
        return
    _check_beside(request, terms, instrument)
    for name, wanted in _named(terms.exits):
        _check_exit(name, wanted, instrument)
        if own is not None and wanted.price is not None:
            _check_side(name, wanted.price, own, request.side)


def _check_beside(request: OrderRequest, terms: MarginTerms, instrument: Instrument) -> None:
    """What does not go with the order's type, or with each other."""
    bound = terms.price_bound
    if bound is not None:
        if request.type is OrderType.LIMIT:
            refuse("price_bound", "a limit order is bound by its own price")
        _check_price("price_bound", bound, instrument)
    if terms.trigger is not TriggerPrice.DEFAULT and request.type is OrderType.MARKET:
        refuse("trigger", "a market order waits for no price", terms.trigger.value)
    if request.attached is not None and terms.exits != Exits():
        refuse("exits", "give the exits as `attached` or as `margin.exits`, not both")
    has_stop = terms.exits.stop_loss is not None
    if has_stop and terms.exits.guaranteed_stop is not None:
        refuse("exits", _ONE_STOP)


def check_exit_changes(changes: ExitChanges, instrument: Instrument) -> None:
    """Return if the exits of a margin trade of this instrument may be set so.

    Raises:
        OrderInvalid: nothing is changed, or a price or distance is off its grid.
    """
    if changes == ExitChanges():
        refuse("exits", "nothing is to be changed")
    if isinstance(changes.stop_loss, Exit) and isinstance(changes.guaranteed_stop, Exit):
        refuse("exits", _ONE_STOP)
    for name in _SHAPES:
        wanted = getattr(changes, name)
        if wanted is not None and not isinstance(wanted, Keep):
            _check_exit(name, wanted, instrument)


def _check_attached(attached: Bracket, own: Decimal | None, side: Side) -> None:
    prices = {"take_profit": attached.take_profit_price, "stop_loss": attached.stop_price}
    if not any(price is not None for price in prices.values()):
        refuse("attached", "a bracket without a price is none")
    for name, price in prices.items():
        if own is not None and price is not None:
            _check_side(name, price, own, side)


def _check_closing(request: OrderRequest, terms: MarginTerms) -> None:
    if request.type is not OrderType.MARKET:
        refuse("closing", "what closes is a market order", request.type.value)
    says_more = (
        terms.exits != Exits()
        or request.attached is not None
        or terms.price_bound is not None
        or terms.position_fill is not PositionFill.DEFAULT
        or terms.trigger is not TriggerPrice.DEFAULT
    )
    if says_more:
        refuse("closing", "what closes opens nothing: no exits, bounds or fill rules")


def _named(exits: Exits) -> Iterator[tuple[str, Exit]]:
    for name in _SHAPES:
        wanted: Exit | None = getattr(exits, name)
        if wanted is not None:
            yield name, wanted


def _check_exit(name: str, wanted: Exit, instrument: Instrument) -> None:
    may_price, may_distance = _SHAPES[name]
    word = name.replace("_", " ")
    if (wanted.price is None) == (wanted.distance is None):
        refuse(name, f"a {word} needs {_needs(may_price, may_distance)}, and no more")
    if wanted.price is not None:
        if not may_price:
            refuse(name, f"a {word} has a distance, not a price", decimal_text(wanted.price))
        _check_price(name, wanted.price, instrument)
    if wanted.distance is not None:
        if not may_distance:
            refuse(name, f"a {word} has a price, not a distance", decimal_text(wanted.distance))
        _check_distance(name, wanted.distance, instrument)
    if wanted.time_in_force not in _DAYS:
        allowed = ", ".join(time.value for time in _DAYS)
        refuse(name, f"a {word} waits", wanted.time_in_force.value, allowed)
    if (wanted.time_in_force is TimeInForce.GOOD_TILL_DATE) != (wanted.expire_time_ns is not None):
        refuse(name, f"a good-till-date {word}, and no other, has an expiry time")


def _needs(may_price: bool, may_distance: bool) -> str:  # noqa: FBT001 - told by name above
    words = [word for word, may in (("a price", may_price), ("a distance", may_distance)) if may]
    return " or ".join(words)


def _check_price(name: str, price: Decimal, instrument: Instrument) -> None:
    if price <= 0:
        refuse(name, f"{name} must be positive", str(price), "0")
    rule = instrument.quantum(QuantumField.PRICE)
    if rule is not None and not is_multiple(price, rule.step):
        refuse_number(rule.name, name, price, "no multiple of", rule.step)


def _check_distance(name: str, distance: Decimal, instrument: Instrument) -> None:
    if distance <= 0:
        refuse(name, f"the distance of {name} must be positive", str(distance), "0")
    rule = instrument.quantum(QuantumField.DISTANCE)
    if rule is not None and not is_multiple(distance, rule.step):
        refuse_number(rule.name, name, distance, "no multiple of", rule.step)
    rule = instrument.quantum(QuantumField.TRAILING_DISTANCE)
    if name != "trailing_stop" or rule is None:
        return
    if rule.minimum and distance < rule.minimum:
        refuse_number(rule.name, name, distance, "below", rule.minimum)
    if rule.maximum and distance > rule.maximum:
        refuse_number(rule.name, name, distance, "above", rule.maximum)


def _check_side(name: str, price: Decimal, own: Decimal, side: Side) -> None:
    """A take-profit is beyond the order's own price, a stop behind it."""
    is_above = price > own
    is_profit = name == "take_profit"
    if price == own or is_above is not (is_profit is (side is Side.BUY)):
        where = "above" if is_profit is (side is Side.BUY) else "below"
        message = f"the {name.replace('_', ' ')} of a {side.value} must be {where} its price"
        refuse(name, message, decimal_text(price), decimal_text(own))
