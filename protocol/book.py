"""A local order book: two sorted lists a side, best level last.

The best price sits at the end of its list, where most changes happen, so that inserting and
removing there moves little; `bisect` finds any other. Asks are kept under negated prices, which
makes both sides the same code. Decimal throughout.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from venuetree.protocol.models import Level, Side

__all__ = ["Book", "BookSide", "BookView"]


#: A named tuple made without its own constructor's detour: a third of the cost of an update.
_level: Final = tuple.__new__
#: An enum's members are slow to look up by their names.
_BUY: Final = Side.BUY
#: So many levels from the best are searched first: most changes happen there, and each halving of
#: what is searched saves a comparison of decimals.
_NEAR: Final = 16


class BookSide:
    """One side of a book: prices ascending towards the best.

    The book that owns it writes its lists in place, which saves a call a change.

    Attributes:
        keys: the bids' prices, the asks' negated; ascending, none twice.
        levels: the level of each key, at the same index.
    """

    __slots__ = ("_is_bids", "keys", "levels")

    def __init__(self, side: Side) -> None:
        self._is_bids = side is _BUY
        self.keys: list[Decimal] = []
        self.levels: list[Level] = []

    def replace(self, levels: Iterable[Level]) -> None:
        """Forget all, then hold `levels`, in whatever order they come; the last of a price wins."""
        is_bids = self._is_bids
        by_key = {
            (price if is_bids else price.copy_negate()): Level(price, quantity)
            for price, quantity in levels
        }
        self.keys = sorted(key for key, level in by_key.items() if level.quantity)
        self.levels = [by_key[key] for key in self.keys]

    def best(self) -> Level | None:
        """The best level, None if the side is empty."""
        return self.levels[-1] if self.levels else None

    def quantity_at(self, price: Decimal) -> Decimal:
        """The quantity at `price`, zero if there is no level."""
        key = price if self._is_bids else price.copy_negate()
        index = bisect_left(self.keys, key)
        if index < len(self.keys) and self.keys[index] == key:
            return self.levels[index].quantity
        return Decimal(0)


class BookView:
    """A book to be read: best bid and ask, levels, and whether it is in step."""

    __slots__ = ("_asks", "_bids", "_in_step", "_last_update_id", "instrument")

    def __init__(self, instrument: str) -> None:
        self.instrument = instrument
        self._bids = BookSide(Side.BUY)
        self._asks = BookSide(Side.SELL)
        self._in_step = False
        self._last_update_id: int | None = None

    @property
    def in_step(self) -> bool:
        """Whether the book equals the exchange's; if not, read it at your own risk."""
        return self._in_step

    @property
    def last_update_id(self) -> int | None:
        """The exchange's counter of the last change applied, None if it has none."""
        return self._last_update_id

    @property
    def best_bid(self) -> Level | None:
        """The highest bid."""
        return self._bids.best()

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask."""
        return self._asks.best()

    def bids(self, depth: int | None = None) -> list[Level]:
        """Bids, best first; all of them if `depth` is None."""
        if depth is None:
            return self._bids.levels[::-1]
        return self._bids.levels[:~depth:-1]  # ~depth is -depth - 1

    def asks(self, depth: int | None = None) -> list[Level]:
        """Asks, best first; all of them if `depth` is None."""
        if depth is None:
            return self._asks.levels[::-1]
        return self._asks.levels[:~depth:-1]  # ~depth is -depth - 1

    def iterate(self, side: Side) -> Iterator[Level]:
        """The levels of one side, best first, without a copy."""
        return reversed((self._bids if side is Side.BUY else self._asks).levels)

    def quantity_at(self, side: Side, price: Decimal) -> Decimal:
        """The quantity at a price, zero if there is no level."""
        return (self._bids if side is Side.BUY else self._asks).quantity_at(price)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is above the best ask, which no true book is."""
        bids, asks = self._bids.levels, self._asks.levels
        return bool(bids and asks and bids[-1][0] > asks[-1][0])

    def __repr__(self) -> str:
        """Instrument, best bid and ask, depth and state."""
        state = "in step" if self._in_step else "stale"
        bid, ask = self.best_bid, self.best_ask
        return (
            f"<book {self.instrument} {bid.price if bid else '-'} / {ask.price if ask else '-'}"
            f" {len(self._bids.levels)}x{len(self._asks.levels)} {state}>"
        )


class Book(BookView):
    """A book that its stream's session writes."""

    __slots__ = ()

    def load(
        self, bids: Iterable[Level], asks: Iterable[Level], last_update_id: int | None = None
    ) -> None:
        """Replace everything by a snapshot and call the book in step."""
        self._bids.replace(bids)
        self._asks.replace(asks)
        self._last_update_id = last_update_id
        self._in_step = True

    def apply(
        self, changes: Iterable[tuple[Side, Decimal, Decimal]], last_update_id: int | None = None
    ) -> None:
        """Apply absolute quantities, in order; deleting an absent level is normal."""
        buy, near, build, kind = _BUY, _NEAR, _level, Level
        for side, price, quantity in changes:
            if side is buy:
                key, own = price, self._bids
            else:
                # Exact; minus would round to the context's precision.
                key, own = price.copy_negate(), self._asks
            keys = own.keys
            count = len(keys)
            start = count - near if count > near else 0
            index = bisect_left(keys, key, start)
            if index == start:
                index = bisect_left(keys, key, 0, start)
            if index < count and keys[index] == key:
                if quantity:
                    own.levels[index] = build(kind, (price, quantity))
                else:
                    del keys[index], own.levels[index]
            elif quantity:
                keys.insert(index, key)
                own.levels.insert(index, build(kind, (price, quantity)))
        if last_update_id is not None:
            self._last_update_id = last_update_id

    def mark_stale(self) -> bool:
        """Say that the book may be wrong; True if it was in step until now."""
        was = self._in_step
        self._in_step = False
        return was
