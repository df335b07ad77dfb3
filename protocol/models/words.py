"""Words that all exchanges share, each an enum."""

from enum import Enum

__all__ = [
    "CandlePrice",
    "Counted",
    "InstrumentStatus",
    "Liquidity",
    "LiquidityPreference",
    "OrderStatus",
    "OrderType",
    "QuantumField",
    "ReportSource",
    "Side",
    "StopDirection",
    "TimeInForce",
    "Topic",
    "Word",
]


class Word(Enum):
    """An enum whose members hash by identity, in C: they are keys on every hot path."""

    __hash__ = object.__hash__


class Side(Word):
    """Which way an order or the aggressor of a trade goes."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(Word):
    """What an order does when it reaches the book."""

    MARKET = "market"
    LIMIT = "limit"
    #: Becomes a market order once the price has gone as far as the stop price, or further.
    STOP = "stop"
    #: Trades at the stop price or better once the price has touched it, from whichever side.
    MARKET_IF_TOUCHED = "market_if_touched"
    #: Becomes a limit order once the last trade reaches the stop price.
    STOP_LIMIT = "stop_limit"
    #: Leaves at a take-profit limit price or, if it falls that far, at a stop price.
    BRACKET = "bracket"
    #: Exits of a margin trade: at a profit, at a loss, at a loss that follows the price, and at a
    #: loss whose price is guaranteed. They are made with the trade's order, or set on the trade.
    TAKE_PROFIT = "take_profit"
    STOP_LOSS = "stop_loss"
    TRAILING_STOP = "trailing_stop"
    GUARANTEED_STOP = "guaranteed_stop"
    #: A type that this engine does not place but may find at the exchange.
    OTHER = "other"


class TimeInForce(Word):
    """How long an order waits."""

    GOOD_TILL_CANCELLED = "good_till_cancelled"
    GOOD_TILL_DATE = "good_till_date"
    #: Until the exchange's day ends.
    GOOD_FOR_DAY = "good_for_day"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    FILL_OR_KILL = "fill_or_kill"


class LiquidityPreference(Word):
    """Whether a limit order may take."""

    ANY = "any"
    #: Post only: refused, rather than filled, if it would trade at once.
    MAKER_ONLY = "maker_only"


class Liquidity(Word):
    """Which part a fill played."""

    MAKER = "maker"
    TAKER = "taker"
    UNKNOWN = "unknown"


class StopDirection(Word):
    """From which side the market must reach a stop price."""

    UP = "up"
    DOWN = "down"


class OrderStatus(Word):
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


class Topic(Word):
    """What one subscribes to, an instrument at a time."""

    TRADES = "trades"
    #: The prices at which the exchange deals, whole each time, and whether it does.
    QUOTES = "quotes"
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


class CandlePrice(Word):
    """Which prices a candle is made of."""

    #: The exchange's own choice: trades, or where there are none the middle of its quotes.
    USUAL = "usual"
    BID = "bid"
    MID = "mid"
    ASK = "ask"


class InstrumentStatus(Word):
    """What the exchange takes for an instrument now."""

    TRADING = "trading"
    LIMIT_ONLY = "limit_only"
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    HALTED = "halted"


class QuantumField(Word):
    """Which number of an order a `Quantum` rules."""

    PRICE = "price"
    STOP_PRICE = "stop_price"
    QUANTITY = "quantity"
    QUOTE_QUANTITY = "quote_quantity"
    MARKET_QUANTITY = "market_quantity"
    #: From a price to that of an exit, and how far a trailing stop may follow.
    DISTANCE = "distance"
    TRAILING_DISTANCE = "trailing_distance"


class Counted(Word):
    """Which open orders an `OpenOrderLimit` counts."""

    ALL = "all"
    #: Those that wait for a stop price.
    STOP = "stop"
    #: Lists of orders (`Order.list_id`), each as one.
    LIST = "list"


class ReportSource(Word):
    """How the exchange told us: the trustworthiness of silence differs."""

    REPLY = "reply"
    STREAM = "stream"
    QUERY = "query"
