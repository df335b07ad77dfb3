"""Times keep their nanoseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import times_ns
from venuetree.protocol.timestamps import (
    SECOND,
    from_milliseconds,
    from_rfc3339,
    from_seconds,
    optional_rfc3339,
    to_rfc3339,
    to_seconds,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("2026-10-05T09:30:00.123456789Z", 1_791_192_600_123_456_789),
        ("2026-10-05T09:30:00.1Z", 1_791_192_600_100_000_000),
        ("2026-10-05T09:30:00.000000001Z", 1_791_192_600_000_000_001),
        ("2026-10-05T11:30:00.5+02:00", 1_791_192_600_500_000_000),
        ("2026-10-05T09:30:00+00:00", 1_791_192_600_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
    ],
)
def test_rfc_3339_is_read_to_the_nanosecond(text: str, expected: int) -> None:
    """0 to 9 digits of fraction, `Z` or an offset."""
    assert from_rfc3339(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-10-05", "2026-10-05T09:30:00", "2026-10-05 09:30:00Z", "Z", ".5Z"),
        *("2026-13-05T09:30:00Z", "2026-02-30T09:30:00Z", "2026-10-05T24:00:00Z"),
        *("2026-10-05T09:30:00.Z", "2026-10-05T09:30:00.1234567890Z", "0000-01-01T00:00:00Z"),
        *("2026-10-05T09:30:00.1_2Z", "2026-10-05T09:30:00. 1Z", "2026-10-05T09:30:00.٣Z"),
        *("2026-10-05T09:30:00.+1Z", "2026-10-05T09:30:00.5", "2026-10-05T09:30:61Z", "²"),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Never a guess."""
    with pytest.raises(ValueError, match=r"."):
        from_rfc3339(text)


@pytest.mark.parametrize("value", [None, 5, 1.5, [], {}, True])
def test_what_is_no_text_is_no_time(value: object) -> None:
    """A number is refused too."""
    with pytest.raises((ValueError, TypeError)):
        from_rfc3339(value)


@given(times_ns)
def test_times_survive_both_ways(time_ns: int) -> None:
    """Nanoseconds to text to nanoseconds is the same."""
    assert from_rfc3339(to_rfc3339(time_ns)) == time_ns


@given(st.integers(0, 4 * 10**9), st.integers(0, 9), st.data())
def test_any_number_of_fractional_digits_survives(
    second: int, digits: int, data: st.DataObject
) -> None:
    """`.5` and `.500000000` are the same instant."""
    fraction = data.draw(st.integers(0, 10**digits - 1)) if digits else 0
    whole = to_rfc3339(second * SECOND)[:-1]
    text = f"{whole}.{fraction:0{digits}d}Z" if digits else f"{whole}Z"

    assert from_rfc3339(text) == second * SECOND + fraction * 10 ** (9 - digits)


def test_the_zero_time_means_none() -> None:
    """Go's zero value stands for "no time"."""
    assert optional_rfc3339("0001-01-01T00:00:00Z") is None
    assert optional_rfc3339("0001-01-01T00:00:00.000Z") is None
    assert optional_rfc3339("") is None
    assert optional_rfc3339(None) is None
    assert optional_rfc3339("1970-01-01T00:00:00Z") == 0


def test_seconds_and_milliseconds_are_text_or_integers() -> None:
    """Both spellings, fractions of seconds included, never a float."""
    assert from_seconds("1759654800") == 1_759_654_800 * SECOND
    assert from_seconds("1718114607.118204553") == 1_718_114_607_118_204_553
    assert from_seconds(5) == 5 * SECOND
    assert from_milliseconds("1759656000123") == 1_759_656_000_123_000_000
    assert from_milliseconds(1) == 1_000_000
    assert to_seconds(1_999_999_999) == 1
    for wrong in (1.5, "1e3", "", None, "1.0000000001"):
        with pytest.raises(ValueError, match=r"."):
            from_seconds(wrong)
    for wrong in (1.5, "1.5", "", None, "²"):
        with pytest.raises(ValueError, match=r"."):
            from_milliseconds(wrong)
