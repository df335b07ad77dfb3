"""An order of an account, its fills, and what a client may ask for: plain state, no decisions."""

from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from venuetree.scenarios.simulated.matching import SelfTrade, Side

ZERO = Decimal(0)


class OrderType(Enum):
    """The exchange's word for the kind of an order."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def waits(self) -> bool:
        """Whether it waits for a stop price (an algo order, to the filters)."""
        return self.value.startswith(("STOP", "TAKE"))

    @property
    def priced(self) -> bool:
        """Whether it has a limit price."""
        return "LIMIT" in self.value


class TimeInForceName(Enum):
    """The exchange's word for how long an order lives."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SelfTradeMode(Enum):
    """The exchange's word for what happens when an account meets itself."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"
    TRANSFER = "TRANSFER"


SELF_TRADE: dict[SelfTradeMode, SelfTrade] = {
    SelfTradeMode.NONE: SelfTrade.ALLOW,
    SelfTradeMode.EXPIRE_TAKER: SelfTrade.CANCEL_INCOMING,
    SelfTradeMode.EXPIRE_MAKER: SelfTrade.CANCEL_RESTING,
    SelfTradeMode.EXPIRE_BOTH: SelfTrade.CANCEL_BOTH,
    SelfTradeMode.DECREMENT: SelfTrade.DECREMENT,
    # Between orders of one account a transfer moves nothing: it is a decrement.
    SelfTradeMode.TRANSFER: SelfTrade.DECREMENT,
}


class Status(Enum):
    """The exchange's word for the state of an order."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    REJECTED = "REJECTED"
    """Of a replacement alone, which the engine refused after the cancel."""

    @property
    def over(self) -> bool:
        """Whether nothing can happen to the order any more."""
        return self not in {Status.NEW, Status.PARTIALLY_FILLED}


@attrs.frozen
class Ticket:
    """What the client asked for, checked for form; numbers not given are None."""

    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForceName = TimeInForceName.GTC
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    iceberg_quantity: Decimal | None = None
    trailing_delta: int | None = None
    self_trade: SelfTradeMode = SelfTradeMode.EXPIRE_MAKER
    strategy_id: int | None = None
    strategy_type: int | None = None


@attrs.frozen
class Fill:
    """One execution of an order."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    is_maker: bool
    time_ms: int

    @property
    def quote_quantity(self) -> Decimal:
        """Price times quantity."""
        return self.price * self.quantity


@attrs.frozen
class PreventedMatch:
    """A match of an account with itself that did not happen."""

    prevented_match_id: int
    symbol: str
    taker_order_id: int
    maker_order_id: int
    mode: SelfTradeMode
    price: Decimal
    maker_quantity: Decimal
    taker_quantity: Decimal
    time_ms: int


@attrs.define(eq=False)
class Order:
    """The state of one order of an account."""

    order_id: int
    account: str
    client_order_id: str
    """After a cancel: the cancel's id."""
    ticket: Ticket
    created_ms: int
    updated_ms: int
    quantity: Decimal
    """Base quantity in all; of a market order sized in quote currency, what it bought or sold."""
    original_client_id: str = ""
    """The client's own id, once a cancel has renamed the order."""
    status: Status = Status.NEW
    executed: Decimal = ZERO
    executed_quote: Decimal = ZERO
    prevented: Decimal = ZERO
    fills: list[Fill] = attrs.field(factory=list)
    prevented_matches: list[PreventedMatch] = attrs.field(factory=list)
    hold: Decimal = ZERO
    list_id: int = -1
    working_ms: int = -1
    """Since when it is, or was, on the book; -1 while a stop waits."""
    expiry_reason: str = ""
    reject_reason: str = "NONE"
    history: list[tuple[int, dict[str, Any]]] = attrs.field(factory=list)
    """(time, the order as a query tells it) of each change, oldest first."""

    @property
    def symbol(self) -> str:
        """The symbol."""
        return self.ticket.symbol

    @property
    def side(self) -> Side:
        """The side."""
        return self.ticket.side

    @property
    def remaining(self) -> Decimal:
        """Base quantity still to be filled."""
        return self.quantity - self.executed - self.prevented

    @property
    def waiting(self) -> bool:
        """Whether it waits for its stop price."""
        return self.ticket.order_type.waits and self.working_ms < 0 and not self.status.over

    @property
    def book_id(self) -> str:
        """Its name in the book."""
        return str(self.order_id)


class ListStatus(Enum):
    """Whether an order list lives: (`listStatusType`, `listOrderStatus`)."""

    EXECUTING = ("EXEC_STARTED", "EXECUTING")
    ALL_DONE = ("ALL_DONE", "ALL_DONE")


@attrs.define(eq=False)
class OrderList:
    """A pair of which one cancels the other (OCO); until one acts it holds the money of both."""

    list_id: int
    account: str
    symbol: str
    client_list_id: str
    created_ms: int
    legs: tuple[Order, ...] = ()
    """The stop leg, then the limit leg."""
    status: ListStatus = ListStatus.EXECUTING
    hold: Decimal = ZERO
