"""An account on margin: money of one currency, and positions that it secures.

Positions are netted: what is bought reduces what was sold before, and the other way round. A
position keeps its exact cost, so that what executions earn and lose adds up to the digit. Waiting
orders bind no margin; whether there is enough is looked at when an order executes.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from attrs import define, evolve, field, frozen

from venuetree.protocol.errors import InsufficientFunds, NotSupported
from venuetree.protocol.models import (
    AccountSummary,
    Balance,
    Level,
    Liquidity,
    Position,
    Side,
)
from venuetree.protocol.numbers import add, decimal_text, multiply, subtract
from venuetree.protocol.paper.orders import Market, PaperOrder
from venuetree.protocol.port import PaperTerms

__all__ = ["Held", "MarginAccount", "Mark"]

_DIVIDE: Final = Context(prec=40, rounding=ROUND_DOWN)
_AVERAGE: Final = Context(prec=28)
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_TWO: Final = Decimal(2)


@frozen
class Held:
    """A position: units of the base currency, negative if sold, and what they cost in quote."""

    market: Market
    quantity: Decimal
    cost: Decimal


@frozen
class Mark:
    """The prices at which an instrument can be sold and bought."""

    bid: Decimal
    ask: Decimal

    @property
    def mid(self) -> Decimal:
        """Between them."""
        return _DIVIDE.divide(add(self.bid, self.ask), _TWO)

    @property
    def inverse(self) -> Decimal:
        """What a unit of the quote currency is worth in the base currency."""
        return _DIVIDE.divide(_ONE, self.mid)


@define
class MarginAccount:
    """Cash, positions, and the prices that they are valued by.

    Attributes:
        currency: the account's own.
        balance: cash: executions alone change it.
        realized: what closing positions has earned so far.
        marks: the last prices seen, by instrument.
        rates: what one unit of another currency is worth in the account's.
    """

    currency: str
    balance: Decimal
    realized: Decimal = _ZERO
    positions: dict[str, Held] = field(factory=dict)
    marks: dict[str, Mark] = field(factory=dict)
    rates: dict[str, Decimal] = field(factory=dict)

    def copy(self) -> "MarginAccount":
        """The same, apart from this one."""
        return MarginAccount(
            self.currency,
            self.balance,
            self.realized,
            dict(self.positions),
            dict(self.marks),
            dict(self.rates),
        )

    # ------------------------------------------------------------ what the exchange asks

    def check(
        self,
        order: PaperOrder,
        takes: Sequence[Level],
        open_orders: Iterable[PaperOrder],
        terms: PaperTerms,
    ) -> None:
        """Return if the account can bear what an order takes at once.

        Raises:
            InsufficientFunds: the margin would not suffice.
            NotSupported: the worth of the instrument's quote currency is not known.
        """
        del open_orders
        self.rate(order.market, takes[0].price if takes else order.request.price)
        lacking = self._lacking(order, takes, terms)
        if lacking > 0:
            raise InsufficientFunds(
                f"the paper account lacks {decimal_text(lacking)} {self.currency} of margin",
                operation="place",
                code="INSUFFICIENT_MARGIN",
            )

    def can_fill(self, order: PaperOrder, takes: Sequence[Level], terms: PaperTerms) -> bool:
        """Whether the account can bear what a waiting order is about to take."""
        return self._lacking(order, takes, terms) <= 0

    def fill(
        self, order: PaperOrder, take: Level, liquidity: Liquidity, terms: PaperTerms
    ) -> tuple[Decimal, str]:
        """Move the position and the money of one execution; the fee and its currency."""
        fee, currency = self.fee(order, take, liquidity, terms)
        is_buy = order.request.side is Side.BUY
        units = take.quantity if is_buy else take.quantity.copy_negate()
        held = self.positions.get(order.instrument, Held(order.market, _ZERO, _ZERO))
        held, earned = _netted(held, units, take.price)
        gain = multiply(earned, self.rate(order.market, take.price))
        self.realized = add(self.realized, gain)
        self.balance = subtract(add(self.balance, gain), fee)
        if held.quantity:
            self.positions[order.instrument] = held
        else:
            self.positions.pop(order.instrument, None)
        return fee, currency

    def fee(
        self, order: PaperOrder, take: Level, liquidity: Liquidity, terms: PaperTerms
    ) -> tuple[Decimal, str]:
        """The fee of one execution, in the account's currency."""
        del terms
        value = multiply(multiply(take.price, take.quantity), order.rates.of(liquidity))
        return multiply(value, self.rate(order.market, take.price)), self.currency

    def balances(
        self, exchange: str, open_orders: Iterable[PaperOrder], terms: PaperTerms
    ) -> tuple[Balance, ...]:
        """Its cash; what margin binds follows prices and is no part of it."""
        del open_orders, terms
        return (Balance(exchange, self.currency, self.balance, _ZERO),)

    def touched(self, order: PaperOrder) -> frozenset[str]:
        """Which currencies an order's executions move."""
        del order
        return frozenset({self.currency})

    # ------------------------------------------------------------ prices

    def look(self, instrument: str, bid: Decimal | None, ask: Decimal | None) -> None:
        """Take note of prices; a side that is empty keeps the one before."""
        before = self.marks.get(instrument)
        bid = before.bid if bid is None and before is not None else bid
        ask = before.ask if ask is None and before is not None else ask
        if bid is not None and ask is not None:
            self.marks[instrument] = Mark(bid, ask)

    def rate(self, market: Market, price: Decimal | None) -> Decimal:
        """What a unit of an instrument's quote currency is worth, at a price of it."""
        if market.quote == self.currency:
            return _ONE
        if market.base == self.currency and price:
            return _DIVIDE.divide(_ONE, price)
        rate = self.rates.get(market.quote)
        if rate is None:
            raise NotSupported(
                f"instruments quoted in {market.quote} in a paper account of {self.currency},"
                " for what it is worth is not known",
                operation="place",
            )
        return rate

    # ------------------------------------------------------------ worth

    @property
    def unrealized(self) -> Decimal:
        """What closing everything now would earn."""
        total = _ZERO
        for name, held in self.positions.items():
            total = add(total, self._unrealized(name, held))
        return total

    @property
    def margin_used(self) -> Decimal:
        """What the positions bind."""
        total = _ZERO
        for name, held in self.positions.items():
            mid = self._mark(name, held).mid
            value = multiply(multiply(held.quantity.copy_abs(), mid), self.rate(held.market, mid))
            rate = held.market.margin_rate
            total = add(total, value if rate is None else multiply(value, rate))
        return total

    def list_positions(self, exchange: str, instrument: str = "") -> tuple[Position, ...]:
        """Open positions; of all instruments if it is `""`."""
        return tuple(
            Position(
                exchange,
                name,
                held.quantity,
                _AVERAGE.divide(held.cost, held.quantity),
                self._unrealized(name, held),
            )
            for name, held in self.positions.items()
            if instrument in {"", name}
        )

    def summary(
        self, exchange: str, pending_orders: int, terms: PaperTerms, now_ns: int
    ) -> AccountSummary:
        """What the account is worth, at the last prices seen."""
        unrealized, used = self.unrealized, self.margin_used
        worth = add(self.balance, unrealized)
        share = _share(used, worth)
        return AccountSummary(
            exchange=exchange,
            account_id="paper",
            currency=self.currency,
            balance=self.balance,
            net_asset_value=worth,
            unrealized_profit=unrealized,
            realized_profit=self.realized,
            financing=_ZERO,
            margin_used=used,
            margin_available=max(subtract(worth, used), _ZERO),
            margin_call_percent=share,
            margin_closeout_percent=multiply(share, terms.closeout_at),
            open_trades=len(self.positions),
            open_positions=len(self.positions),
            pending_orders=pending_orders,
            is_hedging=False,
            guaranteed_stops="",
            last_transaction_id="",
            received_time_ns=now_ns,
        )

    def _mark(self, name: str, held: Held) -> Mark:
        """The last prices seen; its own where there are none yet."""
        average = _AVERAGE.divide(held.cost, held.quantity)
        return self.marks.get(name, Mark(average, average))

    def _unrealized(self, name: str, held: Held) -> Decimal:
        mark = self._mark(name, held)
        price = mark.bid if held.quantity > 0 else mark.ask
        earned = subtract(multiply(held.quantity, price), held.cost)
        return multiply(earned, self.rate(held.market, price))

    def _lacking(self, order: PaperOrder, takes: Sequence[Level], terms: PaperTerms) -> Decimal:
        """By how much the margin falls short after these; nothing if they bind less of it."""
        after = self.copy()
        for take in takes:
            after.fill(order, take, order.next_liquidity, terms)
        used = after.margin_used
        if used <= self.margin_used:
            return _ZERO
        return subtract(used, add(after.balance, after.unrealized))


def _netted(held: Held, units: Decimal, price: Decimal) -> tuple[Held, Decimal]:
    """The position after an execution, and what that earned in quote currency."""
    if multiply(held.quantity, units) >= 0:
        cost = add(held.cost, multiply(units, price))
        return evolve(held, quantity=add(held.quantity, units), cost=cost), _ZERO
    size = held.quantity.copy_abs()
    closed = min(units.copy_abs(), size)
    share = held.cost
    if closed < size:
        share = _DIVIDE.divide(multiply(held.cost, closed), size)
    sign = _ONE if held.quantity > 0 else -_ONE
    earned = subtract(multiply(multiply(sign, closed), price), share)
    quantity = subtract(held.quantity, multiply(sign, closed))
    rest = add(units, multiply(sign, closed))
    cost = add(subtract(held.cost, share), multiply(rest, price))
    return evolve(held, quantity=add(quantity, rest), cost=cost), earned


def _share(part: Decimal, whole: Decimal) -> Decimal:
    """A part of the account's worth; of an account that is worth nothing, all and more."""
    if not part:
        return _ZERO
    return _AVERAGE.divide(part, whole) if whole > 0 else Decimal(1000)
