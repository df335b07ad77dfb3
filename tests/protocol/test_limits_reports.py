"""The rate limiter: what the exchange reports of its own count."""

import pytest

from tests.support.rate_limits import NOW, ask, calendar, limiter, sliding, spend, used
from venuetree.protocol.limit_answers import Start, Wait, WindowState
from venuetree.protocol.port import LimitReport, LimitWindow
from venuetree.protocol.timestamps import SECOND


@pytest.mark.parametrize("window", [sliding(100), calendar(100, name="requests")])
def test_others_use_is_reckoned_exactly_from_a_reply_while_requests_are_under_way(
    window: LimitWindow,
) -> None:
    """Ours were 1 of the 6 counted then: 5 are others', and ours under way count beside them."""
    limits = limiter(window)
    first, *_ = spend(limits, NOW, times=4)
    limits.report((LimitReport("requests", used=6),), NOW, permit=first.permit)

    assert used(limits, NOW) == [9]


@pytest.mark.parametrize("window", [sliding(100), calendar(100, name="requests")])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_replies_in_any_order_count_others_use_once(
    window: LimitWindow, order: tuple[int, ...]
) -> None:
    """Three replies tell of the same five requests of others."""
    limits = limiter(window)
    grants = spend(limits, NOW, times=3)
    for index in order:
        report = LimitReport("requests", used=5 + index + 1)
        limits.report((report,), NOW, permit=grants[index].permit)

    assert used(limits, NOW) == [8]


@pytest.mark.parametrize("window", [sliding(100), calendar(100, name="requests")])
def test_a_report_without_permit_raises_the_count_to_the_exchanges(window: LimitWindow) -> None:
    """And never lowers it."""
    limits = limiter(window)
    spend(limits, NOW, times=3)
    limits.report((LimitReport("requests", used=7),), NOW)
    limits.report((LimitReport("requests", used=2),), NOW)

    assert used(limits, NOW) == [7]


def test_a_refunded_grant_is_not_taken_for_part_of_the_exchanges_count() -> None:
    """One was never sent: of two counted, one is another's."""
    limits = limiter(calendar(100, name="requests"))
    unused, sent = spend(limits, NOW, times=2)
    limits.refund(unused.permit)
    limits.report((LimitReport("requests", used=2),), NOW, permit=sent.permit)

    assert used(limits, NOW) == [2]


def test_a_count_that_may_be_of_a_past_calendar_window_is_not_taken_up() -> None:
    """Sent before the boundary, answered after it: nobody knows which window was counted."""
    limits = limiter(calendar(100, name="requests"))
    (grant,) = spend(limits, NOW + 10 * SECOND - 1)
    limits.report((LimitReport("requests", used=99),), NOW + 10 * SECOND, permit=grant.permit)
    limits.report(
        (LimitReport("requests", used=99),), NOW + 10 * SECOND, sent_time_ns=NOW + 10 * SECOND - 1
    )

    assert used(limits, NOW + 10 * SECOND) == [0]


def test_a_count_that_may_be_of_a_past_window_does_not_end_the_guess_after_a_crash() -> None:
    """It tells nothing of the window that is guessed at."""
    limits = limiter(calendar(20, name="requests"), start=Start.AFTER_CRASH)
    (grant,) = spend(limits, NOW + 10 * SECOND - 1)
    later = limiter(calendar(20, name="requests"), start=Start.AFTER_CRASH, slack_ns=5)
    (near,) = spend(later, NOW + 10 * SECOND - 3)
    limits.report((LimitReport("requests", used=1),), NOW + 10 * SECOND - 1, permit=grant.permit)
    later.report((LimitReport("requests", used=1),), NOW + 10 * SECOND - 2, permit=near.permit)

    assert not limits.state(NOW + 10 * SECOND - 1).windows[0].is_guess
    assert later.state(NOW + 10 * SECOND - 2).windows[0].is_guess


def test_a_count_as_old_as_its_sliding_window_is_not_taken_up() -> None:
    """All that it counted has left the window."""
    limits = limiter(sliding(100))
    (grant,) = spend(limits, NOW)
    limits.report((LimitReport("requests", used=99),), NOW + SECOND, permit=grant.permit)

    assert used(limits, NOW + SECOND) == [0]


def test_remaining_is_used_the_other_way_round() -> None:
    """Three of ten remain: seven are used."""
    limits = limiter(sliding(10))
    limits.report((LimitReport("requests", remaining=3),), NOW)

    assert used(limits, NOW) == [7]


def test_a_smaller_capacity_that_is_told_holds_at_once() -> None:
    """And a larger one does not: the configured one is ours to keep."""
    limits = limiter(sliding(10))
    limits.report((LimitReport("requests", capacity=4),), NOW)
    spend(limits, NOW, times=4)

    assert isinstance(ask(limits, NOW), Wait)
    limits.report((LimitReport("requests", capacity=1000),), NOW)
    assert limits.state(NOW).windows == (WindowState("requests", 4, 10, SECOND),)


def test_a_report_on_an_unknown_window_changes_nothing() -> None:
    """Exchanges tell more than we keep."""
    limits = limiter(sliding(10))
    limits.report((LimitReport("raw_requests", used=5),), NOW)

    assert used(limits, NOW) == [0]
