"""What a rate limiter is told at its beginning, and what it answers."""

from enum import Enum

from attrs import frozen

__all__ = ["Admitted", "LimiterState", "Start", "Wait", "WindowState"]


class Start(Enum):
    """What a limiter believes was spent before it began."""

    #: Nothing: this is the first one.
    FRESH = "fresh"
    #: Everything: one before it died, and its books with it.
    AFTER_CRASH = "after_crash"


@frozen
class Admitted:
    """The cost is spent. `permit` names the grant, to take it back or report on it."""

    permit: int
    granted_time_ns: int


@frozen
class Wait:
    """Not now. Asking before `until_ns` is useless; then it is granted if nobody came before.

    `windows` are those without room; empty if everything is silent.
    """

    until_ns: int
    windows: tuple[str, ...] = ()


@frozen
class WindowState:
    """How full a window is; `is_guess` until the books are right again after a crash."""

    name: str
    used: int
    capacity: int
    period_ns: int
    is_guess: bool = False


@frozen
class LimiterState:
    """All windows, and until when nothing may be asked at all (None if it may)."""

    windows: tuple[WindowState, ...]
    silent_until_ns: int | None
