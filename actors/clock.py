"""Where "now" comes from: a parameter, never the module level.

Every time in the engine is integer nanoseconds since 1970 UTC. Deadlines and sleeps use
`anyio.current_time()`; a `Clock` only stamps.
"""

import time
from typing import Protocol

import anyio
from attrs import define, field, frozen

__all__ = ["Clock", "LoopClock", "SystemClock"]

NANOSECONDS = 1_000_000_000


class Clock(Protocol):
    """Tells our time."""

    def now_ns(self) -> int:
        """Nanoseconds since 1970 UTC; never less than the call before."""
        ...


@define
class SystemClock:
    """The wall clock read once, then advanced by the monotonic one.

    A step of the wall clock (NTP, a suspended laptop's correction) therefore never turns time
    back; what offset remains to an exchange's clock is the auth actor's to know.
    """

    _anchor_ns: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._anchor_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        """Nanoseconds since 1970 UTC, never going back."""
        return self._anchor_ns + time.monotonic_ns()


@frozen
class LoopClock:
    """The running loop's clock counted from `base_ns`, for tests in virtual time.

    Attributes:
        base_ns: what the clock shows when the loop's own clock shows `origin`.
        origin: seconds of `anyio.current_time()` that count as zero.
    """

    base_ns: int
    origin: float = 0.0

    def now_ns(self) -> int:
        """`base_ns` and what has passed on the loop; needs a running loop."""
        return self.base_ns + round((anyio.current_time() - self.origin) * NANOSECONDS)
