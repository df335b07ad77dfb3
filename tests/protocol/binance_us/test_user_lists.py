"""A user connection that is silent: lists are asked for, and prove it deaf or not."""

import pytest

from tests.support.binance_us_user import NAME, NOW, actions, evolve_event, listed, listening, told
from venuetree.protocol import commands
from venuetree.protocol.errors import RateLimited
from venuetree.protocol.events import AccountSnapshot
from venuetree.protocol.models import OrderReport
from venuetree.protocol.port import Close
from venuetree.protocol.timestamps import SECOND


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
