"""Prices of one instrument over time: remembered since the start, invented for all before it.

The past is smooth noise of several periods, so that a candle of any length
agrees with its neighbours, and the newest of it ends where the walk begins.
It needs no memory, however far back one asks.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

import attrs

from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.prices import Quote
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["Bar", "History", "Range"]

_BAR_NS = 5 * NANOSECONDS
"""The shortest candle; every longer one is made of whole ones."""
_REMEMBERED = 100_000
_LAYERS = tuple(
    (period_s * NANOSECONDS, height)
    for period_s, height in (
        (10, 3),
        (90, 6),
        (900, 12),
        (9_000, 35),
        (150_000, 90),
        (2_500_000, 200),
        (33_000_000, 350),
    )
)
"""Of the noise: the period, and the height in the walk's largest steps."""
_SAMPLES = 4
"""Moments of the past at which a candle looks at the price."""
_MASK = (1 << 64) - 1


@attrs.frozen
class Range:
    """Open, high, low and close."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def extended(self, price: Decimal) -> "Range":
        """With one more price after it."""
        return Range(self.open, max(self.high, price), min(self.low, price), price)

    def joined(self, later: "Range") -> "Range":
        """With another after it."""
        return Range(self.open, max(self.high, later.high), min(self.low, later.low), later.close)

    def opened(self, price: Decimal) -> "Range":
        """With another opening price."""
        return Range(price, max(self.high, price), min(self.low, price), self.close)


@attrs.frozen
class Bar:
    """The prices of a span of time, and how many updates there were."""

    bid: Range
    ask: Range
    mid: Range
    volume: int

    def joined(self, later: "Bar") -> "Bar":
        """With another after it."""
        return Bar(
            self.bid.joined(later.bid),
            self.ask.joined(later.ask),
            self.mid.joined(later.mid),
            self.volume + later.volume,
        )


@attrs.define(eq=False)
class History:
    """The bars of one instrument.

    Args:
        instrument: whose prices they are.
        first: the quote with which the walk begins.
        seed: of the invented past.
    """

    instrument: Instrument
    first: Quote
    seed: int
    _bars: dict[int, Bar] = attrs.field(factory=dict, init=False)
    """By start, in order."""
    _updated_ns: int = attrs.field(init=False)
    _key: int = attrs.field(init=False)
    _anchor: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        # Python's own hash of a text differs from run to run.
        self._key = self.seed * 1_000_003 + int.from_bytes(self.instrument.name.encode()[:8], "big")
        self._updated_ns = self.first.time_ns
        self._anchor = self._noise(self.first.time_ns)
        self.add(self.first)

    @property
    def updated_ns(self) -> int:
        """When the newest price came."""
        return self._updated_ns

    def add(self, quote: Quote) -> None:
        """Remember a price; the bars of the oldest are forgotten."""
        self._updated_ns = quote.time_ns
        start_ns = quote.time_ns - quote.time_ns % _BAR_NS
        bar = self._bars.get(start_ns)
        if bar is None:
            self._bars[start_ns] = Bar(_point(quote.bid), _point(quote.ask), _point(quote.mid), 1)
            if len(self._bars) > _REMEMBERED:
                del self._bars[next(iter(self._bars))]
            return
        self._bars[start_ns] = Bar(
            bar.bid.extended(quote.bid),
            bar.ask.extended(quote.ask),
            bar.mid.extended(quote.mid),
            bar.volume + 1,
        )

    def bar(self, start_ns: int, end_ns: int) -> Bar | None:
        """The prices from a time until before another; None if there were none."""
        known_ns = self.first.time_ns - self.first.time_ns % _BAR_NS
        bar = self._invented(start_ns, min(end_ns, known_ns)) if start_ns < known_ns else None
        for each in self._remembered(max(start_ns, known_ns), end_ns):
            bar = each if bar is None else bar.joined(each)
        return bar

    def _remembered(self, start_ns: int, end_ns: int) -> Iterator[Bar]:
        if (end_ns - start_ns) // _BAR_NS > len(self._bars):
            yield from (bar for at_ns, bar in self._bars.items() if start_ns <= at_ns < end_ns)
            return
        for at_ns in range(start_ns, end_ns, _BAR_NS):
            bar = self._bars.get(at_ns)
            if bar is not None:
                yield bar

    def _invented(self, start_ns: int, end_ns: int) -> Bar:
        length_ns = end_ns - start_ns
        moments = [start_ns + length_ns * part // (_SAMPLES - 1) for part in range(_SAMPLES)]
        ticks = [self._middle(moment) for moment in moments]
        half = self.instrument.spread_ticks
        # In half ticks, so that the middle of an odd spread is exact.
        lowest, highest = min(ticks), max(ticks)
        shape = (ticks[0], highest, lowest, ticks[-1])
        tick = self.instrument.tick / 2
        bid, ask, mid = (
            Range(*((2 * each + offset) * tick for each in shape)) for offset in (-half, half, 0)
        )
        volume = length_ns // NANOSECONDS * (30 + _mixed(self._key ^ start_ns) % 40) // 50 + 1
        return Bar(bid, ask, mid, volume)

    def _middle(self, time_ns: int) -> int:
        start = int(self.instrument.start_price / self.instrument.tick)
        return start + self._noise(time_ns) - self._anchor

    def _noise(self, time_ns: int) -> int:
        total = 0
        for number, (period_ns, height) in enumerate(_LAYERS):
            index, within = divmod(time_ns, period_ns)
            before = _corner(self._key + number, index)
            after = _corner(self._key + number, index + 1)
            # Corners are thousandths of the height, from -500 to 500.
            total += (before * period_ns + (after - before) * within) * height // period_ns
        return total * self.instrument.step_ticks // 1000


def _point(price: Decimal) -> Range:
    return Range(price, price, price, price)


@lru_cache(maxsize=50_000)
def _corner(key: int, index: int) -> int:
    return _mixed(key * 0x9E3779B97F4A7C15 + index) % 1001 - 500


def _mixed(number: int) -> int:
    """A number of 64 bits that has nothing of the order of its origins."""
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
