"""The rate limiter: a capacity that is replaced at run time."""

import pytest

from tests.support.rate_limits import NOW, ask, calendar, limiter, sliding, spend, used
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.limit_answers import LimiterState, Wait, WindowState
from venuetree.protocol.port import LimitWindow
from venuetree.protocol.timestamps import SECOND


def test_a_replaced_capacity_keeps_what_was_spent() -> None:
    """Eight of twenty remain eight of ten."""
    limits = limiter(sliding(20))
    spend(limits, NOW, times=8)
    limits.replace((sliding(10),), NOW)
    spend(limits, NOW, times=2)

    assert ask(limits, NOW) == Wait(NOW + SECOND, ("requests",))


def test_windows_that_are_not_named_stay() -> None:
    """Requests may still state a cost in them."""
    limits = limiter(sliding(10), calendar(10))
    limits.replace((sliding(5),), NOW)

    assert limits.state(NOW) == LimiterState(
        (WindowState("requests", 0, 5, SECOND), WindowState("weight", 0, 10, 10 * SECOND)), None
    )


def test_a_window_of_another_length_begins_as_full_as_the_old_one() -> None:
    """What was spent may count in the new one."""
    limits = limiter(sliding(20))
    spend(limits, NOW, times=8)
    limits.replace((calendar(10, name="requests"),), NOW)

    assert used(limits, NOW) == [8]


@pytest.mark.parametrize(
    "windows",
    [(sliding(0),), (sliding(5, 0),), (sliding(5), sliding(6))],
    ids=["capacity", "period", "name"],
)
def test_windows_that_cannot_work_are_refused(windows: tuple[LimitWindow, ...]) -> None:
    """And nothing is changed."""
    limits = limiter(sliding(10))

    with pytest.raises(ConfigurationError):
        limits.replace((calendar(3), *windows), NOW)
    assert limits.state(NOW) == LimiterState((WindowState("requests", 0, 10, SECOND),), None)
