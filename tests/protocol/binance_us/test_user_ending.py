"""The end of a user connection, planned and announced."""

from tests.support.binance_us_user import EVENT, NOW, actions, listening, told
from venuetree.protocol.port import Close
from venuetree.protocol.timestamps import SECOND


def test_a_connection_is_replaced_before_the_exchange_ends_it() -> None:
    """It lives for a day there, an hour less here."""
    live = listening()
    end = NOW + 23 * 3600 * SECOND
    live.receive(told(EVENT), end - SECOND)

    assert not any(isinstance(action, Close) for action in actions(live, end - 1))
    assert any(isinstance(action, Close) for action in actions(live, end))


def test_an_announced_shutdown_ends_the_connection() -> None:
    """Before it happens by itself."""
    live = listening()
    live.receive(told({"e": "eventStreamTerminated", "E": 1788544000330}), NOW)

    assert any(isinstance(action, Close) for action in actions(live))


def test_a_closed_connection_wants_nothing() -> None:
    """And holds nothing that could be stale."""
    live = listening()

    assert live.closed("gone", NOW) == ()
    assert live.deadline_ns is None
    assert not live.is_healthy
