"""One window of a rate limiter: how much of it each lane may use, and the guess after a crash."""

import math
from collections.abc import Mapping

from venuetree.protocol.limit_answers import WindowState
from venuetree.protocol.limit_counters import Counter
from venuetree.protocol.port import Lane, LimitReport, LimitWindow

__all__ = ["CANCEL_ROOM", "LONGEST_FULL_NS", "Window"]

#: After a crash cancels may use a tenth of each window, or one unit of a tiny one.
CANCEL_ROOM = 0.1
#: Windows up to this length count as full after a crash, longer ones as half full.
LONGEST_FULL_NS = 5 * 60 * 1_000_000_000


class Window:
    """One window: its capacity, what was counted, and the guess after a crash."""

    __slots__ = ("counter", "guess_until_ns", "limit", "room", "told_capacity")

    def __init__(self, limit: LimitWindow, counter: Counter) -> None:
        self.limit = limit
        self.counter = counter
        #: The exchange told a smaller capacity than the configured one.
        self.told_capacity: int | None = None
        self.guess_until_ns = 0
        #: By lane, in whole units.
        self.room: dict[Lane, int] = {}

    @property
    def capacity(self) -> int:
        """What may be used of it, by the settings or, if that is less, by the exchange's word."""
        configured = self.limit.capacity
        return configured if self.told_capacity is None else min(configured, self.told_capacity)

    def measure(self, reserved: Mapping[Lane, float]) -> None:
        """Reckon each lane's room; at least one unit, or a tiny window would be closed to it."""
        share = 0.0
        for lane in Lane:
            # What is kept from a lane is kept from all less urgent ones.
            share = max(share, reserved.get(lane, 0.0))
            # Rounded first, since 1 - 0.3 is a little less than 0.7.
            self.room[lane] = max(1, math.floor(round(self.capacity * (1 - share), 6)))

    def guessed_room(self, lane: Lane) -> int:
        """What a lane may use while the guess stands."""
        if self.limit.period_ns > LONGEST_FULL_NS:
            return max(1, self.room[lane] // 2)
        return max(1, int(self.capacity * CANCEL_ROOM)) if lane is Lane.CANCEL else 0

    def free_at(self, amount: int, lane: Lane, now_ns: int) -> int:
        """The earliest time, `now_ns` or later, at which the lane finds room for `amount`."""
        free_at = self.counter.falls_to(self.room[lane] - amount, now_ns)
        if now_ns >= self.guess_until_ns:
            return free_at
        free_at = max(free_at, self.guess_until_ns)
        guessed = self.guessed_room(lane) - amount
        return free_at if guessed < 0 else min(free_at, self.counter.falls_to(guessed, now_ns))

    def told_used(self, told: LimitReport) -> int | None:
        """The exchange's count, the larger one if it tells it in two ways; None if in none."""
        used = [] if told.used is None else [told.used]
        if told.remaining is not None:
            used.append(self.capacity - told.remaining)
        return max(0, *used) if used else None

    def state(self, now_ns: int) -> WindowState:
        """How full it is."""
        return WindowState(
            name=self.limit.name,
            used=self.counter.used(now_ns),
            capacity=self.capacity,
            period_ns=self.limit.period_ns,
            is_guess=now_ns < self.guess_until_ns,
        )
