"""The simulated OANDA's line streams: what begins, how often, heartbeats, who may listen."""

import json
from typing import Any

import pytest

from tests.scenarios.plain_oanda import Lines, PlainClient
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.wire import Answer, CloseStream, SendFrame


@pytest.fixture
def client() -> PlainClient:
    """An exchange without limits."""
    return PlainClient(Settings(requests=None))


def move(client: PlainClient, bid: str, name: str = "EUR_USD") -> None:
    """Set a price whose ask is a little higher."""
    client.sim.prices.set_price(name, bid, f"{float(bid) + 0.0002:.5f}")


def bids(lines: list[Any]) -> list[str]:
    """The best bids of price lines."""
    return [line["bids"][0]["price"] for line in lines if line["type"] == "PRICE"]


def refused(opened: object) -> tuple[int, str]:
    """(status, errorMessage) of a stream that must be refused."""
    assert isinstance(opened, Answer), opened
    return opened.response.status, json.loads(opened.response.body)["errorMessage"]


def test_a_pricing_stream_begins_with_a_snapshot(client: PlainClient) -> None:
    """A price of each instrument, with the time of its last update, as one line each."""
    client.advance(3)
    stream = client.pricing("EUR_USD", "USD_JPY")
    chunks = stream.chunks()
    first, second = (json.loads(chunk) for chunk in chunks)

    assert stream.head.status == 200
    assert stream.head.content_type == "application/octet-stream"
    assert dict(stream.head.headers)["requestid"].isdigit()
    assert all(chunk.endswith(b"}\n") and chunk.count(b"\n") == 1 for chunk in chunks)
    assert [first["instrument"], second["instrument"]] == ["EUR_USD", "USD_JPY"]
    assert first["time"] == "2026-09-21T14:13:20.000000000Z"
    assert set(first) == {
        *("type", "time", "bids", "asks", "closeoutBid", "closeoutAsk"),
        *("status", "tradeable", "instrument"),
    }


def test_a_snapshot_can_be_declined(client: PlainClient) -> None:
    """The first line is then the first change."""
    stream = client.pricing("EUR_USD", snapshot="false")
    before = stream.lines()
    move(client, "1.10000")

    assert before == []
    assert bids(stream.lines()) == ["1.10000"]


def test_other_instruments_are_not_told(client: PlainClient) -> None:
    """The set of a stream is fixed."""
    stream = client.pricing("EUR_USD", snapshot="false")
    move(client, "1.30000", "GBP_USD")
    client.advance(1)

    assert stream.lines() == []


def test_prices_are_told_once_in_a_window(client: PlainClient) -> None:
    """At most four a second, and only the last of a window; each instrument by itself."""
    stream = client.pricing("EUR_USD", "GBP_USD", snapshot="false")
    for cent in range(100):
        move(client, f"1.{cent + 10:03d}00")
        client.advance(0.01)
    move(client, "1.30000", "GBP_USD")
    told = bids(stream.lines())
    client.advance(0.5)

    assert told == ["1.01000", "1.03400", "1.05900", "1.08400", "1.10900", "1.30000"]
    assert bids(stream.lines()) == []


def test_windows_of_two_connections_are_not_aligned(client: PlainClient) -> None:
    """Each counts from what it told last."""
    first = client.pricing("EUR_USD")
    client.advance(0.2)
    second = client.pricing("EUR_USD")
    move(client, "1.10000")
    client.advance(0.05)
    told = bids(first.lines()), bids(second.lines())
    client.advance(0.2)

    assert told[0][-1] == "1.10000"
    assert told[1][-1] != "1.10000"
    assert bids(second.lines()) == ["1.10000"]


def test_heartbeats_come_every_five_seconds(client: PlainClient) -> None:
    """Whatever the prices do; they name no instrument."""
    pricing, transactions = client.pricing("EUR_USD"), client.transactions()
    client.advance(4.99)
    early = pricing.of("HEARTBEAT"), transactions.lines()
    client.advance(10.01)
    last = str(client.sim.account.last_transaction_id)

    assert early == ([], [])
    assert pricing.lines() == [
        {"type": "HEARTBEAT", "time": f"2026-09-21T14:13:{second}.000000000Z"}
        for second in (25, 30, 35)
    ]
    assert transactions.lines() == [
        {
            "type": "HEARTBEAT",
            "lastTransactionID": last,
            "time": f"2026-09-21T14:13:{second}.000000000Z",
        }
        for second in (25, 30, 35)
    ]


def test_conversions_are_told_if_they_are_wanted(client: PlainClient) -> None:
    """With each price."""
    stream = client.pricing("EUR_USD", includeHomeConversions="true")
    (line,) = stream.lines()

    assert [each["currency"] for each in line["homeConversions"]] == ["EUR", "USD"]


def test_transactions_are_told_from_now_on(client: PlainClient) -> None:
    """No snapshot, no replay; exactly what REST tells, rejects and server's own included."""
    client.place()
    before = client.sim.account.last_transaction_id
    stream = client.transactions()
    client.place(type="MARKET", takeProfitOnFill={"price": "1.2"})
    client.send(
        "POST",
        "orders",
        body={"order": {"type": "MARKET", "instrument": "EUR_USD", "units": "0"}},
    )
    move(client, "1.20000")
    told = stream.lines()

    assert told == client.get("transactions/sinceid", {"id": before})["transactions"]
    assert [line["type"] for line in told] == [
        *("MARKET_ORDER", "ORDER_FILL", "TAKE_PROFIT_ORDER", "MARKET_ORDER_REJECT", "ORDER_FILL"),
    ]


def test_a_stream_tells_of_its_own_account(client: PlainClient) -> None:
    """And of no other one of the same token."""
    stream = client.transactions()
    other = list(client.sim.accounts.values())[1]
    client.sim.make_transactions(3, account=other)

    assert stream.lines() == []


def test_transactions_can_be_missed(client: PlainClient) -> None:
    """They exist, and no stream tells of them; heartbeats tell their number."""
    stream = client.transactions()
    missed = client.sim.miss_transactions(3)
    (after,) = client.sim.make_transactions(1)
    client.advance(5)
    line, heartbeat = stream.lines()

    assert missed == list(range(after - 3, after))
    assert line["id"] == str(after)
    assert heartbeat["lastTransactionID"] == str(after)


def test_streams_keep_the_format_of_times(client: PlainClient) -> None:
    """UNIX for who asks for it."""
    unix = {"accept-datetime-format": "UNIX"}
    pricing = client.stream("pricing/stream", {"instruments": "EUR_USD"}, headers=unix)
    transactions = client.stream("transactions/stream", headers=unix)
    client.place()

    assert pricing.lines()[0]["time"] == "1790000000.000000000"
    assert transactions.lines()[0]["time"] == "1790000000.000000000"


def test_streams_are_never_zipped(client: PlainClient) -> None:
    """Whatever the client would take."""
    zipped = {"accept-encoding": "gzip, deflate"}
    stream = client.stream("pricing/stream", {"instruments": "EUR_USD"}, headers=zipped)

    assert "content-encoding" not in dict(stream.head.headers)
    assert bids(stream.lines())


def test_a_closed_market_sends_one_price_and_heartbeats() -> None:
    """The snapshot is not tradeable, as old as the last price."""
    saturday_ns = 1_790_450_000 * 1_000_000_000
    client = PlainClient(Settings(requests=None, market_hours=True), start_ns=saturday_ns)
    client.sim.paused = False
    stream = client.pricing("EUR_USD")
    client.advance(10, step_s=0.5)
    first, *rest = stream.lines()

    assert (first["tradeable"], first["status"]) == (False, "non-tradeable")
    assert [line["type"] for line in rest] == ["HEARTBEAT", "HEARTBEAT"]


def test_halting_is_told(client: PlainClient) -> None:
    """As a price like any other."""
    stream = client.pricing("EUR_USD", snapshot="false")
    client.sim.prices.halt("EUR_USD")
    client.advance(0.3)
    client.sim.prices.resume("EUR_USD")

    assert [line["tradeable"] for line in stream.lines()] == [False, True]


@pytest.mark.parametrize("query", [{}, {"instruments": ""}, {"instruments": "EUR_USD,EUR_UDS"}])
def test_instruments_must_be_named_and_known(client: PlainClient, query: dict[str, str]) -> None:
    """400 in place of a stream."""
    opened = client.open("pricing/stream", query)

    assert refused(opened) == (400, "Invalid value specified for 'instruments'")


def test_streams_need_a_token_and_an_account(client: PlainClient) -> None:
    """401 and 403 as for any other request."""
    for path in ("pricing/stream", "transactions/stream"):
        nobody = client.open(path, headers={"authorization": "Bearer x"})
        assert refused(nobody)[0] == 401
        other = client.open(f"/v3/accounts/101-004-1-001/{path}")
        assert refused(other)[0] == 403


def test_what_is_no_stream_is_left_to_rest(client: PlainClient) -> None:
    """Another path, another method."""
    assert client.open("summary") is None
    posted = client.request("POST", "pricing/stream")
    assert client.sim.open_lines("stream", posted) is None


def test_a_revoked_token_ends_its_streams(client: PlainClient) -> None:
    """In good order; unless it is to end nothing."""
    stream = client.transactions()
    client.sim.revoke_token()

    assert stream.actions() == [CloseStream(1000)]
    assert refused(client.open("transactions/stream"))[0] == 401


def test_who_is_gone_is_told_nothing(client: PlainClient) -> None:
    """And is counted no more."""
    streams: list[Lines] = [client.pricing("EUR_USD"), client.transactions()]
    for stream in streams:
        stream.actions()
        stream.session.disconnected()
        stream.session.disconnected()
    move(client, "1.10000")
    client.place()
    client.advance(6)

    assert [stream.actions() for stream in streams] == [[], []]
    details = [entry.detail for entry in client.sim.log.of(LogKind.STREAM)]
    assert details == ["opened", "opened", "closed", "closed"]


def test_a_session_takes_nothing_from_its_client(client: PlainClient) -> None:
    """Bytes after the request mean nothing."""
    stream = client.transactions()
    stream.session.receive(b"hello")

    assert stream.actions() == []


def test_the_walk_reaches_the_streams(client: PlainClient) -> None:
    """Every instrument is told at least once in five seconds."""
    names = list(client.sim.prices.instruments)
    stream = client.pricing(*names, snapshot="false")
    client.sim.paused = False
    client.advance(5)
    actions = [action for action in stream.actions() if isinstance(action, SendFrame)]
    told = {json.loads(action.text).get("instrument") for action in actions}

    assert set(names) <= told
