"""Market data that is no event."""

from decimal import Decimal
from typing import NamedTuple

from attrs import frozen

__all__ = ["Candle", "Level"]


class Level(NamedTuple):
    """A price of a book and the quantity there, in base currency."""

    price: Decimal
    quantity: Decimal


@frozen
class Candle:
    """Trading in one interval of time; prices are in quote currency."""

    #: Of the interval, its first instant.
    start_time_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    #: In base currency; where there is no such figure, the number of prices (OANDA).
    volume: Decimal
