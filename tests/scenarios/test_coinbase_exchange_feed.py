"""The older Exchange feed of the simulated Coinbase, told apart by the shape of its messages."""

import base64
import hmac
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from tests.scenarios.plain_client import QUIET, PlainClient, Stream
from venuetree.scenarios.faults import DropFrame
from venuetree.scenarios.simulated.coinbase import HmacKey, Settings
from venuetree.scenarios.simulated.matching import Side

D = Decimal
KEY = HmacKey("k3y", base64.b64encode(bytes(range(64))).decode(), "pp")
EMPTY_ACK = {"type": "subscriptions", "channels": []}
NEEDS_KEY = (
    "level2, level3, and full channels now require authentication."
    " https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)


def feed(client: PlainClient, *channels: Any, products: tuple[str, ...] = ("BTC-USD",)) -> Stream:
    """A connection with these channels subscribed."""
    stream = client.stream()
    stream.send({"type": "subscribe", "product_ids": list(products), "channels": list(channels)})
    return stream


def signed(client: PlainClient) -> dict[str, str]:
    """The fields that authenticate a subscription."""
    stamp = str(client.now_s)
    prehash = f"{stamp}GET/users/self/verify".encode()
    digest = hmac.digest(bytes(range(64)), prehash, sha256)
    return {
        "key": KEY.key,
        "passphrase": "pp",
        "timestamp": stamp,
        "signature": base64.b64encode(digest).decode(),
    }


def test_the_acknowledgement_lists_all_channels_with_their_echoed_names() -> None:
    """Objects and strings, aliases, and what is left after an unsubscribe."""
    client = PlainClient()
    stream = feed(
        client, "matches", "level2_batch", {"name": "ticker_batch", "product_ids": ["ETH-USD"]}
    )
    stream.send({"type": "unsubscribe", "product_ids": ["BTC-USD"], "channels": ["matches"]})

    acks = [f["channels"] for f in stream.frames() if f["type"] == "subscriptions"]

    def listed(**channels: str) -> list[dict[str, Any]]:
        return [
            {"name": name, "product_ids": [product], "account_ids": None}
            for name, product in channels.items()
        ]

    left = listed(level2_50="BTC-USD", ticker_1000="ETH-USD")
    assert acks == [listed(matches="BTC-USD") + left, left]


def test_a_match_tells_the_makers_side_and_a_ticker_the_takers() -> None:
    """The same trade id, opposite sides; the first match is the last one before."""
    client = PlainClient()
    stream = feed(client, "matches", "ticker")
    client.sim.trade("BTC-USD", Side.SELL, D("0.01"))
    client.advance(0.1)

    frames = stream.frames()

    assert [f["type"] for f in frames] == [
        *("subscriptions", "last_match", "ticker", "match", "ticker")
    ]
    before, match, ticker = frames[1], frames[3], frames[4]
    assert match["trade_id"] == ticker["trade_id"] == before["trade_id"] + 1
    assert (match["side"], ticker["side"]) == ("buy", "sell")
    assert (match["size"], ticker["last_size"], match["price"]) == ("0.01", "0.01", "64283.24")
    assert type(match["sequence"]) is int
    assert match["sequence"] > before["sequence"]


@pytest.mark.parametrize("channel", ["level2_batch", "level2"])
def test_a_book_of_snapshot_and_updates_equals_the_exchanges_book(channel: str) -> None:
    """`level2_batch` is open to all, `level2` needs a key."""
    client = PlainClient(Settings(exchange_feed_key=KEY, message_limit=None, connection_limit=None))
    client.sim.paused = False
    stream = client.stream()
    message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": [channel]}
    stream.send({**message, **signed(client)} if channel == "level2" else message)
    client.advance(5)
    client.sim.paused = True
    client.advance(0.1)
    frames = stream.frames()
    (snapshot,) = (f for f in frames if f["type"] == "snapshot")
    book = {
        side: {D(price): D(size) for price, size in snapshot[name]}
        for side, name in (("buy", "bids"), ("sell", "asks"))
    }

    for frame in frames:
        for side, price, size in frame.get("changes", ()):
            if D(size):
                book[side][D(price)] = D(size)
            else:
                book[side].pop(D(price), None)

    assert book == {
        "buy": dict(client.sim.book("BTC-USD", Side.BUY)),
        "sell": dict(client.sim.book("BTC-USD", Side.SELL)),
    }
    assert len([f for f in frames if f["type"] == "l2update"]) > 10


def test_heartbeats_name_the_last_trade_of_each_product() -> None:
    """Every second."""
    client = PlainClient()
    stream = feed(client, "heartbeat", products=("BTC-USD", "ETH-USD"))
    client.advance(2.1)

    beats = [f for f in stream.frames() if f["type"] == "heartbeat"]

    assert [beat["product_id"] for beat in beats] == ["BTC-USD", "ETH-USD"] * 2
    assert beats[0]["last_trade_id"] == client.sim.market("BTC-USD").last.trade_id


def test_a_batched_ticker_comes_every_five_seconds() -> None:
    """However many trades there are."""
    client = PlainClient()
    client.sim.paused = False
    stream = feed(client, "ticker_batch")
    client.advance(10.5)

    assert 2 <= len([f for f in stream.frames() if f["type"] == "ticker"]) <= 4


@pytest.mark.parametrize(
    ("change", "message", "reason"),
    [
        ({"channels": ["level2"]}, "Failed to subscribe", NEEDS_KEY),
        ({"channels": ["full"]}, "Failed to subscribe", NEEDS_KEY),
        ({"channels": ["nothing"]}, "Failed to subscribe", "nothing is not a valid channel"),
        ({"channels": []}, "Failed to subscribe", "channels is required"),
        (
            {"product_ids": ["NOPE-USD"]},
            "Failed to subscribe",
            "NOPE-USD is not a valid product",
        ),
        (
            {"product_ids": ["BTC-USDC"]},
            "Failed to subscribe",
            "BTC-USDC is not a valid product",
        ),
        ({"product_ids": []}, "Failed to subscribe", "product_ids is required"),
        (
            {"type": "hello"},
            "Failed to subscribe",
            "Type has to be either subscribe or unsubscribe",
        ),
        (
            {"channels": ["level2"], "signature": "bad", "key": "k3y", "timestamp": "1"},
            "Authentication Failed",
            '{"message":"Invalid API Key"}',
        ),
    ],
)
def test_a_refused_request_gets_an_error_and_an_empty_acknowledgement(
    change: dict[str, Any], message: str, reason: str
) -> None:
    """Nothing of it is subscribed."""
    client = PlainClient(Settings(exchange_feed_key=KEY, message_limit=None))
    stream = client.stream()

    stream.send(
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["matches"], **change}
    )

    assert stream.frames() == [{"type": "error", "message": message, "reason": reason}, EMPTY_ACK]


def test_without_a_configured_key_nobody_is_authenticated() -> None:
    """As if no such key existed."""
    client = PlainClient()
    stream = client.stream()
    message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channels": ["level2"]}

    stream.send({**message, **signed(client)})

    assert stream.frames()[0]["message"] == "Authentication Failed"


def test_faults_hit_the_older_feed_too() -> None:
    """By the channel's echoed name."""
    client = PlainClient(QUIET)
    stream = feed(client, "matches")
    stream.frames()
    client.sim.faults.add(DropFrame(channel="matches"))
    for _ in range(2):
        client.sim.trade("BTC-USD", Side.SELL, D("0.01"))
    client.advance(0.1)

    last = client.sim.market("BTC-USD").last.trade_id
    assert [f["trade_id"] for f in stream.frames()] == [last]
