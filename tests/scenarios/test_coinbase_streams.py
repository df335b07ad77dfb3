"""Streams of the simulated Coinbase: the rules of each channel, and what goes wrong on them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_client import (
    QUIET,
    SECOND,
    PlainClient,
    Stream,
    limit_gtc,
    make_token,
)
from venuetree.scenarios.faults import (
    Backlog,
    CloseConnection,
    CorruptFrame,
    DropFrame,
    DuplicateUserEvents,
    FrameKind,
    HalfOpenConnection,
    KickOnConnect,
    OrphanDelete,
    OversizeSnapshot,
    RefuseConnection,
    RepeatFrame,
    ResetConnection,
    SendErrorFrame,
    StallStream,
    SwapFrames,
)
from venuetree.scenarios.simulated.coinbase import Settings, Spelling
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.wire import (
    CloseStream,
    FallSilent,
    Refusal,
    Request,
    ResetStream,
    SendFrame,
)

D = Decimal
AUTHENTICATION_FAILURE = {"type": "error", "message": "authentication failure"}


def walking(settings: Settings = QUIET) -> PlainClient:
    """A client of an exchange whose prices walk."""
    client = PlainClient(settings)
    client.sim.paused = False
    return client


def numbers(frames: list[Any]) -> list[int]:
    """The sequence numbers of the frames that have one."""
    return [frame["sequence_num"] for frame in frames if "sequence_num" in frame]


def book_from(frames: list[Any], product: str = "BTC-USD") -> dict[str, dict[Decimal, Decimal]]:
    """The book that a client builds of `l2_data` frames."""
    book: dict[str, dict[Decimal, Decimal]] = {"bid": {}, "offer": {}}
    for frame in frames:
        for event in frame["events"] if frame.get("channel") == "l2_data" else ():
            if event["product_id"] != product:
                continue
            for update in event["updates"]:
                price, quantity = D(update["price_level"]), D(update["new_quantity"])
                if quantity:
                    book[update["side"]][price] = quantity
                else:
                    book[update["side"]].pop(price, None)
    return book


def real_book(client: PlainClient, product: str = "BTC-USD") -> dict[str, dict[Decimal, Decimal]]:
    """The exchange's own book."""
    return {
        "bid": dict(client.sim.book(product, Side.BUY)),
        "offer": dict(client.sim.book(product, Side.SELL)),
    }


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


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe", "channel": "heartbeat"},
        {"type": "subscribe", "channel": "l2_data", "product_ids": ["BTC-USD"]},
        {"type": "subscribe", "channel": "full", "product_ids": ["BTC-USD"]},
        {"type": "subscribe", "channel": "user"},
        {"type": "subscribe", "channel": "user", "jwt": "nonsense"},
        {"type": "subscribe", "channel": "ticker", "product_ids": ["BTC-USD"], "jwt": "bad"},
        {"type": "unsubscribe", "channel": "user"},
    ],
)
def test_a_bad_token_or_an_unknown_channel_is_an_authentication_failure(message: Any) -> None:
    """Without channel and sequence; the connection stays."""
    client = PlainClient()
    stream = client.stream()

    stream.send(message)
    stream.subscribe("ticker", "BTC-USD")

    frames = stream.frames()
    assert frames[0] == AUTHENTICATION_FAILURE
    assert numbers(frames) == [0, 1]


def test_a_token_of_a_request_or_an_old_one_opens_no_stream() -> None:
    """Stream tokens are bound to no request, and die after two minutes."""
    client = PlainClient()
    stream = client.stream()
    key, now_s = client.sim.es256_key, client.now_s
    bound = make_token(key, now_s, claims={"uri": "GET api.coinbase.com/"})
    old = make_token(key, now_s - 121)

    for token in (bound, old, make_token(key, now_s)):
        stream.send({"type": "subscribe", "channel": "user", "jwt": token})

    frames = stream.frames()
    assert frames[:2] == [AUTHENTICATION_FAILURE] * 2
    assert [frame["channel"] for frame in frames[2:]] == ["user", "subscriptions"]


@pytest.mark.parametrize("kind", ["es256", "ed25519"])
def test_both_kinds_of_key_open_the_user_stream(kind: str) -> None:
    """On both surfaces."""
    client = PlainClient()
    token = make_token(client.sim.add_key(kind), client.now_s)

    for surface in ("stream", "user_stream"):
        stream = client.stream(surface)
        stream.send({"type": "subscribe", "channel": "user", "jwt": token})
        assert stream.frames()[0]["channel"] == "user"


def test_the_user_surface_carries_no_market_data() -> None:
    """Only heartbeats and what is private."""
    client = PlainClient()
    stream = client.stream("user_stream")

    stream.subscribe("ticker", "BTC-USD")
    stream.subscribe("heartbeats")

    frames = stream.frames()
    assert frames[0] == AUTHENTICATION_FAILURE
    assert frames[1]["events"] == [{"subscriptions": {"heartbeats": ["heartbeats"]}}]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", '{"type":"hello"}', '{"type":"subscribe"}',
     '{"type":"subscribe","channel":["ticker"]}',
     '{"type":"subscribe","channel":"ticker","product_ids":"BTC-USD"}'],
)  # fmt: skip
def test_what_is_no_subscription_is_told_so(text: str) -> None:
    """And the connection stays."""
    stream = PlainClient().stream()

    stream.connection.receive(text)

    assert stream.frames() == [{"type": "error", "message": "subscribe or unsubscribe required"}]


@pytest.mark.parametrize("products", [[], ["NOPE-USD"], ["BTC-USD", "NOPE-USD"]])
def test_a_market_channel_wants_products_that_exist(products: list[str]) -> None:
    """None of the list is taken if one is wrong."""
    stream = PlainClient().stream()

    stream.subscribe("level2", *products)

    assert stream.frames() == [{"type": "error", "message": "failure to subscribe"}]


def test_the_31st_book_of_a_connection_is_refused() -> None:
    """The thirty stay; other channels and other connections are free."""
    client = PlainClient(Settings(extra_products=40, message_limit=None, connection_limit=None))
    stream = client.stream()
    names = [f"T{number:02d}-USD" for number in range(1, 41)]
    stream.subscribe("level2", *names[:30])
    held = len(stream.frames())

    stream.subscribe("level2", names[30])
    refused = stream.frames()
    stream.subscribe("level2", names[29])
    stream.subscribe("ticker", *names)

    assert (held, refused) == (
        31,
        [{"type": "error", "message": "too many L2 streams requested in a single session"}],
    )
    ack = stream.frames()[-1]["events"][0]["subscriptions"]
    assert (len(ack["level2"]), len(ack["ticker"])) == (30, 40)


def test_an_alias_is_answered_under_the_canonical_name() -> None:
    """BTC-USDC is BTC-USD in acknowledgement and events."""
    stream = PlainClient().stream()

    stream.subscribe("level2", "BTC-USDC")

    book, ack = stream.frames()
    assert book["events"][0]["product_id"] == "BTC-USD"
    assert ack["events"][0]["subscriptions"] == {"level2": ["BTC-USD"]}


def test_a_connection_without_a_valid_subscription_is_closed_after_five_seconds() -> None:
    """An error message is no valid one."""
    client = PlainClient()
    silent, wrong, right = client.stream(), client.stream(), client.stream()
    wrong.send({"type": "hello"})
    right.subscribe("ticker", "BTC-USD")

    client.advance(4.9)
    before = [type(action) for action in silent.actions()]
    client.advance(0.2)

    assert before == []
    assert [type(a) for a in silent.actions()] == [CloseStream]
    assert [type(a) for a in wrong.actions()] == [SendFrame, CloseStream]
    assert CloseStream not in [type(a) for a in right.actions()]


def test_a_quiet_connection_is_closed_unless_it_has_heartbeats() -> None:
    """After 75 seconds without an update; heartbeats keep everything open."""
    client = PlainClient()
    quiet, beating = client.stream(), client.stream()
    for stream in (quiet, beating):
        stream.subscribe("ticker", "BTC-USD")
    beating.subscribe("heartbeats")

    client.advance(80, step_s=0.2)

    assert [type(a) for a in quiet.actions()][-1] is CloseStream
    assert {type(a) for a in beating.actions()} == {SendFrame}


def test_messages_and_connections_are_limited() -> None:
    """Eight of each a second from one address; a message with a token is free."""
    client = PlainClient(Settings())
    streams = [client.stream() for _ in range(8)]
    ninth = client.sim.connect("stream", Request("GET", "/"))
    for _ in range(9):
        streams[0].subscribe("ticker", "BTC-USD")
    streams[0].subscribe("user", signed=True)

    frames = streams[0].frames()

    assert ninth == Refusal(429, "too many connections")
    assert [f for f in frames if f.get("type") == "error"] == [
        {"type": "error", "message": "rate limit exceeded"}
    ]
    assert frames[-1]["channel"] == "subscriptions"


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


# Faults of streams


def book_frames(stream: Stream) -> list[int]:
    """The sequence numbers of the book's update frames, in order of arrival."""
    return [
        f["sequence_num"]
        for f in stream.frames()
        if f["channel"] == "l2_data" and f["events"][0]["type"] == "update"
    ]


def watching() -> tuple[PlainClient, Stream]:
    """A stream of one book, its snapshot (0) and acknowledgement (1) read."""
    client = walking()
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD")
    stream.frames()
    return client, stream


def test_a_dropped_frame_leaves_a_gap_in_the_sequence() -> None:
    """Its number is used; only frames that fit are dropped."""
    client, stream = watching()
    client.sim.faults.add(DropFrame(channel="level2", after=1))
    client.sim.faults.add(DropFrame(channel="ticker"))

    client.advance(1.1)

    assert book_frames(stream)[:3] == [2, 4, 5]
    assert [e.subject for e in client.sim.log.faults] == ["DropFrame"]


def test_frames_are_repeated_and_swapped() -> None:
    """Twice the same number; a later number before an earlier one."""
    client, stream = watching()
    client.sim.faults.add(RepeatFrame(channel="level2"))
    client.sim.faults.add(SwapFrames(channel="level2", after=1))

    client.advance(1.1)

    assert book_frames(stream)[:5] == [2, 2, 4, 3, 5]


def test_a_corrupt_frame_is_half_a_text() -> None:
    """It cannot be decoded; its number is lost."""
    client, stream = watching()
    client.sim.faults.add(CorruptFrame(channel="level2"))
    client.advance(0.3)

    (action, *_) = stream.actions()

    assert isinstance(action, SendFrame)
    with pytest.raises(json.JSONDecodeError):
        json.loads(action.text)


@pytest.mark.parametrize(
    ("backlog", "numbers_after"),
    [(Backlog.DELIVERED, [2, 3, 4, 5]), (Backlog.DISCARDED, [13, 14, 15, 16])],
)
def test_a_stalled_stream_is_silent_for_its_time(
    backlog: Backlog, numbers_after: list[int]
) -> None:
    """Connected, nothing comes; afterwards with or without what was missed."""
    client, stream = watching()
    client.sim.faults.add(StallStream(for_s=2, backlog=backlog))

    client.advance(2.1)
    during = stream.actions()
    client.advance(1)

    assert during == []
    assert book_frames(stream)[:4] == numbers_after


def test_a_stall_may_be_for_ever_and_of_one_channel_only() -> None:
    """Heartbeats go on while the book stands still."""
    client, stream = watching()
    stream.subscribe("heartbeats")
    stream.frames()
    client.sim.faults.add(StallStream(channel="level2", only="level2"))

    client.advance(10)

    assert {f["channel"] for f in stream.frames()} == {"heartbeats"}


@pytest.mark.parametrize(
    ("fault", "last"),
    [
        (ResetConnection(channel="level2", after=1), ResetStream()),
        (HalfOpenConnection(channel="level2", after=1), FallSilent()),
        (CloseConnection(channel="level2", code=1012, after=1), CloseStream(1012, "")),
    ],
)
def test_a_connection_ends_in_place_of_a_frame(
    fault: ResetConnection | HalfOpenConnection | CloseConnection, last: Any
) -> None:
    """One frame comes through, then the end, then nothing more."""
    client, stream = watching()
    client.sim.faults.add(fault)

    client.advance(2)

    first, *rest = stream.actions()
    assert isinstance(first, SendFrame)
    assert rest == [last]
    assert [e.subject for e in client.sim.log.faults] == [type(fault).__name__]


def test_an_error_in_band_comes_before_a_frame() -> None:
    """It has no number and breaks nothing."""
    client, stream = watching()
    client.sim.faults.add(SendErrorFrame(message="something broke"))

    client.advance(0.5)

    frames = stream.frames()
    assert frames[0] == {"type": "error", "message": "something broke"}
    assert numbers(frames)[0] == 2


def orphans(frames: list[Any]) -> int:
    """How many deletes name a level that was never announced."""
    seen: set[str] = set()
    count = 0
    for frame in frames:
        for update in frame["events"][0].get("updates", ()):
            count += not D(update["new_quantity"]) and update["price_level"] not in seen
            seen.add(update["price_level"])
    return count


def test_an_orphan_delete_names_a_level_that_never_was() -> None:
    """One more than happen by themselves; the client's book is the same with it."""
    counts = []
    for faults in (0, 1):
        client = walking()
        stream = client.stream()
        stream.subscribe("level2", "BTC-USD")
        if faults:
            client.sim.faults.add(OrphanDelete())
        client.advance(3)
        client.sim.paused = True
        client.advance(0.1)
        frames = stream.frames()
        counts.append(orphans(frames))

        assert book_from(frames) == real_book(client)
        assert len(client.sim.log.faults) == faults

    assert counts[1] == counts[0] + 1


def test_an_oversize_snapshot_is_true_all_the_same() -> None:
    """As many bytes as wanted in one message, and the book really holds them."""
    client = walking()
    client.sim.faults.add(OversizeSnapshot(at_least_bytes=1_000_000))
    stream = client.stream()
    stream.subscribe("level2", "ETH-USD")
    client.advance(1)
    client.sim.paused = True
    client.advance(0.1)

    actions = stream.actions()

    texts = [a.text for a in actions if isinstance(a, SendFrame)]
    assert len(texts[0]) > 1_000_000
    assert max(len(text) for text in texts[1:]) < 20_000
    assert book_from([json.loads(text) for text in texts], "ETH-USD") == real_book(
        client, "ETH-USD"
    )


def test_an_event_of_the_account_may_be_told_twice() -> None:
    """In two frames with numbers of their own."""
    client = PlainClient()
    stream = client.stream()
    stream.subscribe("user", signed=True)
    stream.frames()
    client.sim.faults.add(DuplicateUserEvents(times=2, after=1))
    client.placed(limit_gtc("0.1", "50000"))

    frames = stream.frames()

    statuses = [frame["events"][0]["orders"][0]["status"] for frame in frames]
    assert statuses == ["PENDING", "OPEN", "OPEN"]
    assert numbers(frames) == [2, 3, 4]


def test_a_connection_is_kicked_or_refused_at_once() -> None:
    """By surface; the next one is welcome."""
    client = PlainClient()
    client.sim.faults.add(KickOnConnect(surface="user_stream", code=1013))
    client.sim.faults.add(RefuseConnection(surface="stream", status=502))

    kicked = client.stream("user_stream")
    refused = client.sim.connect("stream", Request("GET", "/"))
    fine = client.stream()

    assert kicked.actions() == [CloseStream(1013, "")]
    assert refused == Refusal(502, "")
    assert fine.actions() == []


def test_a_fault_may_hit_snapshots_or_acknowledgements_alone() -> None:
    """By what a frame carries."""
    client = PlainClient()
    client.sim.faults.add(DropFrame(carrying=FrameKind.CONTROL))
    client.sim.faults.add(DropFrame(carrying=FrameKind.SNAPSHOT, after=1))
    stream = client.stream()
    stream.subscribe("level2", "BTC-USD")
    stream.subscribe("level2", "ETH-USD")

    assert numbers(stream.frames()) == [0, 3]


def test_a_client_that_does_not_read_is_thrown_out() -> None:
    """Its queue is bounded."""
    client, stream = watching()
    for _ in range(50_001):
        stream.connection.outlet.say(b"{}")

    assert stream.actions() == [ResetStream()]
    assert client.sim.streams.connections == [stream.connection]


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
