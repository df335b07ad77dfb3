"""The rate limiter: windows, sliding and calendar, and what is spent in them."""

import pytest

from tests.support.rate_limits import NOW, ask, calendar, limiter, sliding, spend, used
from venuetree.protocol.errors import LocalProtocolError
from venuetree.protocol.limit_answers import Admitted, Wait
from venuetree.protocol.port import Cost, Lane
from venuetree.protocol.timestamps import SECOND


def test_a_full_sliding_window_says_when_its_oldest_part_leaves() -> None:
    """Ten at once fill it; the eleventh waits one period from the first, not from the last."""
    limits = limiter(sliding(10))
    spend(limits, NOW, times=9)
    spend(limits, NOW + 400)

    assert ask(limits, NOW + 500) == Wait(NOW + SECOND, ("requests",))
    assert ask(limits, NOW + SECOND - 1) == Wait(NOW + SECOND, ("requests",))
    assert isinstance(ask(limits, NOW + SECOND), Admitted)


def test_a_large_cost_waits_until_enough_has_left() -> None:
    """Room for five is there when the fifth oldest has left, not the first."""
    limits = limiter(sliding(10))
    for index in range(10):
        spend(limits, NOW + index)

    assert ask(limits, NOW + 10, amount=5) == Wait(NOW + 4 + SECOND, ("requests",))


def test_a_calendar_window_empties_at_its_boundary() -> None:
    """What was spent a moment before the boundary no longer counts at it."""
    limits = limiter(calendar(10))
    spend(limits, NOW + 10 * SECOND - 1, times=10, window="weight")

    assert ask(limits, NOW + 10 * SECOND - 1, window="weight") == Wait(
        NOW + 10 * SECOND, ("weight",)
    )
    spend(limits, NOW + 10 * SECOND, times=10, window="weight")


def test_a_calendar_window_follows_the_exchanges_clock() -> None:
    """With the exchange three seconds ahead, its windows end three seconds earlier for us."""
    limits = limiter(calendar(10), clock_offset_ns=3 * SECOND)
    spend(limits, NOW, times=10, window="weight")

    assert ask(limits, NOW, window="weight") == Wait(NOW + 7 * SECOND, ("weight",))


def test_a_corrected_clock_takes_along_what_was_spent() -> None:
    """A page turned by the clock alone is not a fresh one: its requests may belong there."""
    limits = limiter(calendar(10))
    spend(limits, NOW, times=10, window="weight")
    limits.set_clock_offset(10 * SECOND, NOW + 1)

    assert ask(limits, NOW + 1, window="weight") == Wait(NOW + 10 * SECOND, ("weight",))


def test_slack_counts_on_both_sides_of_a_boundary() -> None:
    """What is sent 50 ms before a boundary, with 100 ms of slack, counts in the next window too."""
    slack = SECOND // 10
    limits = limiter(calendar(10), slack_ns=slack)
    spend(limits, NOW + 10 * SECOND - slack // 2, times=10, window="weight")

    assert ask(limits, NOW + 11 * SECOND, window="weight") == Wait(
        NOW + 20 * SECOND + slack, ("weight",)
    )


def test_slack_makes_a_sliding_window_longer() -> None:
    """The first may reach the exchange late and the next early."""
    limits = limiter(sliding(1), slack_ns=7)
    spend(limits, NOW)

    assert ask(limits, NOW + SECOND) == Wait(NOW + SECOND + 7, ("requests",))


def test_a_request_needs_room_in_all_its_windows_and_else_spends_nothing() -> None:
    """The window with room is not charged while the other has none."""
    limits = limiter(sliding(5), calendar(1))
    spend(limits, NOW, window="weight")
    both = (Cost("requests"), Cost("weight"))

    assert limits.admit(both, Lane.PLACE, NOW) == Wait(NOW + 10 * SECOND, ("weight",))
    assert used(limits, NOW) == [0, 1]


def test_costs_in_one_window_add_up() -> None:
    """Twice three is six, of which a window of five never has room."""
    limits = limiter(sliding(5))

    with pytest.raises(LocalProtocolError):
        limits.admit((Cost("requests", 3), Cost("requests", 3)), Lane.CANCEL, NOW)


def test_a_cost_of_nothing_needs_no_room() -> None:
    """A request that costs nothing of a full window is admitted."""
    limits = limiter(sliding(1))
    spend(limits, NOW)

    assert isinstance(ask(limits, NOW, amount=0), Admitted)


@pytest.mark.parametrize("amount", [11, -1])
def test_a_cost_that_can_never_be_met_is_an_error_at_once(amount: int) -> None:
    """More than the window holds would wait for ever; less than nothing would make room."""
    limits = limiter(sliding(10))

    with pytest.raises(LocalProtocolError):
        ask(limits, NOW, amount=amount)
    assert used(limits, NOW) == [0]


def test_a_cost_in_a_window_that_is_not_there_is_an_error() -> None:
    """A codec that misspells a window must not go unlimited."""
    with pytest.raises(LocalProtocolError):
        ask(limiter(sliding()), NOW, window="wieght")


def test_time_does_not_run_backwards() -> None:
    """An earlier time counts as the latest one seen."""
    limits = limiter(sliding(1))
    spend(limits, NOW + 50)

    assert ask(limits, NOW) == Wait(NOW + 50 + SECOND, ("requests",))
