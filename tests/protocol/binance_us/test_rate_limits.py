"""Rate limits as `exchangeInfo` tells them: windows of the calendar, and which are none."""

from typing import Any

import pytest

from tests.support.binance_us import payload
from venuetree.protocol.exchanges.binance_us.instruments import limits_from, window_name
from venuetree.protocol.port import LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

LIMITS = payload("rest_exchange_info")["rateLimits"]


def test_the_limits_are_windows_of_the_calendar() -> None:
    """As captured: weight a minute, orders ten seconds and a day, requests five minutes."""
    calendar = WindowKind.CALENDAR

    assert limits_from(LIMITS) == (
        LimitWindow("weight_1m", 6000, 60 * SECOND, calendar),
        LimitWindow("orders_10s", 100, 10 * SECOND, calendar),
        LimitWindow("orders_1d", 200000, 86_400 * SECOND, calendar),
        LimitWindow("raw_5m", 300000, 300 * SECOND, calendar),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"rateLimitType": "CONNECTIONS"},
        {"interval": "FORTNIGHT"},
        {"intervalNum": 0},
        {"limit": 0},
        {"limit": -1},
    ],
)
def test_a_limit_that_cannot_be_counted_is_none(fields: dict[str, Any]) -> None:
    """Without hiding the next."""
    assert limits_from([{**LIMITS[0], **fields}, LIMITS[1]]) == limits_from([LIMITS[1]])


@pytest.mark.parametrize("fields", [{"limit": "6000"}, {"intervalNum": None}, {"interval": 1}])
def test_a_limit_of_another_shape_is_malformed(fields: dict[str, Any]) -> None:
    """It must not be taken for none."""
    with pytest.raises(TypeError):
        limits_from([{**LIMITS[0], **fields}])


@pytest.mark.parametrize(
    ("kind", "count", "interval", "name"),
    [
        ("REQUEST_WEIGHT", 1, "MINUTE", "weight_1m"),
        ("ORDERS", 10, "SECOND", "orders_10s"),
        ("ORDERS", 1, "DAY", "orders_1d"),
        ("RAW_REQUESTS", 5, "MINUTE", "raw_5m"),
        ("REQUEST_WEIGHT", 2, "HOUR", "weight_2h"),
        ("CONNECTIONS", 1, "MINUTE", None),
        ("ORDERS", 1, "WEEK", None),
    ],
)
def test_windows_have_the_names_that_the_headers_use(
    kind: str, count: int, interval: str, name: str | None
) -> None:
    """So that the counts of replies find them."""
    assert window_name(kind, count, interval) == name
