"""Market data, as decoded."""

from decimal import Decimal
from typing import NamedTuple

from attrs import frozen

from venuetree.protocol.models import Candle, Level, Side

__all__ = [
    "AggregateTradePrinted",
    "BestPricesChanged",
    "BookChange",
    "BookChanged",
    "BookSnapshot",
    "BookTopChanged",
    "CandleChanged",
    "InstrumentStatusChanged",
    "MarketEvent",
    "QuoteChanged",
    "TickerChanged",
    "TradePrinted",
]


@frozen
class TradePrinted:
    """A public trade.

    Comes with `Topic.TRADES`; also what `trades` answers.
    """

    exchange: str
    instrument: str
    trade_id: str
    price: Decimal
    #: In base currency.
    quantity: Decimal
    #: The aggressor's side: BUY lifted an offer.
    taker_side: Side
    exchange_time_ns: int | None
    received_time_ns: int
    #: It happened before the subscription began (part of a snapshot): not new.
    is_past: bool = False


@frozen
class AggregateTradePrinted:
    """Public trades of one order that took at one price, as one.

    Comes with `Topic.AGGREGATE_TRADES`.
    """

    exchange: str
    instrument: str
    aggregate_id: str
    first_trade_id: str
    last_trade_id: str
    price: Decimal
    #: In base currency, of all of them.
    quantity: Decimal
    #: The aggressor's side: BUY lifted an offer.
    taker_side: Side
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class TickerChanged:
    """Last price and best bid and ask; None for what the frame did not say.

    Comes with `Topic.TICKER` and `Topic.TICKER_BATCH`; also what `tickers` answers.
    """

    exchange: str
    instrument: str
    last_price: Decimal | None
    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    #: Over 24 hours, in base currency.
    volume_24h: Decimal | None
    low_24h: Decimal | None
    high_24h: Decimal | None
    exchange_time_ns: int | None
    received_time_ns: int
    trade_id: str = ""
    last_quantity: Decimal | None = None


@frozen
class BestPricesChanged:
    """The best bid and ask have changed, in price or quantity; None for an empty side.

    Comes with `Topic.BEST_PRICES`.
    """

    exchange: str
    instrument: str
    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counter of the book that they are the top of, None if it has none.
    update_id: int | None = None


@frozen
class QuoteChanged:
    """The prices at which the exchange deals now, whole: a ladder of quantities, best first.

    Comes with `Topic.QUOTES`, at each change of the exchange's prices or of whether it deals.

    Attributes:
        closeout_bid, closeout_ask: by which positions are valued and closed where a side is empty.
        is_tradeable: whether it deals at all; None if it did not say.
        status: its own word for that, `""` if it had none.
    """

    exchange: str
    instrument: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    closeout_bid: Decimal | None
    closeout_ask: Decimal | None
    is_tradeable: bool | None
    status: str
    exchange_time_ns: int | None
    received_time_ns: int


class BookChange(NamedTuple):
    """One price of a book has a new quantity; zero removes it. BUY is the bids' side."""

    side: Side
    price: Decimal
    quantity: Decimal


@frozen
class BookSnapshot:
    """A whole book, best first on both sides."""

    exchange: str
    instrument: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counter after this message, None if it has none.
    last_update_id: int | None = None


@frozen
class BookTopChanged:
    """The top of a book, whole: as many levels as the exchange sends, best first.

    Comes with `Topic.BOOK_TOP`. A loss is mended by the next one.
    """

    exchange: str
    instrument: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counter of the book, None if it has none.
    last_update_id: int | None = None


@frozen
class BookChanged:
    """Changes of a book, absolute quantities, to be applied in order."""

    exchange: str
    instrument: str
    changes: tuple[BookChange, ...]
    exchange_time_ns: int | None
    received_time_ns: int
    #: The exchange's counters of the first and last change, None if it has none.
    first_update_id: int | None = None
    last_update_id: int | None = None


@frozen
class CandleChanged:
    """A candle, closed or still forming.

    Comes with `Topic.CANDLES`: again and again while it forms, once more when it is closed.
    """

    exchange: str
    instrument: str
    candle: Candle
    exchange_time_ns: int | None
    received_time_ns: int


@frozen
class InstrumentStatusChanged:
    """What the exchange says of an instrument's state; descriptive, its own word.

    Comes with `Topic.STATUS`.
    """

    exchange: str
    instrument: str
    status: str
    message: str
    exchange_time_ns: int | None
    received_time_ns: int


MarketEvent = (
    TradePrinted
    | AggregateTradePrinted
    | TickerChanged
    | BestPricesChanged
    | BookTopChanged
    | BookSnapshot
    | BookChanged
    | CandleChanged
    | InstrumentStatusChanged
    | QuoteChanged
)
