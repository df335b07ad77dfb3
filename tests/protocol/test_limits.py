"""The rate limiter, case by case."""

import pytest

from venuetree.protocol.errors import ConfigurationError, LocalProtocolError
from venuetree.protocol.limit_answers import Admitted, LimiterState, Start, Wait, WindowState
from venuetree.protocol.limit_counters import LONGEST_UNDER_WAY_NS
from venuetree.protocol.limits import CALM_NS, RateLimiter
from venuetree.protocol.port import Cost, Lane, LimitReport, LimitWindow, WindowKind

SECOND = 1_000_000_000
#: A multiple of a minute: calendar windows of up to a minute begin here.
NOW = 1_700_000_040 * SECOND
DAY = 86_400 * SECOND


def sliding(capacity: int = 10, period_ns: int = SECOND, name: str = "requests") -> LimitWindow:
    """A sliding window."""
    return LimitWindow(name, capacity, period_ns, WindowKind.SLIDING)


def calendar(capacity: int = 10, period_ns: int = 10 * SECOND, name: str = "weight") -> LimitWindow:
    """A calendar window."""
    return LimitWindow(name, capacity, period_ns, WindowKind.CALENDAR)


def limiter(
    *windows: LimitWindow,
    reserved: dict[Lane, float] | None = None,
    start: Start = Start.FRESH,
    clock_offset_ns: int = 0,
    slack_ns: int = 0,
) -> RateLimiter:
    """A limiter that begins at NOW."""
    return RateLimiter(
        windows,
        reserved or {},
        now_ns=NOW,
        start=start,
        clock_offset_ns=clock_offset_ns,
        slack_ns=slack_ns,
    )


def ask(
    limits: RateLimiter,
    now_ns: int,
    *,
    amount: int = 1,
    lane: Lane = Lane.DATA,
    window: str = "requests",
) -> Admitted | Wait:
    """Ask for one cost; a request that is admitted is there at once."""
    answer = limits.admit((Cost(window, amount),), lane, now_ns)
    if isinstance(answer, Admitted):
        limits.arrived(answer.permit, now_ns)
    return answer


def spend(
    limits: RateLimiter,
    now_ns: int,
    *,
    times: int = 1,
    lane: Lane = Lane.CANCEL,
    window: str = "requests",
) -> list[Admitted]:
    """Be admitted so many times."""
    answers = [ask(limits, now_ns, lane=lane, window=window) for _ in range(times)]

    assert all(isinstance(answer, Admitted) for answer in answers)
    return [answer for answer in answers if isinstance(answer, Admitted)]


def used(limits: RateLimiter, now_ns: int) -> list[int]:
    """How much of each window counts."""
    return [window.used for window in limits.state(now_ns).windows]


# ---------------------------------------------------------------- windows


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


# ---------------------------------------------------------------- lanes


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


# ---------------------------------------------------------------- refunds


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


# ---------------------------------------------------------------- reports


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


# ---------------------------------------------------------------- silence


def test_silence_holds_for_cancels_too() -> None:
    """A 418 means everything; going on earns a longer ban."""
    limits = limiter(sliding(10))
    limits.silence(NOW + 120 * SECOND)
    limits.silence(NOW + 5 * SECOND)

    assert ask(limits, NOW, lane=Lane.CANCEL) == Wait(NOW + 120 * SECOND, ())
    assert limits.state(NOW).silent_until_ns == NOW + 120 * SECOND
    assert isinstance(ask(limits, NOW + 120 * SECOND, lane=Lane.CANCEL), Admitted)


def silences(limits: RateLimiter, times: int, now_ns: int) -> list[int]:
    """Be refused again as soon as each silence is over; the lengths of the silences."""
    lengths = []
    for _ in range(times):
        limits.refused(now_ns, sent_time_ns=now_ns)
        until_ns = limits.state(now_ns).silent_until_ns or now_ns
        lengths.append((until_ns - now_ns) // SECOND)
        now_ns = until_ns + 1
    return lengths


def test_refusals_without_a_time_grow_the_silence_to_a_bound() -> None:
    """One second, twice as much each, a minute at the most."""
    assert silences(limiter(sliding(10)), 8, NOW) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_refusals_of_requests_under_way_do_not_grow_the_silence() -> None:
    """Eight answers of 429 to eight requests sent together are one refusal."""
    limits = limiter(sliding(10))
    for _ in range(8):
        limits.refused(NOW + 5, sent_time_ns=NOW + 1)

    assert limits.state(NOW + 5).silent_until_ns == NOW + 5 + SECOND


def test_the_silence_begins_anew_after_a_calm() -> None:
    """A refusal a minute after the last silence's end is a first one."""
    limits = limiter(sliding(10))
    silences(limits, 3, NOW)
    later = NOW + 10 * SECOND + CALM_NS

    assert silences(limits, 2, later) == [1, 2]


# ---------------------------------------------------------------- capacity at run time


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


# ---------------------------------------------------------------- after a crash


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


# ---------------------------------------------------------------- under way


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
