"""The values that all exchanges share: instruments, orders, fills, balances, market data.

Prices, quantities and amounts are `Decimal`, with the digits the exchange sent. Times are
integer nanoseconds since 1970 UTC. Instruments are named `BASE-QUOTE`, upper case.
"""

from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from attrs import frozen

__all__ = [
    "AllowedOrders",
    "Balance",
    "Bracket",
    "Candle",
    "Counted",
    "FeeSummary",
    "Fill",
    "Instrument",
    "InstrumentStatus",
    "KeyPermissions",
    "Level",
    "Liquidity",
    "LiquidityPreference",
    "Notional",
    "OcoRequest",
    "OpenOrderLimit",
    "Order",
    "OrderKey",
    "OrderPreview",
    "OrderReport",
    "OrderRequest",
    "OrderRule",
    "OrderStatus",
    "OrderType",
    "Position",
    "PositionLimit",
    "PriceBand",
    "Quantum",
    "QuantumField",
    "ReportSource",
    "Side",
    "StopDirection",
    "TimeInForce",
    "Topic",
]


class _Word(Enum):
    """An enum whose members hash by identity, in C: they are keys on every hot path."""

    __hash__ = object.__hash__


class Side(_Word):
    """Which way an order or the aggressor of a trade goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(_Word):
    """What an order does when it reaches the book."""

    MARKET = "market"
    LIMIT = "limit"
    #: Becomes a limit order once the last trade reaches the stop price.
    STOP_LIMIT = "stop_limit"
    #: Leaves at a take-profit limit price or, if it falls that far, at a stop price.
    BRACKET = "bracket"
    #: A type that this engine does not place but may find at the exchange.
    OTHER = "other"


class TimeInForce(_Word):
    """How long an order waits."""

    GOOD_TILL_CANCELLED = "good_till_cancelled"
    GOOD_TILL_DATE = "good_till_date"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


class LiquidityPreference(_Word):
    """Whether a limit order may take."""

    ANY = "any"
    #: Post only: refused, rather than filled, if it would trade at once.
    MAKER_ONLY = "maker_only"


class Liquidity(_Word):
    """Which part a fill played."""

    MAKER = "maker"
    TAKER = "taker"
    UNKNOWN = "unknown"


class StopDirection(_Word):
    """From which side the market must reach a stop price."""

    UP = "up"
    DOWN = "down"


class OrderStatus(_Word):
    """The states of an order of ours; `protocol.orders` says what may follow what."""

    NEW = "new"
    SENT = "sent"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"

    def __init__(self, word: str) -> None:
        #: Whether nothing more can happen to the order.
        self.is_final = word in {"filled", "cancelled", "expired", "rejected"}


class Topic(_Word):
    """What one subscribes to, an instrument at a time."""

    TRADES = "trades"
    #: Trades of one order at one price told as one.
    AGGREGATE_TRADES = "aggregate_trades"
    TICKER = "ticker"
    #: A ticker at most every few seconds, for many instruments at little cost.
    TICKER_BATCH = "ticker_batch"
    #: The best bid and ask, at each change.
    BEST_PRICES = "best_prices"
    BOOK = "book"
    #: The best levels of the book, whole each time; nothing to keep in step.
    BOOK_TOP = "book_top"
    CANDLES = "candles"
    STATUS = "status"


class InstrumentStatus(_Word):
    """What the exchange takes for an instrument now."""

    TRADING = "trading"
    LIMIT_ONLY = "limit_only"
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    HALTED = "halted"


class QuantumField(_Word):
    """Which number of an order a `Quantum` rules."""

    PRICE = "price"
    STOP_PRICE = "stop_price"
    QUANTITY = "quantity"
    QUOTE_QUANTITY = "quote_quantity"
    MARKET_QUANTITY = "market_quantity"


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


class Counted(_Word):
    """Which open orders an `OpenOrderLimit` counts."""

    ALL = "all"
    #: Those that wait for a stop price.
    STOP = "stop"
    #: Lists of orders (`Order.list_id`), each as one.
    LIST = "list"


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
    types: frozenset[OrderType]
    by_quote: bool = True
    maker_only: bool = True
    oco: bool = True
    replace: bool = True


OrderRule = Quantum | Notional | PriceBand | OpenOrderLimit | PositionLimit | AllowedOrders


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

    def quantum(self, which: QuantumField) -> Quantum | None:
        """The rule for one number of an order, None if there is none."""
        for rule in self.rules:
            if isinstance(rule, Quantum) and rule.field is which:
                return rule
        return None


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
    price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_direction: StopDirection | None = None
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED
    #: When a good-till-date order ends.
    expire_time_ns: int | None = None
    liquidity: LiquidityPreference = LiquidityPreference.ANY
    attached: Bracket | None = None
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


class ReportSource(_Word):
    """How the exchange told us: the trustworthiness of silence differs."""

    REPLY = "reply"
    STREAM = "stream"
    QUERY = "query"


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


@frozen
class Order:
    """An order of ours as far as it is known."""

    exchange: str
    instrument: str
    client_order_id: str
    exchange_order_id: str
    side: Side
    type: OrderType
    status: OrderStatus
    time_in_force: TimeInForce
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None
    fees: Decimal = Decimal(0)
    is_cancelling: bool = False
    #: Why it was rejected, cancelled or became unknown, in the exchange's words or ours.
    reason: str = ""
    created_time_ns: int | None = None
    updated_time_ns: int | None = None
    #: The exchange's number of the list of orders (OCO) that it is one of; `""` for none.
    list_id: str = ""

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


@frozen
class Balance:
    """Money of one currency in the account."""

    exchange: str
    currency: str
    available: Decimal
    #: Set aside for open orders.
    hold: Decimal

    @property
    def total(self) -> Decimal:
        """Available and held."""
        return self.available + self.hold


@frozen
class Position:
    """What is held of an instrument; positive is long, negative short."""

    exchange: str
    instrument: str
    quantity: Decimal
    average_price: Decimal | None
    unrealized_profit: Decimal | None


class Level(NamedTuple):
    """A price of a book and the quantity there, in base currency."""

    price: Decimal
    quantity: Decimal


@frozen
class Candle:
    """Trading in one interval of time."""

    start_time_ns: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@frozen
class KeyPermissions:
    """What a key may do."""

    can_view: bool
    can_trade: bool
    can_transfer: bool
    detail: str = ""


@frozen
class FeeSummary:
    """The account's fees: rates as fractions of the notional."""

    tier: str
    maker_rate: Decimal | None
    taker_rate: Decimal | None
