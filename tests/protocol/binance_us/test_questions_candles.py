"""Candles: what is asked, and what is made of the answers."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.support.binance_us import NOW_NS, payload, reply, talk
from tests.support.binance_us_questions import question
from venuetree.protocol.commands import FetchCandles
from venuetree.protocol.errors import NotSupported, RemoteProtocolError
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import Candle
from venuetree.protocol.port import FlowContext
from venuetree.protocol.timestamps import SECOND

D = Decimal
MS = 1_000_000
MINUTE_NS = 60 * SECOND
(ROW,) = payload("rest_klines")


def candle_rows(first_ms: int, count: int) -> list[list[Any]]:
    """So many minutes."""
    return [[first_ms + i * 60_000, *ROW[1:]] for i in range(count)]


def test_a_candle_is_read_whole() -> None:
    """The end of the window is not in it; over there it is."""
    conversation = talk(reply([ROW]))
    start_ns = 1788540240000 * MS
    command = FetchCandles("BTC-USD", MINUTE_NS, start_ns, start_ns + MINUTE_NS)

    assert conversation.ask(command) == (
        Candle(start_ns, D(117250), D("117301.20"), D("117249.50"), D("117290.77"), D("0.9142")),
    )
    query = "symbol=BTCUSD&interval=1m&startTime=1788540240000&endTime=1788540299999&limit=1000"
    assert conversation.requests == [question("candles", "klines", query, weight=2)]


def test_times_between_milliseconds_are_rounded_into_the_window() -> None:
    """Neither a candle before its start nor one at its end."""
    conversation = talk(reply([]))
    conversation.ask(FetchCandles("BTC-USD", MINUTE_NS, 1_000_001, 3_000_001))
    asked = dict(parse_qsl(conversation.requests[0].query))

    assert (asked["startTime"], asked["endTime"]) == ("2", "3")


def test_many_candles_take_many_requests() -> None:
    """A thousand at a time, each page after the last candle of the one before."""
    start_ms = 1788540240000
    end_ms = start_ms + 2000 * 60_000
    pages = [candle_rows(start_ms, 1000), candle_rows(start_ms + 60_000_000, 1000), []]
    conversation = talk(*map(reply, pages))
    found = conversation.ask(FetchCandles("BTC-USD", MINUTE_NS, start_ms * MS, end_ms * MS))
    starts = [int(dict(parse_qsl(request.query))["startTime"]) for request in conversation.requests]

    assert [candle.start_time_ns for candle in found] == [
        (start_ms + i * 60_000) * MS for i in range(2000)
    ]
    assert starts == [start_ms, start_ms + 999 * 60_000 + 1, start_ms + 1999 * 60_000 + 1]


@pytest.mark.parametrize("end_ms", [1000, 999])
def test_a_window_of_candles_without_an_inside_asks_nothing(end_ms: int) -> None:
    """The end is not in it."""
    command = FetchCandles("BTC-USD", MINUTE_NS, 1000 * MS, end_ms * MS)
    flow = BinanceUsRest().flow(command, FlowContext(NOW_NS))
    with pytest.raises(StopIteration) as done:
        next(flow)

    assert done.value.value == ()


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (60, "1m"),
        (180, "3m"),
        (300, "5m"),
        (900, "15m"),
        (1800, "30m"),
        (3600, "1h"),
        (7200, "2h"),
        (14400, "4h"),
        (21600, "6h"),
        (28800, "8h"),
        (43200, "12h"),
        (86400, "1d"),
        (259200, "3d"),
        (604800, "1w"),
    ],
)
def test_every_interval_has_its_word(seconds: int, word: str) -> None:
    """But a month, which is no fixed time."""
    conversation = talk(reply([]))
    conversation.ask(FetchCandles("BTC-USD", seconds * SECOND, 0, SECOND))

    assert dict(parse_qsl(conversation.requests[0].query))["interval"] == word


@pytest.mark.parametrize("interval_ns", [0, SECOND, 60 * SECOND + 1, 120 * SECOND, 30 * 86400])
def test_other_intervals_are_not_there(interval_ns: int) -> None:
    """Seconds were withdrawn; and nothing is rounded."""
    with pytest.raises(NotSupported):
        talk().ask(FetchCandles("BTC-USD", interval_ns, 0, SECOND))


@pytest.mark.parametrize(
    "body", [{}, [1], [[]], [["1", *ROW[1:]]], [ROW[:5]], [[1, 2, 3, 4, 5, 6]]]
)
def test_candles_that_cannot_be_read_are_an_error(body: Any) -> None:
    """And never none at all."""
    with pytest.raises(RemoteProtocolError):
        talk(reply(body)).ask(FetchCandles("BTC-USD", MINUTE_NS, 0, SECOND))
