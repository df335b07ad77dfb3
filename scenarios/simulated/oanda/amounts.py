"""Wire text of money, prices and units; every rounding of this exchange happens here."""

from decimal import ROUND_HALF_EVEN, Decimal

from venuetree.scenarios.simulated.numbers import plain
from venuetree.scenarios.simulated.oanda.prices import Factors
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = [
    "ZERO",
    "convert",
    "home",
    "home_text",
    "percent_text",
    "price_text",
    "round_price",
    "units_text",
]

ZERO = Decimal(0)
_HOME_STEP = Decimal("0.0001")
_PERCENT_STEP = Decimal("0.00001")


def home(amount: Decimal) -> Decimal:
    """An amount of home currency as it is booked: four decimals, and never minus zero."""
    return amount.quantize(_HOME_STEP, ROUND_HALF_EVEN) + ZERO


def home_text(amount: Decimal) -> str:
    """Home currency on the wire: ``"100000.0000"``."""
    return format(home(amount), "f")


def percent_text(share: Decimal) -> str:
    """A margin percentage on the wire; 1 is written ``"1.00000"``."""
    return format(share.quantize(_PERCENT_STEP, ROUND_HALF_EVEN) + ZERO, "f")


def round_price(instrument: Instrument, price: Decimal) -> Decimal:
    """A price cut to the digits of its instrument."""
    return price.quantize(instrument.tick, ROUND_HALF_EVEN)


def price_text(instrument: Instrument, price: Decimal) -> str:
    """A price on the wire, with all the digits of its instrument: ``"1.20000"``."""
    return format(round_price(instrument, price), "f")


def units_text(units: Decimal) -> str:
    """Units on the wire: ``"-10000"``, ``"0.02"``."""
    return plain(units)


def convert(amount: Decimal, factors: Factors) -> Decimal:
    """A realised amount of another currency in home currency: gains and losses differ."""
    return amount * (factors.gain if amount >= ZERO else factors.loss)
