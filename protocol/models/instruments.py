"""What can be traded, and the rules that an order of it must keep."""

from decimal import Decimal

from attrs import frozen

from venuetree.protocol.models.words import (
    Counted,
    InstrumentStatus,
    OrderType,
    QuantumField,
    TimeInForce,
)

__all__ = [
    "AllowedOrders",
    "Instrument",
    "Notional",
    "OpenOrderLimit",
    "OrderRule",
    "OrderTimes",
    "PositionLimit",
    "PriceBand",
    "Quantum",
]


@frozen
class Quantum:
    """A grid and a range for one number of an order: tick, lot, smallest and largest.

    Zero, for any of the three bounds, switches that bound off.
    """

    field: QuantumField
    #: The exchange's own name for the rule, shown in the error.
    name: str
    step: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(0)


@frozen
class Notional:
    """The smallest and largest price times quantity, in quote currency; zero switches off.

    A market order is judged by the reference price (see `PriceBand`), where there is one.
    """

    name: str
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(0)
    #: Which of the bounds hold for market orders.
    minimum_for_market: bool = True
    maximum_for_market: bool = True


@frozen
class PriceBand:
    """How far a limit price may be from the reference price, as factors of it; zero switches off.

    The reference price is the exchange's average over the last `average_minutes`, or its last
    price where that is zero.
    """

    name: str
    average_minutes: int
    buy_minimum: Decimal = Decimal(0)
    buy_maximum: Decimal = Decimal(0)
    sell_minimum: Decimal = Decimal(0)
    sell_maximum: Decimal = Decimal(0)


@frozen
class OpenOrderLimit:
    """At most so many orders may be open, the new one included.

    Those of the instrument, or of the whole account.
    """

    name: str
    maximum: int
    counted: Counted = Counted.ALL
    is_account_wide: bool = False


@frozen
class PositionLimit:
    """At most so much of the base currency may be held and on order to be bought together."""

    name: str
    maximum: Decimal


@frozen
class AllowedOrders:
    """Which orders an instrument takes at all.

    Attributes:
        name: the exchange's own name for the rule, shown in the error.
        types: the types of order.
        by_quote: whether a market order may be sized in quote currency.
        maker_only: whether a limit order may be maker-only.
        oco: whether two orders may be placed of which one cancels the other.
        replace: whether an order may be replaced by another in one request.
    """

    name: str
    types: tuple[OrderType, ...]
    by_quote: bool = True
    maker_only: bool = True
    oco: bool = True
    replace: bool = True


@frozen
class OrderTimes:
    """How long orders of some types may wait."""

    #: The exchange's own name for the rule, shown in the error.
    name: str
    types: tuple[OrderType, ...]
    times: tuple[TimeInForce, ...]


OrderRule = (
    Quantum | Notional | PriceBand | OpenOrderLimit | PositionLimit | AllowedOrders | OrderTimes
)


@frozen
class Instrument:
    """What can be traded, and the rules that an order of it must keep."""

    name: str
    base: str
    quote: str
    #: The exchange's own spelling.
    exchange_symbol: str
    status: InstrumentStatus
    rules: tuple[OrderRule, ...] = ()
    #: Descriptive, the exchange's word (`SPOT`, `FUTURE`).
    product_type: str = ""
    #: Instruments that share this one's book (Coinbase's USD and USDC).
    aliases: tuple[str, ...] = ()
    #: The unit in which traders of it speak of prices (0.0001 of EUR-USD), None for none.
    pip: Decimal | None = None
    #: The part of a position's value that is held as margin, None where nothing is lent.
    margin_rate: Decimal | None = None

    def quantum(self, which: QuantumField) -> Quantum | None:
        """The rule for one number of an order, None if there is none."""
        for rule in self.rules:
            if isinstance(rule, Quantum) and rule.field is which:
                return rule
        return None
