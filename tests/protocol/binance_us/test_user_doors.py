"""Two doors to the account's stream: how each is opened, what shuts it, which is taken."""

import pytest

from tests.support.binance_us_user import (
    NAME,
    NOW,
    REFUSED,
    actions,
    frame,
    granted,
    listed,
    session,
)
from venuetree.protocol import commands
from venuetree.protocol.errors import AuthRefused, ExchangeRefused, ExchangeUnavailable
from venuetree.protocol.events import AccountSnapshot, StreamEnding, StreamErrorReported
from venuetree.protocol.exchanges.binance_us.user_session import Door
from venuetree.protocol.exchanges.binance_us.user_streams import UserStreams
from venuetree.protocol.port import Close, SendSigned, SessionContext
from venuetree.protocol.timestamps import SECOND


def refused(code: int, status: int = 400) -> bytes:
    """A refusal of the subscription."""
    return frame({"id": 1, "status": status, "error": {"code": code, "msg": "no"}})


# ---------------------------------------------------------------- the WebSocket API


def test_the_subscription_is_signed_and_then_everything_is_listed() -> None:
    """Healthy only once what came before the subscription is known."""
    live = session()

    assert live.before() is None
    assert live.connect(frozenset()).endpoint == "ws_api"
    live.opened(NOW)
    (sent,) = live.step(NOW).actions
    assert isinstance(sent, SendSigned)
    assert sent.message.fields["method"] == "userDataStream.subscribe.signature"
    live.receive(granted(), NOW)
    assert live.was_served
    assert actions(live) == [commands.FetchBalances(), commands.FetchOpenOrders()]
    assert not live.is_healthy
    (snapshot,) = live.answered(commands.FetchOpenOrders(), (listed(),), NOW)
    assert snapshot == AccountSnapshot(NAME, (listed(),), None, NOW)
    assert live.is_healthy


def test_a_subscription_that_is_not_answered_is_given_up() -> None:
    """In its time, and not before."""
    live = session()
    live.opened(NOW)
    live.step(NOW)

    assert live.deadline_ns == NOW + 10 * SECOND
    assert actions(live, NOW + 10 * SECOND - 1) == []
    (close,) = actions(live, NOW + 10 * SECOND)
    assert isinstance(close, Close)
    assert not live.was_served


def test_a_refused_time_is_mended_once() -> None:
    """The clock is read, then the subscription signed anew."""
    live = session()
    live.opened(NOW)
    live.step(NOW)
    (event,) = live.receive(refused(-1021), NOW)

    assert isinstance(event, StreamErrorReported)
    assert actions(live) == [commands.FetchServerTime()]
    live.answered(commands.FetchServerTime(), NOW, NOW)
    (again,) = live.step(NOW).actions
    assert isinstance(again, SendSigned)
    live.receive(refused(-1021), NOW)
    (close,) = actions(live)
    assert isinstance(close, Close)
    assert not live.is_shut


def test_a_refused_key_is_asked_about_where_its_end_is_the_exchanges() -> None:
    """The stream itself cannot tell a whim from a revoked key."""
    live = session()
    live.opened(NOW)
    live.step(NOW)
    live.receive(refused(-2015, 401), NOW)

    assert actions(live) == [commands.FetchKeyPermissions()]
    live.answered(
        commands.FetchKeyPermissions(), AuthRefused("no", exchange=NAME, operation="key"), NOW
    )
    (close,) = actions(live)
    assert isinstance(close, Close)
    assert "no [-2015]" in close.reason
    assert not live.is_shut


@pytest.mark.parametrize(
    ("reply", "is_shut"),
    [
        (refused(-1020), True),
        (refused(-1102), True),
        (refused(0, 404), True),
        (refused(-1003, 429), False),
        (refused(-1003, 418), False),
        (refused(-1008, 503), False),
        (refused(0, 503), False),
        (refused(-1022), False),
    ],
)
def test_what_says_that_the_door_is_shut_and_what_does_not(
    reply: bytes,
    is_shut: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A limit, an overload or a fault of ours may pass; a method that is not there does not."""
    live = session()
    live.opened(NOW)
    live.step(NOW)
    live.receive(reply, NOW)
    (close,) = actions(live)

    assert isinstance(close, Close)
    assert live.is_shut is is_shut


# ---------------------------------------------------------------- listen keys


def test_a_listen_key_is_asked_for_first_and_kept_alive() -> None:
    """Every half hour; sooner again where that failed."""
    live = session(Door.LISTEN_KEY)

    assert live.before() == commands.OpenAccountStream()
    live.answered(commands.OpenAccountStream(), "k3y", NOW)
    assert live.before() is None
    connect = live.connect(frozenset())
    assert (connect.path, connect.endpoint) == ("/ws/k3y", "user_stream")
    live.opened(NOW)
    assert actions(live) == [commands.FetchBalances(), commands.FetchOpenOrders()]
    live.answered(commands.FetchOpenOrders(), (), NOW)
    later = NOW + 1800 * SECOND
    keep = commands.KeepAccountStream("k3y")
    assert keep not in actions(live, later - 1)
    assert keep in actions(live, later)
    assert keep not in actions(live, later + 1)
    live.answered(keep, ExchangeUnavailable("later", exchange=NAME, operation="keep"), later)
    assert keep in actions(live, later + 60 * SECOND)
    live.answered(keep, None, later + 60 * SECOND)
    assert keep not in actions(live, later + 1800 * SECOND)


def test_an_expired_listen_key_ends_the_connection_however_it_is_learnt() -> None:
    """By the event, by the keepalive's refusal: the socket would stay open and silent."""
    by_event, by_refusal = session(Door.LISTEN_KEY), session(Door.LISTEN_KEY)
    for live in (by_event, by_refusal):
        live.answered(commands.OpenAccountStream(), "k3y", NOW)
        live.opened(NOW)
        live.step(NOW)
    expired = {"e": "listenKeyExpired", "E": 1788544000330, "listenKey": "k3y"}
    (ending,) = by_event.receive(frame({"stream": "k3y", "data": expired}), NOW)
    by_refusal.answered(commands.KeepAccountStream("k3y"), REFUSED, NOW)

    assert isinstance(ending, StreamEnding)
    for live in (by_event, by_refusal):
        assert any(isinstance(action, Close) for action in actions(live))


def test_a_listen_key_that_is_refused_is_the_connections_error() -> None:
    """Nothing is opened."""
    live = session(Door.LISTEN_KEY)
    live.answered(commands.OpenAccountStream(), REFUSED, NOW)

    assert live.before() is None
    assert live.is_shut
    with pytest.raises(ExchangeRefused):
        live.connect(frozenset())


# ---------------------------------------------------------------- which door


def context(*endpoints: str) -> SessionContext:
    """The doors that there are."""
    return SessionContext(dict, frozenset(endpoints))


def test_the_other_door_is_taken_when_one_is_shut_and_taken_again_the_other_way() -> None:
    """Whichever the exchange offers is found out, whatever it was before."""
    streams = UserStreams("user", context("stream", "user_stream", "ws_api"))
    first = streams()
    first.is_shut = True
    second = streams()
    second.was_served = True
    third = streams()
    third.is_shut = True
    fourth = streams()

    assert [made.door for made in (first, second, third, fourth)] == [
        Door.WS_API,
        Door.LISTEN_KEY,
        Door.LISTEN_KEY,
        Door.WS_API,
    ]


def test_a_door_that_cannot_be_reached_is_left_after_a_few_attempts() -> None:
    """One loss says nothing; a connection that served starts the count anew."""
    streams = UserStreams("user", context("user_stream", "ws_api"))
    doors = [streams().door for _ in range(4)]
    other = UserStreams("user", context("user_stream", "ws_api"))
    for _ in range(10):
        other().was_served = True

    assert doors == [Door.WS_API] * 3 + [Door.LISTEN_KEY]
    assert other().door is Door.WS_API


def test_without_a_websocket_api_there_is_but_one_door() -> None:
    """An endpoint that is not there is never dialled."""
    streams = UserStreams("user", context("stream", "user_stream"))

    assert {streams().door for _ in range(10)} == {Door.LISTEN_KEY}
