"""The rate limiter: what was granted is given back."""

import pytest

from tests.support.rate_limits import NOW, calendar, limiter, sliding, spend, used
from venuetree.protocol.port import LimitReport, LimitWindow
from venuetree.protocol.timestamps import SECOND


@pytest.mark.parametrize("window", [sliding(10), calendar(10, name="requests")])
def test_a_refund_gives_room_back_once(window: LimitWindow) -> None:
    """The second refund of a grant, and that of none, change nothing."""
    limits = limiter(window)
    first, _ = spend(limits, NOW, times=2)

    assert limits.refund(first.permit)
    assert not limits.refund(first.permit)
    assert not limits.refund(-1)
    assert used(limits, NOW) == [1]


@pytest.mark.parametrize("window", [sliding(10), calendar(10, SECOND, name="requests")])
def test_a_refund_of_what_no_longer_counts_makes_no_room(window: LimitWindow) -> None:
    """The window has passed: what is spent in the new one stays spent."""
    limits = limiter(window)
    (old,) = spend(limits, NOW)
    spend(limits, NOW + 2 * SECOND, times=3)
    limits.refund(old.permit)

    assert used(limits, NOW + 2 * SECOND) == [3]


def test_a_grant_that_was_reported_on_cannot_be_taken_back() -> None:
    """It was answered, so it was sent."""
    limits = limiter(calendar(10, name="requests"))
    (grant,) = spend(limits, NOW)
    limits.report((LimitReport("requests", used=1),), NOW, permit=grant.permit)

    assert not limits.refund(grant.permit)
    assert used(limits, NOW) == [1]
