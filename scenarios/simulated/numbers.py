"""Wire text of decimals and times, and the strict reading of both."""

import re
from datetime import UTC, datetime
from decimal import Context, Decimal

_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,30})?")
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")

NANOSECONDS = 1_000_000_000

_WIDE = Context(prec=100)
"""Room for the quotient of any two numbers that a client may send."""


def plain(value: Decimal) -> str:
    """The decimal in plain notation without trailing zeros: ``Decimal("1.50")`` is ``"1.5"``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def parse_decimal(value: object) -> Decimal | None:
    """The decimal that wire text spells, None for anything that is not plain notation."""
    if not isinstance(value, str) or _DECIMAL.fullmatch(value) is None:
        return None
    return Decimal(value)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of `step` that is not above `value`."""
    return _WIDE.multiply(_WIDE.divide_int(value, step), step)


def on_grid(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a multiple of `step`."""
    return _WIDE.remainder(value, step) == 0


def rfc3339(time_ns: int, *, digits: int = 9) -> str:
    """UTC time text, cut to `digits` fractional digits, trailing zeros trimmed as Go does."""
    seconds, fraction = divmod(time_ns, NANOSECONDS)
    stem = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    decimals = f"{fraction:09d}"[:digits].rstrip("0")
    return f"{stem}.{decimals}Z" if decimals else f"{stem}Z"


def parse_rfc3339(text: object) -> int | None:
    """Nanoseconds since the epoch of an RFC 3339 text, None if it is no such text."""
    if not isinstance(text, str):
        return None
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    stem, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(stem + ("+00:00" if zone == "Z" else zone))
    except ValueError:
        return None
    return int(moment.timestamp()) * NANOSECONDS + int((fraction or "0").ljust(9, "0"))
