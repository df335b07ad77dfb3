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

    #: Trades at once at what there is.
    MARKET = "market"
    #: Trades at its price or better, and waits if it may.
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
    #: Until `expire_time_ns`.
    GOOD_TILL_DATE = "good_till_date"
    #: Until the exchange's day ends.
    GOOD_FOR_DAY = "good_for_day"
    #: What cannot be executed at once is cancelled.
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    #: All of it at once, or nothing.
    FILL_OR_KILL = "fill_or_kill"


class LiquidityPreference(Word):
    """Whether a limit order may take."""

    ANY = "any"
    #: Post only: refused, rather than filled, if it would trade at once.
    MAKER_ONLY = "maker_only"


class Liquidity(Word):
    """Which part a fill played."""

    #: It waited in the book.
    MAKER = "maker"
    #: It took what waited there.
    TAKER = "taker"
    #: The exchange does not say.
    UNKNOWN = "unknown"


class StopDirection(Word):
    """From which side the market must reach a stop price."""

    #: It must rise to the stop price.
    UP = "up"
    #: It must fall to it.
    DOWN = "down"


class OrderStatus(Word):
    """The states of an order of ours; `protocol.orders` says what may follow what."""

    #: Written down, not sent.
    NEW = "new"
    #: Its first byte may have left.
    SENT = "sent"
    #: The exchange has it, and nothing of it is executed.
    OPEN = "open"
    #: A part is executed, and the rest waits.
    PARTIALLY_FILLED = "partially_filled"
    #: All of it is executed. Final.
    FILLED = "filled"
    #: Ended before all was executed; see `filled_quantity`. Final.
    CANCELLED = "cancelled"
    #: Its time ended before all was executed. Final.
    EXPIRED = "expired"
    #: It does not exist: refused, never sent, or proved absent. Final.
    REJECTED = "rejected"
    #: Sent, and the exchange has not said what became of it: the engine goes on asking.
    UNKNOWN = "unknown"

    def __init__(self, word: str) -> None:
        #: Whether nothing more can happen to the order.
        self.is_final = word in {"filled", "cancelled", "expired", "rejected"}


class Topic(Word):
    """What one subscribes to, an instrument at a time."""

    #: Each public trade.
    TRADES = "trades"
    #: The prices at which the exchange deals, whole each time, and whether it does.
    QUOTES = "quotes"
    #: Trades of one order at one price told as one.
    AGGREGATE_TRADES = "aggregate_trades"
    #: Last price, best bid and ask, and figures of the day.
    TICKER = "ticker"
    #: A ticker at most every few seconds, for many instruments at little cost.
    TICKER_BATCH = "ticker_batch"
    #: The best bid and ask, at each change.
    BEST_PRICES = "best_prices"
    #: The whole book, kept in step by the engine.
    BOOK = "book"
    #: The best levels of the book, whole each time; nothing to keep in step.
    BOOK_TOP = "book_top"
    #: Candles, while they form and when they are closed.
    CANDLES = "candles"
    #: Whether the instrument can be traded.
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
    #: Limit orders, no market orders.
    LIMIT_ONLY = "limit_only"
    #: Orders that wait, none that would trade at once.
    POST_ONLY = "post_only"
    #: Cancels, no new orders.
    CANCEL_ONLY = "cancel_only"
    #: Nothing.
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
