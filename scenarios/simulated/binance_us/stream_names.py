"""Names of market streams: what each asks for, and how often it speaks.

A name that is none is no error: whoever subscribes to it hears nothing, ever,
just as with a listen key that nobody knows.
"""

import re
from enum import Enum

import attrs

_MILLISECONDS = 1_000_000


class Topic(Enum):
    """What a market stream tells."""

    TRADE = "trade"
    AGGREGATE_TRADE = "aggTrade"
    KLINE = "kline"
    MINI_TICKER = "miniTicker"
    TICKER = "ticker"
    WINDOW_TICKER = "ticker_"
    BOOK_TICKER = "bookTicker"
    PARTIAL_DEPTH = "depth levels"
    DEPTH = "depth"
    AVERAGE_PRICE = "avgPrice"


KLINE_INTERVALS = (
    *("1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h"),
    *("1d", "3d", "1w", "1M"),
)
TICKER_WINDOWS = ("1h", "4h", "1d")
PARTIAL_LEVELS = ("5", "10", "20")

_REAL_TIME_NS = 0
_FAST_NS = 100 * _MILLISECONDS
_SECOND_NS = 1000 * _MILLISECONDS
_KLINE_NS = 2000 * _MILLISECONDS

DEPTH_PACES_NS = (_FAST_NS, _SECOND_NS)
"""The paces at which a book's changes are told."""

PACES_NS = (_REAL_TIME_NS, _FAST_NS, _SECOND_NS)
"""The paces of all streams but klines, which are told by the state of their candle."""

_PACE_NS = {
    Topic.TRADE: _REAL_TIME_NS,
    Topic.AGGREGATE_TRADE: _REAL_TIME_NS,
    Topic.BOOK_TICKER: _REAL_TIME_NS,
    Topic.KLINE: _KLINE_NS,
}

_ONE_SYMBOL = re.compile(
    r"(?P<symbol>[a-z0-9]+)@(?:"
    r"(?P<plain>trade|aggTrade|miniTicker|ticker|bookTicker|avgPrice)"
    rf"|kline_(?P<interval>{'|'.join(KLINE_INTERVALS)})"
    rf"|ticker_(?P<window>{'|'.join(TICKER_WINDOWS)})"
    rf"|depth(?P<levels>{'|'.join(PARTIAL_LEVELS)})?(?P<fast>@100ms)?"
    r")"
)
_ALL_SYMBOLS = re.compile(
    rf"!(?P<plain>miniTicker|ticker)@arr|!ticker_(?P<window>{'|'.join(TICKER_WINDOWS)})@arr"
)


@attrs.frozen
class StreamName:
    """A market stream; `symbol` is in upper case, None stands for all symbols."""

    text: str
    topic: Topic
    symbol: str | None
    detail: str = ""
    """A kline's interval, a ticker's window, a partial book's levels."""
    pace_ns: int = _SECOND_NS
    """Between two frames; 0 is at once."""


def parse_stream_name(text: str) -> StreamName | None:
    """The market stream of this name; None if there is none of this form."""
    everything = _ALL_SYMBOLS.fullmatch(text)
    if everything is not None:
        window = everything["window"]
        topic = Topic.WINDOW_TICKER if window else Topic(everything["plain"])
        return StreamName(text, topic, None, window or "")
    one = _ONE_SYMBOL.fullmatch(text)
    if one is None:
        return None
    symbol = one["symbol"].upper()
    if one["plain"]:
        topic = Topic(one["plain"])
        return StreamName(text, topic, symbol, pace_ns=_PACE_NS.get(topic, _SECOND_NS))
    if one["interval"]:
        return StreamName(text, Topic.KLINE, symbol, one["interval"], _KLINE_NS)
    if one["window"]:
        return StreamName(text, Topic.WINDOW_TICKER, symbol, one["window"])
    pace_ns = _FAST_NS if one["fast"] else _SECOND_NS
    topic = Topic.PARTIAL_DEPTH if one["levels"] else Topic.DEPTH
    return StreamName(text, topic, symbol, one["levels"] or "", pace_ns)
