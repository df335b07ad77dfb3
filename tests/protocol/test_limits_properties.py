"""The rate limiter under any arrivals: what it admits is counted again, the exchange's way."""

from collections import Counter

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from venuetree.protocol.limit_answers import Admitted, Start, Wait
from venuetree.protocol.limit_window import CANCEL_ROOM
from venuetree.protocol.limits import RateLimiter
from venuetree.protocol.port import Cost, Lane, LimitReport, LimitWindow, WindowKind

NOW = 1_700_000_000_000_000_000


@frozen
class Arrival:
    """A request: how long after the last one, and what becomes of it."""

    gap_ns: int
    lane: Lane
    costs: tuple[Cost, ...]
    #: How much later than its grant the exchange counts it, as a part of the slack.
    delay: float
    is_refunded: bool
    #: How many arrivals later it gets there, as one that waits for a connection does.
    waits: int = 0


@frozen
class Case:
    """Limits, and a script of arrivals."""

    windows: tuple[LimitWindow, ...]
    reserved: dict[Lane, float]
    offset_ns: int
    slack_ns: int
    arrivals: tuple[Arrival, ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Small windows and short gaps, so that they fill and empty many times."""
    count = draw(st.integers(1, 3))
    windows = tuple(
        LimitWindow(
            f"w{index}",
            draw(st.integers(1, 12)),
            draw(st.integers(5, 60)),
            draw(st.sampled_from(WindowKind)),
        )
        for index in range(count)
    )
    costs = st.builds(Cost, st.sampled_from([w.name for w in windows]), st.integers(0, 4))
    arrival = st.builds(
        Arrival,
        gap_ns=st.sampled_from([0, 0, 0, 1, 2, 5, 13, 40]),
        lane=st.sampled_from(Lane),
        costs=st.lists(costs, max_size=3).map(tuple),
        delay=st.floats(-1, 1),
        is_refunded=st.sampled_from([False, False, False, True]),
        waits=st.sampled_from([0, 0, 1, 2, 5]),
    )
    shares = st.floats(0, 0.9)
    return Case(
        windows=windows,
        reserved=draw(st.dictionaries(st.sampled_from(Lane), shares)),
        offset_ns=draw(st.integers(-100, 100)),
        slack_ns=draw(st.sampled_from([0, 0, 1, 3])),
        arrivals=tuple(draw(st.lists(arrival, max_size=25))),
    )


def open_limiter(case: Case, start: Start = Start.FRESH) -> RateLimiter:
    """A limiter for a case."""
    return RateLimiter(
        case.windows,
        case.reserved,
        now_ns=NOW,
        start=start,
        clock_offset_ns=case.offset_ns,
        slack_ns=case.slack_ns,
    )


def admit(limits: RateLimiter, arrival: Arrival, now_ns: int) -> Admitted | Wait:
    """Ask for leave; where it is given, the request is there at once."""
    answer = limits.admit(arrival.costs, arrival.lane, now_ns)
    if isinstance(answer, Admitted):
        limits.arrived(answer.permit, now_ns)
    return answer


def is_payable(case: Case, arrival: Arrival) -> bool:
    """Whether a request may ever be admitted."""
    amounts = Counter[str]()
    for cost in arrival.costs:
        amounts[cost.window] += cost.amount
    kept = max((case.reserved.get(lane, 0.0) for lane in Lane if lane <= arrival.lane), default=0.0)
    room = {w.name: max(1, int(round(w.capacity * (1 - kept), 6))) for w in case.windows}
    return all(amount <= room[name] for name, amount in amounts.items())


def most_at_once(window: LimitWindow, counted: list[tuple[int, int]]) -> int:
    """The most that any window of this kind ever holds, of (exchange's time, amount)."""
    totals: Counter[int] = Counter()
    match window.kind:
        case WindowKind.CALENDAR:
            for time_ns, amount in counted:
                totals[time_ns // window.period_ns] += amount
        case WindowKind.SLIDING:
            for end_ns, _ in counted:
                start_ns = end_ns - window.period_ns
                totals[end_ns] = sum(a for t, a in counted if start_ns < t <= end_ns)
    return max(totals.values(), default=0)


@settings(deadline=None)
@given(cases())
def test_no_window_ever_holds_more_than_its_capacity(case: Case) -> None:
    """Whatever arrives, in whatever lanes, refunds included, delayed within the slack.

    The exchange counts a request when it arrives, however long that is after its grant, and we
    hear of that at once.
    """
    limits = open_limiter(case)
    now_ns = NOW
    counted: dict[str, list[tuple[int, int]]] = {w.name: [] for w in case.windows}
    under_way: list[tuple[int, int, Arrival]] = []

    def arrive(permit: int, arrival: Arrival) -> None:
        limits.arrived(permit, now_ns)
        for cost in arrival.costs:
            delay_ns = round(arrival.delay * case.slack_ns / 2)
            counted[cost.window].append((now_ns + case.offset_ns + delay_ns, cost.amount))

    for index, arrival in enumerate(case.arrivals):
        now_ns += arrival.gap_ns
        for due in [each for each in under_way if each[0] <= index]:
            under_way.remove(due)
            arrive(*due[1:])
        if not is_payable(case, arrival):
            continue
        answer = limits.admit(arrival.costs, arrival.lane, now_ns)
        if isinstance(answer, Wait):
            assert answer.until_ns > now_ns
        elif arrival.is_refunded:
            assert limits.refund(answer.permit)
        elif arrival.waits:
            under_way.append((index + arrival.waits, answer.permit, arrival))
        else:
            arrive(answer.permit, arrival)
        assert all(0 <= w.used <= w.capacity for w in limits.state(now_ns).windows)

    for window in case.windows:
        assert most_at_once(window, counted[window.name]) <= window.capacity


@settings(deadline=None)
@given(cases())
def test_who_waits_as_long_as_told_is_admitted(case: Case) -> None:
    """The time told is neither too early nor, without another in between, of no use."""
    limits = open_limiter(case)
    now_ns = NOW
    for arrival in case.arrivals:
        now_ns += arrival.gap_ns
        if not is_payable(case, arrival):
            continue
        answer = admit(limits, arrival, now_ns)
        if isinstance(answer, Wait):
            early = admit(limits, arrival, answer.until_ns - 1)
            late = admit(limits, arrival, answer.until_ns)

            assert isinstance(early, Wait)
            assert early.until_ns == answer.until_ns
            assert isinstance(late, Admitted)
            now_ns = answer.until_ns


@settings(deadline=None)
@given(cases(), st.floats(0.2, 0.9), st.integers(1, 20))
def test_a_cancel_finds_its_reserved_room_at_once_when_only_data_is_asked_for(
    case: Case, share: float, extra: int
) -> None:
    """However much data was admitted, a unit is left for a cancel, at any moment."""
    window = LimitWindow("w", 5 + extra, 50, WindowKind.SLIDING)
    limits = RateLimiter((window,), {Lane.DATA: share}, now_ns=NOW, slack_ns=case.slack_ns)
    now_ns = NOW
    for arrival in case.arrivals:
        now_ns += arrival.gap_ns
        for _ in range(window.capacity):
            limits.admit((Cost("w"),), Lane.DATA, now_ns)
        cancel = limits.admit((Cost("w"),), Lane.CANCEL, now_ns)

        assert isinstance(cancel, Admitted)
        assert limits.refund(cancel.permit)


@settings(deadline=None)
@given(cases())
def test_a_refund_leaves_things_as_if_nothing_had_been_asked(case: Case) -> None:
    """Admitting and taking back, at once, changes no count, in any state."""
    limits = open_limiter(case)
    now_ns = NOW
    for arrival in case.arrivals:
        now_ns += arrival.gap_ns
        if not is_payable(case, arrival):
            continue
        before = limits.state(now_ns)
        answer = limits.admit(arrival.costs, arrival.lane, now_ns)
        if isinstance(answer, Admitted) and arrival.is_refunded:
            limits.refund(answer.permit)
            limits.refund(answer.permit)

            assert limits.state(now_ns) == before


@settings(deadline=None)
@given(cases(), st.data())
def test_reports_never_lower_a_count_nor_make_it_negative(case: Case, data: st.DataObject) -> None:
    """Any counts told, true or not, in any order, with permits or without."""
    limits = open_limiter(case)
    now_ns = NOW
    permits: list[int | None] = [None]
    for arrival in case.arrivals:
        now_ns += arrival.gap_ns
        if not is_payable(case, arrival):
            continue
        answer = limits.admit(arrival.costs, arrival.lane, now_ns)
        if isinstance(answer, Admitted):
            permits.append(answer.permit)
        before = limits.state(now_ns)
        told = LimitReport(
            data.draw(st.sampled_from([w.name for w in case.windows])),
            used=data.draw(st.none() | st.integers(-5, 30)),
            remaining=data.draw(st.none() | st.integers(-5, 30)),
        )
        limits.report((told,), now_ns, permit=data.draw(st.sampled_from(permits)))
        after = limits.state(now_ns)

        assert all(
            a.used >= b.used >= 0 for a, b in zip(after.windows, before.windows, strict=True)
        )


@settings(deadline=None)
@given(cases())
def test_after_a_crash_no_window_is_overdrawn_by_more_than_the_room_for_cancels(case: Case) -> None:
    """Whatever the one before spent up to the moment of its death."""
    limits = open_limiter(case, Start.AFTER_CRASH)
    counted: dict[str, list[tuple[int, int]]] = {w.name: [] for w in case.windows}
    now_ns = NOW
    for window in case.windows:
        # The worst: the window was filled at the very moment of the crash.
        counted[window.name].append((NOW + case.offset_ns, window.capacity))
    for arrival in case.arrivals:
        now_ns += arrival.gap_ns
        if not is_payable(case, arrival):
            continue
        answer = limits.admit(arrival.costs, arrival.lane, now_ns)
        if isinstance(answer, Admitted):
            for cost in arrival.costs:
                counted[cost.window].append((now_ns + case.offset_ns, cost.amount))

    for window in case.windows:
        cancel_room = max(1, int(window.capacity * CANCEL_ROOM))
        assert most_at_once(window, counted[window.name]) <= window.capacity + cancel_room
