"""What a book shows, less what paper orders have taken of it already.

A paper order takes nothing away from the real book, which goes on showing what was taken. So what
was taken of a level is remembered together with the size that the level showed, until it shows
another: the same size is never given twice. Should a level change and change back between two
looks, it counts as unchanged, which gives less and never more.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from attrs import define, field, frozen

from venuetree.protocol.book import BookView
from venuetree.protocol.models import Level, Side
from venuetree.protocol.numbers import add, multiply, subtract

__all__ = ["Depth", "TakenLevel", "by_quantity", "by_value", "within"]

_FLOOR: Final = Context(prec=200, rounding=ROUND_FLOOR)
_ZERO: Final = Decimal(0)


@frozen
class TakenLevel:
    """How much paper orders took of a level while it showed one size."""

    shown: Decimal
    taken: Decimal


#: A level by the name of its book, its side and its price.
_Place = tuple[str, Side, Decimal]


@define
class Depth:
    """What was taken of the levels of all books."""

    _taken: dict[_Place, TakenLevel] = field(factory=dict)

    @property
    def taken(self) -> Mapping[_Place, TakenLevel]:
        """What is remembered."""
        return self._taken

    def copy(self) -> "Depth":
        """The same, apart from this one."""
        return Depth(dict(self._taken))

    def look(self, name: str, book: BookView) -> None:
        """Forget what was taken of levels that show another size by now."""
        for place, level in tuple(self._taken.items()):
            own, side, price = place
            if own == name and book.quantity_at(side, price) != level.shown:
                del self._taken[place]

    def levels(self, name: str, book: BookView, taker: Side) -> Iterator[Level]:
        """What an order of this side can take, best first."""
        side = taker.opposite
        for price, shown in book.iterate(side):
            level = self._taken.get((name, side, price))
            left = shown if level is None or level.shown != shown else subtract(shown, level.taken)
            if left > 0:
                yield Level(price, left)

    def take(self, name: str, book: BookView, taker: Side, take: Level) -> None:
        """Remember that so much was taken at a price."""
        side = taker.opposite
        shown = book.quantity_at(side, take.price)
        place = (name, side, take.price)
        before = self._taken.get(place)
        taken = _ZERO if before is None or before.shown != shown else before.taken
        self._taken[place] = TakenLevel(shown, add(taken, take.quantity))


def within(levels: Iterable[Level], taker: Side, limit: Decimal | None) -> Iterator[Level]:
    """Those levels, best first, that are at a limit price or better; all if it is None."""
    for level in levels:
        if limit is not None and (
            level.price > limit if taker is Side.BUY else level.price < limit
        ):
            return
        yield level


def by_quantity(levels: Iterable[Level], quantity: Decimal) -> tuple[Level, ...]:
    """What an order for so much of the base currency takes."""
    takes: list[Level] = []
    for price, shown in levels:
        wanted = min(shown, quantity)
        takes.append(Level(price, wanted))
        quantity = subtract(quantity, wanted)
        if not quantity:
            break
    return tuple(takes)


def by_value(
    levels: Iterable[Level], value: Decimal, lot: Decimal, *, fee_rate: Decimal = _ZERO
) -> tuple[tuple[Level, ...], bool]:
    """What an order for so much money takes, in whole lots and never for more.

    Args:
        levels: best first.
        value: in quote currency.
        lot: the grid of quantities.
        fee_rate: of a fee that comes out of the same money.

    Returns:
        What is taken, and whether the money was too little for one more lot: if not, the levels
        were.
    """
    takes: list[Level] = []
    for price, shown in levels:
        unit = multiply(price, add(Decimal(1), fee_rate))
        affordable = _whole_lots(_FLOOR.divide(value, unit), lot)
        wanted = min(_whole_lots(shown, lot), affordable)
        if wanted > 0:
            takes.append(Level(price, wanted))
            value = subtract(value, multiply(unit, wanted))
        if affordable < lot or multiply(unit, lot) > value:
            return tuple(takes), True
    return tuple(takes), False


def _whole_lots(quantity: Decimal, lot: Decimal) -> Decimal:
    return multiply(_FLOOR.to_integral_value(_FLOOR.divide(quantity, lot)), lot)
