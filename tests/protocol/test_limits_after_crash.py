"""The rate limiter after a crash: what it guesses was spent, and what ends the guess."""

from tests.support.rate_limits import NOW, ask, calendar, limiter, sliding, spend
from venuetree.protocol.limit_answers import Start, Wait, WindowState
from venuetree.protocol.port import Lane, LimitReport
from venuetree.protocol.timestamps import SECOND

DAY = 86_400 * SECOND


def test_after_a_crash_a_window_is_full_until_it_has_passed() -> None:
    """Nobody knows what the one before has spent."""
    limits = limiter(sliding(20), calendar(20), start=Start.AFTER_CRASH)

    assert ask(limits, NOW, lane=Lane.RESOLVE) == Wait(NOW + SECOND, ("requests",))
    assert ask(limits, NOW, lane=Lane.PLACE, window="weight") == Wait(
        NOW + 10 * SECOND, ("weight",)
    )
    assert [window.is_guess for window in limits.state(NOW).windows] == [True, True]
    spend(limits, NOW + SECOND, times=20)
    spend(limits, NOW + 10 * SECOND, times=20, window="weight")


def test_after_a_crash_a_tenth_is_there_for_cancels() -> None:
    """An order that cannot be withdrawn costs more than a warning."""
    limits = limiter(sliding(20), start=Start.AFTER_CRASH)
    spend(limits, NOW, times=2, lane=Lane.CANCEL)

    assert ask(limits, NOW, lane=Lane.CANCEL) == Wait(NOW + SECOND, ("requests",))


def test_after_a_crash_a_cancel_passes_even_a_tiny_window() -> None:
    """One unit at least."""
    spend(limiter(sliding(1), start=Start.AFTER_CRASH), NOW, lane=Lane.CANCEL)


def test_after_a_crash_a_long_window_counts_as_half_full() -> None:
    """A day's limit does not stop trading for a day."""
    limits = limiter(calendar(20, DAY, name="requests"), start=Start.AFTER_CRASH)
    spend(limits, NOW, times=10, lane=Lane.PLACE)

    assert isinstance(ask(limits, NOW, lane=Lane.PLACE), Wait)


def test_the_exchanges_count_ends_the_guess() -> None:
    """A reply to a request made since says what is really used: 7, of which 1 is ours."""
    limits = limiter(calendar(20, name="requests"), start=Start.AFTER_CRASH)
    (grant,) = spend(limits, NOW, lane=Lane.CANCEL)
    limits.report((LimitReport("requests", used=7),), NOW, permit=grant.permit)

    assert limits.state(NOW).windows == (WindowState("requests", 7, 20, 10 * SECOND),)
    spend(limits, NOW, times=13, lane=Lane.DATA)
    assert isinstance(ask(limits, NOW), Wait)


def test_a_count_from_before_the_crash_does_not_end_the_guess() -> None:
    """A permit of the dead limiter names nothing in this one."""
    limits = limiter(calendar(20, name="requests"), start=Start.AFTER_CRASH)
    limits.report((LimitReport("requests", used=0),), NOW, permit=NOW - 5)

    assert limits.state(NOW).windows[0].is_guess
