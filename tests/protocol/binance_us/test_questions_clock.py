"""The exchange's clock: how it is asked for, and which answer is the best."""

from typing import Any

import pytest

from tests.support.binance_us import NOW_MS, NOW_NS, reply, talk
from tests.support.binance_us_questions import question
from venuetree.protocol.commands import FetchServerTime
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.port import ClockReading, RestReply

MS = 1_000_000


def clock(milliseconds: int, way_ns: int) -> RestReply:
    """The clock's reading, over so long a way."""
    body = b'{"serverTime":%d}' % milliseconds
    return RestReply(200, {}, body, NOW_NS - way_ns, NOW_NS)


def test_the_clock_is_read_three_times_and_the_shortest_way_is_the_best() -> None:
    """Each reading is told: whoever signs takes the best of them, too."""
    readings = [clock(NOW_MS + 1, 50), clock(NOW_MS + 2, 10), clock(NOW_MS + 3, 30)]
    conversation = talk(*readings)

    assert conversation.ask(FetchServerTime()) == (NOW_MS + 2) * MS
    assert conversation.requests == [question("server_time", "time", weight=1)] * 3
    assert conversation.news == [
        ClockReading((NOW_MS + 1) * MS, NOW_NS - 50, NOW_NS),
        ClockReading((NOW_MS + 2) * MS, NOW_NS - 10, NOW_NS),
        ClockReading((NOW_MS + 3) * MS, NOW_NS - 30, NOW_NS),
    ]


@pytest.mark.parametrize("body", [{}, {"serverTime": "1"}, {"serverTime": 1.5}, b"", b"[]"])
def test_a_clock_that_cannot_be_read_is_an_error(body: Any) -> None:
    """Nothing is told by it."""
    conversation = talk(reply(body))
    with pytest.raises(RemoteProtocolError):
        conversation.ask(FetchServerTime())

    assert conversation.news == []
