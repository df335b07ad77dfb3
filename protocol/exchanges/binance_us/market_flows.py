"""Conversations about the market: clock, instruments and limits, books, prices, candles, trades.

Followed: "Market Data Endpoints".
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import orjson

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.events import BookSnapshot, TickerChanged, TradePrinted
from venuetree.protocol.exchanges.binance_us.asking import (
    ask,
    ask_list,
    granted,
    read_clock,
    understood,
)
from venuetree.protocol.exchanges.binance_us.instruments import instruments_from, limits_from
from venuetree.protocol.exchanges.binance_us.reading import MILLISECOND, NAME, symbol_name
from venuetree.protocol.exchanges.binance_us.reports import integer, time_ns
from venuetree.protocol.exchanges.binance_us.requests import DEPTH_AT_MOST, public_get, symbol_of
from venuetree.protocol.models import Candle, Instrument, Level, Side
from venuetree.protocol.numbers import decimal_from, decimals_from
from venuetree.protocol.port import (
    FlowContext,
    Lane,
    LimitsTold,
    LimitWindow,
    ReferenceTold,
    RestFlow,
    RestReply,
)
from venuetree.protocol.reading import read_object
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "book",
    "candles",
    "instruments",
    "reference_price",
    "server_time",
    "tickers",
    "trades",
]

#: How often the clock is read in a row: the reading with the shortest way is the best.
_READINGS: Final = 3
#: "Order book": weight by the number of levels a side.
_DEPTH_WEIGHTS: Final = ((100, 5), (500, 25), (1000, 50), (DEPTH_AT_MOST, 250))
_MOST_ROWS: Final = 1000


# ---------------------------------------------------------------- clock, instruments


def server_time() -> RestFlow[int]:
    """The exchange's clock, read a few times; every reading is told, the best is returned."""
    best: tuple[int, int] | None = None
    for _ in range(_READINGS):
        reading = yield from read_clock()
        if best is None or reading[1] < best[1]:
            best = reading
    return best[0] if best is not None else 0


def instruments(names: tuple[str, ...]) -> RestFlow[tuple[Instrument, ...]]:
    """All symbols, or those named; the limits that come with them are told."""
    symbols = orjson.dumps([symbol_name(name) for name in names]).decode()
    pairs = (("symbols", symbols if names else None),)
    request = public_get("instruments", "/exchangeInfo", pairs, weight=20)
    reply = yield from granted(request)
    found, windows = understood(request, reply, lambda: _exchange_info(reply))
    yield LimitsTold(windows)
    return found


def _exchange_info(reply: RestReply) -> tuple[tuple[Instrument, ...], tuple[LimitWindow, ...]]:
    """What can be read of it; nothing at all is an error, a symbol that cannot be is left out."""
    body = read_object(reply.body)
    errors: list[Exception] = []
    filters = body.get("exchangeFilters", ())
    found = tuple(instruments_from(body["symbols"], lambda _, error: errors.append(error), filters))
    if errors and not found:
        message = f"no symbol can be read: {errors[0]}"
        raise ValueError(message)
    return found, limits_from(body["rateLimits"])


def reference_price(
    instrument: str, context: FlowContext, *, lane: Lane = Lane.DATA
) -> RestFlow[Decimal]:
    """The average by which the exchange judges prices; told to whoever follows."""
    pairs = (("symbol", symbol_of(instrument, context)),)
    request = public_get("reference_price", "/avgPrice", pairs, weight=2, lane=lane)
    price, received_ns = yield from ask(
        request, lambda told, received_ns: (decimal_from(told["price"]), received_ns)
    )
    yield ReferenceTold(instrument, price, received_ns)
    return price


# ---------------------------------------------------------------- market data


def book(instrument: str, depth: int | None, context: FlowContext) -> RestFlow[BookSnapshot]:
    """A snapshot of a book; its number is that of the changes on the streams."""
    limit = max(1, min(depth or DEPTH_AT_MOST, DEPTH_AT_MOST))
    weight = next(weight for most, weight in _DEPTH_WEIGHTS if limit <= most)
    pairs = (("symbol", symbol_of(instrument, context)), ("limit", limit))
    request = public_get("book", "/depth", pairs, weight=weight)
    return (
        yield from ask(
            request,
            lambda told, received_ns: BookSnapshot(
                NAME,
                instrument,
                _levels(told["bids"]),
                _levels(told["asks"]),
                None,
                received_ns,
                integer(told["lastUpdateId"], "lastUpdateId"),
            ),
        )
    )


def _levels(rows: Any) -> tuple[Level, ...]:
    prices = decimals_from([price for price, _ in rows])
    quantities = decimals_from([quantity for _, quantity in rows])
    return tuple(Level(p, q) for p, q in zip(prices, quantities, strict=True))


def tickers(names: tuple[str, ...], context: FlowContext) -> RestFlow[tuple[TickerChanged, ...]]:
    """Best bid and ask."""
    if not names:
        return ()
    by_symbol = {symbol_of(name, context): name for name in names}
    symbols = orjson.dumps(list(by_symbol)).decode()
    request = public_get("tickers", "/ticker/bookTicker", (("symbols", symbols),), weight=4)
    return (
        yield from ask_list(
            request, lambda told, received_ns: _ticker(told, by_symbol[told["symbol"]], received_ns)
        )
    )


def _ticker(told: Mapping[str, Any], name: str, received_ns: int) -> TickerChanged:
    bid_quantity, ask_quantity = decimal_from(told["bidQty"]), decimal_from(told["askQty"])
    return TickerChanged(
        exchange=NAME,
        instrument=name,
        last_price=None,
        bid=decimal_from(told["bidPrice"]) if bid_quantity else None,
        bid_quantity=bid_quantity or None,
        ask=decimal_from(told["askPrice"]) if ask_quantity else None,
        ask_quantity=ask_quantity or None,
        volume_24h=None,
        low_24h=None,
        high_24h=None,
        exchange_time_ns=None,
        received_time_ns=received_ns,
    )


def trades(instrument: str, limit: int, context: FlowContext) -> RestFlow[tuple[TradePrinted, ...]]:
    """The latest trades, newest first, at most a thousand."""
    rows = max(1, min(limit, _MOST_ROWS))
    pairs = (("symbol", symbol_of(instrument, context)), ("limit", rows))
    request = public_get("trades", "/trades", pairs, weight=25)
    found = yield from ask_list(
        request, lambda told, received_ns: _trade(told, instrument, received_ns)
    )
    return found[::-1]


def _trade(told: Mapping[str, Any], instrument: str, received_ns: int) -> TradePrinted:
    buyer_is_maker = told["isBuyerMaker"]
    if type(buyer_is_maker) is not bool:
        text = f"isBuyerMaker must be true or false, not {buyer_is_maker!r:.40}"
        raise TypeError(text)
    return TradePrinted(
        exchange=NAME,
        instrument=instrument,
        trade_id=str(integer(told["id"], "id")),
        price=decimal_from(told["price"]),
        quantity=decimal_from(told["qty"]),
        taker_side=Side.SELL if buyer_is_maker else Side.BUY,
        exchange_time_ns=time_ns(told["time"], "time"),
        received_time_ns=received_ns,
        is_past=True,
    )


_INTERVALS: Final = {
    60: "1m",
    180: "3m",
    300: "5m",
    900: "15m",
    1800: "30m",
    3600: "1h",
    7200: "2h",
    14_400: "4h",
    21_600: "6h",
    28_800: "8h",
    43_200: "12h",
    86_400: "1d",
    259_200: "3d",
    604_800: "1w",
}


def candles(
    instrument: str, interval_ns: int, start_ns: int, end_ns: int, context: FlowContext
) -> RestFlow[tuple[Candle, ...]]:
    """Candles that begin in `[start, end)`, oldest first, in as many requests as it takes."""
    interval = _INTERVALS.get(interval_ns // SECOND)
    if interval is None or interval_ns % SECOND:
        message = f"no candles of {interval_ns} ns; there are {sorted(_INTERVALS)} s"
        raise NotSupported(message, exchange=NAME, operation="candles")
    return _candle_pages(symbol_of(instrument, context), interval, start_ns, end_ns)


def _candle_pages(
    symbol: str, interval: str, start_ns: int, end_ns: int
) -> RestFlow[tuple[Candle, ...]]:
    found: list[Candle] = []
    begin_ms = -(-start_ns // MILLISECOND)
    # The end is inclusive over there.
    until_ms = -(-end_ns // MILLISECOND) - 1
    while begin_ms <= until_ms:
        pairs = (
            ("symbol", symbol),
            ("interval", interval),
            ("startTime", begin_ms),
            ("endTime", until_ms),
            ("limit", _MOST_ROWS),
        )
        request = public_get("candles", "/klines", pairs, weight=2)
        reply = yield from granted(request)
        page = understood(request, reply, lambda body=reply.body: _candle_rows(body))  # type: ignore[misc]
        found += page
        if len(page) < _MOST_ROWS:
            break
        begin_ms = page[-1].start_time_ns // MILLISECOND + 1
    return tuple(found)


def _candle_rows(body: bytes) -> list[Candle]:
    rows = orjson.loads(body)
    if type(rows) is not list:
        text = f"expected a list, not {type(rows).__name__}"
        raise TypeError(text)
    return [Candle(time_ns(row[0], "open time"), *decimals_from(list(row[1:6]))) for row in rows]
