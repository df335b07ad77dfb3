"""What an order must have set aside, and what a fill moves: all in the ledger, nothing lost."""

from decimal import ROUND_DOWN, Decimal

import attrs

from venuetree.scenarios.simulated.accounts import InsufficientFundsError, Ledger
from venuetree.scenarios.simulated.binance_us.errors import ApiError, rejected
from venuetree.scenarios.simulated.binance_us.orders import ZERO, Order, OrderList
from venuetree.scenarios.simulated.binance_us.universe import Instrument
from venuetree.scenarios.simulated.matching import Book, Side, Trade
from venuetree.scenarios.simulated.numbers import floor_to

HOUSE = "house"
FEES = "fees"
_SMALLEST = Decimal("0.00000001")


@attrs.frozen
class FeeRates:
    """Parts of what is received."""

    maker: Decimal = ZERO
    taker: Decimal = Decimal("0.0002")


def insufficient() -> ApiError:
    """The account has not what an order needs."""
    return rejected("Account has insufficient balance for requested action.")


def hold_asset(instrument: Instrument, side: Side) -> str:
    """Which asset an order sets aside."""
    return instrument.quote if side is Side.BUY else instrument.base


def required(order: Order, book: Book) -> Decimal:
    """What an order must have set aside: quote currency for a buy, base currency for a sell.

    The fee is taken from what is received, so it needs no hold.
    """
    ticket = order.ticket
    if ticket.quote_quantity is not None:
        if order.side is Side.BUY:
            return ticket.quote_quantity - order.executed_quote
        return _sold_for(order, book, ticket.quote_quantity - order.executed_quote)
    if order.side is Side.SELL:
        return order.remaining
    if ticket.price is not None:
        return order.remaining * ticket.price
    if order.waiting and ticket.stop_price is not None:
        return order.remaining * ticket.stop_price
    return _cost(order, book)


def _cost(order: Order, book: Book) -> Decimal:
    """The most that buying the rest at any price costs now; own orders are never bought."""
    wanted, cost = order.remaining, ZERO
    for resting in book.resting(Side.SELL):
        if resting.owner == order.account or resting.price is None:
            continue
        taken = min(resting.remaining, wanted)
        wanted -= taken
        cost += taken * resting.price
        if wanted == ZERO:
            break
    return cost


def _sold_for(order: Order, book: Book, amount: Decimal) -> Decimal:
    """How much must be sold now to raise an amount of quote currency."""
    sold = ZERO
    for resting in book.resting(Side.BUY):
        if resting.owner == order.account or resting.price is None:
            continue
        taken = min(resting.remaining, floor_to(amount / resting.price, book.lot))
        if taken == ZERO:
            break
        amount -= taken * resting.price
        sold += taken
    return sold


@attrs.define(eq=False)
class Till:
    """The holds and payments of orders."""

    ledger: Ledger
    rates: FeeRates

    def hold(self, order: Order, instrument: Instrument, amount: Decimal) -> None:
        """Set more aside for an order.

        Raises:
            ApiError: the account has less; nothing changed.
        """
        asset = hold_asset(instrument, order.side)
        try:
            self.ledger.hold(order.account, asset, amount)
        except InsufficientFundsError:
            raise insufficient() from None
        order.hold += amount

    def keep(self, order: Order, instrument: Instrument, amount: Decimal) -> None:
        """Give back what is set aside beyond an amount."""
        surplus = order.hold - amount
        if surplus > 0:
            self.ledger.release(order.account, hold_asset(instrument, order.side), surplus)
            order.hold -= surplus

    def hold_list(self, listed: OrderList, instrument: Instrument, amount: Decimal) -> None:
        """Set an amount aside for a pair of orders, of which only one will act.

        Raises:
            ApiError: the account has less; nothing changed.
        """
        asset = hold_asset(instrument, listed.legs[0].side)
        try:
            self.ledger.hold(listed.account, asset, amount)
        except InsufficientFundsError:
            raise insufficient() from None
        listed.hold += amount

    @staticmethod
    def adopt(listed: OrderList, order: Order) -> None:
        """Let an order hold what its list has set aside: it is the one of the pair that acts."""
        order.hold += listed.hold
        listed.hold = ZERO

    def release(self, listed: OrderList, instrument: Instrument) -> None:
        """Give back what a list has set aside."""
        asset = hold_asset(instrument, listed.legs[0].side)
        self.ledger.release(listed.account, asset, listed.hold)
        listed.hold = ZERO

    def pay(
        self, order: Order, instrument: Instrument, trade: Trade, *, is_maker: bool
    ) -> tuple[Decimal, str]:
        """Move what a trade of an order moves; the commission and its asset.

        The other side is the house, so that no asset is made or lost.
        """
        value = trade.price * trade.quantity
        if order.side is Side.BUY:
            given, taken = (instrument.quote, value), (instrument.base, trade.quantity)
        else:
            given, taken = (instrument.base, trade.quantity), (instrument.quote, value)
        self.ledger.pay_held(order.account, HOUSE, *given)
        order.hold -= given[1]
        self.ledger.pay(HOUSE, order.account, *taken)
        rate = self.rates.maker if is_maker else self.rates.taker
        asset, amount = taken
        commission = (amount * rate).quantize(_SMALLEST, ROUND_DOWN)
        self.ledger.pay(order.account, FEES, asset, commission)
        return commission, asset
