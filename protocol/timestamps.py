"""Wire times to integer nanoseconds since 1970 UTC, and back.

RFC 3339 with 0 to 9 fractional digits is parsed by hand: the standard library cuts
nanoseconds. The seconds are remembered by their text, since one second's messages share them.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from venuetree.protocol.numbers import decimal_from, multiply

__all__ = [
    "MILLISECOND",
    "SECOND",
    "from_milliseconds",
    "from_rfc3339",
    "from_seconds",
    "optional_rfc3339",
    "to_rfc3339",
    "to_seconds",
]

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
#: What a fraction of so many digits is multiplied by.
_SCALES: Final[tuple[int, ...]] = (0, *(int(10 ** (9 - digits)) for digits in range(1, 10)))
_SECONDS_LENGTH: Final = len("2026-10-05T09:30:00")
_FRACTION_DIGITS: Final = 9

_match: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII
).fullmatch
_match_offset: Final = re.compile(r"([+-])([0-9]{2}):([0-9]{2})", re.ASCII).fullmatch


class _Starts(dict[str, int]):
    """When seconds begin, in nanoseconds since 1970, by their text: a bounded memory."""

    __slots__ = ()
    LIMIT: Final = 4096

    def __missing__(self, text: str) -> int:
        found = _match(text)
        if found is None:
            message = f"not a time: {text!r}"
            raise ValueError(message)
        year, month, day, hour, minute, second = map(int, found.groups())
        # 60 is a leap second, told as the first of the next minute.
        if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004
            message = f"not a time: {text!r}"
            raise ValueError(message)
        days = date(year, month, day).toordinal() - _EPOCH_DAY
        value = (((days * 24 + hour) * 60 + minute) * 60 + second) * SECOND
        if len(self) >= self.LIMIT:
            self.clear()
        self[text] = value
        return value


_starts: Final = _Starts()

#: The zero value of Go's times: "none" wherever a field may have none.
_ZERO: Final = "0001-01-01T00:00:00Z"


def from_rfc3339(text: Any) -> int:
    """Nanoseconds of an RFC 3339 time, before 1970 negative.

    `ValueError` if the text is none, `TypeError` if it is no text.
    """
    if text.__class__ is not str:
        message = f"a time must be text, not {text!r:.40}"
        raise TypeError(message)
    seconds, _, fraction = text.partition(".")
    if fraction[-1:] == "Z":
        # As exchanges write it, nearly always.
        fraction = fraction[:-1]
        digits = len(fraction)
        if digits <= _FRACTION_DIGITS and fraction.isdigit() and fraction.isascii():
            return _starts[seconds] + int(fraction) * _SCALES[digits]
    start: int = _starts[text[:_SECONDS_LENGTH]]
    rest = text[_SECONDS_LENGTH:]
    return start if rest == "Z" else start + _from_rest(rest, text)


def _from_rest(rest: str, text: str) -> int:
    """Fraction and offset of the spellings that are seldom seen."""
    fraction = 0
    if rest.startswith("."):
        digits = re.match(r"[0-9]+", rest[1:], re.ASCII)
        if digits is None or len(digits[0]) > _FRACTION_DIGITS:
            message = f"not a time: {text[:64]!r}"
            raise ValueError(message)
        fraction = int(digits[0]) * _SCALES[len(digits[0])]
        rest = rest[1 + len(digits[0]) :]
    if rest in {"Z", "z"}:
        return fraction
    offset = _match_offset(rest)
    if offset is None:
        message = f"not a time: {text[:64]!r}"
        raise ValueError(message)
    sign, hours, minutes = offset.groups()
    ahead = (int(hours) * 60 + int(minutes)) * 60 * SECOND
    return fraction + (ahead if sign == "-" else -ahead)


def optional_rfc3339(text: Any) -> int | None:
    """As `from_rfc3339`; None for None, `""` and the zero time 0001-01-01."""
    if text is None or text == "" or text == _ZERO:  # noqa: PLR1714 - text may be unhashable
        return None
    value = from_rfc3339(text)
    return None if value == _starts[_ZERO[:-1]] else value


def to_rfc3339(time_ns: int) -> str:
    """`2026-10-05T09:30:00.123456789Z`, trailing zeros of the fraction trimmed."""
    seconds, fraction = divmod(time_ns, SECOND)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    text = moment.strftime("%m-%dT%H:%M:%S")
    decimals = f".{fraction:09d}".rstrip("0") if fraction else ""
    # The year by hand: `%Y` does not pad on every platform.
    return f"{moment.year:04d}-{text}{decimals}Z"


def from_seconds(text: Any) -> int:
    """Nanoseconds of UNIX seconds as decimal text, with or without a fraction."""
    if type(text) is int:
        return text * SECOND
    value = multiply(decimal_from(text), Decimal(SECOND))
    whole = int(value)
    if whole != value:
        message = f"finer than a nanosecond: {text!r}"
        raise ValueError(message)
    return whole


def from_milliseconds(value: Any) -> int:
    """Nanoseconds of UNIX milliseconds, an integer or its text."""
    if type(value) is int:
        return value * MILLISECOND
    if type(value) is str and value.isascii() and value.isdigit():
        return int(value) * MILLISECOND
    message = f"not milliseconds: {value!r}"
    raise ValueError(message)


def to_seconds(time_ns: int) -> int:
    """Whole UNIX seconds, rounded down."""
    return time_ns // SECOND
