"""The rate limiter: room that is kept for more urgent lanes."""

import pytest

from tests.support.rate_limits import NOW, ask, limiter, sliding, spend
from venuetree.protocol.errors import ConfigurationError
from venuetree.protocol.limit_answers import Wait
from venuetree.protocol.port import Lane


def test_reserved_room_is_kept_for_more_urgent_lanes() -> None:
    """Data stops at 70 %, orders at 90 %, cancels go on to the end."""
    limits = limiter(sliding(10), reserved={Lane.DATA: 0.3, Lane.PLACE: 0.1})
    spend(limits, NOW, times=7, lane=Lane.DATA)

    assert isinstance(ask(limits, NOW, lane=Lane.DATA), Wait)
    spend(limits, NOW, times=2, lane=Lane.PLACE)
    assert isinstance(ask(limits, NOW, lane=Lane.PLACE), Wait)
    spend(limits, NOW, lane=Lane.CANCEL)
    assert isinstance(ask(limits, NOW, lane=Lane.CANCEL), Wait)


def test_what_is_kept_from_a_lane_is_kept_from_those_behind_it() -> None:
    """Data, of which nothing is said, has no more room than orders."""
    limits = limiter(sliding(10), reserved={Lane.PLACE: 0.5})

    spend(limits, NOW, times=5, lane=Lane.DATA)
    assert isinstance(ask(limits, NOW, lane=Lane.DATA), Wait)


def test_a_lane_may_always_use_one_unit() -> None:
    """A reserve of part of a window of one does not close it."""
    spend(limiter(sliding(1), reserved={Lane.DATA: 0.3}), NOW, lane=Lane.DATA)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """All or less than nothing of a window cannot be kept."""
    with pytest.raises(ConfigurationError):
        limiter(sliding(), reserved={Lane.DATA: share})
