"""Self-made liquidity: a seeded random walk that keeps a book alive.

Each move shifts the middle by a few ticks, takes away the house's orders that
are on the wrong side of it, tops up the levels near it, resizes one, and now
and then sends a small taker order. All of it goes through the matching
engine, so that clients' orders trade with it by price and time like any other.
"""

from decimal import Decimal
from random import Random

import attrs

from venuetree.scenarios.simulated.matching import Book, BookOrder, Execution, Side, TimeInForce
from venuetree.scenarios.simulated.numbers import floor_to

HOUSE_MAKER = "house-maker"
HOUSE_TAKER = "house-taker"

_NEAR_LEVELS = 8
"""Levels beside the middle that every move fills up again."""


@attrs.frozen
class Terrain:
    """Where and how a price walks; all prices are multiples of `tick`."""

    tick: Decimal
    lot: Decimal
    start: Decimal
    low: Decimal
    high: Decimal
    step_ticks: int
    """The farthest that one move goes."""
    spacing_ticks: int
    """Between one level and the next."""
    typical_size: Decimal
    levels: int = 60
    """Levels a side in the beginning, and about as many ever after."""


@attrs.define(eq=False)
class Walk:
    """The house's orders in one book."""

    terrain: Terrain
    book: Book
    rng: Random
    ids: str
    """What the house's order ids begin with: they are UUIDs that count up."""
    middle: Decimal = attrs.field(init=False)
    _count: int = attrs.field(default=0, init=False)
    _levels: int = attrs.field(init=False)
    _sizes: dict[int, Decimal] = attrs.field(factory=dict, init=False)
    """By hundredths of the typical size."""

    def __attrs_post_init__(self) -> None:
        self.middle = self.terrain.start
        self._levels = self.terrain.levels
        # From low prices to high ones: a book grows cheaply at its upper end.
        for level in reversed(range(self.terrain.levels)):
            self._quote(Side.BUY, level)
        for level in range(self.terrain.levels):
            self._quote(Side.SELL, level)
        self.book.take_changes()

    def move(self) -> list[Execution]:
        """One step of the walk; the executions may hold trades with clients' orders."""
        self.middle = self._next_middle()
        for side in Side:
            self._clear_wrong_side(side)
        executions = []
        for side in Side:
            for level in range(_NEAR_LEVELS):
                execution = self._quote(side, level)
                if execution is not None:
                    executions.append(execution)
            self._trim(side)
            self._resize_one(side)
        return executions

    def trade(self) -> Execution:
        """A small taker order of the house, against whatever is best."""
        side = self.rng.choice((Side.BUY, Side.SELL))
        price = self.book.best(side.opposite)
        resting = self._size() if price is None else self.book.total_at(side.opposite, price)
        quantity = min(self._size() / 4, resting)
        quantity = max(floor_to(quantity, self.terrain.lot), self.terrain.lot)
        return self.take(side, quantity)

    def take(self, side: Side, quantity: Decimal) -> Execution:
        """A taker order of the house of this size, whatever the price."""
        return self.book.submit(
            BookOrder(
                order_id=self._next_id(),
                owner=HOUSE_TAKER,
                side=side,
                remaining=quantity,
                time_in_force=TimeInForce.IOC,
            )
        )

    def widen(self, levels: int) -> None:
        """Add so many levels far from the middle, half on each side if there is room."""
        tick, half = self.terrain.tick, levels // 2
        self._levels += levels
        worst = self.book.worst(Side.BUY) or self.middle
        room = int(worst / tick) - 1
        below = min(half, room)
        above = levels - below
        top = self.book.worst(Side.SELL) or self.middle
        size = floor_to(self.terrain.typical_size, self.terrain.lot)
        for number in range(below, 0, -1):
            self.rest(Side.BUY, worst - number * tick, size)
        for number in range(1, above + 1):
            self.rest(Side.SELL, top + number * tick, size)

    def rest(self, side: Side, price: Decimal, size: Decimal) -> Execution:
        """An order of the house that stays at a price, but for what it takes at once."""
        return self.book.submit(
            BookOrder(
                order_id=self._next_id(),
                owner=HOUSE_MAKER,
                side=side,
                remaining=size,
                price=price,
            )
        )

    def _next_middle(self) -> Decimal:
        terrain = self.terrain
        middle = self.middle + self.rng.randint(-terrain.step_ticks, terrain.step_ticks) * (
            terrain.tick
        )
        # The walls reflect: a wall that only stops would hold the price there.
        if middle < terrain.low:
            return 2 * terrain.low - middle
        if middle > terrain.high:
            return 2 * terrain.high - middle
        return middle

    def _price(self, side: Side, level: int) -> Decimal:
        offset = (1 + level * self.terrain.spacing_ticks) * self.terrain.tick
        return self.middle - offset if side is Side.BUY else self.middle + offset

    def _size(self) -> Decimal:
        units = self.rng.randint(20, 300)
        size = self._sizes.get(units)
        if size is None:
            size = floor_to(self.terrain.typical_size * units / 100, self.terrain.lot)
            size = self._sizes[units] = max(size, self.terrain.lot)
        return size

    def _next_id(self) -> str:
        self._count += 1
        return f"{self.ids}{self._count:012x}"

    def _quote(self, side: Side, level: int) -> Execution | None:
        price = self._price(side, level)
        if price <= 0 or self.book.total_at(side, price) > 0:
            return None
        return self.rest(side, price, self._size())

    def _clear_wrong_side(self, side: Side) -> None:
        while (best := self.book.best(side)) is not None:
            wrong = best >= self.middle if side is Side.BUY else best <= self.middle
            if not wrong or not self._cancel_house(side, best):
                return

    def _cancel_house(self, side: Side, price: Decimal) -> bool:
        """Take the house's orders at a price away; false if there was none."""
        house = [o for o in self.book.orders_at(side, price) if o.owner == HOUSE_MAKER]
        for order in house:
            self.book.cancel(order.order_id)
        return bool(house)

    def _trim(self, side: Side) -> None:
        while self.book.depth(side) > self._levels + _NEAR_LEVELS:
            worst = self.book.worst(side)
            if worst is None or not self._cancel_house(side, worst):
                return

    def _resize_one(self, side: Side) -> None:
        levels = self.book.levels(side, _NEAR_LEVELS)
        if not levels:
            return
        price, _ = self.rng.choice(levels)
        if self._cancel_house(side, price):
            self.rest(side, price, self._size())
