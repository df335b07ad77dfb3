"""The account's events of the simulated Binance.US, by listen key and by subscription."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.binance_us_sockets import Socket, SocketClient, samples, shape
from tests.scenarios.plain_binance_us import order
from venuetree.scenarios.faults import DuplicateUserEvents, EndUserStream, ExpireListenKey
from venuetree.scenarios.simulated.binance_us import Profile, Pulse, Settings, StreamSettings
from venuetree.scenarios.simulated.matching import Side

SAMPLES: dict[str, Any] = samples("user_events")
POSITION = ("outboundAccountPosition",)


def subscribed(client: SocketClient) -> Socket:
    """A WebSocket API connection that hears the account's events."""
    socket = client.api()
    reply = client.call(socket, "userDataStream.subscribe.signature")
    assert reply["result"] == {"subscriptionId": 0}, reply
    return socket


def events(socket: Socket) -> list[Any]:
    """The events since the last look, however they are wrapped."""
    return [
        frame.get("event") or frame.get("data") or frame
        for frame in socket.frames()
        if "id" not in frame
    ]


def kinds(told: list[Any]) -> list[tuple[str, ...]]:
    """What events are: kind, and of reports execution type and status."""
    return [
        (event["e"], event["x"], event["X"]) if event["e"] == "executionReport" else (event["e"],)
        for event in told
    ]


def report(execution_type: str, status: str) -> tuple[str, ...]:
    """An execution report."""
    return ("executionReport", execution_type, status)


def reports(told: list[Any]) -> dict[tuple[str, str], Any]:
    """The newest report of each execution type and status."""
    return {(event["x"], event["X"]): event for event in told if event["e"] == "executionReport"}


def test_reports_have_exactly_the_fields_of_the_samples() -> None:
    """Names that differ only in case among them: accepted, filled, cancelled, prevented."""
    client = SocketClient()
    socket = subscribed(client)
    mine = client.rest("POST", "order", **order(newClientOrderId="mine-1"))
    client.rest("DELETE", "order", symbol="BTCUSD", orderId=mine["orderId"])
    client.rest("POST", "order", **order(side="SELL", type="MARKET"))
    client.plain.empty_book()
    client.rest("POST", "order", **order(side="SELL", price="64000.00"))
    client.rest("POST", "order", **order(price="64000.00"))

    found = reports(events(socket))

    assert shape(found["NEW", "NEW"]) == shape(SAMPLES["accepted"])
    assert shape(found["CANCELED", "CANCELED"]) == shape(SAMPLES["cancelled"])
    assert shape(found["TRADE", "FILLED"]) == shape(SAMPLES["filled"])
    prevented = found["TRADE_PREVENTION", "EXPIRED_IN_MATCH"]
    assert shape(prevented) == shape(SAMPLES["prevented"])
    cancelled = found["CANCELED", "CANCELED"]
    assert (cancelled["C"], cancelled["c"] != "mine-1") == ("mine-1", True)


def test_each_step_of_an_order_is_told_and_then_the_balances_it_moved() -> None:
    """A crossing order is accepted first, even at the market."""
    client = SocketClient()
    client.plain.empty_book()
    client.plain.offer(Side.SELL, "0.00400", "64000.00")
    client.plain.offer(Side.SELL, "0.00600", "64010.00")
    socket = subscribed(client)

    client.rest("POST", "order", **order(type="MARKET", quantity="0.01000"))

    told = events(socket)
    assert kinds(told) == [
        report("NEW", "NEW"),
        POSITION,
        report("TRADE", "PARTIALLY_FILLED"),
        POSITION,
        report("TRADE", "FILLED"),
        POSITION,
    ]
    assert [event["z"] for event in told if "z" in event] == [
        "0.00000000",
        "0.00400000",
        "0.01000000",
    ]
    balances = {each["a"]: each["f"] for each in told[-1]["B"]}
    assert set(balances) == {"BTC", "USD"}
    assert balances["BTC"] == f"{client.plain.balances('BTC')[0]:.8f}"


def test_positions_deposits_and_order_lists_have_the_shapes_of_their_samples() -> None:
    """`balanceUpdate` comes with a position; `listStatus` at both ends of a list."""
    client = SocketClient()
    socket = subscribed(client)
    client.sim.deposit("USD", Decimal(5))
    deposited = events(socket)
    pair = {
        "symbol": "BTCUSD", "side": "SELL", "quantity": "0.01000", "price": "70000.00",
        "stopPrice": "60000.00", "stopLimitPrice": "59900.00", "stopLimitTimeInForce": "GTC",
    }  # fmt: skip
    listed = client.rest("POST", "order/oco", **pair)
    client.rest("DELETE", "orderList", symbol="BTCUSD", orderListId=listed["orderListId"])

    told = events(socket)

    assert kinds(deposited) == [("balanceUpdate",), POSITION]
    for event in (*deposited, *told):
        if event["e"] != "executionReport":
            assert shape(event) == shape(SAMPLES[event["e"]])
    statuses = [(e["l"], e["L"]) for e in told if e["e"] == "listStatus"]
    assert statuses == [("EXEC_STARTED", "EXECUTING"), ("ALL_DONE", "ALL_DONE")]


def test_events_come_before_the_reply_on_the_same_socket() -> None:
    """Whoever registers an order after the reply is too late."""
    client = SocketClient()
    socket = subscribed(client)

    asked = client.ask(socket, "order.place", **order())

    frames = socket.frames()
    assert [frame.get("id") for frame in frames] == [None, None, asked]
    assert frames[0]["subscriptionId"] == 0
    assert frames[0]["event"]["x"] == "NEW"


@pytest.mark.parametrize("combined", [True, False])
def test_a_listen_key_is_a_stream_by_path_or_by_subscription(combined: bool) -> None:  # noqa: FBT001
    """Wrapped in its own name when combined, beside market data."""
    client = SocketClient()
    key = client.listen_key()["listenKey"]
    by_path = client.streams(key, combined=combined)
    later = client.streams("btcusd@trade", combined=combined)
    later.ask("SUBSCRIBE", [key])
    by_api = subscribed(client)

    client.rest("POST", "order", **order())

    told = events(by_api)
    frames = by_path.frames()
    assert kinds(told) == [report("NEW", "NEW"), POSITION]
    assert frames == ([{"stream": key, "data": e} for e in told] if combined else told)
    assert later.frames() == frames


def test_an_unknown_listen_key_is_a_silent_open_stream() -> None:
    """As is one that was deleted, for every socket that shares it."""
    client = SocketClient()
    key = client.listen_key()["listenKey"]
    sockets = [client.streams(name, combined=False) for name in ("k" * 60, key, key)]
    client.listen_key("DELETE", listenKey=key)

    client.rest("POST", "order", **order())
    client.advance(1)

    assert [socket.actions() for socket in sockets] == [[], [], []]
    assert client.listen_key("PUT", listenKey=key)["code"] == -1125


@pytest.mark.parametrize(("profile", "announced"), [(Profile.LIVE, 1), (Profile.DOC, 0)])
def test_a_key_that_is_not_kept_alive_expires_and_its_socket_stays_open(
    profile: Profile, announced: int
) -> None:
    """After an hour; one that is extended lives on. The older documents know of no event."""
    unhurried = StreamSettings(pulse=Pulse(every_s=1000, patience_s=1000))
    settings = Settings(profile=profile, listen_key_life_s=60, streams=unhurried)
    client = SocketClient(settings)
    key = client.listen_key()["listenKey"]
    socket = client.streams(key)
    client.advance(50, step_s=1)
    assert client.listen_key("PUT", listenKey=key) == {}
    client.advance(59, step_s=1)
    client.rest("POST", "order", **order())
    alive = kinds(events(socket))
    client.advance(2, step_s=1)
    frames = socket.frames()
    client.rest("POST", "order", **order())

    assert alive == [report("NEW", "NEW"), POSITION]
    assert [frame["stream"] for frame in frames] == [key] * announced
    for frame in frames:
        assert shape(frame["data"]) == shape(SAMPLES["listenKeyExpired"] | {"listenKey": key})
    assert socket.frames() == []
    assert not socket.connection.outlet.closed
    assert client.listen_key()["listenKey"] != key


@pytest.mark.parametrize("announced", [True, False])
def test_a_scripted_expiry_ends_a_key_at_once(announced: bool) -> None:  # noqa: FBT001
    """With the event or without it: silence, and -1125 to who extends it."""
    client = SocketClient()
    key = client.listen_key()["listenKey"]
    socket = client.streams(key)
    client.sim.faults.add(ExpireListenKey(announced=announced))
    client.advance(0.02)
    client.rest("POST", "order", **order())

    assert kinds(events(socket)) == [("listenKeyExpired",)] * announced
    assert client.listen_key("PUT", listenKey=key)["code"] == -1125
    assert [entry.subject for entry in client.sim.log.faults] == ["ExpireListenKey"]


def test_a_subscription_may_be_ended_by_the_exchange() -> None:
    """With an event; then nothing comes, and a new one can be made."""
    client = SocketClient()
    socket = subscribed(client)
    client.sim.faults.add(EndUserStream())
    client.advance(0.02)
    (event,) = events(socket)
    client.rest("POST", "order", **order())

    assert shape(event) == shape(SAMPLES["eventStreamTerminated"])
    assert events(socket) == []
    again = client.call(socket, "userDataStream.subscribe.signature")
    assert again["result"] == {"subscriptionId": 1}


def test_an_event_may_be_told_twice() -> None:
    """By either way of hearing it."""
    client = SocketClient()
    key = client.listen_key()["listenKey"]
    sockets = (client.streams(key), subscribed(client))
    client.sim.faults.add(DuplicateUserEvents(times=2))

    client.rest("POST", "order", **order())

    for socket in sockets:
        assert kinds(events(socket)) == [report("NEW", "NEW")] * 2 + [POSITION]


def test_a_subscription_ends_by_its_id_and_with_its_connection() -> None:
    """A second of the account is -2035, one that is not there -2036."""
    client = SocketClient()
    socket = subscribed(client)

    second = client.call(socket, "userDataStream.subscribe.signature")
    listed = client.call_unsigned(socket, "session.subscriptions")
    gone = client.call_unsigned(socket, "userDataStream.unsubscribe", subscriptionId=0)
    missing = client.call_unsigned(socket, "userDataStream.unsubscribe", subscriptionId=0)
    client.rest("POST", "order", **order())

    assert (second["status"], second["error"]["code"]) == (400, -2035)
    assert listed["result"] == [{"subscriptionId": 0}]
    assert (gone["status"], gone["result"]) == (200, {})
    assert (missing["status"], missing["error"]["code"]) == (400, -2036)
    assert events(socket) == []
    other = subscribed(client)
    assert other.connection is not socket.connection
