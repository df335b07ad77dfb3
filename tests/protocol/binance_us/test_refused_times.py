"""A request refused for its time: the clock is read, and the same is asked once more."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.binance_us import NOW_NS, ORDER, error, payload, reply, talk
from tests.support.binance_us_refusals import ASK, CANCEL, PLACE
from venuetree.protocol.errors import (
    ExchangeRefused,
    InsufficientFunds,
    OutcomeUnknown,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.port import ClockReading, RestReply
from venuetree.protocol.verdict import Verdict, placing_verdict

MS = 1_000_000
LATE = error(-1021, "Timestamp for this request is outside of the recvWindow.")
FAST = error(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
CLOCK = reply({"serverTime": 1788540400123})
OK: Mapping[Any, RestReply] = {
    PLACE: reply(payload("rest_placed")),
    CANCEL: reply(payload("rest_cancelled")),
    ASK: reply(dict(ORDER)),
}


@pytest.mark.parametrize("first", [LATE, FAST])
@pytest.mark.parametrize("command", [PLACE, CANCEL, ASK])
def test_a_refused_time_is_mended_once(first: RestReply, command: Any) -> None:
    """The clock is read as urgently as the request, told as overdue; then the same again."""
    conversation = talk(first, CLOCK, OK[command])
    conversation.ask(command)
    before, clock, after = conversation.requests

    assert before == after
    assert clock.operation == "server_time"
    assert clock.lane is before.lane
    assert conversation.news == [
        ClockReading(1788540400123 * MS, NOW_NS - 4 * MS, NOW_NS, is_overdue=True)
    ]


@pytest.mark.parametrize("command", [PLACE, CANCEL, ASK])
def test_a_time_refused_twice_is_an_error(command: Any) -> None:
    """The engine had not had it: no outcome is open."""
    conversation = talk(LATE, CLOCK, FAST)
    with pytest.raises(ExchangeRefused) as caught:
        conversation.ask(command)

    assert caught.value.code == "-1021"
    assert placing_verdict(caught.value) is Verdict.NOT_PLACED
    assert len(conversation.requests) == 3


@pytest.mark.parametrize(
    "clock",
    [
        reply(b"{"),
        error(-1001, "Internal error", 500),
        error(-1003, "Too much", 429),
        ReplyLost("lost"),
        TransportError("down"),
    ],
)
@pytest.mark.parametrize("command", [PLACE, CANCEL, ASK])
def test_where_the_clock_cannot_be_read_the_refusal_stands(clock: Any, command: Any) -> None:
    """It was positive: the request was not done."""
    conversation = talk(LATE, clock)
    with pytest.raises(ExchangeRefused) as caught:
        conversation.ask(command)

    assert caught.value.code == "-1021"
    assert caught.value.operation == conversation.requests[0].operation
    assert placing_verdict(caught.value) is Verdict.NOT_PLACED


def test_the_second_answer_is_as_good_as_a_first() -> None:
    """An outcome may be open after it."""
    with pytest.raises(OutcomeUnknown):
        talk(LATE, CLOCK, error(-1007, "Timeout", 504)).ask(PLACE)
    with pytest.raises(InsufficientFunds):
        talk(LATE, CLOCK, error(-2010, "Account has insufficient balance")).ask(PLACE)


def test_a_success_is_never_asked_twice() -> None:
    """Whatever stands in it."""
    conversation = talk(reply({**payload("rest_placed"), "code": -1021}))
    conversation.ask(PLACE)

    assert conversation.asked == ["place"]
