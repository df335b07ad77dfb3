"""Where candles begin and end: fixed spans of the clock, or aligned to days, weeks and months."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs

from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.hours import NEW_YORK, local, to_ns

__all__ = ["GRANULARITIES", "Alignment", "span", "usual_span_ns"]

_FIXED_S = {
    **{f"S{number}": number for number in (5, 10, 15, 30)},
    **{f"M{number}": number * 60 for number in (1, 2, 4, 5, 10, 15, 30)},
    "H1": 3600,
}
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_ALIGNED_S = {
    **{f"H{number}": number * _HOUR_S for number in (2, 3, 4, 6, 8, 12)},
    "D": _DAY_S,
    "W": 7 * _DAY_S,
    "M": 30 * _DAY_S,
}
_WEEK = 7

GRANULARITIES = (*_FIXED_S, *_ALIGNED_S)


@attrs.frozen
class Alignment:
    """What candles longer than an hour are aligned to; `weekday` counts from Monday."""

    hour: int = 17
    zone: ZoneInfo = NEW_YORK
    weekday: int = 4


def usual_span_ns(granularity: str) -> int:
    """How long such a candle usually is; clock changes and months make some differ."""
    return (_FIXED_S.get(granularity) or _ALIGNED_S[granularity]) * NANOSECONDS


def span(granularity: str, time_ns: int, alignment: Alignment) -> tuple[int, int]:
    """When the candle that covers a time begins, and when the next one does."""
    length_ns = usual_span_ns(granularity)
    if granularity in _FIXED_S:
        start_ns = time_ns - time_ns % length_ns
        return start_ns, start_ns + length_ns
    if granularity == "W":
        return _days(time_ns, alignment, weekly=True)
    if granularity == "M":
        return _month(time_ns, alignment)
    day_ns, end_ns = _days(time_ns, alignment, weekly=False)
    start_ns = day_ns + (time_ns - day_ns) // length_ns * length_ns
    # A day of 23 or 25 hours does not divide: its last candle ends with it, or is one more.
    return start_ns, min(start_ns + length_ns, end_ns)


def _at(day: datetime, alignment: Alignment) -> datetime:
    return datetime.combine(day.date(), time(alignment.hour), alignment.zone)


def _days(time_ns: int, alignment: Alignment, *, weekly: bool) -> tuple[int, int]:
    """The day, or the week, that a time is in."""
    moment, length = local(time_ns, alignment.zone), _WEEK if weekly else 1
    back = (moment.weekday() - alignment.weekday) % _WEEK if weekly else 0
    start = _at(moment - timedelta(days=back), alignment)
    if start > moment:
        start = _at(start - timedelta(days=length), alignment)
    return to_ns(start), to_ns(_at(start + timedelta(days=length), alignment))


def _month(time_ns: int, alignment: Alignment) -> tuple[int, int]:
    """The month that a time is in; its first day begins on the evening before."""
    # Where days do not begin at midnight, the day that has a date began on the eve.
    eve = timedelta(days=1 if alignment.hour else 0)
    moment = local(time_ns, alignment.zone)
    first = moment.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    if _at(following - eve, alignment) <= moment:
        first, following = following, (following + timedelta(days=32)).replace(day=1)
    return to_ns(_at(first - eve, alignment)), to_ns(_at(following - eve, alignment))
