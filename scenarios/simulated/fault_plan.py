"""The faults given to one exchange: which of them fires now, and how often it did."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TypeVar

import attrs

from venuetree.scenarios.faults import Fault

_F = TypeVar("_F", bound=Fault)


def matches(pattern: str, *names: str) -> bool:
    """Whether any of the names fits the shell pattern."""
    return any(fnmatchcase(name, pattern) for name in names)


@attrs.define(eq=False)
class ScheduledFault:
    """A fault that waits for its moment; `fired` counts how often that came."""

    fault: Fault
    fired: int = 0
    _passed: int = 0
    _removed: bool = False

    @property
    def active(self) -> bool:
        """Whether it can still fire."""
        times = self.fault.times
        return not self._removed and (times is None or self.fired < times)

    def remove(self) -> None:
        """Let it never fire again."""
        self._removed = True

    def hit(self) -> bool:
        """Note a match; true if the fault fires on it."""
        if self._passed < self.fault.after:
            self._passed += 1
            return False
        self.fired += 1
        return True


@attrs.define(eq=False)
class FaultPlan:
    """The faults given to one exchange, oldest first; `report` hears of each firing."""

    report: Callable[[Fault, str], None]
    _scheduled: list[ScheduledFault] = attrs.field(factory=list, init=False)

    def add(self, fault: Fault) -> ScheduledFault:
        """Schedule a fault; the value returned counts its firings and can call it off."""
        scheduled = ScheduledFault(fault)
        self._scheduled.append(scheduled)
        return scheduled

    def clear(self) -> None:
        """Call all faults off."""
        for scheduled in self._scheduled:
            scheduled.remove()
        self._scheduled = []

    def take(self, kind: type[_F], hit: str, fits: Callable[[_F], bool]) -> _F | None:
        """The fault of this kind that fires on `hit` now, or None."""
        for scheduled in self._scheduled:
            fault = scheduled.fault
            if isinstance(fault, kind) and scheduled.active and fits(fault) and scheduled.hit():
                self._scheduled = [each for each in self._scheduled if each.active]
                self.report(fault, hit)
                return fault
        return None

    def standing(self, kind: type[_F]) -> _F | None:
        """The first active fault of a kind that works for as long as it stays; nothing fires."""
        for scheduled in self._scheduled:
            if isinstance(scheduled.fault, kind) and scheduled.active:
                return scheduled.fault
        return None
