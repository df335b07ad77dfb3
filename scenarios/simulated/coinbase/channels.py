"""The events of the Advanced Trade channels, made from the markets' state."""

from typing import Any

from venuetree.scenarios.simulated.coinbase.market import Market, Print
from venuetree.scenarios.simulated.coinbase.rendering import (
    candle_json,
    percent_change,
    trade_json,
)
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import NANOSECONDS, plain, rfc3339

MARKET_CHANNELS = frozenset(
    {"level2", "ticker", "ticker_batch", "market_trades", "candles", "status"}
)
PRIVATE_CHANNELS = frozenset({"user", "futures_balance_summary"})
FREE_CHANNELS = MARKET_CHANNELS | {"heartbeats"}
USER_SURFACE_CHANNELS = PRIVATE_CHANNELS | {"heartbeats"}

CANDLE_S = 300
_SNAPSHOT_TRADES = 100
_SNAPSHOT_CANDLES = 24

Change = tuple[Side, str, str]
"""Side, price, new quantity."""


def level2_updates(changes: list[Change], now_ns: int) -> list[dict[str, str]]:
    """The updates of an `l2_data` event."""
    event_time = rfc3339(now_ns)
    return [
        {
            "side": "bid" if side is Side.BUY else "offer",
            "event_time": event_time,
            "price_level": price,
            "new_quantity": quantity,
        }
        for side, price, quantity in changes
    ]


def level2_event(kind: str, product_id: str, updates: list[dict[str, str]]) -> dict[str, Any]:
    """An event of `l2_data`."""
    return {"type": kind, "product_id": product_id, "updates": updates}


def whole_book(market: Market) -> list[Change]:
    """Every level, bids first, each side best first."""
    return [
        (side, plain(price), plain(quantity))
        for side in Side
        for price, quantity in market.book.levels(side)
    ]


def ticker_event(kind: str, markets: list[Market], *, with_book: bool) -> dict[str, Any]:
    """An event of `ticker`, or of `ticker_batch`, which has no best prices."""
    return {"type": kind, "tickers": [_ticker(market, with_book=with_book) for market in markets]}


def _ticker(market: Market, *, with_book: bool) -> dict[str, str]:
    terrain = market.product.terrain
    ticker = {
        "type": "ticker",
        "product_id": market.product_id,
        "price": plain(market.last.price),
        "volume_24_h": plain(market.volume),
        "low_24_h": plain(market.low),
        "high_24_h": plain(market.high),
        "low_52_w": plain(terrain.low),
        "high_52_w": plain(terrain.high),
        "price_percent_chg_24_h": percent_change(market),
    }
    if not with_book:
        return ticker
    for side, name in ((Side.BUY, "best_bid"), (Side.SELL, "best_ask")):
        price = market.book.best(side)
        ticker[name] = "" if price is None else plain(price)
        quantity = None if price is None else market.book.total_at(side, price)
        ticker[f"{name}_quantity"] = "" if quantity is None else plain(quantity)
    return ticker


def trades_event(kind: str, market: Market, prints: list[Print]) -> dict[str, Any]:
    """An event of `market_trades`, newest first."""
    return {
        "type": kind,
        "trades": [trade_json(market.product_id, printed) for printed in reversed(prints)],
    }


def recent_trades_event(market: Market) -> dict[str, Any]:
    """The snapshot of `market_trades`."""
    return trades_event("snapshot", market, list(market.prints)[-_SNAPSHOT_TRADES:])


def candles_event(kind: str, markets: list[Market], now_ns: int) -> dict[str, Any]:
    """An event of `candles`: recent buckets in a snapshot, the current one in an update."""
    now_s = now_ns // NANOSECONDS
    current = now_s - now_s % CANDLE_S
    first = current - CANDLE_S * _SNAPSHOT_CANDLES if kind == "snapshot" else current
    return {
        "type": kind,
        "candles": [
            {**candle_json(candle), "product_id": market.product_id}
            for market in markets
            for candle in market.candles(CANDLE_S, first, current)
        ],
    }


def status_event(markets: list[Market]) -> dict[str, Any]:
    """An event of `status`."""
    return {
        "type": "snapshot",
        "products": [
            {
                "product_type": "SPOT",
                "id": market.product_id,
                "base_currency": market.product.base,
                "quote_currency": market.product.quote,
                "base_increment": plain(market.product.base_increment),
                "quote_increment": plain(market.product.quote_increment),
                "display_name": f"{market.product.base}/{market.product.quote}",
                "status": market.product.status,
                "status_message": "",
                "min_market_funds": plain(market.product.quote_min_size),
            }
            for market in markets
        ],
    }


def heartbeat_event(now_ns: int, started_ns: int) -> dict[str, Any]:
    """The event of `heartbeats`; its counter is the process's uptime in seconds."""
    uptime_ns = now_ns - started_ns
    seconds, fraction = divmod(uptime_ns, NANOSECONDS)
    day, _, clock = rfc3339(now_ns).rstrip("Z").partition("T")
    return {
        "current_time": f"{day} {clock} +0000 UTC m=+{seconds}.{fraction:09d}",
        "heartbeat_counter": seconds,
    }


def futures_balance_event() -> dict[str, Any]:
    """The event of `futures_balance_summary`: an account without futures."""
    names = (
        "futures_buying_power",
        "total_usd_balance",
        "cbi_usd_balance",
        "cfm_usd_balance",
        "total_open_orders_hold_amount",
        "unrealized_pnl",
        "daily_realized_pnl",
        "initial_margin",
        "available_margin",
        "liquidation_threshold",
        "liquidation_buffer_amount",
        "liquidation_buffer_percentage",
    )
    return {
        "type": "snapshot",
        "fcm_balance_summary": {
            **dict.fromkeys(names, "0"),
            "intraday_margin_window_measure": None,
            "overnight_margin_window_measure": None,
        },
    }
