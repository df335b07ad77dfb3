"""The WebSocket API of the simulated Binance.US: envelope, signatures, order life, what fails."""

import json
from typing import Any

import attrs
import pytest

from tests.scenarios.binance_us_sockets import Socket, SocketClient, reply_to, request, shape
from tests.scenarios.plain_binance_us import order
from venuetree.scenarios.faults import (
    DelayRequest,
    LoseReply,
    LoseRequest,
    Loss,
    Respond,
    SlowReply,
    TruncateBody,
)
from venuetree.scenarios.simulated.binance_us import ApiKey, Profile, Settings, StreamSettings
from venuetree.scenarios.simulated.wire import CloseStream, Refusal, ResetStream, SendFrame

WEIGHT = {
    "rateLimitType": "REQUEST_WEIGHT",
    "interval": "MINUTE",
    "intervalNum": 1,
    "limit": 6000,
    "count": 3,
}

#: The key pair of the published signatures.
PUBLISHED = ApiKey(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    "account",
)


def opened() -> tuple[SocketClient, Socket]:
    """A client and its connection."""
    client = SocketClient()
    return client, client.api()


def test_a_reply_has_the_envelope_of_the_sample() -> None:
    """Id, status, result, and the weight used: two for the connection, one for the call."""
    client, socket = opened()

    socket.send('{"id":1,"method":"time"}')

    assert socket.frames() == [
        {"id": 1, "status": 200, "result": {"serverTime": client.now_ms}, "rateLimits": [WEIGHT]}
    ]


@pytest.mark.parametrize("request_id", [7, -7, "c7a1", None])
def test_any_id_comes_back_and_a_method_may_have_its_version(request_id: object) -> None:
    """Integers, texts, null; `v3/` before the method."""
    _, socket = opened()

    socket.send(request("v3/ping", request_id=request_id))

    (reply,) = socket.frames()
    assert (reply["id"], reply["status"], reply["result"]) == (request_id, 200, {})


def test_rate_limits_are_left_out_if_asked_by_request_or_by_address() -> None:
    """The request has the last word."""
    client, loud = opened()
    silent = client.api("returnRateLimits=false")

    def told(socket: Socket, **params: str | bool) -> bool:
        return "rateLimits" in client.call_unsigned(socket, "ping", **params)

    assert told(loud)
    assert not told(loud, returnRateLimits=False)
    assert not told(silent)
    assert told(silent, returnRateLimits=True)


@pytest.mark.parametrize(
    ("text", "request_id"),
    [
        ("{", None),
        ('{"id":3,"method":"SUBSCRIBE","params":["btcusd@trade"]}', 3),
        ('{"id":4}', 4),
    ],
)
def test_parameters_must_be_an_object_and_a_request_json(text: str, request_id: object) -> None:
    """-1135; a stream's SUBSCRIBE sent here is the usual case. The connection stays."""
    _, socket = opened()

    socket.send(text)
    socket.send('{"id":9,"method":"ping"}')

    refused, pong = socket.frames()
    assert (refused["id"], refused["status"], refused["error"]["code"]) == (request_id, 400, -1135)
    assert (pong["id"], pong["status"]) == (9, 200)


def test_an_unknown_method_is_refused() -> None:
    """By its envelope, not by silence."""
    client, socket = opened()

    reply = client.call_unsigned(socket, "order.invent")

    assert (reply["status"], reply["error"]["code"]) == (400, -1020)


def test_market_data_is_what_rest_says() -> None:
    """The same objects, arrays as arrays, and the same weights."""
    client, socket = opened()
    twins: list[tuple[str, str, dict[str, Any]]] = [
        ("exchangeInfo", "exchangeInfo", {"symbol": "BTCUSD"}),
        ("depth", "depth", {"symbol": "BTCUSD", "limit": 5}),
        ("trades.recent", "trades", {"symbol": "BTCUSD", "limit": 3}),
        ("trades.aggregate", "aggTrades", {"symbol": "BTCUSD", "limit": 3}),
        ("klines", "klines", {"symbol": "BTCUSD", "interval": "1m", "limit": 3}),
        ("avgPrice", "avgPrice", {"symbol": "BTCUSD"}),
        ("ticker.24hr", "ticker/24hr", {"symbol": "BTCUSD"}),
        ("ticker", "ticker", {"symbol": "BTCUSD", "windowSize": "1h"}),
        ("ticker.price", "ticker/price", {}),
        ("ticker.book", "ticker/bookTicker", {"symbol": "BTCUSD"}),
    ]
    used = 2
    for method, path, params in twins:
        reply = client.call_unsigned(socket, method, **params)
        answer = client.plain.public(path, params)

        assert reply["result"] == json.loads(answer.body), method
        weights = int(dict(answer.headers)["x-mbx-used-weight-1m"]) - used
        assert reply["rateLimits"][0]["count"] - used == weights / 2, method
        used += weights


def test_lists_of_symbols_are_json_arrays() -> None:
    """Where REST has them as text."""
    client, socket = opened()

    reply = client.call_unsigned(socket, "ticker.price", symbols=["BTCUSD", "ETHUSDT"])

    assert [each["symbol"] for each in reply["result"]] == ["BTCUSD", "ETHUSDT"]


def test_the_published_signatures_are_accepted() -> None:
    """Vector D reaches the filters of an order, vector E subscribes; a changed digit is -1022."""
    client = SocketClient()
    client.sim.venue.keys[PUBLISHED.key] = PUBLISHED
    placing: dict[str, Any] = {
        "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.01000000", "price": "52000.00", "newOrderRespType": "ACK",
        "recvWindow": 100, "timestamp": 1645423376532, "apiKey": PUBLISHED.key,
        "signature": "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a",
    }  # fmt: skip
    subscribing: dict[str, Any] = {
        "apiKey": PUBLISHED.key,
        "timestamp": 1788540234915,
        "signature": "1b2e9a279ee39c1a02ceeedf07460dd3124f0b4150d5d319263aeda510a0e470",
    }

    client.plain.now_ms = placing["timestamp"]
    first = client.api()
    placed = client.call_unsigned(first, "order.place", **placing)
    tampered = client.call_unsigned(first, "order.place", **placing | {"quantity": "0.01000001"})
    client.plain.now_ms = subscribing["timestamp"]
    second = client.api()
    subscribed = client.call_unsigned(second, "userDataStream.subscribe.signature", **subscribing)
    wrong = subscribing | {"signature": "0" * 64}
    refused = client.call_unsigned(client.api(), "userDataStream.subscribe.signature", **wrong)

    assert set(placed["result"]) == {
        *("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
    }
    assert tampered["error"]["code"] == -1022
    assert subscribed["result"] == {"subscriptionId": 0}
    assert refused["error"]["code"] == -1022


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"apiKey": "x" * 64}, 401, -2015),
        ({"apiKey": None}, 401, -2014),
        ({"signature": None}, 400, -1102),
        ({"timestamp": None}, 400, -1102),
        ({"timestamp": 1}, 400, -1021),
        ({"recvWindow": 60001}, 400, -1131),
        ({"colour": "red"}, 400, -1104),
        ({"signature": "00"}, 400, -1022),
    ],
)
def test_a_subscription_is_checked_as_any_signed_call(
    change: dict[str, Any], status: int, code: int
) -> None:
    """Key, names, time, signature."""
    client, socket = opened()

    reply = client.call_unsigned(
        socket, "userDataStream.subscribe.signature", **client.signed() | change
    )

    assert (reply["status"], reply["error"]["code"]) == (status, code)


def test_an_orders_life_over_the_socket() -> None:
    """Placed, found, listed, cancelled, found again; replies and counts as in the samples."""
    client, socket = opened()

    mine = order(newClientOrderId="eng-1", newOrderRespType="RESULT")
    placed = client.call(socket, "order.place", **mine)
    order_id = placed["result"]["orderId"]
    found = client.call(socket, "order.status", symbol="BTCUSD", orderId=order_id)
    listed = client.call(socket, "openOrders.status", symbol="BTCUSD")
    gone = client.call(socket, "order.cancel", symbol="BTCUSD", origClientOrderId="eng-1")
    again = client.call(socket, "order.cancel", symbol="BTCUSD", orderId=order_id)
    after = client.call(socket, "order.status", symbol="BTCUSD", orderId=order_id)
    every = client.call(socket, "allOrders", symbol="BTCUSD")

    assert placed["result"]["status"] == found["result"]["status"] == "NEW"
    counted = [(each["interval"], each["count"]) for each in placed["rateLimits"]]
    assert counted[:2] == [("SECOND", 1), ("DAY", 1)]
    assert [each["rateLimitType"] for each in found["rateLimits"]] == ["REQUEST_WEIGHT"]
    assert [each["orderId"] for each in listed["result"]] == [order_id]
    assert gone["result"]["origClientOrderId"] == "eng-1"
    assert (again["status"], again["error"]["code"]) == (400, -2011)
    assert after["result"]["status"] == "CANCELED"
    assert every["result"] == [after["result"]]
    assert shape(after["result"]) == shape(found["result"])


def test_a_market_order_fills_and_shows_in_trades_and_account() -> None:
    """The same account as REST's."""
    client, socket = opened()

    filled = client.call(socket, "order.place", **order(type="MARKET"))["result"]
    trades = client.call(socket, "myTrades", symbol="BTCUSD")["result"]
    account = client.call(socket, "account.status")["result"]
    counts = client.call(socket, "account.rateLimits.orders")["result"]

    assert (filled["status"], filled["executedQty"]) == ("FILLED", "0.01000000")
    assert [trade["id"] for trade in trades] == [fill["tradeId"] for fill in filled["fills"]]
    assert account["balances"] == client.rest("GET", "account")["balances"]
    assert [each["count"] for each in counts] == [1, 1]


def test_a_refused_order_tells_its_code_and_its_counts() -> None:
    """As in the sample of a shortage."""
    client, socket = opened()

    reply = client.call(socket, "order.place", **order(side="SELL", quantity="100.00000"))

    assert (reply["status"], reply["error"]) == (
        400,
        {"code": -2010, "msg": "Account has insufficient balance for requested action."},
    )
    assert [each["rateLimitType"] for each in reply["rateLimits"]] == [
        *("ORDERS", "ORDERS", "REQUEST_WEIGHT")
    ]


def test_listen_keys_are_made_kept_and_ended_here_too() -> None:
    """With the key alone; it is the account's one key."""
    client, socket = opened()
    api_key = client.plain.key.key

    made = client.call_unsigned(socket, "userDataStream.start", apiKey=api_key)
    listen_key = made["result"]["listenKey"]
    kept = client.call_unsigned(socket, "userDataStream.ping", apiKey=api_key, listenKey=listen_key)
    ended = client.call_unsigned(
        socket, "userDataStream.stop", apiKey=api_key, listenKey=listen_key
    )
    unknown = client.call_unsigned(
        socket, "userDataStream.ping", apiKey=api_key, listenKey=listen_key
    )

    assert kept["result"] == ended["result"] == {}
    assert unknown["error"]["code"] == -1125


def test_sessions_cannot_log_on_with_such_a_key() -> None:
    """So what needs one is refused."""
    client, socket = opened()

    logon = client.call(socket, "session.logon")
    status = client.call_unsigned(socket, "session.status")
    subscribe = client.call_unsigned(socket, "userDataStream.subscribe")

    assert (logon["status"], logon["error"]["code"]) == (400, -4056)
    assert status["result"]["apiKey"] is None
    assert (subscribe["status"], subscribe["error"]["code"]) == (401, -1002)


@pytest.mark.parametrize(("profile", "weight"), [(Profile.LIVE, 2), (Profile.DOC, 1)])
def test_a_connection_has_a_weight_and_a_banned_address_gets_none(
    profile: Profile, weight: int
) -> None:
    """The ban is told in requests as a moment, not as a time to wait."""
    client = SocketClient(Settings(profile=profile))
    socket = client.api()
    limits = client.sim.venue.limits
    used = limits.weight_counts("127.0.0.1", client.now_ms)[0]["count"]
    limits.ban("127.0.0.1", client.now_ms)

    reply = client.call_unsigned(socket, "ping")
    refused = client.connect("ws_api", "/ws-api/v3")

    assert used == weight
    until = client.now_ms + 120_000
    assert (reply["status"], reply["error"]["code"]) == (418, -1003)
    assert reply["error"]["data"] == {"serverTime": client.now_ms, "retryAfter": until}
    assert isinstance(refused, Refusal)
    assert refused.status == 418


def test_other_paths_are_not_found() -> None:
    """Only one is served here."""
    assert SocketClient().connect("ws_api", "/ws/btcusd@trade") == Refusal(404, "")


def test_a_connection_is_pinged_and_lives_a_day() -> None:
    """As the streams are, though its frames are not counted."""
    settings = Settings(streams=StreamSettings(life_s=30))
    client = SocketClient(settings)
    socket = client.api()
    for _ in range(20):
        client.call_unsigned(socket, "ping")
    client.advance(20, step_s=1)
    (ping,) = socket.actions()
    client.advance(10, step_s=1)

    assert attrs.asdict(ping) == {"payload": str(client.now_ms - 10_000).encode()}
    assert socket.actions() == [CloseStream(1001, "")]


# What goes wrong


def placed(client: SocketClient) -> bool:
    """Whether the order arrived."""
    return client.sim.order("lost-1") is not None


LOST = order(newClientOrderId="lost-1")


@pytest.mark.parametrize(
    ("how", "actions"),
    [
        (Loss.CLOSED, [CloseStream(1001, "")]),
        (Loss.RESET, [ResetStream()]),
        (Loss.HANGING, []),
    ],
)
@pytest.mark.parametrize(("kind", "applied"), [(LoseRequest, False), (LoseReply, True)])
def test_a_request_or_its_reply_is_lost_with_the_connection(
    how: Loss,
    actions: list[Any],
    kind: type[Any],
    applied: bool,  # noqa: FBT001
) -> None:
    """The order was placed or it was not: the client cannot tell."""
    client, socket = opened()
    client.sim.faults.add(kind(to="WS order.place", how=how))

    client.ask(socket, "order.place", **LOST)

    assert socket.actions() == actions
    assert placed(client) is applied
    assert [entry.subject for entry in client.sim.log.faults] == [kind.__name__]


def test_a_delayed_request_arrives_after_the_connection_has_gone() -> None:
    """Who asks too early is told that there is no such order."""
    client, socket = opened()
    client.sim.faults.add(DelayRequest(to="WS order.place", delay_s=1, how=Loss.RESET))
    client.ask(socket, "order.place", **LOST)
    socket.connection.disconnected()
    early = client.call(client.api(), "order.status", symbol="BTCUSD", origClientOrderId="lost-1")
    client.advance(1.1)

    assert early["error"]["code"] == -2013
    assert placed(client)


def test_replies_may_come_out_of_order() -> None:
    """A slow one is overtaken; what it asked for was done at once."""
    client, socket = opened()
    client.sim.faults.add(SlowReply(to="WS order.place", delay_s=0.5))

    slow = client.ask(socket, "order.place", **LOST)
    fast = client.ask(socket, "order.status", symbol="BTCUSD", origClientOrderId="lost-1")
    first = [frame["id"] for frame in socket.frames()]
    client.advance(0.6)
    second = [frame["id"] for frame in socket.frames()]

    assert (first, second) == ([fast], [slow])


@pytest.mark.parametrize("applied", [True, False])
def test_an_error_is_answered_after_or_instead_of_doing_it(applied: bool) -> None:  # noqa: FBT001
    """A 5xx tells nothing of the outcome."""
    client, socket = opened()
    client.sim.faults.add(Respond(to="WS order.place", status=503, applied=applied))

    reply = client.call(socket, "order.place", **LOST)

    assert (reply["status"], reply["error"]["code"]) == (503, -1001)
    assert placed(client) is applied


def test_a_scripted_ban_says_until_when() -> None:
    """In its text and as `retryAfter`."""
    client, socket = opened()
    client.sim.faults.add(Respond(to="WS *", status=418, retry_after_s=60))

    error = client.call_unsigned(socket, "ping")["error"]

    until = client.now_ms + 60_000
    assert f"IP banned until {until}." in error["msg"]
    assert error["data"]["retryAfter"] == until


def test_a_reply_may_be_half_a_text() -> None:
    """And the connection ends there, if the fault says so."""
    client, socket = opened()
    client.sim.faults.add(TruncateBody(to="WS ping"))
    client.sim.faults.add(TruncateBody(to="WS time", how=Loss.CLOSED))

    socket.send(request("ping"))
    socket.send(request("time"))

    half, cut, end = socket.actions()
    for action in (half, cut):
        assert isinstance(action, SendFrame)
        with pytest.raises(json.JSONDecodeError):
            json.loads(action.text)
    assert end == CloseStream(1001, "")


def test_a_lost_connection_takes_its_subscription_along() -> None:
    """The account's events are missed; a new connection subscribes anew."""
    client, socket = opened()
    client.call(socket, "userDataStream.subscribe.signature")
    socket.connection.disconnected()

    client.rest("POST", "order", **order())
    other = client.api()
    asked = client.ask(other, "userDataStream.subscribe.signature")

    assert socket.actions() == []
    assert reply_to(other, asked)["result"] == {"subscriptionId": 0}
