"""The clock of a world's engines, which a scenario can put wrong or break."""

from collections.abc import Callable

from attrs import define

from venuetree.actors.clock import LoopClock

__all__ = ["BASE_NS", "WorldClock"]

#: Our clock when a world begins: some minutes into an hour, no boundary of any window.
BASE_NS = 1_788_540_437 * 1_000_000_000
_NANOSECONDS = 1_000_000_000


@define(eq=False)
class WorldClock:
    """The engine's clock: true, until a scenario puts it wrong."""

    true: LoopClock
    #: Called before each reading; a scenario makes it raise, to break whoever looks.
    check: Callable[[], object] = lambda: None
    _off_ns: int = 0

    def now_ns(self) -> int:
        """Nanoseconds since 1970 UTC, as the engine believes."""
        self.check()
        return self.true.now_ns() + self._off_ns

    def jump(self, seconds: float) -> None:
        """Be ahead by so much more from now on, or behind."""
        self._off_ns += int(seconds * _NANOSECONDS)
