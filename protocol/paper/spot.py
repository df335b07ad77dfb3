"""Money of many currencies: what is there, what open orders hold of it, and what fills move.

Only totals are kept. What is held is reckoned from the open orders each time, so that a hold can
neither be forgotten nor be given back twice.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from attrs import define, field

from venuetree.protocol.errors import InsufficientFunds
from venuetree.protocol.models import Balance, Level, Liquidity, OrderType, Side
from venuetree.protocol.numbers import add, decimal_text, multiply, subtract
from venuetree.protocol.paper.orders import PaperOrder
from venuetree.protocol.port import FeeTakenFrom, PaperTerms

__all__ = ["SpotAccount"]

_CUT: Final = Context(prec=200, rounding=ROUND_DOWN)
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


@define
class SpotAccount:
    """What an account has of each currency."""

    totals: dict[str, Decimal] = field(factory=dict)

    def copy(self) -> "SpotAccount":
        """The same, apart from this one."""
        return SpotAccount(dict(self.totals))

    def check(
        self,
        order: PaperOrder,
        takes: Sequence[Level],
        open_orders: Iterable[PaperOrder],
        terms: PaperTerms,
    ) -> None:
        """Return if the account can pay for an order that takes this at once.

        Raises:
            InsufficientFunds: less is available than the exchange would want to see.
        """
        currency, needed = _needed(order, takes, terms)
        available = self.available(currency, open_orders, terms)
        if needed > available:
            raise InsufficientFunds(
                f"the paper account has {decimal_text(available)} {currency} available, and the"
                f" order needs {decimal_text(needed)}",
                operation="place",
                code="INSUFFICIENT_FUNDS",
            )

    def fill(
        self, order: PaperOrder, take: Level, liquidity: Liquidity, terms: PaperTerms
    ) -> tuple[Decimal, str]:
        """Move the money of one execution; the fee and its currency."""
        market, side = order.market, order.request.side
        value = multiply(take.price, take.quantity)
        fee, currency = self.fee(order, take, liquidity, terms)
        sign = _ONE if side is Side.BUY else -_ONE
        self._move(market.base, multiply(sign, take.quantity))
        self._move(market.quote, multiply(sign.copy_negate(), value))
        self._move(currency, fee.copy_negate())
        return fee, currency

    def fee(
        self, order: PaperOrder, take: Level, liquidity: Liquidity, terms: PaperTerms
    ) -> tuple[Decimal, str]:
        """The fee of one execution, and its currency."""
        is_received = terms.fee_taken_from is FeeTakenFrom.RECEIVED
        is_in_base = is_received and order.request.side is Side.BUY
        received = take.quantity if is_in_base else multiply(take.price, take.quantity)
        fee = multiply(received, order.rates.of(liquidity))
        if terms.fee_places is not None:
            fee = _CUT.quantize(fee, _ONE.scaleb(-terms.fee_places))
        return fee, order.market.base if is_in_base else order.market.quote

    def can_fill(self, order: PaperOrder, takes: Sequence[Level], terms: PaperTerms) -> bool:
        """Always: a waiting order holds what it may cost."""
        del order, takes, terms
        return True

    def touched(self, order: PaperOrder) -> frozenset[str]:
        """Which currencies an order's executions move."""
        return frozenset({order.market.base, order.market.quote})

    def look(self, instrument: str, bid: Decimal | None, ask: Decimal | None) -> None:
        """Nothing here is valued by prices."""
        del instrument, bid, ask

    def balances(
        self, exchange: str, open_orders: Iterable[PaperOrder], terms: PaperTerms
    ) -> tuple[Balance, ...]:
        """Every currency that there is or was."""
        holds = _holds(open_orders, terms)
        return tuple(
            Balance(
                exchange,
                currency,
                subtract(total, holds.get(currency, _ZERO)),
                holds.get(currency, _ZERO),
            )
            for currency, total in sorted(self.totals.items())
        )

    def available(
        self, currency: str, open_orders: Iterable[PaperOrder], terms: PaperTerms
    ) -> Decimal:
        """What can be spent of a currency."""
        held = _holds(open_orders, terms).get(currency, _ZERO)
        return subtract(self.totals.get(currency, _ZERO), held)

    def _move(self, currency: str, amount: Decimal) -> None:
        self.totals[currency] = add(self.totals.get(currency, _ZERO), amount)


def _needed(order: PaperOrder, takes: Sequence[Level], terms: PaperTerms) -> tuple[str, Decimal]:
    """Of which currency how much must be available for a new order."""
    request = order.request
    if request.type is OrderType.LIMIT:
        return _hold(order, terms)
    if request.side is Side.SELL:
        taken = _ZERO
        for take in takes:
            taken = add(taken, take.quantity)
        return order.market.base, request.quantity or taken
    spent = _ZERO
    for take in takes:
        spent = add(spent, multiply(multiply(take.price, take.quantity), _with_fee(order, terms)))
    return order.market.quote, max(spent, request.quote_quantity or _ZERO)


def _holds(open_orders: Iterable[PaperOrder], terms: PaperTerms) -> dict[str, Decimal]:
    holds: dict[str, Decimal] = {}
    for order in open_orders:
        currency, amount = _hold(order, terms)
        holds[currency] = add(holds.get(currency, _ZERO), amount)
    return holds


def _hold(order: PaperOrder, terms: PaperTerms) -> tuple[str, Decimal]:
    """What a limit order sets aside for its rest: enough for it at its limit, fee included."""
    request = order.request
    if request.side is Side.SELL:
        return order.market.base, order.remaining_quantity
    value = multiply(request.price or _ZERO, order.remaining_quantity)
    return order.market.quote, multiply(value, _with_fee(order, terms))


def _with_fee(order: PaperOrder, terms: PaperTerms) -> Decimal:
    """What a buy costs for each unit of its value."""
    if terms.fee_taken_from is FeeTakenFrom.RECEIVED:
        return _ONE
    return add(_ONE, order.rates.higher)
