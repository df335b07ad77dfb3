"""Payloads of the market streams, made of one market's state; times are in milliseconds.

What REST tells too comes from the same functions, under other names: the
tables below are the whole difference.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.binance_us import tickers
from venuetree.scenarios.simulated.binance_us.filters import wire
from venuetree.scenarios.simulated.binance_us.klines import Kline
from venuetree.scenarios.simulated.binance_us.market import Aggregate, Market, Print
from venuetree.scenarios.simulated.matching import Side

WINDOWS_MS = {"1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}

_MINI_TICKER = {
    "c": "lastPrice",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
}
_BEST = {"b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty"}
_WINDOW_TICKER = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    **_MINI_TICKER,
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}
_TICKER = {**_WINDOW_TICKER, "x": "prevClosePrice", "Q": "lastQty", **_BEST}


def _spelt(keys: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a REST body has, under the streams' letters."""
    return {key: body[name] for key, name in keys.items()}


def _event(kind: str, market: Market, now_ms: int) -> dict[str, Any]:
    return {"e": kind, "E": now_ms, "s": market.symbol}


def trade(market: Market, printed: Print, now_ms: int) -> dict[str, Any]:
    """One trade."""
    return {
        **_event("trade", market, now_ms),
        "t": printed.trade_id,
        "p": wire(printed.price),
        "q": wire(printed.quantity),
        "b": printed.buyer_order_id,
        "a": printed.seller_order_id,
        "T": printed.time_ms,
        "m": printed.buyer_is_maker,
        "M": True,
    }


def aggregate_trade(market: Market, aggregate: Aggregate, now_ms: int) -> dict[str, Any]:
    """Trades of one taker at one price."""
    return _event("aggTrade", market, now_ms) | tickers.aggregate_trade(aggregate)


def kline(market: Market, interval: str, candle: Kline, now_ms: int) -> dict[str, Any]:
    """A candle as far as it has come; without a trade both its ids are -1."""
    return {
        **_event("kline", market, now_ms),
        "k": {
            "t": candle.open_ms,
            "T": candle.close_ms,
            "s": market.symbol,
            "i": interval,
            "f": candle.first_id,
            "L": candle.last_id,
            "o": wire(candle.open),
            "c": wire(candle.close),
            "h": wire(candle.high),
            "l": wire(candle.low),
            "v": wire(candle.volume),
            "n": candle.count,
            "x": now_ms > candle.close_ms,
            "q": wire(candle.quote_volume),
            "V": wire(candle.taker_volume),
            "Q": wire(candle.taker_quote_volume),
            "B": "0",
        },
    }


def mini_ticker(market: Market, now_ms: int) -> dict[str, Any]:
    """The short form of the 24 hours' ticker."""
    day = tickers.ticker_24hr(market, now_ms, "MINI")
    return _event("24hrMiniTicker", market, now_ms) | _spelt(_MINI_TICKER, day)


def ticker(market: Market, now_ms: int) -> dict[str, Any]:
    """The 24 hours' ticker."""
    day = tickers.ticker_24hr(market, now_ms)
    return _event("24hrTicker", market, now_ms) | _spelt(_TICKER, day)


def window_ticker(market: Market, window: str, now_ms: int) -> dict[str, Any]:
    """The ticker of a rolling window: ``1h``, ``4h`` or ``1d``."""
    figures = tickers.ticker_window(market, now_ms, WINDOWS_MS[window])
    return _event(f"{window}Ticker", market, now_ms) | _spelt(_WINDOW_TICKER, figures)


def book_ticker(market: Market) -> dict[str, Any]:
    """The best prices; it has neither a kind nor a time."""
    best = tickers.book_ticker(market)
    return {"u": market.last_update_id, "s": market.symbol, **_spelt(_BEST, best)}


def depth_update(
    market: Market, ids: tuple[int, int], touched: Iterable[tuple[Side, Decimal]], now_ms: int
) -> dict[str, Any]:
    """Changed levels with their new quantities; `ids` are the first and last update in it."""
    first_id, last_id = ids
    changes: dict[Side, list[list[str]]] = {side: [] for side in Side}
    for side, price in touched:
        changes[side].append([wire(price), wire(market.book.total_at(side, price))])
    return {
        **_event("depthUpdate", market, now_ms),
        "U": first_id,
        "u": last_id,
        "b": changes[Side.BUY],
        "a": changes[Side.SELL],
    }


def average_price(market: Market, now_ms: int) -> dict[str, Any]:
    """The price by volume of the last minutes."""
    return {
        **_event("avgPrice", market, now_ms),
        "i": f"{market.instrument.filters.average_minutes}m",
        "w": wire(market.average_price(now_ms)),
        "T": market.last.time_ms,
    }
