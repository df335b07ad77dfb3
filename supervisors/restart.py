"""What to do about a child that ended: a pure function of policy, history, error and time."""

from __future__ import annotations

from enum import Enum, auto
from typing import TypeAlias

from attrs import frozen

from venuetree.supervisors.errors import find_unrecoverable


class Restart(Enum):
    """Whether a child that ended by itself is started again."""

    PERMANENT = auto()
    """Always."""
    TRANSIENT = auto()
    """After an error; if it returned, it is done and stays listed."""
    TEMPORARY = auto()
    """Never; it is forgotten when it ends, even as a bystander of a group restart."""


class Unrecoverably(Enum):
    """What a supervisor does about a child whose error says that no restart can help."""

    ESCALATE = auto()
    """Give up at once."""
    STAY_STOPPED = auto()
    """Leave the child stopped, its error shown, until it is told to start again."""


@frozen
class Backoff:
    """How long to wait before a restart, in seconds; doubles (`factor`) up to `max`.

    `jitter` spreads the delay by that fraction either way. The count of failures starts anew when
    the child has been healthy for `reset_after`.
    """

    min: float = 0.5
    max: float = 60.0
    factor: float = 2.0
    jitter: float = 0.2
    reset_after: float = 30.0

    def __attrs_post_init__(self) -> None:
        """Raise ValueError for a delay that could be negative, shrink, or never be reset."""
        if not 0 <= self.min <= self.max:
            msg = f"backoff needs 0 <= min <= max, not {self.min} and {self.max}"
            raise ValueError(msg)
        if not self.factor >= 1 or not 0 <= self.jitter <= 1 or not self.reset_after >= 0:
            msg = "backoff needs factor >= 1, 0 <= jitter <= 1 and reset_after >= 0"
            raise ValueError(msg)

    def delay(self, failures: int, draw: float) -> float:
        """Seconds to wait after `failures` failures before this one; `draw` is in [0, 1).

        Clamped to `max` after the jitter too.
        """
        try:
            raw = min(self.max, self.min * self.factor**failures)
        except OverflowError:
            raw = self.max
        return min(self.max, raw * (1 + self.jitter * (2 * draw - 1)))


@frozen
class RestartPolicy:
    """What is asked of one child: its own restart and backoff, its supervisor's intensity."""

    restart: Restart
    backoff: Backoff
    intensity: float
    period: float
    unrecoverably: Unrecoverably = Unrecoverably.ESCALATE
    unrecoverable: tuple[type[Exception], ...] = ()


@frozen
class History:
    """What happened so far: the child's failures in a row, the supervisor's recent restarts.

    `healthy_for` is the longest while, in seconds, for which the incarnation that ended was
    healthy, None if it never was; times are seconds too.
    """

    failures: int
    restarts: tuple[float, ...]
    healthy_for: float | None


@frozen
class StartAgain:
    """Start the child (and its group) again after `delay` seconds; the history to keep."""

    delay: float
    failures: int
    restarts: tuple[float, ...]


@frozen
class StayStopped:
    """Leave the child stopped, but listed."""


@frozen
class Forget:
    """Drop the child from the list."""


class Reason(Enum):
    """Why a supervisor gives up."""

    UNRECOVERABLE = auto()
    TOO_MANY_RESTARTS = auto()


@frozen
class GiveUp:
    """Stop all children and fail upward."""

    reason: Reason


Decision: TypeAlias = StartAgain | StayStopped | Forget | GiveUp


def decide(
    policy: RestartPolicy,
    history: History,
    error: BaseException | None,
    now: float,
    *,
    draw: float,
) -> Decision:
    """What to do about a child that returned (`error` is None) or raised, unasked.

    A restart counts against the intensity when it is decided: more than `intensity` within
    `period` seconds and the supervisor gives up. A group restart is one.
    """
    if error is not None and find_unrecoverable(error, policy.unrecoverable) is not None:
        match policy.unrecoverably:
            case Unrecoverably.ESCALATE:
                return GiveUp(Reason.UNRECOVERABLE)
            case Unrecoverably.STAY_STOPPED:
                return StayStopped()
    match policy.restart:
        case Restart.TEMPORARY:
            return Forget()
        case Restart.TRANSIENT if error is None:
            return StayStopped()
        case _:
            return _again(policy, history, now, draw)


def _again(policy: RestartPolicy, history: History, now: float, draw: float) -> Decision:
    recent = tuple(at for at in history.restarts if now - at <= policy.period)
    if len(recent) >= policy.intensity:
        return GiveUp(Reason.TOO_MANY_RESTARTS)
    backoff, well = policy.backoff, history.healthy_for
    healthy = well is not None and well >= backoff.reset_after
    failures = 0 if healthy else history.failures
    return StartAgain(backoff.delay(failures, draw), failures + 1, (*recent, now))
