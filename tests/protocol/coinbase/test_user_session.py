"""The user connection: its opening list, its watchdogs, its tokens."""

from typing import Any

import orjson
import pytest

from tests.support.coinbase import NOW_NS, payload
from venuetree.protocol.commands import FetchOpenOrders
from venuetree.protocol.errors import RemoteProtocolError, TransportError
from venuetree.protocol.events import (
    AccountSnapshot,
    OrderReported,
    SequenceGap,
    StreamErrorReported,
)
from venuetree.protocol.exchanges.coinbase.profile import ALIVE_WITHIN_NS, SNAPSHOT_WITHIN_NS
from venuetree.protocol.exchanges.coinbase.user_session import UserSession
from venuetree.protocol.models import OrderReport
from venuetree.protocol.port import Call, Close, Send, SendSigned, SessionEvent, StreamMessage
from venuetree.protocol.timestamps import SECOND


class Wire:
    """A session and hand-made frames."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS
        self.sequence = 0
        self.session = UserSession("user")
        self.session.want(frozenset(), self.now_ns)
        self.session.opened(self.now_ns)

    def receive(self, channel: str, events: list[dict[str, Any]]) -> list[SessionEvent]:
        """The next numbered frame."""
        message = {
            "channel": channel,
            "timestamp": "2026-10-05T09:30:00Z",
            "sequence_num": self.sequence,
            "events": events,
        }
        self.sequence += 1
        return list(self.session.receive(orjson.dumps(message), self.now_ns))

    def acknowledge(self) -> list[SessionEvent]:
        """What was asked last is granted."""
        return self.receive("subscriptions", [{"subscriptions": {"user": ["uuid"]}}])

    def subscribed(self) -> "Wire":
        """Both channels asked for and granted."""
        assert self.session.step(self.now_ns).actions == (
            Send('{"type":"subscribe","channel":"heartbeats"}'),
        )
        self.acknowledge()
        self.now_ns += SECOND
        assert self.session.step(self.now_ns).actions == (
            SendSigned(StreamMessage({"type": "subscribe", "channel": "user"})),
        )
        self.acknowledge()
        return self

    def beats(self, seconds: int) -> None:
        """Heartbeats, and time."""
        for _ in range(seconds):
            self.now_ns += SECOND
            self.receive("heartbeats", [{"heartbeat_counter": 1}])


def orders(*numbers: int, **members: Any) -> list[dict[str, Any]]:
    """Open orders by number."""
    order = payload("user")["events"][0]["orders"][0]
    return [{**order, "order_id": f"order-{number}", **members} for number in numbers]


def snapshot(*numbers: int) -> list[dict[str, Any]]:
    """One message of the opening list."""
    return [{"type": "snapshot", "orders": orders(*numbers), "positions": {}}]


def ids(events: list[SessionEvent]) -> list[str]:
    """The orders of the one account snapshot."""
    (found,) = [event for event in events if isinstance(event, AccountSnapshot)]
    return [report.exchange_order_id for report in found.open_orders]


def test_an_empty_account_opens_with_an_empty_list() -> None:
    """One snapshot without orders is complete."""
    wire = Wire().subscribed()

    assert wire.receive("user", snapshot()) == [AccountSnapshot("coinbase", (), None, wire.now_ns)]
    assert wire.session.is_healthy


def test_the_list_may_come_before_its_acknowledgement() -> None:
    """As the exchange sends it."""
    wire = Wire()
    wire.session.step(wire.now_ns)
    wire.acknowledge()
    wire.now_ns += SECOND
    wire.session.step(wire.now_ns)

    assert ids(wire.receive("user", snapshot(1, 2))) == ["order-1", "order-2"]
    assert not wire.session.is_healthy
    wire.acknowledge()
    assert wire.session.is_healthy


def test_the_list_is_complete_at_the_first_message_with_fewer_than_fifty() -> None:
    """No order is taken as absent before that; each is told as it comes."""
    wire = Wire().subscribed()
    first = wire.receive("user", snapshot(*range(50)))

    assert len(first) == 50
    assert all(isinstance(event, OrderReported) for event in first)
    assert not wire.session.is_healthy
    assert ids(wire.receive("user", snapshot(50))) == [f"order-{n}" for n in range(51)]
    assert wire.session.is_healthy


def test_an_exact_multiple_of_fifty_is_completed_by_an_empty_message() -> None:
    """Presumably."""
    wire = Wire().subscribed()
    wire.receive("user", snapshot(*range(50)))

    assert len(ids(wire.receive("user", snapshot()))) == 50


def test_a_list_that_does_not_end_is_asked_for_by_rest() -> None:
    """The wait is bounded; a failed question is asked again, a good answer completes."""
    wire = Wire().subscribed()
    wire.receive("user", snapshot(*range(50)))
    wire.beats(SNAPSHOT_WITHIN_NS // SECOND)

    assert wire.session.step(wire.now_ns).actions == (Call(FetchOpenOrders()),)
    assert wire.session.step(wire.now_ns).actions == ()
    lost = TransportError("no way")
    assert wire.session.answered(FetchOpenOrders(), lost, wire.now_ns) == ()
    wire.beats(SNAPSHOT_WITHIN_NS // SECOND)
    assert wire.session.step(wire.now_ns).actions == (Call(FetchOpenOrders()),)
    reports: tuple[OrderReport, ...] = ()
    assert wire.session.answered(FetchOpenOrders(), reports, wire.now_ns) == (
        AccountSnapshot("coinbase", (), None, wire.now_ns),
    )
    assert wire.session.is_healthy


def test_updates_are_told_and_complete_nothing() -> None:
    """An update with few orders is no snapshot."""
    wire = Wire().subscribed()
    said = wire.receive("user", [{"type": "update", "orders": orders(7), "positions": {}}])

    assert [type(event) for event in said] == [OrderReported]
    assert not wire.session.is_healthy


def test_a_gap_is_told_and_the_connection_given_up() -> None:
    """The next connection's list says all that was missed."""
    wire = Wire().subscribed()
    wire.receive("user", snapshot())
    expected = wire.sequence
    wire.sequence += 2

    said = wire.receive("user", [{"type": "update", "orders": orders(7)}])

    assert said[0] == SequenceGap("coinbase", "user", expected, expected + 2, None, wire.now_ns)
    assert isinstance(said[1], OrderReported)
    assert isinstance(wire.session.step(wire.now_ns).actions[0], Close)
    assert not wire.session.is_healthy


def test_a_repeated_frame_is_ignored() -> None:
    """A fill would be no fill twice, but why ask."""
    wire = Wire().subscribed()
    wire.receive("user", snapshot())
    wire.sequence -= 1

    assert wire.receive("user", [{"type": "update", "orders": orders(7)}]) == []


def test_a_refused_subscription_gives_the_connection_up() -> None:
    """A bad token, or a clock that is off: the backoff slows us down."""
    wire = Wire()
    wire.session.step(wire.now_ns)
    wire.acknowledge()
    wire.now_ns += SECOND
    wire.session.step(wire.now_ns)
    (said,) = wire.session.receive(
        b'{"type":"error","message":"authentication failure"}', wire.now_ns
    )

    assert isinstance(said, StreamErrorReported)
    (action,) = wire.session.step(wire.now_ns).actions
    assert isinstance(action, Close)
    assert "authentication failure" in action.reason


def test_silence_gives_the_connection_up() -> None:
    """Not even heartbeats."""
    wire = Wire().subscribed()
    wire.receive("user", snapshot())
    assert wire.session.deadline_ns == wire.now_ns + ALIVE_WITHIN_NS
    wire.now_ns += ALIVE_WITHIN_NS

    (action,) = wire.session.step(wire.now_ns).actions
    assert isinstance(action, Close)


def test_an_account_without_news_is_no_stall() -> None:
    """Heartbeats are enough."""
    wire = Wire().subscribed()
    wire.receive("user", snapshot())
    wire.beats(3600)

    assert wire.session.step(wire.now_ns).actions == ()
    assert wire.session.is_healthy


def test_what_cannot_be_read_is_an_error() -> None:
    """The reader reconnects."""
    with pytest.raises(RemoteProtocolError):
        Wire().subscribed().session.receive(b"{}", NOW_NS)
