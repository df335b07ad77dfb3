"""What replies say of the limits: what is used, which window is full, and how long to be silent."""

from typing import Any

import pytest

from tests.support.binance_us import NOW_NS, error, reply
from tests.support.binance_us_refusals import ASK, TOO_MUCH, refused
from venuetree.protocol.commands import FetchServerTime
from venuetree.protocol.errors import RateLimited
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.port import LimitReport, RestReply
from venuetree.protocol.timestamps import SECOND

MS = 1_000_000
CODEC = BinanceUsRest()


@pytest.mark.parametrize(
    ("headers", "reports"),
    [
        ({"x-mbx-used-weight-1m": "21"}, (LimitReport("weight_1m", used=21),)),
        ({"x-mbx-used-weight": "21"}, ()),
        (
            {"x-mbx-order-count-10s": "3", "x-mbx-order-count-1d": "118"},
            (LimitReport("orders_10s", used=3), LimitReport("orders_1d", used=118)),
        ),
        ({"x-mbx-used-weight-2h": "0"}, (LimitReport("weight_2h", used=0),)),
        ({"x-mbx-used-weight-1m": "-1"}, ()),
        ({"x-mbx-used-weight-1m": "x"}, ()),
        ({"x-mbx-used-weight-1m": ""}, ()),
        ({"x-mbx-used-weight-1m": "٣"}, ()),
        ({"x-mbx-used-weight-1m": "9" * 5000}, ()),
        ({"x-mbx-used-weight-1w": "1"}, ()),
        ({"x-mbx-uuid": "1", "date": "1", "retry-after": "1"}, ()),
    ],
)
def test_the_headers_tell_what_is_used(
    headers: dict[str, str], reports: tuple[LimitReport, ...]
) -> None:
    """By the names of the windows."""
    assert tuple(CODEC.limits(reply({}, headers=headers))) == reports


TOO_MANY_ORDERS = "Too many new orders; current limit is {}."


@pytest.mark.parametrize(
    ("words", "report"),
    [
        ("100 orders per 10 SECOND", LimitReport("orders_10s", used=100, capacity=100)),
        ("200000 orders per 1 DAY", LimitReport("orders_1d", used=200000, capacity=200000)),
        ("5 orders per 1 FORTNIGHT", None),
        ("orders per 10 SECOND", None),
    ],
)
def test_an_order_too_many_tells_which_window_is_full(
    words: str, report: LimitReport | None
) -> None:
    """And its size; that window is closed, and everything else goes on."""
    answer = error(-1015, TOO_MANY_ORDERS.format(words), 429)

    assert tuple(CODEC.limits(answer)) == (() if report is None else (report,))
    assert CODEC.retry_after_ns(answer) is None


def test_a_text_about_a_limit_in_a_success_closes_nothing() -> None:
    """Only a 429 says that."""
    assert CODEC.limits(error(-1015, TOO_MANY_ORDERS.format("1 orders per 1 DAY"), 200)) == ()


UNTIL_MS = NOW_NS // MS + 90_000
BANNED = (
    f"Way too much request weight used; IP banned until {UNTIL_MS}. Please use WebSocket Streams"
    " for live updates to avoid bans."
)
DAY = 86_400 * SECOND


@pytest.mark.parametrize(
    ("status", "body", "headers", "silence_ns"),
    [
        (429, {"code": -1003, "msg": TOO_MUCH}, {"retry-after": "37"}, 37 * SECOND),
        (429, {"code": -1003, "msg": TOO_MUCH}, {}, 0),
        (429, b"<html>", {}, 0),
        (429, b"<html>", {"retry-after": "2"}, 2 * SECOND),
        (429, {"code": -1015, "msg": "x"}, {}, None),
        (429, {"code": -1015, "msg": "x"}, {"retry-after": "5"}, 5 * SECOND),
        (418, {"code": -1003, "msg": BANNED}, {}, 90 * SECOND),
        (418, {"code": -1003, "msg": BANNED}, {"retry-after": "120"}, 120 * SECOND),
        (418, {"code": -1003, "msg": BANNED}, {"retry-after": "Wed, 21 Oct"}, 90 * SECOND),
        (418, {"code": -1003, "msg": "banned"}, {}, 0),
        (418, {"code": -1003, "msg": "banned until 1788540399000"}, {}, SECOND),
        (418, {"code": -1003, "msg": "banned until 9999999999999"}, {}, 3 * DAY),
        (418, b"", {"retry-after": "999999999"}, 3 * DAY),
        (418, b"", {"retry-after": "-5"}, 0),
        (403, b"<html>Forbidden</html>", {}, 120 * SECOND),
        (403, b"", {}, 120 * SECOND),
        (403, {"code": -2015, "msg": "x"}, {}, None),
        (200, {}, {"retry-after": "5"}, None),
        (400, {"code": -1003, "msg": BANNED}, {}, None),
        (503, b"", {"retry-after": "5"}, None),
    ],
)
def test_how_long_everything_must_be_silent(
    status: int, body: Any, headers: dict[str, str], silence_ns: int | None
) -> None:
    """The header first, then the text; 0 where it is not said, None where nothing is asked."""
    answer = reply(body, status, headers)

    assert CODEC.retry_after_ns(answer) == silence_ns


@pytest.mark.parametrize(
    ("answer", "wait_ns"),
    [
        (reply({"code": -1003, "msg": TOO_MUCH}, 429, {"retry-after": "37"}), 37 * SECOND),
        (reply({"code": -1003, "msg": BANNED}, 418), 90 * SECOND),
        (reply({"code": -1003, "msg": TOO_MUCH}, 429), None),
        (reply({"code": -1015, "msg": "x"}, 429), None),
    ],
)
def test_a_limited_question_says_how_long_to_wait(answer: RestReply, wait_ns: int | None) -> None:
    """Where that is known."""
    for command in (ASK, FetchServerTime()):
        told = refused(command, answer)
        assert isinstance(told, RateLimited)
        assert told.retry_after_ns == wait_ns
