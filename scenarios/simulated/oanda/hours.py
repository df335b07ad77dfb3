"""When the market is open, and the New York clock by which it keeps its days."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from venuetree.scenarios.simulated.numbers import NANOSECONDS

__all__ = ["NEW_YORK", "local", "market_open", "next_day_end_ns", "to_ns"]

NEW_YORK = ZoneInfo("America/New_York")

_DAY_ENDS = time(17)
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def local(time_ns: int, zone: ZoneInfo = NEW_YORK) -> datetime:
    """The wall clock of a zone at a moment, in whole seconds."""
    return datetime.fromtimestamp(time_ns // NANOSECONDS, UTC).astimezone(zone)


def to_ns(moment: datetime) -> int:
    """The moment as nanoseconds since the epoch; its fraction of a second is dropped."""
    return int(moment.timestamp()) * NANOSECONDS


def market_open(time_ns: int) -> bool:
    """Whether currencies trade: from Sunday 17:00 to Friday 17:00, New York time."""
    moment = local(time_ns)
    day, clock = moment.weekday(), moment.time()
    if day == _FRIDAY:
        return clock < _DAY_ENDS
    if day == _SUNDAY:
        return clock >= _DAY_ENDS
    return day != _SATURDAY


def next_day_end_ns(time_ns: int) -> int:
    """The first 17:00 in New York after a moment: orders for the day end, financing is charged."""
    moment = local(time_ns)
    end = datetime.combine(moment.date(), _DAY_ENDS, NEW_YORK)
    if to_ns(end) <= time_ns:
        end = datetime.combine(moment.date() + timedelta(days=1), _DAY_ENDS, NEW_YORK)
    return to_ns(end)
