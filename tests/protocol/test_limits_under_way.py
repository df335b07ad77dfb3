"""The rate limiter: requests that are under way count until they have arrived."""

import pytest

from tests.support.rate_limits import NOW, ask, calendar, limiter, sliding, spend, used
from venuetree.protocol.limit_answers import Admitted, Wait
from venuetree.protocol.limit_counters import LONGEST_UNDER_WAY_NS
from venuetree.protocol.limits import RateLimiter
from venuetree.protocol.port import Cost, Lane, LimitReport, LimitWindow
from venuetree.protocol.timestamps import SECOND


def granted(limits: RateLimiter, now_ns: int, window: str = "requests") -> int:
    """The permit of a request that has not arrived yet."""
    answer = limits.admit((Cost(window),), Lane.CANCEL, now_ns)

    assert isinstance(answer, Admitted)
    return answer.permit


def test_what_is_under_way_counts_until_it_has_arrived_and_a_period_more() -> None:
    """Held up for five periods, it is counted over there when it comes."""
    limits = limiter(sliding(1))
    permit = granted(limits, NOW)

    assert ask(limits, NOW + 5 * SECOND) == Wait(NOW + 6 * SECOND, ("requests",))
    limits.arrived(permit, NOW + 5 * SECOND)
    assert ask(limits, NOW + 6 * SECOND - 1) == Wait(NOW + 6 * SECOND, ("requests",))
    assert isinstance(ask(limits, NOW + 6 * SECOND), Admitted)


def test_what_is_under_way_at_a_boundary_counts_in_the_next_window_too() -> None:
    """On which side the exchange counts it is not known; what has arrived stays behind."""
    limits = limiter(calendar(10))
    late = granted(limits, NOW, "weight")
    spend(limits, NOW, times=3, window="weight")

    assert used(limits, NOW + 10 * SECOND) == [1]
    limits.arrived(late, NOW + 10 * SECOND)
    assert used(limits, NOW + 10 * SECOND) == [1]
    assert used(limits, NOW + 20 * SECOND) == [0]


def test_a_refund_of_what_is_under_way_gives_it_back() -> None:
    """In every window of the calendar that it has been carried into."""
    limits = limiter(sliding(10), calendar(10))
    one, other = granted(limits, NOW), granted(limits, NOW, "weight")
    assert used(limits, NOW + 10 * SECOND) == [1, 1]

    assert limits.refund(one)
    assert limits.refund(other)
    assert used(limits, NOW + 10 * SECOND) == [0, 0]


@pytest.mark.parametrize("window", [sliding(1), calendar(1, name="requests")], ids=str)
def test_a_grant_that_nobody_speaks_of_again_is_not_held_for_ever(window: LimitWindow) -> None:
    """Whoever had it is gone: the room comes back."""
    limits = limiter(window)
    granted(limits, NOW)
    last_ns = NOW + LONGEST_UNDER_WAY_NS

    assert isinstance(ask(limits, last_ns - 1), Wait)
    ask(limits, last_ns)
    assert isinstance(ask(limits, last_ns + window.period_ns), Admitted)


def test_requests_that_overtake_each_other_are_no_use_of_others() -> None:
    """The first one granted arrives last: the exchange's count in its reply is all ours."""
    limits = limiter(calendar(10), slack_ns=10)
    first, second, third = (granted(limits, NOW + 20 + index, "weight") for index in range(3))
    sent_ns = NOW + 100
    for count, permit in enumerate((third, second, first), start=1):
        told = (LimitReport("weight", used=count),)
        limits.report(told, sent_ns, permit=permit, sent_time_ns=sent_ns)

    assert used(limits, sent_ns) == [3]


def test_what_was_granted_after_a_request_left_is_not_in_its_reply() -> None:
    """Of nine that are told, eight are others': the second of ours was not on its way yet."""
    limits = limiter(calendar(20), slack_ns=10)
    first = granted(limits, NOW + 20, "weight")
    granted(limits, NOW + 31, "weight")
    told = (LimitReport("weight", used=9),)
    limits.report(told, NOW + 40, permit=first, sent_time_ns=NOW + 20)

    assert used(limits, NOW + 40) == [10]
