"""An order of an account and what a client asked for: plain state, no decisions."""

from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = [
    "Details",
    "Extensions",
    "Order",
    "OrderKind",
    "OrderState",
    "PositionFill",
    "Reduction",
    "Ticket",
    "TimeInForce",
    "TriggerCondition",
]


class OrderKind(Enum):
    """The exchange's word for the kind of an order."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    MARKET_IF_TOUCHED = "MARKET_IF_TOUCHED"
    TAKE_PROFIT = "TAKE_PROFIT"
    STOP_LOSS = "STOP_LOSS"
    GUARANTEED_STOP_LOSS = "GUARANTEED_STOP_LOSS"
    TRAILING_STOP_LOSS = "TRAILING_STOP_LOSS"

    @property
    def dependent(self) -> bool:
        """Whether it belongs to a trade, which it closes."""
        return self in DEPENDENT_KINDS

    @property
    def transaction(self) -> str:
        """The type of the transaction that creates it, and the reason of its fill."""
        return f"{self.value}_ORDER"

    @property
    def words(self) -> str:
        """Its name in a camel case key: ``takeProfit``."""
        first, *rest = self.value.lower().split("_")
        return first + "".join(word.title() for word in rest)


DEPENDENT_KINDS = (
    OrderKind.TAKE_PROFIT,
    OrderKind.STOP_LOSS,
    OrderKind.GUARANTEED_STOP_LOSS,
    OrderKind.TRAILING_STOP_LOSS,
)
"""In the order in which a fill creates them."""


class TimeInForce(Enum):
    """The exchange's word for how long an order lives."""

    GTC = "GTC"
    GTD = "GTD"
    GFD = "GFD"
    FOK = "FOK"
    IOC = "IOC"

    @property
    def rests(self) -> bool:
        """Whether an order that cannot be filled at once waits."""
        return self not in {TimeInForce.FOK, TimeInForce.IOC}


class PositionFill(Enum):
    """The exchange's word for what a fill does to open trades."""

    DEFAULT = "DEFAULT"
    REDUCE_FIRST = "REDUCE_FIRST"
    REDUCE_ONLY = "REDUCE_ONLY"
    OPEN_ONLY = "OPEN_ONLY"


class TriggerCondition(Enum):
    """The exchange's word for the price that an order watches."""

    DEFAULT = "DEFAULT"
    INVERSE = "INVERSE"
    BID = "BID"
    ASK = "ASK"
    MID = "MID"


class OrderState(Enum):
    """The exchange's word for the state of an order."""

    PENDING = "PENDING"
    FILLED = "FILLED"
    TRIGGERED = "TRIGGERED"
    CANCELLED = "CANCELLED"


@attrs.frozen
class Extensions:
    """What a client has written on an order or on a trade."""

    id: str | None = None
    tag: str | None = None
    comment: str | None = None

    @property
    def wire(self) -> dict[str, str]:
        """The fields that are set."""
        return {name: text for name, text in attrs.asdict(self).items() if text is not None}

    def merged(self, changed: "Extensions") -> "Extensions":
        """These, where `changed` says nothing else."""
        return attrs.evolve(self, **changed.wire)


@attrs.frozen
class Details:
    """A dependent order that a fill shall create."""

    kind: OrderKind
    price: Decimal | None = None
    distance: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    gtd_ns: int | None = None
    extensions: Extensions | None = None
    guaranteed: bool | None = None
    """The older flag of a stop loss."""


@attrs.frozen
class Ticket:
    """What the client asked for; what was not given is None."""

    kind: OrderKind
    instrument: Instrument
    time_in_force: TimeInForce
    units: Decimal | None = None
    """Signed; None of a dependent order."""
    price: Decimal | None = None
    distance: Decimal | None = None
    price_bound: Decimal | None = None
    gtd_ns: int | None = None
    position_fill: PositionFill = PositionFill.DEFAULT
    trigger_condition: TriggerCondition = TriggerCondition.DEFAULT
    extensions: Extensions | None = None
    trade_extensions: Extensions | None = None
    on_fill: tuple[Details, ...] = ()
    trade_id: int | None = None
    """Of a dependent order."""
    client_trade_id: str | None = None
    guaranteed: bool | None = None
    closes: dict[str, Any] = attrs.field(factory=dict)
    """Of a market order that closes: the key that says what, and its value."""


@attrs.frozen
class Reduction:
    """Units of a trade that a fill closes, with the sign of the closing order."""

    trade_id: int
    units: Decimal


@attrs.define(eq=False)
class Order:
    """The state of one order of an account."""

    id: int
    ticket: Ticket
    created_ns: int
    expires_ns: int | None = None
    state: OrderState = OrderState.PENDING
    initial_market_price: Decimal | None = None
    """Of a market-if-touched order: the price it started from."""
    trailing_value: Decimal | None = None
    """Of a trailing stop: the price at which it would fire."""
    targets: tuple[Reduction, ...] | None = None
    """The trades that this order closes, and no others; None if it takes them as they come."""
    fill_reason: str = ""
    filled: dict[str, Any] = attrs.field(factory=dict)
    """What a read tells of the fill."""
    cancelled: dict[str, Any] = attrs.field(factory=dict)
    """What a read tells of the cancellation."""
    replaces_id: int | None = None
    replaced_by_id: int | None = None

    @property
    def kind(self) -> OrderKind:
        """The kind."""
        return self.ticket.kind

    @property
    def instrument(self) -> Instrument:
        """The instrument; of a dependent order, its trade's."""
        return self.ticket.instrument

    @property
    def pending(self) -> bool:
        """Whether something can still happen to it."""
        return self.state is OrderState.PENDING

    @property
    def client_id(self) -> str | None:
        """The client's own id."""
        return None if self.ticket.extensions is None else self.ticket.extensions.id
