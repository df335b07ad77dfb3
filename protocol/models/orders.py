"""Orders, as they are asked for, reported and known, and their executions."""

from decimal import Decimal

from attrs import frozen

from venuetree.protocol.models.margin_terms import MarginTerms
from venuetree.protocol.models.words import (
    Liquidity,
    LiquidityPreference,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
)

__all__ = [
    "Bracket",
    "Fill",
    "OcoRequest",
    "Order",
    "OrderKey",
    "OrderPreview",
    "OrderReport",
    "OrderRequest",
]


@frozen
class Bracket:
    """Exit prices attached to an order: a take-profit limit and a stop."""

    take_profit_price: Decimal | None = None
    stop_price: Decimal | None = None


@frozen
class OrderRequest:
    """What a host asks for; `limit_order` and its siblings build it, `check_order` checks it."""

    instrument: str
    side: Side
    type: OrderType
    #: In base currency. Exactly one of `quantity` and `quote_quantity` is set.
    quantity: Decimal | None = None
    #: In quote currency: what a market buy may spend.
    quote_quantity: Decimal | None = None
    #: In quote currency: the worst at which a limit order trades.
    price: Decimal | None = None
    #: At which an order that waits begins.
    stop_price: Decimal | None = None
    stop_direction: StopDirection | None = None
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED
    #: When a good-till-date order ends.
    expire_time_ns: int | None = None
    liquidity: LiquidityPreference = LiquidityPreference.ANY
    #: Exits that are placed once it fills.
    attached: Bracket | None = None
    #: What only an order on margin says.
    margin: MarginTerms | None = None
    #: `""` until the engine gives it one.
    client_order_id: str = ""


@frozen
class OcoRequest:
    """Two orders of which one cancels the other (OCO): `oco` builds it, `check_oco` checks it.

    Both are of one instrument, side and quantity.

    Attributes:
        limit: a maker-only limit order, at a price better than the market's.
        stop: a stop-limit order on the market's other side.
    """

    limit: OrderRequest
    stop: OrderRequest

    @property
    def orders(self) -> tuple[OrderRequest, OrderRequest]:
        """Both."""
        return (self.limit, self.stop)


@frozen
class OrderKey:
    """Names an order, by our id, the exchange's, or both; at least one is set."""

    instrument: str = ""
    client_order_id: str = ""
    exchange_order_id: str = ""


@frozen
class OrderReport:
    """What the exchange said about an order, at one moment, by one way.

    None means "not told"; the order's ledger keeps what it knew.
    """

    exchange: str
    instrument: str
    exchange_order_id: str
    status: OrderStatus
    source: ReportSource
    received_time_ns: int
    client_order_id: str = ""
    side: Side | None = None
    type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    #: Cumulative, in base currency.
    filled_quantity: Decimal | None = None
    average_price: Decimal | None = None
    #: Cumulative, in quote currency unless the fills say otherwise.
    fees: Decimal | None = None
    #: A cancel was accepted and has not happened yet.
    is_cancelling: bool = False
    reason: str = ""
    created_time_ns: int | None = None
    exchange_time_ns: int | None = None
    #: Of the list of orders that it is one of; `""` for none, or untold.
    list_id: str = ""
    #: Of the margin trade that it is an exit of; `""` for none, or untold.
    trade_id: str = ""


@frozen
class Order:
    """An order of ours as far as it is known."""

    exchange: str
    instrument: str
    #: Ours; `""` for an order that was placed elsewhere without one.
    client_order_id: str
    #: The exchange's; `""` until it is known.
    exchange_order_id: str
    side: Side
    type: OrderType
    status: OrderStatus
    time_in_force: TimeInForce
    #: In base currency; None where the order was sized in quote currency.
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    #: In base currency.
    filled_quantity: Decimal = Decimal(0)
    #: Of all that was executed.
    average_price: Decimal | None = None
    #: In quote currency unless the fills say otherwise.
    fees: Decimal = Decimal(0)
    #: A cancel was accepted and has not happened yet.
    is_cancelling: bool = False
    #: Why it was rejected, cancelled or became unknown, in the exchange's words or ours.
    reason: str = ""
    created_time_ns: int | None = None
    updated_time_ns: int | None = None
    #: The exchange's number of the list of orders (OCO) that it is one of; `""` for none.
    list_id: str = ""
    #: The exchange's number of the margin trade that it is an exit of; `""` for none.
    trade_id: str = ""

    @property
    def key(self) -> OrderKey:
        """All its names."""
        return OrderKey(self.instrument, self.client_order_id, self.exchange_order_id)

    @property
    def remaining_quantity(self) -> Decimal | None:
        """What is not filled yet, in base currency; None where the order was sized in quote."""
        return None if self.quantity is None else self.quantity - self.filled_quantity


@frozen
class Fill:
    """One execution of an order of ours; `(exchange, instrument, fill_id)` is unique."""

    exchange: str
    instrument: str
    fill_id: str
    exchange_order_id: str
    side: Side
    price: Decimal
    #: In base currency.
    quantity: Decimal
    fee: Decimal
    #: `""` where the exchange does not say.
    fee_currency: str
    liquidity: Liquidity
    exchange_time_ns: int
    client_order_id: str = ""
    trade_id: str = ""


@frozen
class OrderPreview:
    """What an order would cost, as the exchange reckons; nothing is placed."""

    exchange: str
    instrument: str
    #: In quote currency, fees included.
    total: Decimal | None
    fee: Decimal | None
    average_price: Decimal | None
    slippage: Decimal | None
    #: The exchange's codes for what would be refused; empty if it would be accepted.
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
