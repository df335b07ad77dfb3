"""Traffic of the real exchange, recorded: every frame decodes, and every number is the frame's."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.coinbase import NOW_NS, recorded
from venuetree.protocol.events import (
    BookChanged,
    BookSnapshot,
    CandleChanged,
    Event,
    OrderReported,
    TickerChanged,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.decode import decode
from venuetree.protocol.models import Side

Row = tuple[Any, ...]


def number(text: Any) -> Decimal | None:
    """A raw number; `""` and absence are none."""
    return Decimal(text) if text else None


def rows_of_events(events: Iterable[Event]) -> list[Row]:
    """Every price and size of the events, with what it is of."""
    rows: list[Row] = []
    for event in events:
        match event:
            case TradePrinted():
                rows.append(
                    (
                        event.instrument,
                        event.trade_id,
                        event.price,
                        event.quantity,
                        event.taker_side,
                    )
                )
            case TickerChanged():
                rows.append(
                    (
                        *(event.instrument, event.last_price, event.bid, event.bid_quantity),
                        *(event.ask, event.ask_quantity, event.volume_24h, event.low_24h),
                        *(event.high_24h, event.last_quantity),
                    )
                )
            case BookChanged():
                rows += [(event.instrument, *change) for change in event.changes]
            case BookSnapshot():
                rows += [(event.instrument, Side.BUY, *level) for level in event.bids]
                rows += [(event.instrument, Side.SELL, *level) for level in event.asks]
            case CandleChanged(candle=c):
                rows.append((event.instrument, c.open, c.high, c.low, c.close, c.volume))
            case OrderReported(report=r):
                rows.append((r.instrument, r.filled_quantity, r.average_price, r.fees))
            case _:
                pass
    return sorted(rows, key=repr)


TAKERS = {"BUY": Side.SELL, "SELL": Side.BUY}
BOOKS = {"bid": Side.BUY, "offer": Side.SELL, "buy": Side.BUY, "sell": Side.SELL}


def rows_of_advanced(message: dict[str, Any]) -> list[Row]:
    """The same rows, straight from an Advanced Trade frame."""
    rows: list[Row] = []
    for event in message["events"]:
        for t in event.get("trades", ()):
            taker = TAKERS[t["side"]]
            rows.append(
                (t["product_id"], t["trade_id"], number(t["price"]), number(t["size"]), taker)
            )
        for t in event.get("tickers", ()):
            keys = ("price", "best_bid", "best_bid_quantity", "best_ask", "best_ask_quantity")
            figures = [number(t.get(k)) for k in (*keys, "volume_24_h", "low_24_h", "high_24_h")]
            rows.append((t["product_id"], *figures, None))
        for u in event.get("updates", ()):
            side = BOOKS[u["side"]]
            rows.append(
                (event["product_id"], side, number(u["price_level"]), number(u["new_quantity"]))
            )
        for c in event.get("candles", ()):
            figures = [number(c[k]) for k in ("open", "high", "low", "close", "volume")]
            rows.append((c["product_id"], *figures))
        for o in event.get("orders", ()):
            average = number(o["avg_price"]) or None
            rows.append(
                (
                    o["product_id"],
                    number(o["cumulative_quantity"]),
                    average,
                    number(o["total_fees"]),
                )
            )
    return sorted(rows, key=repr)


def rows_of_feed(m: dict[str, Any]) -> list[Row]:
    """The same rows, straight from a message of the older feed."""
    product = m.get("product_id")
    rows: list[Row] = []
    match m["type"]:
        case "match" | "last_match":
            taker = TAKERS[m["side"].upper()]
            rows.append((product, str(m["trade_id"]), number(m["price"]), number(m["size"]), taker))
        case "ticker":
            keys = ("price", "best_bid", "best_bid_size", "best_ask", "best_ask_size")
            more = ("volume_24h", "low_24h", "high_24h", "last_size")
            rows.append((product, *(number(m.get(k)) for k in (*keys, *more))))
        case "l2update":
            rows += [(product, BOOKS[s], number(p), number(q)) for s, p, q in m["changes"]]
        case "snapshot":
            rows += [(product, Side.BUY, number(p), number(q)) for p, q in m["bids"]]
            rows += [(product, Side.SELL, number(p), number(q)) for p, q in m["asks"]]
        case _:
            pass
    return sorted(rows, key=repr)


@pytest.mark.parametrize("file", ["advanced_trade.jsonl", "exchange_feed.jsonl"])
def test_every_recorded_frame_decodes_with_its_own_numbers(file: str) -> None:
    """Prices and sizes equal the raw text as decimals, one for one."""
    frames = recorded(file)
    rows = 0
    for channel, message in frames:
        events = decode(orjson.dumps(message), NOW_NS)
        raw = rows_of_advanced(message) if "channel" in message else rows_of_feed(message)
        assert events, channel
        assert rows_of_events(events) == raw
        rows += len(raw)

    assert len(frames) > 5
    assert rows > 10
