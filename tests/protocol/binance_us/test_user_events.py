"""What the account's stream tells: orders, executions, balances, and what is unreadable."""

from decimal import Decimal

import pytest

from tests.support.binance_us_user import (
    EVENT,
    NAME,
    NOW,
    REFUSED,
    evolve_event,
    frame,
    listening,
    session,
    subscribed,
    told,
)
from venuetree.protocol import commands
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import BalancesChanged, FillReported, OrderReported
from venuetree.protocol.exchanges.binance_us.user_session import Door
from venuetree.protocol.models import Balance


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


def test_what_cannot_be_read_is_an_error_and_an_unknown_status_too() -> None:
    """The order is not guessed at."""
    live = listening()
    for payload in (b"{", b"[]", told(evolve_event(X="MAYBE")), frame({"id": 1, "status": "x"})):
        with pytest.raises(RemoteProtocolError):
            live.receive(payload, NOW)
