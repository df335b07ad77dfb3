"""How an exchange limits requests, and which of ours go first."""

from enum import Enum, IntEnum

from attrs import frozen

__all__ = ["Cost", "Lane", "LimitReport", "LimitWindow", "WindowKind"]


class Lane(IntEnum):
    """Who goes first at the rate gate; a lower lane is more urgent and has reserved room."""

    CANCEL = 0
    #: What is true of orders: of one whose outcome is unknown, of all after a stream was lost.
    RESOLVE = 1
    PLACE = 2
    #: What the engine must know beside that: a book to begin with, the clock, the instruments.
    UPKEEP = 3
    #: What hosts ask.
    DATA = 4


class WindowKind(Enum):
    """How an exchange counts."""

    #: Any interval of the window's length holds at most `capacity`.
    SLIDING = "sliding"
    #: Counters fall back to zero at multiples of the period since 1970 UTC.
    CALENDAR = "calendar"


@frozen
class LimitWindow:
    """At most `capacity` of cost in `period_ns`."""

    name: str
    capacity: int
    period_ns: int
    kind: WindowKind


@frozen
class Cost:
    """What a request takes from a window."""

    window: str
    amount: int = 1


@frozen
class LimitReport:
    """What a reply said about a window: `used` of `capacity`, each None if untold."""

    window: str
    used: int | None = None
    remaining: int | None = None
    capacity: int | None = None
