"""Commands about the market: instruments, books, prices, and the exchange's clock."""

from attrs import frozen

from venuetree.protocol.commands.rest import Rest
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Candle, CandlePrice, Instrument, SentimentBook, SentimentKind

__all__ = [
    "FetchBook",
    "FetchCandles",
    "FetchInstruments",
    "FetchSentiment",
    "FetchServerTime",
    "FetchTickers",
    "FetchTrades",
]


@frozen
class FetchInstruments(Request[Rest, tuple[Instrument, ...]]):
    """What can be traded; only those named, if any are."""

    names: tuple[str, ...] = ()


@frozen
class FetchBook(Request[Rest, BookSnapshot]):
    """A snapshot of a book, at most `depth` levels a side."""

    instrument: str
    depth: int | None = None


@frozen
class FetchTickers(Request[Rest, tuple[TickerChanged, ...]]):
    """Best bid and ask of instruments."""

    instruments: tuple[str, ...]


@frozen
class FetchCandles(Request[Rest, tuple[Candle, ...]]):
    """Candles of a window, oldest first; `interval_ns` is one that the exchange has."""

    instrument: str
    interval_ns: int
    start_time_ns: int
    end_time_ns: int
    #: Of which price, where the exchange has more than that of its trades.
    priced_by: CandlePrice = CandlePrice.USUAL


@frozen
class FetchTrades(Request[Rest, tuple[TradePrinted, ...]]):
    """The latest public trades, newest first."""

    instrument: str
    limit: int = 100


@frozen
class FetchServerTime(Request[Rest, int]):
    """The exchange's clock, in nanoseconds."""


@frozen
class FetchSentiment(Request[Rest, SentimentBook]):
    """How the exchange's clients are placed; now, or at an earlier time."""

    instrument: str
    kind: SentimentKind
    time_ns: int | None = None
