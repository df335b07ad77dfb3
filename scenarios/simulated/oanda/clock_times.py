"""Times as this exchange reads and writes them."""

import re
from datetime import UTC, datetime

from venuetree.scenarios.simulated.numbers import NANOSECONDS, parse_rfc3339
from venuetree.scenarios.simulated.oanda.hours import NEW_YORK

__all__ = ["parse_time", "time_text"]

_NO_ZONE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?")
_UNIX = re.compile(r"(\d{1,11})(?:\.(\d{1,9}))?")


def time_text(time_ns: int) -> str:
    """RFC 3339 in UTC, always with nine fractional digits and ``Z``."""
    seconds, fraction = divmod(time_ns, NANOSECONDS)
    stem = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stem}.{fraction:09d}Z"


def parse_time(text: object) -> int | None:
    """Nanoseconds of RFC 3339 or of UNIX seconds, None for any other text.

    A time without a zone is New York's, as the real server reads it.
    """
    if not isinstance(text, str):
        return None
    unix = _UNIX.fullmatch(text)
    if unix is not None:
        return int(unix[1]) * NANOSECONDS + int((unix[2] or "0").ljust(9, "0"))
    local = _NO_ZONE.fullmatch(text)
    if local is None:
        return parse_rfc3339(text)
    try:
        moment = datetime.fromisoformat(local[1]).replace(tzinfo=NEW_YORK)
    except ValueError:
        return None
    return int(moment.timestamp()) * NANOSECONDS + int((local[2] or "0").ljust(9, "0"))
