"""Connections of the HTTP client: shared, kept for what is urgent, and left when in doubt."""

import contextlib

import anyio
import pytest
from attrs import evolve

from tests.support.http_client import (
    OK,
    READ,
    URL,
    WRITE,
    answering,
    failure_of,
    new_client,
    request_of,
)
from venuetree.actors.http_client import HttpClient
from venuetree.actors.paced_network import PacedNetwork
from venuetree.protocol.port import Lane, LimitWindow, WindowKind
from venuetree.scenarios.memory_network import MemoryNetwork

pytestmark = pytest.mark.anyio


async def test_a_connection_is_used_again() -> None:
    """Ten requests in a row need one connection."""
    network = MemoryNetwork()
    async with answering(network, *[OK] * 10):
        client = new_client(network)
        for _ in range(10):
            await client.send(WRITE, URL)

    assert len(network.connected) == 1


async def test_no_more_connections_are_opened_than_allowed() -> None:
    """Twenty at once over two connections; each gets its own answer."""
    network = MemoryNetwork()
    sizes: list[int] = []

    async def ask(client: HttpClient) -> None:
        sizes.append(len((await client.send(READ, URL)).body))

    async with answering(network, *[OK] * 20):
        client = new_client(network, max_connections=2)
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask, client)

    assert sizes == [2] * 20
    assert len(network.connected) == 2


async def test_who_waits_for_a_turn_takes_a_connection_that_comes_back() -> None:
    """Where few may be opened in a while, an idle one is sooner than a new one."""
    network = MemoryNetwork()
    window = LimitWindow("connections", 1, 10_000_000_000, WindowKind.SLIDING)
    client = new_client(PacedNetwork(network, window))
    began = anyio.current_time()
    async with answering(network, OK, OK, OK), anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(client.send, READ, URL)
    assert anyio.current_time() - began < 1
    assert len(network.connected) == 1
    await client.aclose()


async def test_what_is_kept_for_urgent_requests_is_never_taken_by_data() -> None:
    """Questions that hang fill what is theirs; an order is sent all the same."""
    network = MemoryNetwork()
    client = new_client(network, max_connections=3, kept_for_urgent=1)
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(client.send, evolve(READ, lane=Lane.DATA), URL)
        await anyio.sleep(1)
        hanging = [await network.accept() for _ in network.connected]
        began = anyio.current_time()
        async with answering(network, OK):
            await client.send(evolve(WRITE, lane=Lane.PLACE), URL)
        took = anyio.current_time() - began
        tasks.cancel_scope.cancel()

    assert len(hanging) == 2
    assert took < 1


async def test_urgent_requests_may_use_what_data_may_use_as_well() -> None:
    """Nothing is kept from them."""
    network = MemoryNetwork()
    client = new_client(network, max_connections=3, kept_for_urgent=1)
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(client.send, evolve(WRITE, lane=Lane.CANCEL), URL)
        await anyio.sleep(1)
        opened = len(network.connected)
        tasks.cancel_scope.cancel()

    assert opened == 3


async def test_where_none_comes_back_a_turn_is_waited_for() -> None:
    """The first is never answered; the second gets a connection of its own in its time."""
    network = MemoryNetwork()
    window = LimitWindow("connections", 1, 2_000_000_000, WindowKind.SLIDING)
    client = new_client(PacedNetwork(network, window))
    began = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(failure_of, client, READ)
        await anyio.sleep(0.5)
        first = await network.accept()
        async with answering(network, OK):
            await client.send(READ, URL)
        took = anyio.current_time() - began
        await anyio.aclose_forcefully(first)
    assert 2 <= took < 3
    assert len(network.connected) == 2
    await client.aclose()


async def test_a_connection_closed_while_idle_is_found_before_sending() -> None:
    """The order goes out on a new connection; not a byte of it on the old."""
    network = MemoryNetwork()
    async with answering(network, OK):
        client = new_client(network)
        await client.warm_up(URL)
        network.clients[0]._incoming.end = anyio.EndOfStream
        reply = await client.send(WRITE, URL)

    assert reply.status == 200
    assert [stream.ledger.sent > 0 for stream in network.clients] == [False, True]


async def test_a_connection_that_spoke_unasked_is_not_used() -> None:
    """A 408 said to an idle connection is nobody's reply."""
    network = MemoryNetwork()
    async with answering(network, OK):
        client = new_client(network)
        await client.warm_up(URL)
        network.clients[0]._incoming.pieces.append(b"HTTP/1.1 408 Timeout\r\n\r\n")
        reply = await client.send(WRITE, URL)

    assert reply.status == 200
    assert network.clients[0].ledger.sent == 0


@pytest.mark.parametrize(
    ("header", "idle_s", "connections"),
    [
        (b"", 44.0, 1),
        (b"", 46.0, 2),
        (b"Keep-Alive: timeout=5, max=100\r\n", 3.9, 1),
        (b"Keep-Alive: timeout=5, max=100\r\n", 4.1, 2),
        (b"Connection: close\r\n", 0.0, 2),
    ],
)
async def test_an_old_connection_is_not_used_again(
    header: bytes, idle_s: float, connections: int
) -> None:
    """By our limit, by the server's, or because it said so."""
    network = MemoryNetwork()
    answer = b"HTTP/1.1 200 OK\r\n" + header + b"Content-Length: 0\r\n\r\n"
    async with answering(network, answer, answer):
        client = new_client(network)
        await client.send(READ, URL)
        await anyio.sleep(idle_s)
        await client.send(READ, URL)

    assert len(network.connected) == connections


async def test_a_cancelled_request_takes_its_connection_along() -> None:
    """Its reply, come late, can never be taken for another's."""
    network = MemoryNetwork()
    client = new_client(network)

    async def serve() -> None:
        first = await network.accept()
        await request_of(first)
        await anyio.sleep(2)
        with contextlib.suppress(anyio.BrokenResourceError):
            await first.send(OK.replace(b"200", b"299"))
        second = await network.accept()
        await request_of(second)
        await second.send(OK)

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        with anyio.move_on_after(1) as scope:
            await client.send(WRITE, URL)
        reply = await client.send(READ, URL)

    assert scope.cancelled_caught
    assert reply.status == 200
    assert [stream.is_closed for stream in network.clients] == [True, False]


async def test_cancelling_many_leaves_every_turn_free() -> None:
    """Requests that were waiting or under way when cancelled hold no place in the pool."""
    network = MemoryNetwork()
    client = new_client(network, max_connections=2)
    with anyio.move_on_after(1):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(client.send, READ, URL)
    for _ in range(2):
        await network.accept()
    async with answering(network, OK, OK, OK):
        replies = [await client.send(READ, URL) for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 200]
