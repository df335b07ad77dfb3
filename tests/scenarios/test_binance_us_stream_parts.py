"""The small parts of the simulated Binance.US streams: names, control texts, pings, requests."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from venuetree.scenarios.simulated.binance_us.control import (
    BadControlError,
    Control,
    GetProperty,
    ListSubscriptions,
    SetProperty,
    Subscribe,
    Unsubscribe,
    error_text,
    read_control,
    result_text,
)
from venuetree.scenarios.simulated.binance_us.heartbeat import FrameLimit, Heartbeat, Pulse
from venuetree.scenarios.simulated.binance_us.stream_names import Topic, parse_stream_name
from venuetree.scenarios.simulated.binance_us.ws_api_requests import (
    ApiRequest,
    BadRequestError,
    read_request,
    signed_text,
)

SECOND = 1_000_000_000
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


@pytest.mark.parametrize(
    ("text", "topic", "symbol", "detail", "pace_ms"),
    [
        ("btcusd@trade", Topic.TRADE, "BTCUSD", "", 0),
        ("btcusd@aggTrade", Topic.AGGREGATE_TRADE, "BTCUSD", "", 0),
        ("btcusd@bookTicker", Topic.BOOK_TICKER, "BTCUSD", "", 0),
        ("btcusd@kline_1M", Topic.KLINE, "BTCUSD", "1M", 2000),
        ("btcusd@kline_1m", Topic.KLINE, "BTCUSD", "1m", 2000),
        ("btcusd@miniTicker", Topic.MINI_TICKER, "BTCUSD", "", 1000),
        ("btcusd@ticker", Topic.TICKER, "BTCUSD", "", 1000),
        ("btcusd@ticker_4h", Topic.WINDOW_TICKER, "BTCUSD", "4h", 1000),
        ("btcusd@avgPrice", Topic.AVERAGE_PRICE, "BTCUSD", "", 1000),
        ("1inchusd@depth", Topic.DEPTH, "1INCHUSD", "", 1000),
        ("btcusd@depth@100ms", Topic.DEPTH, "BTCUSD", "", 100),
        ("btcusd@depth20", Topic.PARTIAL_DEPTH, "BTCUSD", "20", 1000),
        ("btcusd@depth5@100ms", Topic.PARTIAL_DEPTH, "BTCUSD", "5", 100),
        ("!miniTicker@arr", Topic.MINI_TICKER, None, "", 1000),
        ("!ticker@arr", Topic.TICKER, None, "", 1000),
        ("!ticker_1h@arr", Topic.WINDOW_TICKER, None, "1h", 1000),
    ],
)
def test_a_name_tells_what_it_streams(
    text: str, topic: Topic, symbol: str | None, detail: str, pace_ms: int
) -> None:
    """Every form of the list, with its pace."""
    name = parse_stream_name(text)

    assert name is not None
    assert (name.topic, name.symbol, name.detail) == (topic, symbol, detail)
    assert name.pace_ns == pace_ms * 1_000_000


@pytest.mark.parametrize(
    "text",
    ["", "btcusd", "BTCUSD@trade", "btcusd@trades", "btcusd@kline_1s", "btcusd@depth50",
     "btcusd@depth@10ms", "!bookTicker", "!trade@arr", "btcusd@ticker_2h", "btc usd@trade"],
)  # fmt: skip
def test_other_names_stream_nothing(text: str) -> None:
    """Upper case, withdrawn streams, typing errors."""
    assert parse_stream_name(text) is None


@pytest.mark.parametrize(
    ("message", "control"),
    [
        ({"method": "SUBSCRIBE", "params": ["a@trade"], "id": 1}, Subscribe(1, ("a@trade",))),
        ({"method": "UNSUBSCRIBE", "params": ["x", "y"], "id": -7}, Unsubscribe(-7, ("x", "y"))),
        ({"method": "LIST_SUBSCRIPTIONS", "id": "abc-1"}, ListSubscriptions("abc-1")),
        ({"method": "LIST_SUBSCRIPTIONS", "id": None}, ListSubscriptions(None)),
        ({"method": "SET_PROPERTY", "params": ["combined", True], "id": 5}, SetProperty(5, True)),  # noqa: FBT003 - the wire's
        ({"method": "GET_PROPERTY", "params": ["combined"], "id": 2}, GetProperty(2)),
    ],
)
def test_control_messages_are_read(message: dict[str, Any], control: Control) -> None:
    """Each method, each kind of id."""
    assert read_control(json.dumps(message)) == control


@pytest.mark.parametrize(
    ("text", "code", "message_id"),
    [
        ("{", 3, None),
        ("[]", 2, None),
        ('{"method":"SUBSCRIBE","id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","params":[],"id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","params":[""],"id":1}', 2, 1),
        ('{"method":"SUBSCRIBE","params":[7],"id":1}', 2, 1),
        ('{"method":"HELLO","params":[],"id":1}', 2, 1),
        ('{"id":9}', 2, 9),
        ('{"method":"LIST_SUBSCRIPTIONS","id":1.5}', 2, None),
        ('{"method":"LIST_SUBSCRIPTIONS","id":true}', 2, None),
        ('{"method":"LIST_SUBSCRIPTIONS","id":1,"extra":2}', 2, 1),
        ('{"method":"SET_PROPERTY","params":["colour",true],"id":1}', 0, 1),
        ('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', 1, 1),
        ('{"method":"GET_PROPERTY","params":["colour"],"id":1}', 0, 1),
        ('{"method":"GET_PROPERTY","params":[],"id":1}', 2, 1),
    ],
)
def test_what_cannot_be_obeyed_has_its_code(text: str, code: int, message_id: object) -> None:
    """The nested form, with the id where there was one."""
    with pytest.raises(BadControlError) as caught:
        read_control(text)

    reply = json.loads(error_text(caught.value))
    assert reply["error"]["code"] == code
    assert reply["error"]["msg"]
    assert (sorted(reply), reply["id"]) == (["error", "id"], message_id)


def test_a_reply_without_a_result_says_null() -> None:
    """As the exchange spells success."""
    assert json.loads(result_text(3)) == {"result": None, "id": 3}
    assert json.loads(result_text("x", ["a"])) == {"result": ["a"], "id": "x"}


def test_a_ping_is_due_every_twenty_seconds_and_its_own_pong_answers_it() -> None:
    """Neither an empty pong nor another's payload does; sixty seconds are too long."""
    heart = Heartbeat(Pulse(20, 60), started_ns=0)
    assert heart.due(20 * SECOND - 1) is None
    payload = heart.due(20 * SECOND)
    assert payload == b"20000"
    heart.sent(payload, 20 * SECOND)
    heart.pong(b"")
    heart.pong(b"12345")
    assert not heart.lost(80 * SECOND - 1)
    assert heart.lost(80 * SECOND)

    heart.pong(payload)

    assert not heart.lost(500 * SECOND)


def test_a_pong_answers_the_pings_before_its_own() -> None:
    """Not those after it."""
    heart = Heartbeat(Pulse(20, 60), started_ns=0)
    for second in (20, 40, 60):
        heart.sent(str(second).encode(), second * SECOND)

    heart.pong(b"40")

    assert not heart.lost(119 * SECOND)
    assert heart.lost(120 * SECOND)


def test_frames_are_counted_over_any_second() -> None:
    """Not by calendar seconds."""
    limit = FrameLimit(5)
    assert all(limit.admit(step * SECOND // 5) for step in range(2, 42))

    crowded = FrameLimit(5)
    verdicts = [crowded.admit(900_000_000 + step) for step in range(6)]

    assert verdicts == [True] * 5 + [False]


def test_a_requests_numbers_keep_their_digits() -> None:
    """And arrays become the JSON text that REST has."""
    text = (
        '{"id":7,"method":"v3/order.place","params":{"symbol":"BTCUSD","quantity":0.10,'
        '"recvWindow":5000.0,"orderId":12345678901234567890,"flag":true,"none":null,'
        '"symbols":["BTCUSD","ETHUSD"]}}'
    )

    request = read_request(text)

    assert request == ApiRequest(
        7,
        "order.place",
        {
            "symbol": "BTCUSD",
            "quantity": "0.10",
            "recvWindow": "5000.0",
            "orderId": "12345678901234567890",
            "flag": "true",
            "symbols": '["BTCUSD","ETHUSD"]',
        },
    )


@pytest.mark.parametrize(
    ("text", "request_id"),
    [
        ("{", None),
        ("[]", None),
        ('{"id":1}', 1),
        ('{"id":1,"method":7}', 1),
        ('{"id":"a","method":"ping","params":["x"]}', "a"),
        ('{"id":1.5,"method":"ping"}', None),
        ('{"id":{},"method":"ping"}', None),
    ],
)
def test_what_is_no_request_is_1135(text: str, request_id: object) -> None:
    """With the id where it could be read."""
    with pytest.raises(BadRequestError) as caught:
        read_request(text)

    assert (caught.value.code, caught.value.request_id) == (-1135, request_id)


@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            (
                '{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC",'
                '"quantity":"0.01000000","price":"52000.00","newOrderRespType":"ACK",'
                f'"recvWindow":100,"timestamp":1645423376532,"apiKey":"{API_KEY}"}}'
            ),
            "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
        ),
        (
            f'{{"timestamp":1788540234915,"signature":"x","apiKey":"{API_KEY}"}}',
            "1b2e9a279ee39c1a02ceeedf07460dd3124f0b4150d5d319263aeda510a0e470",
        ),
    ],
    ids=["vector D", "vector E"],
)
def test_the_published_signatures_cover_the_sorted_parameters(params: str, signature: str) -> None:
    """The text that is signed gives the vectors' digests."""
    request = read_request(f'{{"id":1,"method":"order.place","params":{params}}}')

    text = signed_text(request.params)

    assert hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest() == signature
