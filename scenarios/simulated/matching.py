"""A matching engine for one instrument: price-time priority, in exact decimals.

The book knows owners by name only: money, fees and states belong to the
exchange around it. Orders of a limit price rest; the others match and end.
Every trade happens at the resting order's price. Trigger orders wait beside
the book until a trade price reaches them.
"""

from bisect import bisect_left, insort
from collections import deque
from decimal import Decimal
from enum import Enum

import attrs

from venuetree.scenarios.simulated.numbers import floor_to

ZERO = Decimal(0)


class Side(Enum):
    """Which way an order goes."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class TimeInForce(Enum):
    """How long an order may rest. A good-till-date order rests, with an expiry."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"


class SelfTrade(Enum):
    """What happens when an order meets one of the same owner."""

    ALLOW = "allow"
    CANCEL_INCOMING = "cancel_incoming"
    CANCEL_RESTING = "cancel_resting"


class Ended(Enum):
    """What became of a submitted order."""

    RESTING = "resting"
    FILLED = "filled"
    NO_LIQUIDITY = "no_liquidity"
    """Its rest found no counterpart and may not rest (market, IOC)."""
    KILLED = "killed"
    """FOK that could not be filled whole; nothing traded."""
    WOULD_TAKE = "would_take"
    """Post-only that would have crossed; nothing traded."""
    SELF_TRADE = "self_trade"
    """Its rest met an order of the same owner."""


class Rising(Enum):
    """The direction from which a trade price reaches a trigger."""

    UP = "up"
    DOWN = "down"


@attrs.define(eq=False)
class BookOrder:
    """An order as the book sees it; `remaining` and `budget` shrink as it trades."""

    order_id: str
    owner: str
    side: Side
    remaining: Decimal
    price: Decimal | None = None
    """None takes any price (a market order)."""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    budget: Decimal | None = None
    """The most that a buy may still spend, in quote currency, or that a sell may still raise."""
    expires_ns: int | None = None


@attrs.frozen
class Trade:
    """One match, at the maker's price."""

    price: Decimal
    quantity: Decimal
    maker_side: Side
    maker_order_id: str
    maker_owner: str
    taker_order_id: str
    taker_owner: str


@attrs.frozen
class Execution:
    """The result of a submission: the trades in their order, and how it ended."""

    trades: tuple[Trade, ...]
    ended: Ended
    cancelled: tuple[BookOrder, ...] = ()
    """Resting orders that self-trade prevention took away."""


@attrs.frozen
class Trigger:
    """An order id waiting for a trade at or beyond a price."""

    order_id: str
    price: Decimal
    direction: Rising

    def reached(self, last: Decimal) -> bool:
        """Whether a trade at this price fires it."""
        return last >= self.price if self.direction is Rising.UP else last <= self.price


@attrs.define(eq=False)
class _Half:
    """One side of a book: the prices in ascending order, a queue of orders for each."""

    side: Side
    prices: list[Decimal] = attrs.field(factory=list)
    queues: dict[Decimal, deque[BookOrder]] = attrs.field(factory=dict)
    totals: dict[Decimal, Decimal] = attrs.field(factory=dict)

    def best(self) -> Decimal | None:
        if not self.prices:
            return None
        return self.prices[-1] if self.side is Side.BUY else self.prices[0]

    def add(self, order: BookOrder, price: Decimal) -> None:
        queue = self.queues.get(price)
        if queue is None:
            queue = self.queues[price] = deque()
            insort(self.prices, price)
            self.totals[price] = ZERO
        queue.append(order)
        self.totals[price] += order.remaining

    def reduce(self, price: Decimal, quantity: Decimal) -> None:
        self.totals[price] -= quantity

    def remove(self, order: BookOrder, price: Decimal) -> None:
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
        # Only as much as is wanted is copied: books may hold tens of thousands of prices.
        if self.side is Side.SELL:
            return self.prices[:limit]
        return self.prices[::-1] if limit is None else self.prices[: -limit - 1 : -1]


@attrs.define(eq=False)
class Book:
    """The orders of one instrument."""

    lot: Decimal
    """The smallest step of a quantity."""
    self_trade: SelfTrade = SelfTrade.ALLOW
    _halves: dict[Side, _Half] = attrs.field(init=False)
    _orders: dict[str, BookOrder] = attrs.field(factory=dict, init=False)
    _triggers: dict[str, Trigger] = attrs.field(factory=dict, init=False)
    _changed: dict[tuple[Side, Decimal], None] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._halves = {side: _Half(side) for side in Side}

    def get(self, order_id: str) -> BookOrder | None:
        """The resting order of this id."""
        return self._orders.get(order_id)

    def best(self, side: Side) -> Decimal | None:
        """The best price of a side."""
        return self._halves[side].best()

    def total_at(self, side: Side, price: Decimal) -> Decimal:
        """The quantity that rests at a price."""
        return self._halves[side].totals.get(price, ZERO)

    def levels(self, side: Side, limit: int | None = None) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of a side, best first."""
        half = self._halves[side]
        return [(price, half.totals[price]) for price in half.best_first(limit)]

    def orders_at(self, side: Side, price: Decimal) -> tuple[BookOrder, ...]:
        """The orders that rest at a price, first come first."""
        return tuple(self._halves[side].queues.get(price, ()))

    def worst(self, side: Side) -> Decimal | None:
        """The price farthest from the market of a side."""
        prices = self._halves[side].prices
        if not prices:
            return None
        return prices[0] if side is Side.BUY else prices[-1]

    def depth(self, side: Side) -> int:
        """How many price levels a side has."""
        return len(self._halves[side].prices)

    def resting(self, side: Side) -> list[BookOrder]:
        """The orders of a side, in the order in which they would trade."""
        half = self._halves[side]
        return [order for price in half.best_first() for order in half.queues[price]]

    def take_changes(self) -> list[tuple[Side, Decimal, Decimal]]:
        """(side, price, new quantity) of the levels touched since the last call."""
        changed = [(side, price, self.total_at(side, price)) for side, price in self._changed]
        self._changed.clear()
        return changed

    def submit(self, order: BookOrder) -> Execution:
        """Match an order, then let it rest, or end it.

        A level is touched in `take_changes` as soon as its quantity changed.
        """
        if order.post_only and self._crosses(order):
            return Execution((), Ended.WOULD_TAKE)
        if order.time_in_force is TimeInForce.FOK and not self._fills_whole(order):
            return Execution((), Ended.KILLED)
        trades: list[Trade] = []
        cancelled: list[BookOrder] = []
        ended = self._match(order, trades, cancelled)
        if ended is None and order.price is not None and order.time_in_force is TimeInForce.GTC:
            self._halves[order.side].add(order, order.price)
            self._orders[order.order_id] = order
            self._changed[order.side, order.price] = None
            ended = Ended.RESTING
        return Execution(tuple(trades), ended or Ended.NO_LIQUIDITY, tuple(cancelled))

    def cancel(self, order_id: str) -> BookOrder | None:
        """Take a resting order away; None if there is none of this id."""
        order = self._orders.pop(order_id, None)
        if order is not None and order.price is not None:
            self._halves[order.side].remove(order, order.price)
            self._changed[order.side, order.price] = None
        return order

    def reduce(self, order_id: str, remaining: Decimal) -> None:
        """Make a resting order smaller; it keeps its place in the queue."""
        order = self._orders[order_id]
        if order.price is None or not ZERO < remaining <= order.remaining:
            raise ValueError("a resting order can only be made smaller in place")
        self._halves[order.side].reduce(order.price, order.remaining - remaining)
        self._changed[order.side, order.price] = None
        order.remaining = remaining

    def expire(self, now_ns: int) -> tuple[BookOrder, ...]:
        """Take away the orders whose time is over."""
        due = [
            order
            for order in self._orders.values()
            if order.expires_ns is not None and order.expires_ns <= now_ns
        ]
        for order in due:
            self.cancel(order.order_id)
        return tuple(due)

    def add_trigger(self, trigger: Trigger) -> None:
        """Let an order id wait for a trade price."""
        self._triggers[trigger.order_id] = trigger

    def cancel_trigger(self, order_id: str) -> Trigger | None:
        """Stop waiting; None if the id did not wait."""
        return self._triggers.pop(order_id, None)

    def fire_triggers(self, last: Decimal) -> tuple[Trigger, ...]:
        """The triggers that a trade at this price reaches, oldest first; they stop waiting."""
        fired = tuple(t for t in self._triggers.values() if t.reached(last))
        for trigger in fired:
            del self._triggers[trigger.order_id]
        return fired

    def cost(self, side: Side, quantity: Decimal) -> tuple[Decimal, Decimal]:
        """(quantity, quote amount) that a market order of this size would find now."""
        found, amount = ZERO, ZERO
        for price, available in self.levels(side.opposite):
            take = min(available, quantity - found)
            found += take
            amount += take * price
            if found == quantity:
                break
        return found, amount

    def _crosses(self, order: BookOrder) -> bool:
        best = self.best(order.side.opposite)
        return best is not None and self._accepts(order, best)

    @staticmethod
    def _accepts(order: BookOrder, price: Decimal) -> bool:
        if order.price is None:
            return True
        return price <= order.price if order.side is Side.BUY else price >= order.price

    def _fills_whole(self, order: BookOrder) -> bool:
        found = ZERO
        for resting in self.resting(order.side.opposite):
            if resting.price is None or not self._accepts(order, resting.price):
                break
            if resting.owner == order.owner and self.self_trade is SelfTrade.CANCEL_INCOMING:
                break
            if resting.owner == order.owner and self.self_trade is SelfTrade.CANCEL_RESTING:
                continue
            found += resting.remaining
            if found >= order.remaining:
                return True
        return False

    def _match(
        self, order: BookOrder, trades: list[Trade], cancelled: list[BookOrder]
    ) -> Ended | None:
        """Trade as far as prices allow; None if something remains of the order."""
        half = self._halves[order.side.opposite]
        while True:
            price = half.best()
            if price is None or not self._accepts(order, price):
                return None
            maker = half.queues[price][0]
            if maker.owner == order.owner and self.self_trade is not SelfTrade.ALLOW:
                if self.self_trade is SelfTrade.CANCEL_INCOMING:
                    return Ended.SELF_TRADE
                self.cancel(maker.order_id)
                cancelled.append(maker)
                continue
            quantity = min(order.remaining, maker.remaining)
            if order.budget is not None:
                quantity = min(quantity, floor_to(order.budget / price, self.lot))
                if quantity <= ZERO:
                    # What is left of the budget buys no lot: the order is done.
                    order.remaining = ZERO
                    return Ended.FILLED
                order.budget -= quantity * price
            trades.append(
                Trade(
                    price=price,
                    quantity=quantity,
                    maker_side=maker.side,
                    maker_order_id=maker.order_id,
                    maker_owner=maker.owner,
                    taker_order_id=order.order_id,
                    taker_owner=order.owner,
                )
            )
            order.remaining -= quantity
            self._consume(maker, price, quantity)
            if order.remaining == ZERO:
                return Ended.FILLED

    def _consume(self, maker: BookOrder, price: Decimal, quantity: Decimal) -> None:
        half = self._halves[maker.side]
        self._changed[maker.side, price] = None
        if quantity == maker.remaining:
            half.remove(maker, price)
            del self._orders[maker.order_id]
            maker.remaining = ZERO
        else:
            half.reduce(price, quantity)
            maker.remaining -= quantity
