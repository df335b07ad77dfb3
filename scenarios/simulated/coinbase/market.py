"""One product's market: its book, its walk, its prints, its candles."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from random import Random

import attrs

from venuetree.scenarios.simulated.coinbase.universe import Product
from venuetree.scenarios.simulated.matching import Book, SelfTrade, Side, Trade
from venuetree.scenarios.simulated.numbers import NANOSECONDS, floor_to
from venuetree.scenarios.simulated.walk import Walk

_HISTORY = 1000
"""Prints that the exchange remembers for its list of trades."""
_EARLIER = 120
"""Prints made up for the time before the start, so that lists and snapshots are not empty."""

GRANULARITIES: dict[str, int] = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "FOUR_HOUR": 14400,
    "SIX_HOUR": 21600,
    "ONE_DAY": 86400,
}


@attrs.frozen
class Print:
    """One public trade; `sequence` is the Exchange feed's count for the product."""

    trade_id: int
    price: Decimal
    size: Decimal
    maker_side: Side
    time_ns: int
    sequence: int
    maker_order_id: str
    taker_order_id: str


@attrs.frozen
class Candle:
    """Prices of one bucket of time; `start_s` is its UNIX second."""

    start_s: int
    low: Decimal
    high: Decimal
    open: Decimal
    close: Decimal
    volume: Decimal

    def with_trade(self, price: Decimal, size: Decimal) -> "Candle":
        """The candle after one more trade."""
        return Candle(
            start_s=self.start_s,
            low=min(self.low, price),
            high=max(self.high, price),
            open=self.open,
            close=price,
            volume=self.volume + size,
        )

    def then(self, later: "Candle") -> "Candle":
        """This candle and the one after it as one."""
        return Candle(
            start_s=self.start_s,
            low=min(self.low, later.low),
            high=max(self.high, later.high),
            open=self.open,
            close=later.close,
            volume=self.volume + later.volume,
        )


@attrs.define(eq=False)
class Market:
    """The state of one product's market. `on_print` hears of each public trade."""

    product: Product
    seed: int
    index: int
    started_ns: int
    book: Book = attrs.field(init=False)
    walk: Walk = attrs.field(init=False)
    prints: deque[Print] = attrs.field(init=False)
    on_print: list[Callable[["Market", Print], None]] = attrs.field(factory=list, init=False)
    volume: Decimal = attrs.field(init=False)
    low: Decimal = attrs.field(init=False)
    high: Decimal = attrs.field(init=False)
    opened: Decimal = attrs.field(init=False)
    _minutes: dict[int, Candle] = attrs.field(factory=dict, init=False)
    _sequence: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        rng = Random(f"{self.seed} {self.product.product_id}")
        self.book = Book(self.product.base_increment, SelfTrade.CANCEL_INCOMING)
        # Order ids of the house are UUIDs that count up, apart for each product.
        ids = f"10000000-{self.index:04x}-4000-8000-"
        self.walk = Walk(self.product.terrain, self.book, rng, ids)
        self.opened = self.low = self.high = self.walk.middle
        self.volume = self.product.terrain.typical_size * 20000
        self._sequence = 90_000_000_000 + self.index * 1_000_000_000
        self.prints = deque(maxlen=_HISTORY)
        self._invent_earlier(rng)

    @property
    def product_id(self) -> str:
        """``BASE-QUOTE``."""
        return self.product.product_id

    @property
    def last(self) -> Print:
        """The newest public trade."""
        return self.prints[-1]

    @property
    def sequence(self) -> int:
        """The Exchange feed's count."""
        return self._sequence

    @property
    def middle(self) -> Decimal:
        """Between the best prices; the last trade's price when a side is empty."""
        bid, ask = self.book.best(Side.BUY), self.book.best(Side.SELL)
        if bid is None or ask is None:
            return self.last.price
        return (bid + ask) / 2

    def record(self, trade: Trade, time_ns: int) -> Print:
        """Print a trade of the matching engine."""
        # Around a trade the full feed has received, match and done or open: three steps on.
        self._sequence += 3
        printed = Print(
            trade_id=self.last.trade_id + 1,
            price=trade.price,
            size=trade.quantity,
            maker_side=trade.maker_side,
            time_ns=time_ns,
            sequence=self._sequence,
            maker_order_id=trade.maker_order_id,
            taker_order_id=trade.taker_order_id,
        )
        self._remember(printed)
        for listener in self.on_print:
            listener(self, printed)
        return printed

    def candles(self, granularity_s: int, start_s: int, end_s: int) -> list[Candle]:
        """Candles whose start lies in [start_s, end_s], newest first; buckets to come are left out.

        Before the start of the simulation they are made up, always the same for a seed.
        """
        now_s = self.last.time_ns // NANOSECONDS
        first = start_s - start_s % granularity_s
        if first < start_s:
            first += granularity_s
        buckets = range(first, min(end_s, now_s) + 1, granularity_s)
        candles = (self._candle(granularity_s, bucket) for bucket in buckets)
        return [candle for candle in candles if candle is not None][::-1]

    def _candle(self, granularity_s: int, start_s: int) -> Candle | None:
        started_s = self.started_ns // NANOSECONDS
        if start_s + granularity_s <= started_s - started_s % 60:
            return self._invented(granularity_s, start_s)
        minutes = [
            candle
            for minute, candle in self._minutes.items()
            if start_s <= minute < start_s + granularity_s
        ]
        if not minutes:
            return None
        minutes.sort(key=lambda candle: candle.start_s)
        whole = attrs.evolve(minutes[0], start_s=start_s)
        for minute in minutes[1:]:
            whole = whole.then(minute)
        return whole

    def _invented(self, granularity_s: int, start_s: int) -> Candle:
        rng = Random(f"{self.seed} {self.product_id} {granularity_s} {start_s}")
        tick, terrain = self.product.price_increment, self.product.terrain
        span = int((terrain.high - terrain.low) / tick)
        points = [terrain.low + rng.randint(span // 4, 3 * span // 4) * tick for _ in range(4)]
        return Candle(
            start_s=start_s,
            low=min(points),
            high=max(points),
            open=points[1],
            close=points[2],
            volume=terrain.typical_size * rng.randint(1, 40),
        )

    def _remember(self, printed: Print) -> None:
        self.prints.append(printed)
        self.volume += printed.size
        self.low, self.high = min(self.low, printed.price), max(self.high, printed.price)
        minute = printed.time_ns // NANOSECONDS // 60 * 60
        candle = self._minutes.get(minute)
        if candle is None:
            price = printed.price
            candle = Candle(minute, price, price, price, price, Decimal(0))
        self._minutes[minute] = candle.with_trade(printed.price, printed.size)

    def _invent_earlier(self, rng: Random) -> None:
        terrain = self.product.terrain
        first_id = rng.randint(400_000_000, 900_000_000)
        size = max(floor_to(terrain.typical_size / 10, terrain.lot), terrain.lot)
        for number in range(_EARLIER):
            side = rng.choice((Side.BUY, Side.SELL))
            offset = rng.randint(1, terrain.step_ticks) * terrain.tick
            self._remember(
                Print(
                    trade_id=first_id + number,
                    price=terrain.start - offset if side is Side.BUY else terrain.start + offset,
                    size=size,
                    maker_side=side,
                    time_ns=self.started_ns - (_EARLIER - number) * NANOSECONDS // 2,
                    sequence=self._sequence + number,
                    maker_order_id=f"20000000-{self.index:04x}-4000-8000-{number:012x}",
                    taker_order_id=f"30000000-{self.index:04x}-4000-8000-{number:012x}",
                )
            )
        self._sequence += _EARLIER
