"""An order of the account, its fills, and what a client may ask for: plain state, no decisions."""

from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from venuetree.scenarios.simulated.matching import Rising, Side

ZERO = Decimal(0)


class OrderType(Enum):
    """The exchange's word for the kind of an order."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LIMIT = "STOP_LIMIT"
    BRACKET = "BRACKET"


class TimeInForceName(Enum):
    """The exchange's word for how long an order lives."""

    GTC = "GOOD_UNTIL_CANCELLED"
    GTD = "GOOD_UNTIL_DATE_TIME"
    IOC = "IMMEDIATE_OR_CANCEL"
    FOK = "FILL_OR_KILL"


class Status(Enum):
    """The exchange's word for the state of an order."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    CANCEL_QUEUED = "CANCEL_QUEUED"

    @property
    def over(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self in {Status.FILLED, Status.CANCELLED, Status.EXPIRED, Status.FAILED}


class TriggerStatus(Enum):
    """Whether a stop or bracket has fired; other orders have ``INVALID_ORDER_TYPE``."""

    NONE = "INVALID_ORDER_TYPE"
    PENDING = "STOP_PENDING"
    TRIGGERED = "STOP_TRIGGERED"


class Liquidity(Enum):
    """Which part the account played in a fill."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class RejectedError(Exception):
    """An order or edit that the exchange refuses with one of its codes (HTTP 200).

    `preview_only` codes exist only with the prefix ``PREVIEW_``, and the
    answer's `error` says nothing then.
    """

    def __init__(self, code: str, message: str = "", *, preview_only: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.preview_only = preview_only


class BadRequestError(Exception):
    """A request that is malformed (HTTP 400, ``INVALID_ARGUMENT``)."""


@attrs.frozen
class AttachedBracket:
    """Take profit and stop loss that an order brings along."""

    limit_price: Decimal
    stop_trigger_price: Decimal


@attrs.frozen
class Ticket:
    """What the client asked for, checked for form and for the product's rules."""

    product_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForceName
    configuration: dict[str, Any]
    """As it is echoed."""
    base_size: Decimal | None = None
    quote_size: Decimal | None = None
    """Set when the size was given in quote currency."""
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_direction: Rising | None = None
    post_only: bool = False
    end_ns: int | None = None
    attached: AttachedBracket | None = None


@attrs.frozen
class Fill:
    """One execution of an order of the account."""

    entry_id: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    commission: Decimal
    liquidity: Liquidity
    time_ns: int


@attrs.frozen
class Edit:
    """One accepted edit of an order."""

    price: Decimal
    size: Decimal
    time_ns: int


@attrs.define(eq=False)
class AccountOrder:
    """The state of one order of the account."""

    order_id: str
    client_order_id: str
    ticket: Ticket
    created_ns: int
    updated_ns: int
    status: Status = Status.PENDING
    size: Decimal | None = None
    """Base quantity in all; None for a market order sized in quote currency."""
    price: Decimal | None = None
    """The limit price as it stands (an edit or a fired bracket changes it)."""
    filled_size: Decimal = ZERO
    filled_value: Decimal = ZERO
    total_fees: Decimal = ZERO
    fills: list[Fill] = attrs.field(factory=list)
    hold: Decimal = ZERO
    trigger_status: TriggerStatus = TriggerStatus.NONE
    pending_cancel: bool = False
    cancel_message: str = ""
    reject_reason: str = "REJECT_REASON_UNSPECIFIED"
    reject_message: str = ""
    attached_order_id: str = ""
    originating_order_id: str = ""
    edits: list[Edit] = attrs.field(factory=list)

    @property
    def leaves(self) -> Decimal:
        """Base quantity still to be filled; zero once the order is over."""
        if self.status.over or self.size is None:
            return ZERO
        return self.size - self.filled_size

    @property
    def average_price(self) -> Decimal:
        """Value by size of the fills, zero without any."""
        return self.filled_value / self.filled_size if self.filled_size else ZERO

    @property
    def value_after_fees(self) -> Decimal:
        """What was paid with fees, or received without them."""
        if self.ticket.side is Side.BUY:
            return self.filled_value + self.total_fees
        return self.filled_value - self.total_fees

    @property
    def completion_percentage(self) -> Decimal:
        """How much of what was asked is filled, in per cent, to two digits."""
        if self.ticket.quote_size is not None and self.size is None:
            done, asked = self.filled_value + self.total_fees, self.ticket.quote_size
            if self.status is Status.FILLED:
                return Decimal(100)
        else:
            done, asked = self.filled_size, self.size or ZERO
        return (done / asked * 100).quantize(Decimal("0.01")) if asked else ZERO
