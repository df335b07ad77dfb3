"""What can go wrong with the simulated OANDA: answers that get lost, lines that come in part."""

import json
from typing import Any

import pytest

from tests.scenarios.plain_oanda import PlainClient
from venuetree.scenarios.faults import (
    Backlog,
    Body,
    ClockSkew,
    CloseConnection,
    CorruptFrame,
    CutFrame,
    DelayFills,
    DelayRequest,
    DropFrame,
    DuplicateUserEvents,
    Fault,
    FrameKind,
    HalfOpenConnection,
    KickOnConnect,
    LoseReply,
    LoseRequest,
    Loss,
    RefuseConnection,
    RepeatFrame,
    ResetConnection,
    Respond,
    SendErrorFrame,
    SlowReply,
    SplitFrame,
    StaleReplica,
    StallStream,
    SwapFrames,
    TruncateBody,
)
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.wire import (
    ABNORMAL,
    Answer,
    CloseStream,
    Delivery,
    FallSilent,
    LineStream,
    ResetStream,
    SendFrame,
)

ORDER = {"order": {"type": "MARKET", "instrument": "EUR_USD", "units": "100"}}
ORDERS = "POST *orders"


@pytest.fixture
def client() -> PlainClient:
    """An exchange without limits."""
    return PlainClient(Settings(requests=None))


def fills(client: PlainClient) -> int:
    """How many orders were filled."""
    return len(client.sim.log.of(LogKind.FILL))


# Requests and answers


@pytest.mark.parametrize("how", Loss)
def test_a_lost_request_does_nothing(client: PlainClient, how: Loss) -> None:
    """Nothing is applied and nothing is answered."""
    client.sim.faults.add(LoseRequest(ORDERS, how))
    answer = client.answer("POST", "orders", body=ORDER)

    assert answer.delivery is Delivery[how.name]
    assert fills(client) == 0
    client.answer("POST", "orders", body=ORDER)
    assert fills(client) == 1


@pytest.mark.parametrize("how", Loss)
def test_a_lost_reply_belongs_to_an_order_that_was_placed(client: PlainClient, how: Loss) -> None:
    """The order is filled, and its client hears nothing."""
    client.sim.faults.add(LoseReply(ORDERS, how))
    answer = client.answer("POST", "orders", body=ORDER)

    assert answer.delivery is Delivery[how.name]
    assert fills(client) == 1


def test_a_delayed_request_arrives_when_nobody_waits_any_more(client: PlainClient) -> None:
    """Who asks too early is told of no such order."""
    client.sim.faults.add(DelayRequest(ORDERS, delay_s=2))
    answer = client.answer("POST", "orders", body=ORDER)
    client.advance(1.9)
    early = fills(client)
    client.advance(0.2)

    assert answer.delivery is Delivery.CLOSED
    assert (early, fills(client)) == (0, 1)


def test_a_timeout_after_the_order_was_placed(client: PlainClient) -> None:
    """504 with the words of the exchange; the order exists."""
    client.sim.faults.add(Respond(ORDERS, 504, applied=True))
    refused = client.refused("POST", "orders", body=ORDER)

    assert refused == (504, "Timeout waiting for response.")
    assert fills(client) == 1


@pytest.mark.parametrize("status", [200, 429, 502, 503])
def test_a_page_of_html_in_place_of_an_answer(client: PlainClient, status: int) -> None:
    """With any status, and nothing is done."""
    client.sim.faults.add(Respond(ORDERS, status, Body.HTML))
    response = client.send("POST", "orders", body=ORDER)

    assert (response.status, response.content_type) == (status, "text/html")
    assert response.body.startswith(b"<!DOCTYPE html>")
    assert fills(client) == 0


def test_answers_of_our_choice(client: PlainClient) -> None:
    """With words of our own, empty, as text, with the time to wait."""
    faults = [
        Respond("GET *", 429, retry_after_s=3),
        Respond("GET *", 400, body_text='{"errorMessage":"mine"}'),
        Respond("GET *", 500, Body.EMPTY),
        Respond("GET *", 500, Body.TEXT),
        Respond("GET *", 418),
    ]
    for fault in faults:
        client.sim.faults.add(fault)
    responses = [client.send("GET", "summary") for _ in faults]

    assert dict(responses[0].headers)["retry-after"] == "3"
    assert [response.status for response in responses] == [429, 400, 500, 500, 418]
    assert json.loads(responses[1].body) == {"errorMessage": "mine"}
    assert responses[2].body == b""
    assert responses[3].content_type == "text/plain"
    assert client.send("GET", "summary").status == 200


def test_a_body_that_ends_too_early(client: PlainClient) -> None:
    """As a complete answer, or short of the length it promised."""
    client.sim.faults.add(TruncateBody("GET *", None))
    client.sim.faults.add(TruncateBody("GET *", Loss.CLOSED))
    half, cut = client.answer("GET", "summary"), client.answer("GET", "summary")

    assert half.delivery is Delivery.WHOLE
    with pytest.raises(json.JSONDecodeError):
        json.loads(half.response.body)
    assert cut.delivery is Delivery.TRUNCATED


def test_a_slow_reply(client: PlainClient) -> None:
    """Of a request that was applied at once."""
    client.sim.faults.add(SlowReply(ORDERS, 3))
    answer = client.answer("POST", "orders", body=ORDER)

    assert answer.delay_ns == 3_000_000_000
    assert fills(client) == 1


def test_a_stale_replica_knows_no_new_order(client: PlainClient) -> None:
    """Neither alone nor in a list, until it has caught up."""
    client.sim.faults.add(StaleReplica(for_s=1))
    order_id = client.place()["orderCreateTransaction"]["id"]
    alone = client.send("GET", f"orders/{order_id}")
    listed = client.get("orders")["orders"] + client.get("pendingOrders")["orders"]
    client.advance(1)

    assert (alone.status, json.loads(alone.body)["errorCode"]) == (404, "NO_SUCH_ORDER")
    assert listed == []
    assert client.get(f"orders/{order_id}")["order"]["id"] == order_id
    assert len(client.get("orders")["orders"]) == 1


def test_transactions_that_are_shown_late(client: PlainClient) -> None:
    """Not the young ones, and the last id is of what is shown."""
    before = client.sim.account.last_transaction_id
    client.advance(5)
    client.sim.faults.add(DelayFills(for_s=1))
    client.send("POST", "orders", body=ORDER)
    query = {"id": before}
    early = client.get("transactions/sinceid", query)
    client.advance(1)

    assert (early["transactions"], early["lastTransactionID"]) == ([], str(before))
    assert len(client.get("transactions/sinceid", query)["transactions"]) == 2


def test_a_skewed_clock_shows_in_times(client: PlainClient) -> None:
    """While it stays."""
    fault = client.sim.faults.add(ClockSkew(seconds=30))
    ahead = client.get("pricing", {"instruments": "EUR_USD"})["time"]
    fault.remove()

    assert ahead == "2026-09-21T14:13:50.000000000Z"
    assert client.get("pricing", {"instruments": "EUR_USD"})["time"] < ahead


# Streams


def test_a_stream_that_is_refused(client: PlainClient) -> None:
    """By its surface or by its own name, or like any request."""
    client.sim.faults.add(RefuseConnection("stream", 503))
    client.sim.faults.add(RefuseConnection("transactions", 502))
    client.sim.faults.add(Respond("GET *pricing/stream", 503, Body.HTML, after=1))
    query = {"instruments": "EUR_USD"}
    opened = [
        client.open("pricing/stream", query),
        client.open("pricing/stream", query),
        client.open("transactions/stream"),
    ]
    statuses = [each.response.status for each in opened if isinstance(each, Answer)]

    assert statuses == [503, 503, 502]
    assert client.transactions().head.status == 200
    assert client.pricing("EUR_USD").head.status == 200


def test_a_request_for_a_stream_can_be_lost(client: PlainClient) -> None:
    """The client waits for an answer that never comes."""
    client.sim.faults.add(LoseRequest("GET *stream", Loss.HANGING))
    opened = client.open("transactions/stream")

    assert isinstance(opened, Answer)
    assert opened.delivery is Delivery.HANGING


def test_a_slow_first_byte(client: PlainClient) -> None:
    """The head of the answer is late."""
    client.sim.faults.add(SlowReply("GET *stream", 2))
    opened = client.open("transactions/stream")

    assert isinstance(opened, LineStream)
    assert opened.delay_ns == 2_000_000_000


def test_a_stream_that_is_closed_at_once(client: PlainClient) -> None:
    """Accepted, then ended."""
    client.sim.faults.add(KickOnConnect("transactions", 1000))

    assert client.transactions().actions() == [CloseStream(1000)]


def test_lost_repeated_and_reordered_transactions(client: PlainClient) -> None:
    """By the type of the transaction or for any of them."""
    faults: list[Fault] = [
        DropFrame("transactions/LIMIT_ORDER"),
        RepeatFrame("transactions/*"),
        SwapFrames("transactions/LIMIT_ORDER"),
        DuplicateUserEvents(after=3),
    ]
    stream = client.transactions()
    for fault in faults:
        client.sim.faults.add(fault)
    first, second, third, fourth, fifth, *_ = (
        str(each) for each in client.sim.make_transactions(6)
    )
    told = [line["id"] for line in stream.lines()][:7]

    # The first is lost, the second comes twice, the third after the fourth.
    assert told[:2] == [second, second]
    assert first not in told
    assert told.index(third) > told.index(fourth)
    assert fifth in told


def test_a_stalled_stream_says_nothing(client: PlainClient) -> None:
    """Not even a heartbeat, for ever; the other stream goes on."""
    pricing, transactions = client.pricing("EUR_USD"), client.transactions()
    pricing.actions()
    client.sim.faults.add(StallStream("pricing/*"))
    client.sim.paused = False
    client.advance(20, step_s=0.1)

    assert pricing.actions() == []
    assert len(transactions.lines()) == 4


def test_heartbeats_may_go_on_without_prices(client: PlainClient) -> None:
    """For a while; then the newest comes, or nothing of what was."""
    stream = client.pricing("EUR_USD")
    stream.actions()
    stall = StallStream("pricing/*", 11, "pricing/*", Backlog.DISCARDED)
    client.sim.faults.add(stall)
    client.sim.paused = False
    client.advance(10.5, step_s=0.1)
    quiet = stream.lines()
    client.advance(3, step_s=0.1)

    assert [line["type"] for line in quiet] == ["HEARTBEAT", "HEARTBEAT"]
    assert stream.of("PRICE")


def test_heartbeats_may_stop_alone(client: PlainClient) -> None:
    """Prices go on."""
    stream = client.pricing("EUR_USD")
    client.sim.faults.add(DropFrame("heartbeats/pricing", FrameKind.CONTROL, times=None))
    client.sim.paused = False
    client.advance(12, step_s=0.1)

    assert {line["type"] for line in stream.lines()} == {"PRICE"}


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (ResetConnection("transactions/*"), ResetStream()),
        (HalfOpenConnection("transactions/*"), FallSilent()),
        (CloseConnection("transactions/*"), CloseStream(1001)),
        (CloseConnection("transactions/*", ABNORMAL), CloseStream(ABNORMAL)),
    ],
)
def test_a_stream_ends_in_place_of_a_line(client: PlainClient, fault: Any, end: object) -> None:
    """By a reset, by silence, at a clean end of the body, or in the middle of it."""
    stream = client.transactions()
    client.sim.faults.add(fault)
    client.sim.make_transactions(3)

    assert stream.actions() == [end]


@pytest.mark.parametrize(
    ("how", "end"),
    [
        (Loss.RESET, ResetStream()),
        (Loss.CLOSED, CloseStream(ABNORMAL)),
        (Loss.HANGING, FallSilent()),
    ],
)
@pytest.mark.parametrize("at", [None, 0, 17, -1])
def test_a_line_that_is_cut_off(
    client: PlainClient, how: Loss, end: object, at: int | None
) -> None:
    """After any byte, its newline at the latest; nothing follows."""
    stream = client.transactions()
    client.sim.faults.add(CutFrame("transactions/*", at, how))
    client.sim.make_transactions(3)
    first, last = stream.actions()

    assert isinstance(first, SendFrame)
    assert b"\n" not in first.text
    assert last == end
    if at is not None and at >= 0:
        assert len(first.text) == at


def test_a_line_in_pieces(client: PlainClient) -> None:
    """In two, or byte by byte; together they are the line, newline included."""
    stream = client.transactions()
    for fault in (SplitFrame(at=10), SplitFrame(at=-1), SplitFrame()):
        client.sim.faults.add(fault)
    ids = client.sim.make_transactions(3)
    chunks = stream.chunks()
    lines = b"".join(chunks).splitlines()

    assert [json.loads(line)["id"] for line in lines] == [str(each) for each in ids]
    assert len(chunks[0]) == 10
    assert chunks[3] == b"\n"
    assert {len(chunk) for chunk in chunks[4:]} == {1}


def test_a_corrupt_line_is_a_line_nevertheless(client: PlainClient) -> None:
    """Half a JSON text, then a newline; the next one is whole."""
    stream = client.transactions()
    client.sim.faults.add(CorruptFrame("transactions/*"))
    _, second = client.sim.make_transactions(2)
    broken, whole = b"".join(stream.chunks()).splitlines()

    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    assert json.loads(whole)["id"] == str(second)


def test_an_error_in_band(client: PlainClient) -> None:
    """A line before the next one."""
    stream = client.transactions()
    client.sim.faults.add(SendErrorFrame("maintenance"))
    (order_id,) = client.sim.make_transactions(1)
    error, line = stream.lines()

    assert error == {"errorMessage": "maintenance"}
    assert line["id"] == str(order_id)


def test_faults_that_fired_are_in_the_log(client: PlainClient) -> None:
    """With what they hit."""
    client.sim.faults.add(LoseReply(ORDERS))
    client.send("POST", "orders", body=ORDER)
    (entry,) = client.sim.log.faults

    assert entry.subject == "LoseReply"
    assert entry.detail == f"POST {client.path('orders')}"
