"""One symbol's market: its book and update ids, its walk, its trades, its figures."""

from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

import attrs

from venuetree.scenarios.simulated.binance_us.klines import Kline, Klines
from venuetree.scenarios.simulated.binance_us.universe import Instrument
from venuetree.scenarios.simulated.matching import Book, SelfTrade, Side, Trade
from venuetree.scenarios.simulated.numbers import floor_to
from venuetree.scenarios.simulated.walk import Walk

ZERO = Decimal(0)
_HISTORY = 20_000
"""Trades that the exchange remembers one by one."""
_EARLIER = 120
"""Trades made up for the time before the start, so that no list is empty."""
_DAILY_TRADES = 20_000
"""Trades that a day before the start is said to have had."""
_DAY_MS = 86_400_000
_MINUTE_MS = 60_000

_HOUSE_IDS_FROM = 1_500_000_000
"""Order ids of the house are below those of accounts, which begin at 2,281,896,600."""
FIRST_ACCOUNT_ORDER_ID = 2_281_896_601


def numeric_order_id(book_id: str) -> int:
    """The integer that the wire has for an order of the book: the house's count in hexadecimal."""
    return _HOUSE_IDS_FROM + int(book_id[1:], 16) if book_id.startswith("h") else int(book_id)


@attrs.frozen
class Print:
    """One public trade."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    time_ms: int
    maker_side: Side
    maker_order_id: int
    taker_order_id: int

    @property
    def buyer_is_maker(self) -> bool:
        """Whether the taker sold."""
        return self.maker_side is Side.BUY

    @property
    def buyer_order_id(self) -> int:
        """The buyer's order."""
        return self.maker_order_id if self.buyer_is_maker else self.taker_order_id

    @property
    def seller_order_id(self) -> int:
        """The seller's order."""
        return self.taker_order_id if self.buyer_is_maker else self.maker_order_id


@attrs.frozen
class Aggregate:
    """Trades of one taker at one price and moment, as one."""

    aggregate_id: int
    price: Decimal
    quantity: Decimal
    first_id: int
    last_id: int
    time_ms: int
    maker_side: Side

    @property
    def buyer_is_maker(self) -> bool:
        """Whether the taker sold."""
        return self.maker_side is Side.BUY


@attrs.define(eq=False)
class Market:
    """The state of one symbol's market.

    `last_update_id` counts every change of a level, one by one and without a
    gap: REST snapshots and depth events number the book by it alike.
    """

    instrument: Instrument
    seed: int
    started_ms: int
    book: Book = attrs.field(init=False)
    walk: Walk = attrs.field(init=False)
    prints: deque[Print] = attrs.field(init=False)
    aggregates: deque[Aggregate] = attrs.field(init=False)
    klines: Klines = attrs.field(init=False)
    on_print: list[Callable[["Market", Print], None]] = attrs.field(factory=list, init=False)
    on_aggregate: list[Callable[["Market", Aggregate], None]] = attrs.field(
        factory=list, init=False
    )
    _known_from_ms: int = attrs.field(init=False)
    _first_id: int = attrs.field(init=False)
    _update_id: int = attrs.field(init=False)
    _touched: dict[tuple[Side, Decimal], None] = attrs.field(factory=dict, init=False)
    _recent: deque[Print] = attrs.field(factory=deque, init=False)
    """Trades of the minutes over which prices are averaged; the sums are over them."""
    _recent_quantity: Decimal = attrs.field(default=ZERO, init=False)
    _recent_quote: Decimal = attrs.field(default=ZERO, init=False)

    def __attrs_post_init__(self) -> None:
        instrument = self.instrument
        rng = Random(f"{self.seed} {instrument.symbol}")
        self.book = Book(instrument.terrain.lot, SelfTrade.CANCEL_RESTING)
        self.walk = Walk(instrument.terrain, self.book, rng, "h")
        self._update_id = rng.randint(8_000_000_000, 9_000_000_000)
        self.prints = deque(maxlen=_HISTORY)
        self.aggregates = deque(maxlen=_HISTORY)
        earlier_ms = self.started_ms - _EARLIER * 500
        self._known_from_ms = earlier_ms // _MINUTE_MS * _MINUTE_MS
        self.klines = Klines(
            f"{self.seed} {instrument.symbol}", instrument.terrain, self._known_from_ms
        )
        self._invent_earlier(rng, earlier_ms)

    @property
    def symbol(self) -> str:
        """``BASEQUOTE``."""
        return self.instrument.symbol

    @property
    def last(self) -> Print:
        """The newest trade."""
        return self.prints[-1]

    @property
    def last_update_id(self) -> int:
        """The number of the book's newest change."""
        self.number_changes()
        return self._update_id

    def take_touched(self) -> list[tuple[Side, Decimal]]:
        """The levels that changed since the last call, each once; one reader only.

        Take `last_update_id` in the same breath: it numbers the state that these lead to.
        """
        self.number_changes()
        touched, self._touched = list(self._touched), {}
        return touched

    def number_changes(self) -> None:
        """Number what changed since the last call: a level once, however often it changed.

        The desk calls it after each order, so that the numbers do not depend on who looks.
        """
        for side, price, _ in self.book.take_changes():
            self._update_id += 1
            self._touched[side, price] = None

    def record(self, trades: Sequence[Trade], time_ms: int) -> list[Print]:
        """Make the trades of one taker public."""
        printed = [self._print(trade, time_ms) for trade in trades]
        for aggregate in self._aggregated(printed):
            self.aggregates.append(aggregate)
            for listener in self.on_aggregate:
                listener(self, aggregate)
        return printed

    def _print(self, trade: Trade, time_ms: int) -> Print:
        printed = Print(
            trade_id=self.last.trade_id + 1,
            price=trade.price,
            quantity=trade.quantity,
            time_ms=time_ms,
            maker_side=trade.maker_side,
            maker_order_id=numeric_order_id(trade.maker_order_id),
            taker_order_id=numeric_order_id(trade.taker_order_id),
        )
        self._remember(printed)
        for listener in self.on_print:
            listener(self, printed)
        return printed

    def _aggregated(self, prints: Sequence[Print]) -> list[Aggregate]:
        made: list[Aggregate] = []
        next_id = self.aggregates[-1].aggregate_id + 1 if self.aggregates else 51_000_000
        for each in prints:
            if made and made[-1].price == each.price:
                together = made[-1].quantity + each.quantity
                made[-1] = attrs.evolve(made[-1], quantity=together, last_id=each.trade_id)
            else:
                made.append(
                    Aggregate(
                        aggregate_id=next_id + len(made),
                        price=each.price,
                        quantity=each.quantity,
                        first_id=each.trade_id,
                        last_id=each.trade_id,
                        time_ms=each.time_ms,
                        maker_side=each.maker_side,
                    )
                )
        return made

    def average_price(self, now_ms: int) -> Decimal:
        """The price by volume of the last minutes; without a trade in them, the last price."""
        minutes = self.instrument.filters.average_minutes
        while self._recent and self._recent[0].time_ms < now_ms - minutes * _MINUTE_MS:
            old = self._recent.popleft()
            self._recent_quantity -= old.quantity
            self._recent_quote -= old.quantity * old.price
        if not self._recent:
            return self.last.price
        average = self._recent_quote / self._recent_quantity
        return average.quantize(Decimal(1).scaleb(-self.instrument.precision))

    def window(self, length_ms: int, now_ms: int) -> Kline:
        """The figures of a rolling window that ends now."""
        from_ms = now_ms - length_ms
        known = self.klines.stretch(max(from_ms, self._known_from_ms), now_ms)
        if from_ms >= self._known_from_ms:
            return known
        count = max(_DAILY_TRADES * (self._known_from_ms - from_ms) // _DAY_MS, 1)
        return self._invented_window(from_ms, count).then(known)

    def _invented_window(self, from_ms: int, count: int) -> Kline:
        terrain = self.instrument.terrain
        volume = floor_to(terrain.typical_size / 10, terrain.lot) * count
        bought = floor_to(volume / 2, terrain.lot)
        return Kline(
            open_ms=from_ms,
            close_ms=self._known_from_ms - 1,
            open=terrain.start - terrain.step_ticks * terrain.tick,
            high=terrain.start + 3 * terrain.step_ticks * terrain.tick,
            low=terrain.start - 3 * terrain.step_ticks * terrain.tick,
            close=terrain.start,
            volume=volume,
            quote_volume=volume * terrain.start,
            count=count,
            taker_volume=bought,
            taker_quote_volume=bought * terrain.start,
            first_id=self._first_id - count,
            last_id=self._first_id - 1,
        )

    def _remember(self, printed: Print) -> None:
        self.prints.append(printed)
        self._recent.append(printed)
        self._recent_quantity += printed.quantity
        self._recent_quote += printed.quantity * printed.price
        self.klines.add(
            printed.trade_id,
            printed.price,
            printed.quantity,
            printed.time_ms,
            taker_bought=printed.maker_side is Side.SELL,
        )

    def _invent_earlier(self, rng: Random, earlier_ms: int) -> None:
        terrain = self.instrument.terrain
        self._first_id = rng.randint(80_000_000, 90_000_000)
        quantity = max(floor_to(terrain.typical_size / 10, terrain.lot), terrain.lot)
        for number in range(_EARLIER):
            side = rng.choice((Side.BUY, Side.SELL))
            offset = rng.randint(1, terrain.step_ticks) * terrain.tick
            printed = Print(
                trade_id=self._first_id + number,
                price=terrain.start - offset if side is Side.BUY else terrain.start + offset,
                quantity=quantity,
                time_ms=earlier_ms + number * 500,
                maker_side=side,
                maker_order_id=_HOUSE_IDS_FROM - 2 * (_EARLIER - number),
                taker_order_id=_HOUSE_IDS_FROM - 2 * (_EARLIER - number) + 1,
            )
            self._remember(printed)
            self.aggregates.extend(self._aggregated([printed]))
