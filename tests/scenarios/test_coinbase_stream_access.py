"""Streams of the simulated Coinbase: who may subscribe to what, and for how long."""

from typing import Any

import pytest

from tests.scenarios.coinbase_stream_reading import numbers
from tests.scenarios.plain_client import PlainClient, make_token
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.wire import CloseStream, Refusal, Request, SendFrame

AUTHENTICATION_FAILURE = {"type": "error", "message": "authentication failure"}


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
