"""Candles of one market: by the minute from its trades, and made up for the time before."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import attrs

from venuetree.scenarios.simulated.binance_us.filters import wire
from venuetree.scenarios.simulated.numbers import floor_to
from venuetree.scenarios.simulated.walk import Terrain

ZERO = Decimal(0)
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_EPOCH_MONDAY_MS = 4 * _DAY_MS
"""The first Monday of the epoch: 1970-01-05."""

FIXED_INTERVALS_MS: dict[str, int] = {
    "1m": 60_000,
    "3m": 180_000,
    "5m": 300_000,
    "15m": 900_000,
    "30m": 1_800_000,
    "1h": 3_600_000,
    "2h": 7_200_000,
    "4h": 14_400_000,
    "6h": 21_600_000,
    "8h": 28_800_000,
    "12h": 43_200_000,
    "1d": _DAY_MS,
    "3d": 3 * _DAY_MS,
    "1w": 7 * _DAY_MS,
}
INTERVALS = (*FIXED_INTERVALS_MS, "1M")


def opens_ms(interval: str, time_ms: int) -> int:
    """When the candle of this interval that covers a moment opens."""
    if interval == "1M":
        moment = datetime.fromtimestamp(time_ms // 1000, UTC)
        return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp()) * 1000
    length = FIXED_INTERVALS_MS[interval]
    shift = _EPOCH_MONDAY_MS if interval == "1w" else 0
    return (time_ms - shift) // length * length + shift


def next_opens_ms(interval: str, open_ms: int) -> int:
    """When the candle after the one that opens then opens."""
    if interval == "1M":
        moment = datetime.fromtimestamp(open_ms // 1000, UTC)
        year, month = divmod(moment.year * 12 + moment.month, 12)
        return int(datetime(year, month + 1, 1, tzinfo=UTC).timestamp()) * 1000
    return open_ms + FIXED_INTERVALS_MS[interval]


@attrs.frozen
class Kline:
    """One candle, or any stretch of trades; without a trade all its prices are the last one's."""

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    count: int = 0
    taker_volume: Decimal = ZERO
    """Bought by takers, in base currency; the next is the same in quote currency."""
    taker_quote_volume: Decimal = ZERO
    first_id: int = -1
    last_id: int = -1

    @property
    def row(self) -> list[Any]:
        """The twelve items of ``GET klines``."""
        return [
            self.open_ms,
            wire(self.open),
            wire(self.high),
            wire(self.low),
            wire(self.close),
            wire(self.volume),
            self.close_ms,
            wire(self.quote_volume),
            self.count,
            wire(self.taker_volume),
            wire(self.taker_quote_volume),
            "0",
        ]

    def with_trade(
        self, trade_id: int, price: Decimal, quantity: Decimal, *, taker_bought: bool
    ) -> "Kline":
        """The candle after one more trade."""
        quote = price * quantity
        first = self.count == 0
        return Kline(
            open_ms=self.open_ms,
            close_ms=self.close_ms,
            open=price if first else self.open,
            high=price if first else max(self.high, price),
            low=price if first else min(self.low, price),
            close=price,
            volume=self.volume + quantity,
            quote_volume=self.quote_volume + quote,
            count=self.count + 1,
            taker_volume=self.taker_volume + (quantity if taker_bought else ZERO),
            taker_quote_volume=self.taker_quote_volume + (quote if taker_bought else ZERO),
            first_id=trade_id if first else self.first_id,
            last_id=trade_id,
        )

    def then(self, later: "Kline") -> "Kline":
        """This stretch and a later one as one."""
        if not later.count:
            return attrs.evolve(self, close_ms=later.close_ms)
        if not self.count:
            return attrs.evolve(later, open_ms=self.open_ms)
        return Kline(
            open_ms=self.open_ms,
            close_ms=later.close_ms,
            open=self.open,
            high=max(self.high, later.high),
            low=min(self.low, later.low),
            close=later.close,
            volume=self.volume + later.volume,
            quote_volume=self.quote_volume + later.quote_volume,
            count=self.count + later.count,
            taker_volume=self.taker_volume + later.taker_volume,
            taker_quote_volume=self.taker_quote_volume + later.taker_quote_volume,
            first_id=self.first_id,
            last_id=later.last_id,
        )


@attrs.define(eq=False)
class Klines:
    """The candles of one market. What lies before `started_ms` is made up from the seed."""

    seed: str
    terrain: Terrain
    started_ms: int
    """The first whole minute of which the trades are known."""
    _minutes: dict[int, Kline] = attrs.field(factory=dict, init=False)
    _last: Decimal = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._last = self.terrain.start

    def add(
        self, trade_id: int, price: Decimal, quantity: Decimal, time_ms: int, *, taker_bought: bool
    ) -> None:
        """Note a trade."""
        minute = time_ms // _MINUTE_MS * _MINUTE_MS
        candle = self._minutes.get(minute) or self._flat(minute, minute + _MINUTE_MS - 1)
        self._minutes[minute] = candle.with_trade(
            trade_id, price, quantity, taker_bought=taker_bought
        )
        self._last = price

    def kline(self, interval: str, open_ms: int) -> Kline:
        """The candle of this interval that opens then, as far as it has come."""
        close_ms = next_opens_ms(interval, open_ms) - 1
        if close_ms < self.started_ms:
            return self._invented(interval, open_ms, close_ms)
        return self.stretch(open_ms, close_ms)

    def stretch(self, from_ms: int, to_ms: int) -> Kline:
        """The known minutes that begin in a stretch of time, as one."""
        # Sorted, because a clock that is set back lets minutes come again.
        inside = [self._minutes[m] for m in sorted(self._minutes) if from_ms <= m <= to_ms]
        if not inside:
            before = [minute for minute in self._minutes if minute < from_ms]
            price = self._minutes[max(before)].close if before else self._last
            return self._flat(from_ms, to_ms, price)
        whole = inside[0]
        for candle in inside[1:]:
            whole = whole.then(candle)
        return attrs.evolve(whole, open_ms=from_ms, close_ms=to_ms)

    def _flat(self, open_ms: int, close_ms: int, price: Decimal | None = None) -> Kline:
        price = self._last if price is None else price
        return Kline(open_ms, close_ms, price, price, price, price)

    def _invented(self, interval: str, open_ms: int, close_ms: int) -> Kline:
        rng = Random(f"{self.seed} {interval} {open_ms}")
        terrain = self.terrain
        span = int((terrain.high - terrain.low) / terrain.tick)
        points = [
            terrain.low + rng.randint(span // 4, 3 * span // 4) * terrain.tick for _ in range(4)
        ]
        volume = floor_to(terrain.typical_size * rng.randint(2, 40), terrain.lot)
        bought = floor_to(volume / 2, terrain.lot)
        # Nobody can have seen these trades: their price is the middle of the stretch.
        price = floor_to((min(points) + max(points)) / 2, terrain.tick)
        return Kline(
            open_ms=open_ms,
            close_ms=close_ms,
            open=points[1],
            high=max(points),
            low=min(points),
            close=points[2],
            volume=volume,
            quote_volume=volume * price,
            count=rng.randint(5, 90),
            taker_volume=bought,
            taker_quote_volume=bought * price,
        )
