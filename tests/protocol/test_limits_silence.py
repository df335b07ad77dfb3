"""The rate limiter: silence that the exchange asks for."""

from tests.support.rate_limits import NOW, ask, limiter, sliding
from venuetree.protocol.limit_answers import Admitted, Wait
from venuetree.protocol.limits import CALM_NS, RateLimiter
from venuetree.protocol.port import Lane
from venuetree.protocol.timestamps import SECOND


def test_silence_holds_for_cancels_too() -> None:
    """A 418 means everything; going on earns a longer ban."""
    limits = limiter(sliding(10))
    limits.silence(NOW + 120 * SECOND)
    limits.silence(NOW + 5 * SECOND)

    assert ask(limits, NOW, lane=Lane.CANCEL) == Wait(NOW + 120 * SECOND, ())
    assert limits.state(NOW).silent_until_ns == NOW + 120 * SECOND
    assert isinstance(ask(limits, NOW + 120 * SECOND, lane=Lane.CANCEL), Admitted)


def silences(limits: RateLimiter, times: int, now_ns: int) -> list[int]:
    """Be refused again as soon as each silence is over; the lengths of the silences."""
    lengths = []
    for _ in range(times):
        limits.refused(now_ns, sent_time_ns=now_ns)
        until_ns = limits.state(now_ns).silent_until_ns or now_ns
        lengths.append((until_ns - now_ns) // SECOND)
        now_ns = until_ns + 1
    return lengths


def test_refusals_without_a_time_grow_the_silence_to_a_bound() -> None:
    """One second, twice as much each, a minute at the most."""
    assert silences(limiter(sliding(10)), 8, NOW) == [1, 2, 4, 8, 16, 32, 60, 60]


def test_refusals_of_requests_under_way_do_not_grow_the_silence() -> None:
    """Eight answers of 429 to eight requests sent together are one refusal."""
    limits = limiter(sliding(10))
    for _ in range(8):
        limits.refused(NOW + 5, sent_time_ns=NOW + 1)

    assert limits.state(NOW + 5).silent_until_ns == NOW + 5 + SECOND


def test_the_silence_begins_anew_after_a_calm() -> None:
    """A refusal a minute after the last silence's end is a first one."""
    limits = limiter(sliding(10))
    silences(limits, 3, NOW)
    later = NOW + 10 * SECOND + CALM_NS

    assert silences(limits, 2, later) == [1, 2]
