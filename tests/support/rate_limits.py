"""What the rate limiter's tests share: windows, a limiter, and questions to it."""

from venuetree.protocol.limit_answers import Admitted, Start, Wait
from venuetree.protocol.limits import RateLimiter
from venuetree.protocol.port import Cost, Lane, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

__all__ = ["NOW", "ask", "calendar", "limiter", "sliding", "spend", "used"]

#: A multiple of a minute: calendar windows of up to a minute begin here.
NOW = 1_700_000_040 * SECOND


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
