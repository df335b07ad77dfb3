"""An order of a paper account: what was asked, what became of it, and how it is reported."""

from decimal import Context, Decimal
from typing import Final

from attrs import evolve, frozen

from venuetree.protocol.models import (
    Fill,
    Instrument,
    Liquidity,
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    QuantumField,
    ReportSource,
    TimeInForce,
)
from venuetree.protocol.numbers import add, multiply, subtract

__all__ = ["AT_ONCE", "FeeRates", "Market", "PaperOrder", "market_of"]

#: What may not wait in the book.
AT_ONCE: Final = frozenset({TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL})
#: The grid of instruments that state none.
_FINEST_LOT: Final = Decimal("0.00000001")
#: An average has the usual digits.
_AVERAGE: Final = Context(prec=28)
_ZERO: Final = Decimal(0)


@frozen
class FeeRates:
    """Fees as fractions of the notional."""

    maker: Decimal
    taker: Decimal

    def of(self, liquidity: Liquidity) -> Decimal:
        """For an execution that plays this part."""
        return self.maker if liquidity is Liquidity.MAKER else self.taker

    @property
    def higher(self) -> Decimal:
        """Of the two."""
        return max(self.maker, self.taker)


@frozen
class Market:
    """What an order must know of its instrument until it ends.

    Attributes:
        lot: the grid of what a market order that is sized in money may execute.
        margin_rate: None where nothing is lent.
    """

    base: str
    quote: str
    lot: Decimal
    margin_rate: Decimal | None = None


@frozen
class PaperOrder:
    """An order as the paper exchange has it.

    Attributes:
        rates: the fees that held when it was placed.
        number: counts the account's orders; the earlier of two has the lower one.
        value: price times quantity of all that was executed.
        fees: paid so far, in `fee_currency`.
        has_rested: whether a book in step has been matched against it: from then on it makes.
        is_edited: whether its price and quantity are others than when it was placed.
    """

    request: OrderRequest
    market: Market
    rates: FeeRates
    order_id: str
    number: int
    created_time_ns: int
    updated_time_ns: int
    status: OrderStatus = OrderStatus.OPEN
    filled_quantity: Decimal = _ZERO
    value: Decimal = _ZERO
    fees: Decimal = _ZERO
    fee_currency: str = ""
    fills: int = 0
    has_rested: bool = False
    reason: str = ""
    is_edited: bool = False

    @property
    def instrument(self) -> str:
        """What it trades."""
        return self.request.instrument

    @property
    def remaining_quantity(self) -> Decimal:
        """What is not executed yet, in base currency; zero for one that is sized in quote."""
        quantity = self.request.quantity
        return _ZERO if quantity is None else subtract(quantity, self.filled_quantity)

    @property
    def may_wait(self) -> bool:
        """Whether it stays in the book until it is executed."""
        return self.may_wait_of(self.request)

    @staticmethod
    def may_wait_of(request: OrderRequest) -> bool:
        """Whether an order that is asked for would stay in the book until it is executed."""
        return request.type is not OrderType.MARKET and request.time_in_force not in AT_ONCE

    @property
    def is_open(self) -> bool:
        """Whether something may still become of it."""
        return not self.status.is_final

    def is_of(self, request: OrderRequest) -> bool:
        """Whether it is what this asked for, and not another order that has the same id.

        An edit, and what there was to close, made its size another than that of the request.
        """
        mine, margin = self.request, request.margin
        is_whole = margin is not None and margin.closing is not None and margin.closing.is_whole
        if self.is_edited or is_whole:
            mine = evolve(mine, price=request.price, quantity=request.quantity)
        return mine == request

    @property
    def next_liquidity(self) -> Liquidity:
        """Which part its next execution plays."""
        return Liquidity.MAKER if self.has_rested else Liquidity.TAKER

    def filled(self, fill: Fill) -> "PaperOrder":
        """After one more execution."""
        quantity = add(self.filled_quantity, fill.quantity)
        is_whole = quantity == self.request.quantity
        return evolve(
            self,
            status=OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED,
            filled_quantity=quantity,
            value=add(self.value, multiply(fill.price, fill.quantity)),
            fees=add(self.fees, fill.fee),
            fee_currency=fill.fee_currency,
            fills=self.fills + 1,
            updated_time_ns=fill.exchange_time_ns,
        )

    def ended(self, status: OrderStatus, now_ns: int, reason: str = "") -> "PaperOrder":
        """After its end."""
        return evolve(self, status=status, reason=reason, updated_time_ns=now_ns)

    def report(self, exchange: str, source: ReportSource, received_time_ns: int) -> OrderReport:
        """What the exchange says of it now."""
        request = self.request
        average = (
            _AVERAGE.divide(self.value, self.filled_quantity) if self.filled_quantity else None
        )
        return OrderReport(
            exchange=exchange,
            instrument=request.instrument,
            exchange_order_id=self.order_id,
            status=self.status,
            source=source,
            received_time_ns=received_time_ns,
            client_order_id=request.client_order_id,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            quantity=request.quantity,
            quote_quantity=request.quote_quantity,
            price=request.price,
            filled_quantity=self.filled_quantity,
            average_price=average,
            fees=self.fees,
            reason=self.reason,
            created_time_ns=self.created_time_ns,
            exchange_time_ns=self.updated_time_ns,
        )


def market_of(instrument: Instrument) -> Market:
    """What an order keeps of its instrument."""
    rules = (QuantumField.MARKET_QUANTITY, QuantumField.QUANTITY)
    steps = [rule.step for rule in map(instrument.quantum, rules) if rule is not None]
    lot = max(steps, default=_ZERO) or _FINEST_LOT
    return Market(instrument.base, instrument.quote, lot, instrument.margin_rate)
