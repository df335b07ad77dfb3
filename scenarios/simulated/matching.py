"""A matching engine for one instrument: price-time priority, in exact decimals.

The book knows owners by name only: money, fees and states belong to the
exchange around it. Orders of a limit price rest; the others match and end.
Every trade happens at the resting order's price. Trigger orders wait beside
the book until a trade price reaches them.
"""

from decimal import Decimal
from enum import Enum

import attrs

from venuetree.scenarios.simulated.half_book import ZERO, HalfBook, Side
from venuetree.scenarios.simulated.numbers import floor_to

__all__ = [
    "ZERO",
    "Book",
    "BookOrder",
    "Ended",
    "Execution",
    "Prevented",
    "Rising",
    "SelfTrade",
    "Side",
    "TimeInForce",
    "Trade",
    "Trigger",
]


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
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"
    """Both shrink by what would have been traded; the one that is used up ends."""


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
    self_trade: SelfTrade | None = None
    """As a taker's wish; None leaves it to the book."""


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
class Prevented:
    """A match of one owner with itself that did not happen, and what either order lost by it."""

    maker_order_id: str
    taker_order_id: str
    price: Decimal
    maker_quantity: Decimal
    taker_quantity: Decimal
    after_trades: int
    """How many trades of the execution came before it."""


@attrs.frozen
class Execution:
    """The result of a submission: the trades in their order, and how it ended."""

    trades: tuple[Trade, ...]
    ended: Ended
    cancelled: tuple[BookOrder, ...] = ()
    """Resting orders that self-trade prevention took away."""
    prevented: tuple[Prevented, ...] = attrs.field(default=(), eq=False)
    """What self-trade prevention did, in its order."""


_RESTING = Execution((), Ended.RESTING)
"""What becomes of most orders."""


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
class Book:
    """The orders of one instrument."""

    lot: Decimal
    """The smallest step of a quantity."""
    self_trade: SelfTrade = SelfTrade.ALLOW
    _halves: dict[Side, HalfBook[BookOrder]] = attrs.field(init=False)
    _orders: dict[str, BookOrder] = attrs.field(factory=dict, init=False)
    _triggers: dict[str, Trigger] = attrs.field(factory=dict, init=False)
    _changed: dict[tuple[Side, Decimal], None] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._halves = {side: HalfBook(side) for side in Side}

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
        if not self._changed:
            return []
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
        rests = order.price is not None and order.time_in_force is TimeInForce.GTC
        if rests and not self._crosses(order):
            self._rest(order)
            return _RESTING
        trades: list[Trade] = []
        cancelled: list[BookOrder] = []
        prevented: list[Prevented] = []
        ended = self._match(order, trades, cancelled, prevented)
        if ended is None and rests:
            self._rest(order)
            ended = Ended.RESTING
        return Execution(
            tuple(trades), ended or Ended.NO_LIQUIDITY, tuple(cancelled), tuple(prevented)
        )

    def _rest(self, order: BookOrder) -> None:
        if order.price is not None:
            self._halves[order.side].add(order, order.price)
            self._orders[order.order_id] = order
            self._changed[order.side, order.price] = None

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
        mode = order.self_trade or self.self_trade
        for resting in self.resting(order.side.opposite):
            if resting.price is None or not self._accepts(order, resting.price):
                break
            if resting.owner == order.owner and mode is SelfTrade.CANCEL_RESTING:
                continue
            if resting.owner == order.owner and mode is not SelfTrade.ALLOW:
                break
            found += resting.remaining
            if found >= order.remaining:
                return True
        return False

    def _match(
        self,
        order: BookOrder,
        trades: list[Trade],
        cancelled: list[BookOrder],
        prevented: list[Prevented],
    ) -> Ended | None:
        """Trade as far as prices allow; None if something remains of the order."""
        half = self._halves[order.side.opposite]
        mode = order.self_trade or self.self_trade
        while True:
            price = half.best()
            if price is None or not self._accepts(order, price):
                return None
            maker = half.queues[price][0]
            meets_itself = maker.owner == order.owner and mode is not SelfTrade.ALLOW
            quantity = min(order.remaining, maker.remaining)
            if order.budget is not None:
                quantity = min(quantity, floor_to(order.budget / price, self.lot))
                if quantity <= ZERO:
                    # What is left of the budget buys no lot: the order is done.
                    order.remaining = ZERO
                    return Ended.FILLED
            if meets_itself:
                prevented.append(self._prevent(order, maker, price, quantity, len(trades), mode))
                if self._orders.get(maker.order_id) is not maker:
                    cancelled.append(maker)
                if mode is not SelfTrade.CANCEL_RESTING and (
                    mode is not SelfTrade.DECREMENT or order.remaining == ZERO
                ):
                    return Ended.SELF_TRADE
                continue
            if order.budget is not None:
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

    def _prevent(  # noqa: PLR0917 - the parts of one match
        self,
        order: BookOrder,
        maker: BookOrder,
        price: Decimal,
        quantity: Decimal,
        after_trades: int,
        mode: SelfTrade,
    ) -> Prevented:
        """Take from either order what its owner's wish costs it."""
        maker_loses = taker_loses = ZERO
        if mode in {SelfTrade.CANCEL_RESTING, SelfTrade.CANCEL_BOTH}:
            maker_loses = maker.remaining
        if mode in {SelfTrade.CANCEL_INCOMING, SelfTrade.CANCEL_BOTH}:
            taker_loses = order.remaining
        if mode is SelfTrade.DECREMENT:
            maker_loses = taker_loses = quantity
            order.remaining -= quantity
            if order.budget is not None:
                order.budget -= quantity * price
                if floor_to(order.budget / price, self.lot) == ZERO:
                    order.remaining = ZERO
        if maker_loses == maker.remaining:
            self.cancel(maker.order_id)
        elif maker_loses:
            self.reduce(maker.order_id, maker.remaining - maker_loses)
        return Prevented(
            maker_order_id=maker.order_id,
            taker_order_id=order.order_id,
            price=price,
            maker_quantity=maker_loses,
            taker_quantity=taker_loses,
            after_trades=after_trades,
        )

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
