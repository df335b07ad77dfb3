"""The two ways to write times, of which a request chooses one for its answer.

Everything inside is RFC 3339; an answer is rewritten at the very end.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from venuetree.scenarios.simulated.numbers import NANOSECONDS, parse_rfc3339
from venuetree.scenarios.simulated.oanda.clock_times import parse_time, time_text

__all__ = ["DatetimeFormat", "wanted_format", "with_plain_times", "with_times"]

_HEADER = "accept-datetime-format"
_TIME_NAME = re.compile(r"time|timestamp|from|to|\w+(Time|Timestamp)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{9})?Z")


class DatetimeFormat(Enum):
    """The values of the header."""

    RFC3339 = "RFC3339"
    UNIX = "UNIX"


def wanted_format(headers: Mapping[str, str]) -> DatetimeFormat:
    """What a request asks for; anything unknown is the usual one."""
    asked = headers.get(_HEADER, "").strip().upper()
    return DatetimeFormat.UNIX if asked == "UNIX" else DatetimeFormat.RFC3339


def with_times(value: Any, wanted: DatetimeFormat) -> Any:
    """The JSON value with its times as they are wanted; only members with a time's name count."""
    return value if wanted is DatetimeFormat.RFC3339 else _to_unix(value)


def _to_unix(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _unix(each)
            if isinstance(each, str) and _TIME_NAME.fullmatch(name) and _TIME.fullmatch(each)
            else _to_unix(each)
            for name, each in value.items()
        }
    return [_to_unix(each) for each in value] if isinstance(value, list) else value


def _unix(text: str) -> str:
    time_ns = parse_rfc3339(text) or 0
    seconds, fraction = divmod(time_ns, NANOSECONDS)
    return f"{seconds}.{fraction:09d}" if "." in text else str(seconds)


def with_plain_times(value: Any) -> Any:
    """The JSON value of a request with each `gtdTime` as RFC 3339, if it can be read at all."""
    if isinstance(value, dict):
        return {
            name: _plain(each) if name == "gtdTime" else with_plain_times(each)
            for name, each in value.items()
        }
    return value


def _plain(text: Any) -> Any:
    time_ns = parse_time(text)
    return text if time_ns is None else time_text(time_ns)
