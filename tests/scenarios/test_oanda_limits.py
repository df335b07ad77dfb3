"""Limits of the simulated OANDA: requests, streams, connections; each can be switched off."""

import json

from tests.scenarios.plain_oanda import PlainClient
from venuetree.scenarios.simulated.limits import Limit
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.wire import Answer, LineStream


def test_the_121st_request_of_a_second_is_refused() -> None:
    """With 429, for this client alone; a second later there is room again."""
    client = PlainClient()
    statuses = [client.send("GET", "summary").status for _ in range(121)]
    response = client.send("GET", "summary")
    other = client.send("GET", "summary", client="10.0.0.2").status
    client.advance(1)

    assert statuses == [200] * 120 + [429]
    assert json.loads(response.body)["errorMessage"]
    assert dict(response.headers)["requestid"].isdigit()
    assert other == 200
    assert client.send("GET", "summary").status == 200


def test_an_order_over_the_limit_is_not_placed() -> None:
    """It is refused before anything is done."""
    client = PlainClient(Settings(requests=Limit(per_second=1, burst=1)))
    client.place()
    before = client.sim.account.last_transaction_id
    order = {"type": "MARKET", "instrument": "EUR_USD", "units": "1"}

    assert client.send("POST", "orders", body={"order": order}).status == 429
    assert client.sim.account.last_transaction_id == before


def test_without_a_limit_all_are_answered() -> None:
    """As many as one likes."""
    client = PlainClient(Settings(requests=None))

    assert {client.send("GET", "summary").status for _ in range(300)} == {200}


def test_the_21st_stream_is_refused() -> None:
    """Until one has ended; another client has its own."""
    client = PlainClient()
    streams = [client.transactions() for _ in range(20)]
    refused = client.open("transactions/stream")
    other = client.open("transactions/stream", client="10.0.0.2")
    streams[0].session.disconnected()
    again = client.open("transactions/stream")

    assert isinstance(refused, Answer)
    assert refused.response.status == 429
    assert isinstance(other, LineStream)
    assert isinstance(again, LineStream)


def test_streams_without_a_limit() -> None:
    """As many as one likes."""
    client = PlainClient(Settings(requests=None, streams=None))

    assert len([client.transactions() for _ in range(50)]) == 50


def test_connections_are_counted_by_client() -> None:
    """A few at once, then two a second."""
    client = PlainClient()
    admitted = [client.sim.admits("rest", "a") for _ in range(22)]
    other = client.sim.admits("stream", "b")
    client.advance(1)
    later = [client.sim.admits("stream", "a") for _ in range(3)]

    assert admitted == [True] * 20 + [False] * 2
    assert other
    assert later == [True, True, False]


def test_connections_by_the_letter() -> None:
    """Two a second and no more, for who wants it; or none at all."""
    strict = PlainClient(Settings(connections=Limit(per_second=2, burst=2)))
    free = PlainClient(Settings(connections=None))

    assert [strict.sim.admits("rest", "a") for _ in range(3)] == [True, True, False]
    assert all(free.sim.admits("rest", "a") for _ in range(100))
