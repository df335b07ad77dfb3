"""What was spent in one window: the two ways in which exchanges count.

Both counters keep what we spent apart from what others did (another program with the same key or
address), which only the exchange's replies tell. Used by `limits.RateLimiter`; times are
nanoseconds of our clock and never fall.

The exchange counts a request when it arrives. Between leave to send it and that may lie a new
connection, the end of another request that has the connection, a network that stalls. So what was
spent is *under way* at first, and counts as if it were spent now, whenever that is; `arrived` ends
that.
"""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Protocol, assert_never

from venuetree.protocol.port import LimitWindow, WindowKind

__all__ = [
    "LONGEST_UNDER_WAY_NS",
    "CalendarCounter",
    "Counter",
    "SlidingCounter",
    "open_counter",
]

#: After so long a request has arrived or never will, though nobody said so: whoever had leave is
#: gone. No request may take half as long.
LONGEST_UNDER_WAY_NS = 60_000_000_000


class Counter(Protocol):
    """What was spent, and when it no longer counts."""

    def used(self, now_ns: int) -> int:
        """What counts now, ours and others'."""
        ...

    def falls_to(self, bound: int, now_ns: int) -> int:
        """The first time from `now_ns` on at which no more than `bound` (0 or more) counts."""
        ...

    def passed_at(self, now_ns: int) -> int:
        """When nothing that was spent before `now_ns` counts any more."""
        ...

    def spend(self, permit: int, amount: int, now_ns: int) -> int:
        """Count `amount` under this name as under way; returns what now counts of ours alone."""
        ...

    def arrived(self, permit: int, now_ns: int) -> None:
        """What was spent under this name has arrived by now."""
        ...

    def refund(self, permit: int, amount: int) -> None:
        """Count what was spent under this name no more, if it still counts."""
        ...

    def correct(self, told: int, ours: int | None, since_ns: int, now_ns: int) -> bool:
        """Take up the exchange's count, made between `since_ns` and `now_ns`.

        `ours` is how much of it we spent, None if that is not known: then all that now counts.
        False if the count may be of a window that has passed: nothing is changed.
        """
        ...

    def set_clock_offset(self, offset_ns: int, now_ns: int) -> None:
        """The exchange's clock minus ours."""
        ...


def open_counter(window: LimitWindow, clock_offset_ns: int, slack_ns: int) -> Counter:
    """The counter of a window in which nothing was spent yet."""
    match window.kind:
        case WindowKind.SLIDING:
            return SlidingCounter(window.period_ns, slack_ns)
        case WindowKind.CALENDAR:
            return CalendarCounter(window.period_ns, clock_offset_ns, slack_ns)
        case _:
            assert_never(window.kind)


class SlidingCounter:
    """A log of what was spent in the last period; its length is bounded by the capacity."""

    __slots__ = ("_others", "_ours", "_reach_ns", "_under_way", "_used_by_others", "_used_by_us")

    def __init__(self, period_ns: int, slack_ns: int) -> None:
        self._reach_ns = period_ns + slack_ns
        #: By permit: (granted at, amount), oldest first.
        self._under_way: OrderedDict[int, tuple[int, int]] = OrderedDict()
        #: (time, permit, amount), oldest first.
        self._ours: deque[tuple[int, int, int]] = deque()
        self._others: deque[tuple[int, int, int]] = deque()
        self._used_by_us = 0
        self._used_by_others = 0

    def used(self, now_ns: int) -> int:
        """What was spent in the interval that ends now."""
        self._forget(now_ns)
        return self._used_by_us + self._used_by_others

    def falls_to(self, bound: int, now_ns: int) -> int:
        """When enough of the oldest has left the interval."""
        excess = self.used(now_ns) - bound
        free_at = now_ns
        if excess <= 0:
            return free_at  # as nearly always: what follows is dear
        for spent_at, _, amount in heapq.merge(self._ours, self._others):
            if excess <= 0:
                break
            excess -= amount
            free_at = spent_at + self._reach_ns
        # What is under way arrives now at the earliest.
        return free_at if excess <= 0 else now_ns + self._reach_ns

    def passed_at(self, now_ns: int) -> int:
        """One period from now."""
        return now_ns + self._reach_ns

    def spend(self, permit: int, amount: int, now_ns: int) -> int:
        """Note it as under way; returns our part of the interval."""
        self._forget(now_ns)
        if amount:
            self._under_way[permit] = (now_ns, amount)
            self._used_by_us += amount
        return self._used_by_us

    def arrived(self, permit: int, now_ns: int) -> None:
        """Log it."""
        _, amount = self._under_way.pop(permit, (0, 0))
        if amount:
            self._ours.append((now_ns, permit, amount))

    def refund(self, permit: int, amount: int) -> None:
        """Strike it from what is under way, or from the log, near whose end it is as a rule."""
        del amount  # we know
        granted = self._under_way.pop(permit, None)
        if granted is not None:
            self._used_by_us -= granted[1]
            return
        for index in range(len(self._ours) - 1, -1, -1):
            if self._ours[index][1] == permit:
                self._used_by_us -= self._ours[index][2]
                del self._ours[index]
                return

    def correct(self, told: int, ours: int | None, since_ns: int, now_ns: int) -> bool:
        """Log as others' what is told beyond ours and what is known of others already."""
        self._forget(now_ns)
        if now_ns - since_ns >= self._reach_ns:
            return False
        others = told - (self._used_by_us if ours is None else ours) - self._used_by_others
        if others > 0:
            self._others.append((now_ns, 0, others))
            self._used_by_others += others
        return True

    def set_clock_offset(self, offset_ns: int, now_ns: int) -> None:
        """Nothing: a sliding window is where it is on any clock."""

    def _forget(self, now_ns: int) -> None:
        oldest_ns = now_ns - self._reach_ns
        ours, others = self._ours, self._others
        for permit in _lost(self._under_way, now_ns):
            self.arrived(permit, now_ns)
        while ours and ours[0][0] <= oldest_ns:
            self._used_by_us -= ours.popleft()[2]
        while others and others[0][0] <= oldest_ns:
            self._used_by_others -= others.popleft()[2]


def _lost(under_way: OrderedDict[int, tuple[int, int]], now_ns: int) -> Iterator[int]:
    """The permits that have been under way for so long that nobody will say what became of them.

    Each is to be taken out before the next is asked for.
    """
    while under_way:
        permit, (granted_ns, _) = next(iter(under_way.items()))
        if now_ns - granted_ns < LONGEST_UNDER_WAY_NS:
            return
        yield permit


class _Page:
    """What counts in one calendar window."""

    __slots__ = ("others", "ours")

    def __init__(self) -> None:
        self.ours = 0
        self.others = 0


class CalendarCounter:
    """A page for each calendar window that a request sent now may fall into: one, or two.

    Two near a boundary, where slack leaves open on which side the exchange will count; then both
    must have room and both are written on, so that each holds whatever the truth is. For the same
    reason what is under way when a page is turned is written on the new one too.
    """

    __slots__ = (
        "_newest",
        "_offset_ns",
        "_pages",
        "_period_ns",
        "_recent",
        "_slack_ns",
        "_under_way",
    )

    def __init__(self, period_ns: int, clock_offset_ns: int, slack_ns: int) -> None:
        self._period_ns = period_ns
        self._slack_ns = slack_ns
        self._offset_ns = clock_offset_ns
        self._pages: dict[int, _Page] = {}
        #: By permit, where it was written, so that a refund finds it though the clock was set.
        self._recent: dict[int, tuple[int, ...]] = {}
        #: By permit: (granted at, amount), oldest first; and the last page that was turned to.
        self._under_way: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._newest = 0

    def used(self, now_ns: int) -> int:
        """The fuller one of the pages that now may fall into."""
        self._turn(now_ns)
        return max(self._on_page(number) for number in self._numbers(now_ns, now_ns))

    def falls_to(self, bound: int, now_ns: int) -> int:
        """When the last page that is too full has passed."""
        self._turn(now_ns)
        time_ns = now_ns
        while True:
            full = [n for n in self._numbers(time_ns, time_ns) if self._on_page(n) > bound]
            if not full:
                return time_ns
            time_ns = self._end_ns(full[-1])

    def passed_at(self, now_ns: int) -> int:
        """The end of the window that now is in."""
        return self._end_ns(self._numbers(now_ns, now_ns)[-1])

    def spend(self, permit: int, amount: int, now_ns: int) -> int:
        """Write it on every page that now may fall into."""
        self._turn(now_ns)
        numbers = tuple(self._numbers(now_ns, now_ns))
        self._forget(numbers[0])
        for number in numbers:
            self._pages.setdefault(number, _Page()).ours += amount
        self._recent[permit] = numbers
        if amount:
            self._under_way[permit] = (now_ns, amount)
        return self._pages[numbers[-1]].ours

    def arrived(self, permit: int, now_ns: int) -> None:
        """Let it stand on the pages on which it stands, and on no more."""
        self._turn(now_ns)
        self._under_way.pop(permit, None)

    def refund(self, permit: int, amount: int) -> None:
        """Strike it from its pages."""
        self._under_way.pop(permit, None)
        for number in self._recent.pop(permit, ()):
            if (page := self._pages.get(number)) is not None:
                page.ours = max(0, page.ours - amount)

    def correct(self, told: int, ours: int | None, since_ns: int, now_ns: int) -> bool:
        """Note what is told beyond ours as others', if it is certain which page it is of."""
        numbers = self._numbers(since_ns, now_ns)
        if len(numbers) > 1:
            return False
        page = self._pages.setdefault(numbers[0], _Page())
        page.others = max(page.others, told - (page.ours if ours is None else ours))
        return True

    def set_clock_offset(self, offset_ns: int, now_ns: int) -> None:
        """Turn to the page that the exchange's clock says.

        What stands on the page before is carried over: it may have belonged there from the start.
        """
        before, carried = self._numbers(now_ns, now_ns), self.used(now_ns)
        self._offset_ns = offset_ns
        for number in self._numbers(now_ns, now_ns):
            if number not in before:
                page = self._pages.setdefault(number, _Page())
                page.others = max(page.others, carried - page.ours)

    def _numbers(self, since_ns: int, until_ns: int) -> range:
        first = (since_ns + self._offset_ns - self._slack_ns) // self._period_ns
        last = (until_ns + self._offset_ns + self._slack_ns) // self._period_ns
        return range(first, last + 1)

    def _end_ns(self, number: int) -> int:
        return (number + 1) * self._period_ns - self._offset_ns + self._slack_ns

    def _turn(self, now_ns: int) -> None:
        """Write what is under way on the pages that now may fall into, if they are new."""
        numbers = self._numbers(now_ns, now_ns)
        if numbers[-1] <= self._newest:
            return
        self._newest = numbers[-1]
        for permit in _lost(self._under_way, now_ns):
            del self._under_way[permit]
        for permit, (_, amount) in self._under_way.items():
            written = self._recent.get(permit, ())
            new = tuple(number for number in numbers if number not in written)
            for number in new:
                self._pages.setdefault(number, _Page()).ours += amount
            self._recent[permit] = (*written, *new)

    def _on_page(self, number: int) -> int:
        page = self._pages.get(number)
        return 0 if page is None else page.ours + page.others

    def _forget(self, first: int) -> None:
        # One page back is kept: the clock's offset may yet be corrected by a little.
        for number in [n for n in self._pages if n < first - 1]:
            del self._pages[number]
        if len(self._recent) > _RECENT_KEPT:
            for permit in list(self._recent)[: _RECENT_KEPT // 2]:
                del self._recent[permit]


#: As many grants as a limiter can take back, and some more, so that pruning is seldom.
_RECENT_KEPT = 8192
