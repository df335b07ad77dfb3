"""What the simulated Coinbase says has every field, of the same type, that the real one said."""

import json
import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.plain_client import PlainClient, limit_gtc
from venuetree.scenarios.simulated.matching import Side

FOLDER = Path(
    os.environ.get("VENUETREE_RECORDINGS", str(Path(__file__).parents[3] / "shared/recordings"))
)
Shape = set[tuple[str, str]]


def shape(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and type of every leaf; lists are taken as one, configurations and ids as opaque."""
    match value:
        case dict():
            opaque = path.endswith((".subscriptions", ".order_configuration"))
            for name, inner in value.items():
                yield from shape(inner, f"{path}.{'*' if opaque else name}")
        case list():
            for inner in value:
                yield from shape(inner, f"{path}[]")
        case None:
            return  # a null says nothing about the type
        case _:
            yield path, type(value).__name__


def recorded(file: str) -> list[tuple[str, Any]]:
    """Channel and message of each line; skips where there are none."""
    path = FOLDER / "coinbase" / file
    if not path.exists():
        pytest.skip(f"no recordings at {path}: set VENUETREE_RECORDINGS")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        (line["channel"], json.loads(raw) if isinstance(raw := line["raw"], str) else raw)
        for line in lines
        if line["channel"] != "open" and not line["channel"].startswith("sent")
    ]


def by_name(frames: Iterable[Any]) -> dict[str, Shape]:
    """The shapes of frames, by their channel or type."""
    shapes: dict[str, Shape] = {}
    for frame in frames:
        shapes.setdefault(frame.get("channel") or frame["type"], set()).update(shape(frame))
    return shapes


def check(recorded_shapes: dict[str, Shape], ours: dict[str, Shape]) -> None:
    """Assert that nothing recorded is missing of ours."""
    missing = {
        name: sorted(theirs - ours.get(name, set()))
        for name, theirs in recorded_shapes.items()
        if theirs - ours.get(name, set())
    }

    assert recorded_shapes
    assert missing == {}


def test_stream_frames_have_the_recorded_shapes() -> None:
    """Every channel that was recorded, the user channel included."""
    client = PlainClient()
    client.sim.paused = False
    stream = client.stream()
    for channel in ("level2", "ticker", "market_trades", "candles", "heartbeats"):
        stream.subscribe(channel, "BTC-USD")
    stream.subscribe("user", signed=True)
    client.placed(limit_gtc("0.1", "64283.25"))
    client.advance(6)
    frames = [raw for channel, raw in recorded("advanced_trade.jsonl") if "http" not in channel]

    check(by_name(frames), by_name(stream.frames()))


def test_frames_of_the_older_feed_have_the_recorded_shapes() -> None:
    """Snapshot, update, trade, ticker, acknowledgement."""
    client = PlainClient()
    client.sim.paused = False
    stream = client.stream()
    channels = ["matches", "ticker", "level2_batch"]
    stream.send({"type": "subscribe", "product_ids": ["BTC-USD"], "channels": channels})
    client.advance(3)
    frames = [raw for _, raw in recorded("exchange_feed.jsonl") if raw["type"] != "subscribe"]

    check(by_name(frames), by_name(stream.frames()))


def test_replies_have_the_recorded_shapes() -> None:
    """All but those of futures, which this account has none of."""
    client = PlainClient()
    resting = client.placed(limit_gtc("0.1", "64283.25"))
    client.sim.trade("BTC-USD", Side.SELL, Decimal("0.05"))
    client.placed({"market_market_ioc": {"quote_size": "100"}})
    replies = {
        "http_accounts": client.get("/accounts"),
        "http_candles": client.get("/products/BTC-USD/candles", ("granularity", "ONE_HOUR")),
        "http_fills": client.get("/orders/historical/fills"),
        "http_order": client.get(f"/orders/historical/{resting}"),
        "http_orders_list": client.get("/orders/historical/batch"),
        "http_product": client.get("/products/BTC-USD"),
        "http_product_book": client.get("/product_book", ("product_id", "BTC-USD")),
        "http_products": client.get("/products"),
        "http_ticker": client.get("/products/BTC-USD/ticker", ("limit", "3")),
    }
    theirs: dict[str, Shape] = {}
    for channel, raw in recorded("advanced_trade.jsonl"):
        if channel in replies:
            theirs.setdefault(channel, set()).update(shape(raw))

    assert set(theirs) == set(replies)
    check(theirs, {name: set(shape(reply)) for name, reply in replies.items()})
