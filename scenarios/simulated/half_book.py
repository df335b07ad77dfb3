"""One side of a book: its prices in order, and a queue of orders at each of them."""

from bisect import bisect_left, insort
from collections import deque
from decimal import Decimal
from enum import Enum
from typing import Generic, Protocol, TypeVar

import attrs

ZERO = Decimal(0)


class Side(Enum):
    """Which way an order goes."""

    BUY = "BUY"
    SELL = "SELL"

    # Books are indexed by it all the time: an enumeration's own hash is slow.
    __hash__ = object.__hash__

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class Rests(Protocol):
    """What can stand in a queue."""

    remaining: Decimal


_O = TypeVar("_O", bound=Rests)


@attrs.define(eq=False)
class HalfBook(Generic[_O]):
    """One side of a book: the prices in ascending order, a queue of orders for each."""

    side: Side
    prices: list[Decimal] = attrs.field(factory=list)
    queues: dict[Decimal, deque[_O]] = attrs.field(factory=dict)
    totals: dict[Decimal, Decimal] = attrs.field(factory=dict)

    def best(self) -> Decimal | None:
        """The price nearest to the other side."""
        if not self.prices:
            return None
        return self.prices[-1] if self.side is Side.BUY else self.prices[0]

    def add(self, order: _O, price: Decimal) -> None:
        """Let an order wait behind the others at its price."""
        queue = self.queues.get(price)
        if queue is None:
            queue = self.queues[price] = deque()
            insort(self.prices, price)
            self.totals[price] = ZERO
        queue.append(order)
        self.totals[price] += order.remaining

    def reduce(self, price: Decimal, quantity: Decimal) -> None:
        """Note that one of the orders at a price has become smaller by so much."""
        self.totals[price] -= quantity

    def remove(self, order: _O, price: Decimal) -> None:
        """Take an order, with what remains of it, out of the queue at its price."""
        queue = self.queues[price]
        if queue[0] is order:
            queue.popleft()
        else:
            queue.remove(order)
        self.totals[price] -= order.remaining
        if not queue:
            del self.queues[price], self.totals[price]
            del self.prices[bisect_left(self.prices, price)]

    def best_first(self, limit: int | None = None) -> list[Decimal]:
        """The prices, as many as wanted."""
        # Only as much as is wanted is copied: books may hold tens of thousands of prices.
        if self.side is Side.SELL:
            return self.prices[:limit]
        return self.prices[::-1] if limit is None else self.prices[: -limit - 1 : -1]
