"""The account's log: page by page, from a position or by time, and never round in circles."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.oanda_acting import NOW_NS, Asked, MemoryLog, converse, created, refusal, reply
from venuetree.protocol.commands import FetchLog, FetchOrders, LogPage
from venuetree.protocol.errors import (
    AuthRefused,
    ExchangeRefused,
    RateLimited,
    RemoteProtocolError,
    ReplyLost,
)
from venuetree.protocol.exchanges.oanda.asking import limits, retry_after_ns
from venuetree.protocol.exchanges.oanda.log_flows import Entries, log_after, log_since
from venuetree.protocol.exchanges.oanda.rest import OandaRest
from venuetree.protocol.port import (
    Effect,
    FlowContext,
    Lane,
    LogTold,
    RestFlow,
    RestReply,
    RestRequest,
)
from venuetree.protocol.timestamps import SECOND

DAY = 86_400 * SECOND


def run(flow: RestFlow[Any], answer: Callable[[RestRequest], RestReply | Exception]) -> Any:
    """A part of a conversation, driven by hand."""
    wanted = next(flow)
    while True:
        try:
            if isinstance(wanted, RestRequest):
                given_ = answer(wanted)
                wanted = flow.throw(given_) if isinstance(given_, Exception) else flow.send(given_)
            else:
                wanted = flow.send(None)
        except StopIteration as done:
            return done.value


def test_a_page_of_the_log_is_what_the_stream_would_have_sent() -> None:
    """Ascending, with the newest position that there is; figures as they came."""
    first = created(6401, "a", price="1.10", volume=7, big=12345678901234567)
    second = created(6402, "b")
    asked = Asked()
    body = {"transactions": [second, first], "lastTransactionID": "9999"}
    page = converse(FetchLog("6400"), lambda _: reply(body), asked=asked)

    assert page == LogPage((orjson.dumps(first), orjson.dumps(second)), "9999")
    assert asked.paths == ["/transactions/sinceid?id=6400"]
    assert asked.requests[0].effect is Effect.READ
    assert asked.requests[0].lane is Lane.RESOLVE
    assert asked.news == [LogTold("9999", (), NOW_NS)]


def test_a_position_that_the_log_does_not_have_is_refused() -> None:
    """With the exchange's status; another trouble is another error."""
    with pytest.raises(ExchangeRefused) as caught:
        converse(FetchLog("1"), MemoryLog([], is_position_refused=True))
    assert type(caught.value) is ExchangeRefused
    assert caught.value.code == "416"
    with pytest.raises(AuthRefused):
        converse(FetchLog("1"), lambda _: refusal("", status=401))
    with pytest.raises(ReplyLost):
        converse(FetchLog("1"), lambda _: ReplyLost("lost"))


@pytest.mark.parametrize(
    "body",
    [
        b"no",
        b"[]",
        {"transactions": [1], "lastTransactionID": "1"},
        {"transactions": [{"time": "2024-06-11T14:03:28Z"}], "lastTransactionID": "1"},
        {"transactions": [{"id": "1"}], "lastTransactionID": "1"},
        {"transactions": [], "lastTransactionID": 5},
        {"transactions": []},
    ],
)
def test_a_page_that_cannot_be_read_is_told_as_such(body: Any) -> None:
    """Whole: what is left out of a log would be lost."""
    with pytest.raises(RemoteProtocolError):
        converse(FetchLog("1"), lambda _: reply(body))


def test_a_page_of_the_network_s_is_no_log() -> None:
    """Whatever it holds."""
    page = reply(
        {"transactions": [], "lastTransactionID": "1"}, headers={"content-type": "text/html"}
    )
    with pytest.raises(RemoteProtocolError):
        converse(FetchLog("1"), lambda _: page)


# ---------------------------------------------------------------- whole


def entries_after(log: Callable[[RestRequest], RestReply | Exception]) -> Entries:
    """All of it."""
    found: Entries = run(log_after("6400", lane=Lane.DATA), log)
    return found


@given(st.lists(st.integers(6300, 6500), unique=True), st.integers(1, 7))
def test_everything_after_a_position_is_read_once_however_it_is_cut(
    numbers: list[int], cut: int
) -> None:
    """Ids may be left out."""
    log = MemoryLog([created(number) for number in sorted({6400, *numbers})], cut=cut)
    found = entries_after(log)

    assert [int(entry["id"]) for entry in found] == sorted(n for n in numbers if n > 6400)


@pytest.mark.parametrize(
    "body",
    [
        {"transactions": [created(6400)], "lastTransactionID": "6402"},
        {"transactions": [created(6399), created(6401)], "lastTransactionID": "6402"},
        {"transactions": [], "lastTransactionID": "6402"},
        {"transactions": [], "lastTransactionID": "6399"},
    ],
)
def test_an_exchange_that_leads_nowhere_is_told(body: dict[str, Any]) -> None:
    """Instead of being asked for ever, or believed."""
    with pytest.raises(RemoteProtocolError):
        entries_after(lambda _: reply(body))


def test_an_exchange_that_stops_in_the_middle_is_told() -> None:
    """What it holds back may be what is sought."""
    answers = iter(
        [
            reply({"transactions": [created(6401)], "lastTransactionID": "6405"}),
            reply({"transactions": [created(6401)], "lastTransactionID": "6405"}),
        ]
    )
    with pytest.raises(RemoteProtocolError):
        entries_after(lambda _: next(answers))


def test_enough_is_enough() -> None:
    """The rest is left unread."""
    log = MemoryLog([created(number) for number in range(6400, 6500)], cut=10)
    found = run(log_after("6400", lane=Lane.DATA, is_enough=lambda told: len(told) >= 20), log)

    assert len(found) == 20


# ---------------------------------------------------------------- by time

_steps = st.lists(st.tuples(st.integers(1, 1200), st.integers(0, 3 * DAY)), min_size=0, max_size=12)


@example([(1, 0), (1, 0), (1001, 0), (999, 0)], 1, 0, 0, "")
@given(
    _steps,
    st.integers(1, 4),
    st.integers(0, 20 * DAY),
    st.sampled_from([0, SECOND, -SECOND, 40 * SECOND]),
    st.sampled_from(["", "MARKET_ORDER"]),
)
def test_everything_since_a_time_is_read_once_however_it_is_cut(
    steps: list[tuple[int, int]], cut: int, age_ns: int, offset_ns: int, kind: str
) -> None:
    """Ids may be left out, and the clocks may differ."""
    ids, ages = 0, sum(age for _, age in steps)
    entries = []
    for number, age in steps:
        ids, ages = ids + number, ages - age
        entries.append(created(ids, time_ns=NOW_NS + offset_ns - ages))
    # The first entry of every log: the account was made.
    log = MemoryLog([created(1, time_ns=NOW_NS - 100 * DAY), *entries[1:]], cut=cut)
    context = FlowContext(NOW_NS, clock_offset_ns=offset_ns)
    start_ns = NOW_NS - age_ns
    found = run(log_since(start_ns, context, lane=Lane.DATA, operation="x", kind=kind), log)

    wanted = [e for e in entries[1:] if _age(e) <= age_ns - offset_ns]
    assert [entry["id"] for entry in found] == [entry["id"] for entry in wanted]


def _age(entry: dict[str, Any]) -> int:
    from venuetree.protocol.exchanges.oanda.reading import time_ns

    return NOW_NS - time_ns(entry["time"])


@pytest.mark.parametrize(
    "pages",
    [
        ["https://x/idrange"],
        ["https://x/idrange?from=a&to=2"],
        ["https://x/idrange?to=2"],
        ["https://x/idrange?from=1&from=2&to=2"],
        [5],
        5,
        None,
    ],
)
def test_pages_that_cannot_be_read_are_told_as_such(pages: Any) -> None:
    """Their ids bound what is read."""
    body = {"pages": pages, "lastTransactionID": "5"}
    with pytest.raises(RemoteProtocolError):
        converse(FetchOrders(), lambda _: reply(body))


def test_a_range_that_begins_before_it_is_told() -> None:
    """It would be read for ever."""

    def answer(request: RestRequest) -> RestReply:
        if request.path.endswith("/transactions"):
            pages = ["https://x/idrange?from=4&to=5"]
            return reply({"pages": pages, "lastTransactionID": "2005"})
        return reply({"transactions": [created(4)], "lastTransactionID": "2005"})

    with pytest.raises(RemoteProtocolError):
        converse(FetchOrders(), answer)


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("told", "wait_ns"),
    [
        ({}, 0),
        ({"retry-after": "3"}, 3 * SECOND),
        ({"retry-after": " 3 "}, 3 * SECOND),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "9" * 30}, 600 * SECOND),
    ],
)
def test_a_429_asks_for_silence(told: dict[str, str], wait_ns: int) -> None:
    """For as long as it says, if it says."""
    answer = RestReply(429, told, b"", 0, 0)

    assert retry_after_ns(answer) == wait_ns
    assert OandaRest().retry_after_ns(answer) == wait_ns
    with pytest.raises(RateLimited) as caught:
        converse(FetchLog("1"), lambda _: answer)
    assert caught.value.retry_after_ns == (wait_ns or None)


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 500, 503])
def test_no_other_answer_does(status: int) -> None:
    """And none tells counts."""
    answer = RestReply(status, {"retry-after": "3"}, b"", 0, 0)

    assert retry_after_ns(answer) is None
    assert limits(answer) == ()
    assert OandaRest().limits(answer) == ()
