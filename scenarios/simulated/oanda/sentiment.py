"""Order and position books: what part of the clients wait, or stand, at which price.

They are no market depth. A snapshot is made of its time alone, so that the
same one can be asked for again.
"""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import attrs

from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.candle_history import History
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.prices import Prices

__all__ = ["SNAPSHOT_NS", "SentimentBooks"]

SNAPSHOT_NS = 1200 * NANOSECONDS
"""Between two snapshots."""
_BUCKETS = 40
"""On each side of the price."""
_PIPS = 5
"""A bucket's width."""
_FOUR_DIGITS = Decimal("0.0001")


@attrs.define(eq=False)
class SentimentBooks:
    """The snapshots of all instruments that have some: currencies and metals."""

    prices: Prices
    now_ns: Callable[[], int]
    seed: int
    history: Callable[[str], History]

    def has(self, name: str) -> bool:
        """Whether an instrument has books."""
        instrument = self.prices.instruments.get(name)
        return instrument is not None and instrument.kind != "CFD"

    def snapshot_ns(self, time_ns: int | None) -> int:
        """When the snapshot was made that holds at a time, by default now."""
        at_ns = self.now_ns() if time_ns is None else time_ns
        return at_ns - at_ns % SNAPSHOT_NS

    def book(self, kind: str, name: str, snapshot_ns: int) -> dict[str, Any]:
        """A snapshot; `kind` is ``orderBook`` or ``positionBook``."""
        instrument = self.prices.instruments[name]
        rng = Random(f"{self.seed} {kind} {name} {snapshot_ns}")
        price = self._price(name, snapshot_ns)
        width = instrument.pip * _PIPS
        lowest = price // width * width - _BUCKETS * width
        prices = [lowest + number * width for number in range(2 * _BUCKETS)]
        return {
            "instrument": name,
            "time": time_text(snapshot_ns).replace(".000000000", ""),
            "unixTime": str(snapshot_ns // NANOSECONDS),
            "price": f"{price.quantize(instrument.tick):f}",
            "bucketWidth": f"{width.quantize(instrument.tick):f}",
            "buckets": [
                {
                    "price": f"{each.quantize(instrument.tick):f}",
                    "longCountPercent": _percent(rng),
                    "shortCountPercent": _percent(rng),
                }
                for each in prices
                if each > 0
            ],
        }

    def _price(self, name: str, snapshot_ns: int) -> Decimal:
        before = self.history(name).bar(snapshot_ns - 5 * NANOSECONDS, snapshot_ns)
        return self.prices.quote(name).mid if before is None else before.mid.close


def _percent(rng: Random) -> str:
    return f"{(rng.randint(500, 9500) * _FOUR_DIGITS).quantize(_FOUR_DIGITS):f}"
