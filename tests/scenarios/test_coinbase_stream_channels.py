"""Streams of the simulated Coinbase: what each channel tells, and its numbers."""

import json
from decimal import Decimal

import pytest

from tests.scenarios.coinbase_stream_reading import book_from, numbers, real_book, walking
from tests.scenarios.plain_client import SECOND, PlainClient, limit_gtc
from venuetree.scenarios.simulated.coinbase import Settings, Spelling
from venuetree.scenarios.simulated.wire import SendFrame

D = Decimal


def test_one_sequence_counts_every_frame_of_a_connection_from_zero() -> None:
    """Data, acknowledgements and heartbeats share it; the snapshot comes before its ack."""
    client = walking()
    stream = client.stream()
    for channel in ("level2", "ticker", "market_trades", "candles"):
        stream.subscribe(channel, "BTC-USD", "ETH-USD")
    stream.subscribe("heartbeats")
    client.advance(3)

    frames = stream.frames()

    assert numbers(frames) == list(range(len(frames)))
    assert [frame["channel"] for frame in frames[:4]] == [
        "l2_data",
        "l2_data",
        "subscriptions",
        "ticker",
    ]
    assert {frame["channel"] for frame in frames} == {
        *("l2_data", "ticker", "market_trades", "candles", "heartbeats", "subscriptions")
    }
    other = client.stream()
    other.subscribe("ticker", "BTC-USD")
    assert numbers(other.frames()) == [0, 1]


def test_an_acknowledgement_lists_the_whole_set_of_the_connection() -> None:
    """After subscribing and after unsubscribing, down to nothing."""
    client = PlainClient()
    stream = client.stream()
    stream.subscribe("ticker", "BTC-USD", "ETH-USD")
    stream.subscribe("heartbeats")
    stream.subscribe("user", signed=True)
    stream.subscribe("ticker", "BTC-USD")
    stream.send({"type": "unsubscribe", "channel": "ticker", "product_ids": ["BTC-USD"]})
    stream.send({"type": "unsubscribe", "channel": "heartbeats"})
    token = stream.token()
    stream.send({"type": "unsubscribe", "channel": "user", "jwt": token})
    stream.send({"type": "unsubscribe", "channel": "ticker"})

    acks = [
        f["events"][0]["subscriptions"] for f in stream.frames() if f["channel"] == "subscriptions"
    ]

    user = {"user": [client.sim.venue.user_id]}
    both, beats = {"ticker": ["BTC-USD", "ETH-USD"]}, {"heartbeats": ["heartbeats"]}
    assert acks == [
        both,
        {**both, **beats},
        {**both, **beats, **user},
        {**both, **beats, **user},
        {"ticker": ["ETH-USD"], **beats, **user},
        {"ticker": ["ETH-USD"], **user},
        {"ticker": ["ETH-USD"]},
        {},
    ]


def test_a_book_of_snapshot_and_updates_equals_the_exchanges_book() -> None:
    """After ten seconds of walking and trading, to the last digit, zeros in any spelling."""
    client = walking()
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD", "ETH-BTC")
    client.advance(10)
    client.sim.paused = True
    client.advance(0.1)

    frames = stream.frames()

    zeros = {
        update["new_quantity"]
        for frame in frames
        if frame["channel"] == "l2_data"
        for event in frame["events"]
        for update in event["updates"]
        if not D(update["new_quantity"])
    }
    assert zeros == {"0", "0.00000000"}
    for product in ("BTC-USD", "ETH-BTC"):
        assert book_from(frames, product) == real_book(client, product)


def test_a_fresh_snapshot_takes_an_unsubscribe_and_a_subscribe() -> None:
    """Subscribing again to a held product only repeats the acknowledgement."""
    client = PlainClient()
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD")
    stream.subscribe("level2", "BTC-USD")
    stream.send({"type": "unsubscribe", "channel": "level2", "product_ids": ["BTC-USD"]})
    stream.subscribe("level2", "BTC-USD")

    ack, book = "subscriptions", "l2_data"
    assert [frame["channel"] for frame in stream.frames()] == [book, ack, ack, ack, book, ack]


def test_every_stream_moves_at_least_once_in_five_seconds() -> None:
    """For each product and channel, trades too."""
    client = walking()
    stream = client.stream()
    products = ("BTC-USD", "ETH-USD", "ETH-BTC")
    channels = ("level2", "ticker", "ticker_batch", "market_trades", "candles")
    for channel in channels:
        stream.subscribe(channel, *products)
    stream.frames()
    client.advance(5.1)

    text = [json.dumps(f) for f in stream.frames()]

    for channel in ("l2_data", *channels[1:]):
        for product in products:
            named = [t for t in text if f'"channel": "{channel}"' in t and product in t]
            assert named, (channel, product)


def test_market_trades_are_batched_newest_first_and_contiguous() -> None:
    """At most one frame in 250 ms; ids of a product have no holes after the snapshot."""
    client = walking()
    stream = client.stream()
    stream.subscribe("market_trades", "BTC-USD")
    client.advance(10)
    frames = [f for f in stream.frames() if f["channel"] == "market_trades"]

    ids = [[int(t["trade_id"]) for t in f["events"][0]["trades"]] for f in frames]

    assert [f["events"][0]["type"] for f in frames][:2] == ["snapshot", "update"]
    assert len(ids[0]) == 100
    assert len(frames) <= 41
    flat = [number for batch in ids for number in reversed(batch)]
    assert flat == list(range(flat[0], flat[0] + len(flat)))


def test_the_tickers_differ_in_their_book_fields() -> None:
    """`ticker_batch` has no best prices; both have the last trade's price."""
    client = PlainClient()
    stream = client.stream()
    stream.subscribe("ticker", "BTC-USD")
    stream.subscribe("ticker_batch", "BTC-USD")

    tickers = [
        f["events"][0]["tickers"][0] for f in stream.frames() if f["channel"] != "subscriptions"
    ]

    best = {"best_bid", "best_bid_quantity", "best_ask", "best_ask_quantity"}
    assert set(tickers[0]) - set(tickers[1]) == best
    assert {t["price"] for t in tickers} == {f"{client.sim.market('BTC-USD').last.price:f}"}


def test_heartbeats_come_every_second_and_count_up() -> None:
    """An integer counter, a time in Go's spelling, no products."""
    client = PlainClient()
    client.now_ns += 7 * SECOND
    stream = client.stream()
    stream.subscribe("heartbeats")
    client.advance(3.005)

    beats = [f["events"][0] for f in stream.frames() if f["channel"] == "heartbeats"]

    assert [beat["heartbeat_counter"] for beat in beats] == [8, 9, 10]
    assert beats[0]["current_time"].endswith("+0000 UTC m=+8.000000000")


def test_candles_and_status_have_snapshots() -> None:
    """Five-minute buckets, newest first; products under `id`."""
    client = walking()
    stream = client.stream()
    stream.subscribe("candles", "BTC-USD")
    stream.subscribe("status")
    client.advance(2)
    frames = stream.frames()

    candles = [f["events"][0] for f in frames if f["channel"] == "candles"]
    status = next(f["events"][0] for f in frames if f["channel"] == "status")

    starts = [int(c["start"]) for c in candles[0]["candles"]]
    assert {start % 300 for start in starts} == {0}
    assert (candles[0]["type"], len(starts) >= 20) == ("snapshot", True)
    assert [e["type"] for e in candles[1:]] == ["update"] * (len(candles) - 1) != []
    assert [p["id"] for p in status["products"]] == ["BTC-USD", "ETH-USD", "ETH-BTC"]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100])
def test_open_orders_come_in_a_snapshot_of_fifties(count: int) -> None:
    """The set is complete at the first message with fewer, which may be empty."""
    client = PlainClient()
    ids = [client.placed(limit_gtc("0.001", "50000")) for _ in range(count)]
    stream = client.stream("user_stream")
    stream.subscribe("user", signed=True)

    events = [f["events"][0] for f in stream.frames() if f["channel"] == "user"]

    sizes = [len(event["orders"]) for event in events]
    assert sizes == [50] * (count // 50) + [count % 50]
    assert [o["order_id"] for e in events for o in e["orders"]] == ids
    assert {event["type"] for event in events} == {"snapshot"}


def test_a_user_subscription_may_be_narrowed_to_products() -> None:
    """Orders of other products are not told, neither in the snapshot nor later."""
    client = PlainClient()
    client.placed(limit_gtc("1", "2000"), product="ETH-USD")
    stream = client.stream()
    stream.subscribe("user", "BTC-USD", signed=True)
    client.placed(limit_gtc("1", "2000"), product="ETH-USD")
    client.placed(limit_gtc("0.1", "50000"))

    orders = [
        o for f in stream.frames() if f["channel"] == "user" for o in f["events"][0]["orders"]
    ]

    assert {order["product_id"] for order in orders} == {"BTC-USD"}
    assert [order["status"] for order in orders] == ["PENDING", "OPEN"]


def test_futures_balances_are_those_of_an_account_without_futures() -> None:
    """A minimal snapshot, for who subscribes to everything."""
    client = PlainClient()
    stream = client.stream("user_stream")
    stream.subscribe("futures_balance_summary", signed=True)

    snapshot = stream.frames()[0]["events"][0]

    assert snapshot["fcm_balance_summary"]["cfm_usd_balance"] == "0"


def test_an_alias_is_answered_under_the_canonical_name() -> None:
    """BTC-USDC is BTC-USD in acknowledgement and events."""
    stream = PlainClient().stream()

    stream.subscribe("level2", "BTC-USDC")

    book, ack = stream.frames()
    assert book["events"][0]["product_id"] == "BTC-USD"
    assert ack["events"][0]["subscriptions"] == {"level2": ["BTC-USD"]}


def test_the_older_spelling_says_the_same_in_other_letters() -> None:
    """No client id, counters as text, title-case types, a snapshot of 1970."""
    client = PlainClient(Settings(spelling=Spelling.OLDER))
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD")
    stream.subscribe("heartbeats")
    stream.subscribe("user", signed=True)
    client.placed(limit_gtc("0.1", "50000"))
    client.advance(1.1)

    frames = stream.frames()

    beat = next(f for f in frames if f["channel"] == "heartbeats")["events"][0]
    order = next(f for f in frames if f["channel"] == "user" and f["events"][0]["orders"])
    assert not any("client_id" in frame for frame in frames)
    assert beat["heartbeat_counter"] == "1"
    assert order["events"][0]["orders"][0]["order_type"] == "Limit"
    assert frames[0]["events"][0]["updates"][0]["event_time"] == "1970-01-01T00:00:00Z"


def test_the_same_seed_gives_the_same_frames() -> None:
    """Another seed others."""
    texts = []
    for seed in (5, 5, 6):
        client = PlainClient(seed=seed)
        client.sim.paused = False
        stream = client.stream()
        stream.subscribe("level2", "BTC-USD")
        stream.subscribe("market_trades", "BTC-USD")
        client.advance(5)
        texts.append([a.text for a in stream.actions() if isinstance(a, SendFrame)])

    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
