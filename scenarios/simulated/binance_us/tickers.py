"""The figures of one market as REST tells them; the streams tell the same."""

from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.binance_us.filters import Profile, wire
from venuetree.scenarios.simulated.binance_us.klines import Kline
from venuetree.scenarios.simulated.binance_us.market import Aggregate, Market, Print
from venuetree.scenarios.simulated.matching import Side

DAY_MS = 86_400_000
_MINUTE_MS = 60_000
ZERO = Decimal(0)


def levels(market: Market, side: Side, limit: int) -> list[list[str]]:
    """[price, quantity] of a side, best first."""
    return [[wire(price), wire(size)] for price, size in market.book.levels(side, limit)]


def depth(market: Market, limit: int) -> dict[str, Any]:
    """The body of ``GET depth``."""
    return {
        "lastUpdateId": market.last_update_id,
        "bids": levels(market, Side.BUY, limit),
        "asks": levels(market, Side.SELL, limit),
    }


def price(market: Market) -> dict[str, Any]:
    """The body of ``GET ticker/price``."""
    return {"symbol": market.symbol, "price": wire(market.last.price)}


def _best(market: Market) -> dict[str, Any]:
    (bid, bid_size), (ask, ask_size) = (_top(market, side) for side in (Side.BUY, Side.SELL))
    return {"bidPrice": bid, "bidQty": bid_size, "askPrice": ask, "askQty": ask_size}


def _top(market: Market, side: Side) -> tuple[str, str]:
    best = market.book.best(side)
    if best is None:
        return wire(ZERO), wire(ZERO)
    return wire(best), wire(market.book.total_at(side, best))


def book_ticker(market: Market) -> dict[str, Any]:
    """The body of ``GET ticker/bookTicker``."""
    return {"symbol": market.symbol, **_best(market)}


def average(market: Market, now_ms: int, profile: Profile) -> dict[str, Any]:
    """The body of ``GET avgPrice``."""
    told = {
        "mins": market.instrument.filters.average_minutes,
        "price": wire(market.average_price(now_ms)),
    }
    return told | ({"closeTime": market.last.time_ms} if profile is Profile.LIVE else {})


def _mini(market: Market, window: Kline) -> dict[str, Any]:
    return {
        "symbol": market.symbol,
        "openPrice": wire(window.open),
        "highPrice": wire(window.high),
        "lowPrice": wire(window.low),
        "lastPrice": wire(window.close),
        "volume": wire(window.volume),
        "quoteVolume": wire(window.quote_volume),
        "openTime": window.open_ms,
        "closeTime": window.close_ms,
        "firstId": window.first_id,
        "lastId": window.last_id,
        "count": window.count,
    }


def _full(market: Market, window: Kline) -> dict[str, Any]:
    change = window.close - window.open
    percent = change / window.open * 100
    weighted = window.quote_volume / window.volume if window.volume else window.close
    return {
        "symbol": market.symbol,
        "priceChange": wire(change),
        "priceChangePercent": f"{percent:.3f}",
        "weightedAvgPrice": wire(weighted),
        **_mini(market, window),
    }


def ticker_24hr(market: Market, now_ms: int, kind: str = "FULL") -> dict[str, Any]:
    """The body of ``GET ticker/24hr``, FULL or MINI."""
    window = market.window(DAY_MS, now_ms)
    if kind == "MINI":
        return _mini(market, window)
    full = _full(market, window)
    at_hand = {
        "prevClosePrice": wire(window.open),
        "lastPrice": wire(window.close),
        "lastQty": wire(market.last.quantity),
        **_best(market),
    }
    head = {name: full[name] for name in ("symbol", "priceChange", "priceChangePercent")}
    return head | {"weightedAvgPrice": full["weightedAvgPrice"]} | at_hand | full


def ticker_window(
    market: Market, now_ms: int, window_ms: int = DAY_MS, kind: str = "FULL"
) -> dict[str, Any]:
    """The body of ``GET ticker``: a rolling window that begins with a minute."""
    from_ms = (now_ms - window_ms) // _MINUTE_MS * _MINUTE_MS
    window = market.window(now_ms - from_ms, now_ms)
    return _mini(market, window) if kind == "MINI" else _full(market, window)


def public_trade(printed: Print) -> dict[str, Any]:
    """One trade in ``GET trades``."""
    return {
        "id": printed.trade_id,
        "price": wire(printed.price),
        "qty": wire(printed.quantity),
        "quoteQty": wire(printed.price * printed.quantity),
        "time": printed.time_ms,
        "isBuyerMaker": printed.buyer_is_maker,
        "isBestMatch": True,
    }


def aggregate_trade(aggregate: Aggregate) -> dict[str, Any]:
    """One aggregate in ``GET aggTrades``."""
    return {
        "a": aggregate.aggregate_id,
        "p": wire(aggregate.price),
        "q": wire(aggregate.quantity),
        "f": aggregate.first_id,
        "l": aggregate.last_id,
        "T": aggregate.time_ms,
        "m": aggregate.buyer_is_maker,
        "M": True,
    }
