"""Candles: what is asked, and what is made of the answers."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.support.oanda_questions import EUR_USD, MINUTE, START_NS, minutes
from tests.support.oanda_reading import Talk, context, payload, reply, talk
from venuetree.protocol.errors import NotSupported, RemoteProtocolError
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.models import Candle, CandlePrice
from venuetree.protocol.port import RestReply
from venuetree.protocol.timestamps import SECOND, to_rfc3339

D = Decimal
CANDLES = payload("rest_candles")


def candle_rows(first: int, count: int, step: int = 1) -> list[dict[str, Any]]:
    """So many candles of a minute from minute `first` on, `step` minutes apart."""
    price = dict.fromkeys("ohlc", "1.1")
    return [
        {
            "complete": True,
            "volume": 1,
            "time": to_rfc3339(START_NS + (first + index * step) * MINUTE),
            "mid": price,
        }
        for index in range(count)
    ]


def page(rows: list[dict[str, Any]]) -> RestReply:
    """An answer with these candles."""
    return reply({"instrument": "EUR_USD", "granularity": "M1", "candles": rows})


def queries(conversation: Talk) -> list[dict[str, str]]:
    """The parameters of each request."""
    return [dict(parse_qsl(request.query)) for request in conversation.requests]


def test_candles_of_a_window() -> None:
    """Of the middle of the quotes, the one that is forming included."""
    conversation = talk(reply(CANDLES))
    told = conversation.run(minutes(0, 2))

    assert told == (
        Candle(START_NS, D("1.08408"), D("1.08426"), D("1.08405"), D("1.08418"), D(57)),
        Candle(START_NS + MINUTE, D("1.08418"), D("1.08439"), D("1.08416"), D("1.08437"), D(21)),
    )
    (request,) = conversation.requests
    assert request.path == "/v3/instruments/EUR_USD/candles"
    assert queries(conversation) == [
        {"price": "M", "granularity": "M1", "from": "2024-06-11T14:02:00Z", "count": "4"}
    ]
    assert "2024-06-11T14%3A02%3A00Z" in request.query


@pytest.mark.parametrize(
    ("priced_by", "letter", "first"),
    [
        (CandlePrice.USUAL, "M", "1.08408"),
        (CandlePrice.MID, "M", "1.08408"),
        (CandlePrice.BID, "B", "1.08401"),
        (CandlePrice.ASK, "A", "1.08415"),
    ],
)
def test_candles_may_be_of_either_side(priced_by: CandlePrice, letter: str, first: str) -> None:
    """The exchange's choice is the middle."""
    conversation = talk(reply({"candles": CANDLES["candles"][:1]}))
    end_ns = START_NS + MINUTE
    told = conversation.run(
        market.candles(EUR_USD, MINUTE, START_NS, end_ns, context(), priced_by=priced_by)
    )

    assert [candle.open for candle in told] == [D(first)]
    assert queries(conversation)[0]["price"] == letter


def test_a_long_window_takes_several_answers() -> None:
    """Each begins after the last candle of the one before, and nothing is told twice."""
    conversation = talk(
        page(candle_rows(0, 5000)), page(candle_rows(4999, 5000)), page(candle_rows(9999, 3))
    )
    told = conversation.run(minutes(0, 10_001, now_ns=START_NS + 20_000 * MINUTE))

    assert [candle.start_time_ns for candle in told] == [
        START_NS + minute * MINUTE for minute in range(10_001)
    ]
    first, second, third = queries(conversation)
    assert [each["count"] for each in (first, second, third)] == ["5000", "5000", "5"]
    assert "includeFirst" not in first
    assert second["includeFirst"] == third["includeFirst"] == "false"
    assert second["from"] == to_rfc3339(START_NS + 4999 * MINUTE)


def test_gaps_do_not_hide_what_comes_after_them() -> None:
    """A weekend has no candles: an answer then reaches beyond the end, which is cut off."""
    conversation = talk(page(candle_rows(0, 12, step=1000)))
    told = conversation.run(minutes(0, 10))

    assert [candle.start_time_ns for candle in told] == [START_NS]


def test_a_candle_that_began_before_is_left_out() -> None:
    """The exchange begins with the one in which the start lies."""
    conversation = talk(page(candle_rows(0, 3)))
    told = conversation.run(
        market.candles(EUR_USD, MINUTE, START_NS + SECOND, START_NS + 3 * MINUTE, context())
    )

    assert [candle.start_time_ns for candle in told] == [START_NS + MINUTE, START_NS + 2 * MINUTE]


def test_the_future_is_not_asked_for() -> None:
    """The exchange refuses a time that lies in it."""
    now_ns = START_NS + 3 * MINUTE
    conversation = talk(page(candle_rows(0, 3)))
    conversation.run(minutes(0, 10**6, now_ns=now_ns))

    assert queries(conversation)[0]["count"] == "5"
    assert talk().run(minutes(4, 10, now_ns=now_ns)) == ()
    assert talk().run(minutes(2, 2)) == ()


def test_an_answer_that_does_not_go_on_ends_it() -> None:
    """Rather than asking for ever."""
    rows = candle_rows(0, 1) * 5000
    conversation = talk(page(rows), page(rows))

    assert len(conversation.run(minutes(0, 9000))) == 1


@pytest.mark.parametrize("interval_ns", [SECOND, 7 * SECOND, 5 * SECOND + 1, 30 * 86_400 * SECOND])
def test_other_lengths_of_candles_are_not_there(interval_ns: int) -> None:
    """Told at once, with those that are."""
    with pytest.raises(NotSupported) as caught:
        market.candles(EUR_USD, interval_ns, 0, 1, context())

    assert "86400" in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"time": "2024-06-11T14:02:00Z", "volume": "5", "mid": {}},
        {"time": "2024-06-11T14:02:00Z", "volume": 5, "bid": {}},
        5,
    ],
)
def test_a_candle_that_cannot_be_read_is_an_error(row: Any) -> None:
    """Nothing is guessed."""
    with pytest.raises(RemoteProtocolError):
        talk(page([row])).run(minutes(0, 2))
