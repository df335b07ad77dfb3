"""The user connection: two doors, lists after every gap, and a silence that is noticed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import pytest

from venuetree.protocol import commands
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeRefused,
    ExchangeUnavailable,
    RateLimited,
    RemoteProtocolError,
)
from venuetree.protocol.events import (
    AccountSnapshot,
    BalancesChanged,
    FillReported,
    OrderReported,
    StreamEnding,
    StreamErrorReported,
)
from venuetree.protocol.exchanges.binance_us.user_session import Door, UserSession
from venuetree.protocol.exchanges.binance_us.user_streams import UserStreams
from venuetree.protocol.models import (
    Balance,
    Instrument,
    InstrumentStatus,
    OrderReport,
    OrderStatus,
    ReportSource,
)
from venuetree.protocol.port import Call, Close, SendSigned, SessionContext
from venuetree.protocol.timestamps import SECOND

NAME = "binance_us"
NOW = 1_788_540_700 * SECOND
EVENT: Mapping[str, Any] = {
    "e": "executionReport",
    "E": 1788540701412,
    "s": "BTCUSD",
    "c": "c1",
    "S": "SELL",
    "o": "LIMIT",
    "f": "GTC",
    "q": "0.00200000",
    "p": "116480.12000000",
    "P": "0.00000000",
    "F": "0.00000000",
    "g": -1,
    "C": "",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "r": "NONE",
    "i": 2281897003,
    "l": "0.00100000",
    "z": "0.00100000",
    "L": "116480.12000000",
    "n": "0.01164801",
    "N": "USD",
    "T": 1788540701412,
    "t": 88685240,
    "I": 4644491190,
    "w": True,
    "m": False,
    "M": True,
    "O": 1788540701412,
    "Z": "116.48012000",
    "Y": "116.48012000",
    "Q": "0.00000000",
    "W": 1788540701412,
    "V": "EXPIRE_MAKER",
}
REFUSED = ExchangeRefused("gone", exchange=NAME, operation="key", code="410")


def frame(message: Mapping[str, Any]) -> bytes:
    """As it comes."""
    return orjson.dumps(message)


def told(event: Mapping[str, Any] = EVENT) -> bytes:
    """An event of the WebSocket API."""
    return frame({"subscriptionId": 0, "event": event})


def granted() -> bytes:
    """The answer to the subscription."""
    return frame({"id": 1, "status": 200, "result": {"subscriptionId": 0}})


def refused(code: int, status: int = 400) -> bytes:
    """A refusal of the subscription."""
    return frame({"id": 1, "status": status, "error": {"code": code, "msg": "no"}})


def listed(number: str = "2281897003", filled: str = "0") -> OrderReport:
    """An open order as REST tells it."""
    return OrderReport(
        exchange=NAME,
        instrument="BTC-USD",
        exchange_order_id=number,
        status=OrderStatus.OPEN,
        source=ReportSource.QUERY,
        received_time_ns=NOW,
        filled_quantity=Decimal(filled),
    )


def session(door: Door = Door.WS_API, *symbols: str) -> UserSession:
    """Before its connection is opened."""
    known = {
        name: Instrument(
            name,
            name.partition("-")[0],
            name.partition("-")[2],
            name.replace("-", ""),
            InstrumentStatus.TRADING,
        )
        for name in symbols
    }
    return UserSession("user", door, lambda: known)


def subscribed() -> UserSession:
    """With its subscription granted, and nothing listed yet."""
    live = session()
    live.opened(NOW)
    live.step(NOW)
    live.receive(granted(), NOW)
    return live


def listening(*open_orders: OrderReport) -> UserSession:
    """With the first list taken in."""
    live = subscribed()
    live.step(NOW)
    live.answered(commands.FetchOpenOrders(), open_orders, NOW)
    return live


def actions(live: UserSession, now_ns: int = NOW) -> list[object]:
    """What it wants done, commands without their wrapping."""
    return [
        action.command if isinstance(action, Call) else action
        for action in live.step(now_ns).actions
    ]


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


def test_an_execution_is_an_order_and_a_fill() -> None:
    """In both wrappings, and bare."""
    for wrapped in (told(), frame({"event": EVENT}), frame(EVENT)):
        kinds = [type(event) for event in listening().receive(wrapped, NOW)]

        assert kinds == [OrderReported, FillReported]


@pytest.mark.parametrize(("told_id", "list_id"), [(-1, ""), (27104, "27104")])
def test_an_order_tells_of_which_list_it_is(told_id: int, list_id: str) -> None:
    """A negative number is none."""
    events = subscribed().receive(told({**EVENT, "g": told_id}), NOW)
    reports = [event.report for event in events if isinstance(event, OrderReported)]

    assert [report.list_id for report in reports] == [list_id]


def test_symbols_are_named_by_the_exchanges_list() -> None:
    """Where splitting alone would name another instrument than the list does."""
    live = session(Door.LISTEN_KEY, "BTCU-SD")
    live.opened(NOW)
    order, fill = live.receive(frame(EVENT), NOW)

    assert isinstance(order, OrderReported)
    assert isinstance(fill, FillReported)
    assert (order.report.instrument, fill.fill.instrument) == ("BTCU-SD", "BTCU-SD")


def test_balances_are_told_after_a_gap() -> None:
    """A failed question for them is no matter: the next change tells."""
    balance = Balance(NAME, "USD", Decimal(1), Decimal(0))
    live = subscribed()

    assert live.answered(commands.FetchBalances(), (balance,), NOW) == (
        BalancesChanged(NAME, (balance,), None, NOW),
    )
    assert live.answered(commands.FetchBalances(), REFUSED, NOW) == ()


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


# ---------------------------------------------------------------- lists


def test_a_quiet_stream_is_checked_and_every_list_goes_on() -> None:
    """A frame is proof of life; a failed question is asked again soon."""
    live = listening()
    due = NOW + 60 * SECOND

    assert live.deadline_ns == due
    live.receive(told(), NOW + SECOND)
    assert live.deadline_ns == due + SECOND
    assert actions(live, due + SECOND) == [commands.FetchOpenOrders()]
    assert actions(live, due + 2 * SECOND) == []
    error = RateLimited(
        "slow down", retry_after_ns=30 * SECOND, exchange=NAME, operation="open_orders"
    )
    assert live.answered(commands.FetchOpenOrders(), error, due) == ()
    assert live.deadline_ns == due + 30 * SECOND
    assert actions(live, due + 30 * SECOND) == [commands.FetchOpenOrders()]
    report = listed(filled="0.001")
    assert live.answered(commands.FetchOpenOrders(), (report,), due) == (
        AccountSnapshot(NAME, (report,), None, due),
    )
    assert live.is_healthy


@pytest.mark.parametrize(
    ("before", "later"),
    [
        ((), (listed(),)),
        ((listed(filled="0"),), (listed(filled="0.001"),)),
        ((listed(),), ()),
    ],
    ids=["order", "execution", "end"],
)
def test_what_two_lists_hold_and_the_stream_never_told_proves_it_deaf(
    before: tuple[OrderReport, ...], later: tuple[OrderReport, ...]
) -> None:
    """One list may be ahead of the stream, so the second is asked for soon."""
    live = listening(*before)
    due = NOW + 60 * SECOND
    live.step(due)
    live.answered(commands.FetchOpenOrders(), later, due)

    assert live.deadline_ns == due + 5 * SECOND
    assert actions(live, due + 5 * SECOND) == [commands.FetchOpenOrders()]
    live.answered(commands.FetchOpenOrders(), later, due + 5 * SECOND)
    (close,) = actions(live, due + 5 * SECOND)
    assert isinstance(close, Close)
    assert "2281897003" in close.reason
    assert not live.is_healthy


def test_what_the_stream_tells_between_two_lists_was_only_under_way() -> None:
    """The stream is believed again."""
    live = listening()
    due = NOW + 60 * SECOND
    report = listed(filled="0.001")
    live.step(due)
    live.answered(commands.FetchOpenOrders(), (report,), due)
    live.receive(told(), due + SECOND)
    live.step(due + 5 * SECOND)
    live.answered(commands.FetchOpenOrders(), (report,), due + 5 * SECOND)

    assert actions(live, due + 5 * SECOND) == []
    assert live.deadline_ns == due + 65 * SECOND


def test_an_end_that_the_stream_told_is_no_doubt() -> None:
    """An order that is gone from the list, and said to be."""
    live = listening(listed())
    live.receive(told(evolve_event(x="CANCELED", X="CANCELED", t=-1)), NOW)
    for number in range(1, 4):
        now_ns = NOW + number * 60 * SECOND
        live.step(now_ns)
        live.answered(commands.FetchOpenOrders(), (), now_ns)

    assert live.is_healthy


def test_a_list_that_lags_behind_the_stream_proves_nothing() -> None:
    """It is a cache over there: less filled than was told is an old state."""
    live = listening()
    live.receive(told(), NOW)
    for number in range(1, 4):
        now_ns = NOW + number * 60 * SECOND
        live.step(now_ns)
        live.answered(commands.FetchOpenOrders(), (listed(filled="0"),), now_ns)

    assert live.is_healthy


# ---------------------------------------------------------------- ends


def test_a_connection_is_replaced_before_the_exchange_ends_it() -> None:
    """It lives for a day there, an hour less here."""
    live = listening()
    end = NOW + 23 * 3600 * SECOND
    live.receive(told(evolve_event(z="0.00100000")), end - SECOND)

    assert not any(isinstance(action, Close) for action in actions(live, end - 1))
    assert any(isinstance(action, Close) for action in actions(live, end))


def evolve_event(**fields: Any) -> dict[str, Any]:
    """The event with other fields."""
    return {**EVENT, **fields}


def test_an_announced_shutdown_ends_the_connection() -> None:
    """Before it happens by itself."""
    live = listening()
    live.receive(told({"e": "eventStreamTerminated", "E": 1788544000330}), NOW)

    assert any(isinstance(action, Close) for action in actions(live))


def test_what_cannot_be_read_is_an_error_and_an_unknown_status_too() -> None:
    """The order is not guessed at."""
    live = listening()
    for payload in (b"{", b"[]", told(evolve_event(X="MAYBE")), frame({"id": 1, "status": "x"})):
        with pytest.raises(RemoteProtocolError):
            live.receive(payload, NOW)


def test_a_closed_connection_wants_nothing() -> None:
    """And holds nothing that could be stale."""
    live = listening()

    assert live.closed("gone", NOW) == ()
    assert live.deadline_ns is None
    assert not live.is_healthy
