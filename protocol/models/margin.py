"""Accounts that trade on margin: what they are worth, and what their orders have opened.

A margin trade is one opening of a position: made by an order's execution, with a number, a price
and exits of its own, and closed in whole or in part by later executions.
"""

from decimal import Decimal

from attrs import field, frozen

from venuetree.protocol.models.margin_terms import ClientExtensions
from venuetree.protocol.models.orders import OrderReport
from venuetree.protocol.models.words import Side, Word

__all__ = [
    "AccountChanges",
    "AccountSummary",
    "Conversion",
    "MarginTrade",
    "MarginTradeChange",
    "MarginTradeState",
    "SentimentBook",
    "SentimentBucket",
    "SentimentKind",
]


class MarginTradeState(Word):
    """Whether a margin trade is open."""

    OPEN = "open"
    CLOSED = "closed"
    #: To be closed as soon as the instrument can be traded.
    CLOSE_WHEN_TRADEABLE = "close_when_tradeable"


class MarginTradeChange(Word):
    """What an execution did to a margin trade."""

    OPENED = "opened"
    REDUCED = "reduced"
    CLOSED = "closed"


@frozen
class MarginTrade:
    """One opening of a position; amounts are in the account's currency."""

    exchange: str
    instrument: str
    trade_id: str
    #: BUY is long.
    side: Side
    state: MarginTradeState
    #: The average price at which it was opened.
    price: Decimal
    #: In units of the base currency, never negative.
    initial_quantity: Decimal
    #: What is open of it.
    quantity: Decimal
    realized_profit: Decimal
    financing: Decimal
    open_time_ns: int
    #: None once it is closed.
    unrealized_profit: Decimal | None = None
    margin_used: Decimal | None = None
    close_time_ns: int | None = None
    average_close_price: Decimal | None = None
    #: Of the exits, whatever they are: waiting, executed or cancelled.
    exits: tuple[OrderReport, ...] = ()
    extensions: ClientExtensions = field(factory=ClientExtensions)


@frozen
class AccountSummary:
    """What a margin account is worth and how much of it is in use, in its own currency."""

    exchange: str
    account_id: str
    currency: str
    #: Cash: it changes by transactions only.
    balance: Decimal
    #: Balance and unrealized profit together.
    net_asset_value: Decimal
    unrealized_profit: Decimal
    realized_profit: Decimal
    financing: Decimal
    margin_used: Decimal
    margin_available: Decimal
    #: A margin call, or the forced closing of everything, begins where these reach 1.
    margin_call_percent: Decimal
    margin_closeout_percent: Decimal
    open_trades: int
    open_positions: int
    pending_orders: int
    #: Whether it may hold both directions of an instrument.
    is_hedging: bool
    #: The exchange's word: whether guaranteed stops are to be had.
    guaranteed_stops: str
    #: Of the newest transaction that this includes.
    last_transaction_id: str
    received_time_ns: int
    alias: str = ""
    #: The account's own margin rate, None where the instruments' hold.
    margin_rate: Decimal | None = None


@frozen
class AccountChanges:
    """What has changed in an account since one of its transactions."""

    orders_created: tuple[OrderReport, ...]
    orders_cancelled: tuple[OrderReport, ...]
    orders_filled: tuple[OrderReport, ...]
    orders_triggered: tuple[OrderReport, ...]
    trades_opened: tuple[MarginTrade, ...]
    trades_reduced: tuple[MarginTrade, ...]
    trades_closed: tuple[MarginTrade, ...]
    #: What follows prices, None for what the exchange left out.
    net_asset_value: Decimal | None
    unrealized_profit: Decimal | None
    margin_used: Decimal | None
    margin_available: Decimal | None
    #: To ask from the next time.
    last_transaction_id: str


@frozen
class Conversion:
    """What an amount of a currency is worth in the account's, per unit."""

    currency: str
    #: For profits, for losses, and for the value of positions.
    gain: Decimal
    loss: Decimal
    position: Decimal


class SentimentKind(Word):
    """What a book of the exchange's clients shows."""

    ORDERS = "orders"
    POSITIONS = "positions"


@frozen
class SentimentBucket:
    """The share of the clients, in percent, that is long or short from a price on."""

    price: Decimal
    long_percent: Decimal
    short_percent: Decimal


@frozen
class SentimentBook:
    """How the exchange's own clients are placed; no depth of any market."""

    exchange: str
    instrument: str
    kind: SentimentKind
    exchange_time_ns: int
    #: The market's price by then.
    price: Decimal
    bucket_width: Decimal
    buckets: tuple[SentimentBucket, ...]
