"""Numbers as an instrument writes them: with all its digits, and none beyond.

The exchange refuses a digit beyond an instrument's precision even where it is a zero (`"100.0"`
of a pair whose units are whole), and so would refuse what is right. Nothing is rounded: what is
off the grid is refused here.

Followed: "Primitives Definitions" (`displayPrecision`, `tradeUnitsPrecision`).
"""

from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.models import Instrument, QuantumField
from venuetree.protocol.numbers import decimal_text

__all__ = ["distance_text", "price_text", "units_text"]

#: Enough for any number of an order; what would have to be rounded is an error.
_EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation])


def price_text(name: str, price: Decimal, instrument: Instrument | None) -> str:
    """A price with the instrument's digits; as it came where that is not known.

    Raises:
        OrderInvalid: it has more digits than that.
    """
    return _on_grid(name, price, instrument, QuantumField.PRICE)


def distance_text(name: str, distance: Decimal, instrument: Instrument | None) -> str:
    """A distance between prices; as `price_text`."""
    return _on_grid(name, distance, instrument, QuantumField.DISTANCE)


def units_text(units: Decimal) -> str:
    """Units, in as few digits as they need: a whole number has no point."""
    text = decimal_text(units)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _on_grid(name: str, value: Decimal, instrument: Instrument | None, field: QuantumField) -> str:
    rule = None if instrument is None else instrument.quantum(field)
    if rule is None or not rule.step:
        return decimal_text(value)
    try:
        return decimal_text(value.quantize(rule.step, context=_EXACT))
    except (Inexact, InvalidOperation):
        told, step = decimal_text(value), decimal_text(rule.step)
        raise OrderInvalid(
            f"{name} {told} is no multiple of {step}",
            rule=rule.name,
            value=told,
            bound=step,
            exchange=NAME,
        ) from None
