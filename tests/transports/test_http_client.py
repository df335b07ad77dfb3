"""HTTP over a network in memory, in virtual time: what failed, and whether a byte had left."""

import contextlib
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from attrs import evolve

from venuetree.actors.clock import LoopClock
from venuetree.actors.http_client import HttpClient
from venuetree.actors.http_pool import HttpOptions
from venuetree.actors.http_transport import OwnTransport
from venuetree.actors.network import Network
from venuetree.actors.paced_network import PacedNetwork
from venuetree.protocol.errors import (
    ConfigurationError,
    EngineError,
    LocalProtocolError,
    OutcomeUnknown,
    RemoteProtocolError,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.port import Effect, Lane, LimitWindow, RestReply, RestRequest, WindowKind
from venuetree.scenarios.memory_network import MemoryByteStream, MemoryNetwork

pytestmark = pytest.mark.anyio

URL = "http://localhost:8080"
READ = RestRequest("time", "GET", "/time", query="a=1&b=%20")
WRITE = RestRequest(
    "place",
    "POST",
    "/orders",
    body=b'{"side":"BUY"}',
    headers=(("Authorization", "Bearer s3cret"),),
    effect=Effect.WRITE,
    client_order_id="mine-1",
    timeout_ns=5_000_000_000,
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


async def request_of(stream: MemoryByteStream) -> bytes:
    """One whole request as it came."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += await stream.receive()
    head = data.partition(b"\r\n\r\n")[0].lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
    while len(data) < len(head) + 4 + length:
        data += await stream.receive()
    return data


@contextlib.asynccontextmanager
async def answering(network: MemoryNetwork, *answers: bytes) -> AsyncIterator[list[bytes]]:
    """Give these answers in turn, on whichever connections the requests come; keep the requests."""
    left = list(answers)
    seen: list[bytes] = []

    async def serve(stream: MemoryByteStream) -> None:
        with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while left:
                seen.append(await request_of(stream))
                await stream.send(left.pop(0))

    async def accept() -> None:
        while True:
            group.start_soon(serve, await network.accept())

    async with anyio.create_task_group() as group:
        group.start_soon(accept)
        yield seen
        group.cancel_scope.cancel()


def new_client(network: Network, **options: float) -> HttpClient:
    """A client on that network, counting time from a second after the epoch."""
    return HttpClient(
        network=network,
        clock=LoopClock(1_000_000_000, anyio.current_time()),
        exchange="sim",
        options=HttpOptions(**options),  # type: ignore[arg-type]
    )


async def failure_of(client: HttpClient, request: RestRequest) -> EngineError:
    """The error that sending this raises."""
    with pytest.raises(EngineError) as caught:
        await client.send(request, URL)
    return caught.value


async def test_a_request_leaves_as_it_was_made_and_its_reply_returns() -> None:
    """Path, query, headers and body byte for byte; any status is a reply."""
    network = MemoryNetwork()
    teapot = b"HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\nX-Used: 7\r\n\r\nhot"
    async with answering(network, OK, teapot) as seen:
        client = new_client(network)
        replies = [await client.send(WRITE, URL), await client.send(READ, f"{URL}/v3/")]

    assert replies == [
        RestReply(200, {"content-length": "2"}, b"{}", 1_000_000_000, 1_000_000_000),
        RestReply(
            418, {"content-length": "3", "x-used": "7"}, b"hot", 1_000_000_000, 1_000_000_000
        ),
    ]
    assert seen == [
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: venuetree\r\n"
            b"Accept: */*\r\nAccept-Encoding: identity\r\nAuthorization: Bearer s3cret\r\n"
            b'Content-Length: 14\r\n\r\n{"side":"BUY"}'
        ),
        (
            b"GET /v3/time?a=1&b=%20 HTTP/1.1\r\nHost: localhost:8080\r\n"
            b"User-Agent: venuetree\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
        ),
    ]


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


async def test_a_host_that_refuses_means_nothing_was_sent() -> None:
    """An order that could not leave may be sent again."""
    network = MemoryNetwork()
    network.refusals = [ConnectionRefusedError(111, "Connection refused")]

    error = await failure_of(new_client(network), WRITE)

    assert type(error) is TransportError
    assert (error.exchange, error.operation) == ("sim", "place")


async def test_a_host_that_does_not_answer_means_nothing_was_sent() -> None:
    """The connect timeout, and the request's own where that is shorter."""
    network = MemoryNetwork()
    network.is_silent = True
    times = []
    for connect_timeout_s in (3.0, 60.0):
        start = anyio.current_time()
        error = await failure_of(new_client(network, connect_timeout_s=connect_timeout_s), WRITE)
        times.append(round(anyio.current_time() - start, 3))

        assert type(error) is TransportError

    assert times == [3.0, 5.0]


@pytest.mark.parametrize(
    ("request_", "kind"), [(READ, ReplyLost), (WRITE, OutcomeUnknown)], ids=["read", "write"]
)
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
@pytest.mark.parametrize("end", ["reset", "finish", "silence"])
async def test_a_reply_that_does_not_come_whole_is_unknown(
    request_: RestRequest, kind: type[EngineError], answer: bytes, end: str
) -> None:
    """Reset, closed or silent, before or in the middle of the reply: it was sent, once."""
    network = MemoryNetwork()
    seen: list[bytes] = []

    async def serve() -> None:
        stream = await network.accept()
        seen.append(await request_of(stream))
        await stream.send(answer)
        await anyio.sleep(0.1)
        if end == "reset":
            stream.reset()
        elif end == "finish":
            stream.finish()

    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        start = anyio.current_time()
        error = await failure_of(new_client(network), request_)
        waited = anyio.current_time() - start

    assert type(error) is kind
    assert getattr(error, "client_order_id", "mine-1") == "mine-1"
    assert len(seen) == len(network.connected) == 1
    assert network.clients[0].is_closed
    assert waited == pytest.approx(request_.timeout_ns / 1e9 if end == "silence" else 0.1)
    assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("taken", "kind"), [(0, TransportError), (1, OutcomeUnknown), (100, OutcomeUnknown)]
)
async def test_a_send_that_breaks_is_judged_by_what_the_network_took(
    taken: int, kind: type[EngineError]
) -> None:
    """Not a byte: nothing was sent. One byte: unknown."""
    network = MemoryNetwork()
    client = new_client(network)
    await client.warm_up(URL)
    network.clients[0].breaks_after = taken

    error = await failure_of(client, WRITE)

    assert type(error) is kind


async def test_a_stalled_send_is_unknown_only_if_a_byte_has_left() -> None:
    """A network that takes nothing at all until the timeout has sent nothing."""
    network = MemoryNetwork()
    client = new_client(network)
    await client.warm_up(URL)
    (await network.accept()).stall()

    assert type(await failure_of(client, WRITE)) is TransportError


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>gone</html>",
        OK + OK,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown_for_an_order(answer: bytes) -> None:
    """RemoteProtocolError for a question; an order may have been taken all the same."""
    for request, kind in ((READ, RemoteProtocolError), (WRITE, OutcomeUnknown)):
        network = MemoryNetwork()
        async with answering(network, answer):
            error = await failure_of(new_client(network), request)

        assert type(error) is kind
        assert error.exchange == "sim"
        assert network.clients[0].is_closed


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


@pytest.mark.parametrize(
    "request_",
    [
        RestRequest("x", "GET", "/a\r\nX-Evil: 1"),
        RestRequest("x", "GET", "/a b"),
        RestRequest("x", "GET", "no-slash"),
        RestRequest("x", "GET", "/a", query="q=\n"),
        RestRequest("x", "GET", "/a#part"),
        RestRequest("x", "GET", "/ä"),
        RestRequest("x", "GET", "/a", headers=(("X-A", "s3cret\r\nX-Evil: 1"),)),
        RestRequest("x", "GET", "/a", headers=(("X-A\r\n", "s3cret"),)),
        RestRequest("x", "GET", "/a", headers=(("Host", "other"),)),
        RestRequest("x", "GET", "/a", headers=(("content-length", "0"),)),
        RestRequest("x", "HEAD", "/a"),
        RestRequest("x", "GET /\r\n", "/a"),
    ],
)
async def test_what_would_break_the_request_is_refused_before_sending(
    request_: RestRequest,
) -> None:
    """Line breaks, spaces and reserved headers; the value at fault is not told."""
    network = MemoryNetwork()

    error = await failure_of(new_client(network), request_)

    assert type(error) is LocalProtocolError
    assert network.connected == []
    assert "s3cret" not in str(error)


async def test_an_address_in_the_clear_is_refused_before_connecting() -> None:
    """`http://` to another machine is a mistake in the configuration."""
    network = MemoryNetwork()

    with pytest.raises(ConfigurationError, match="without TLS"):
        await new_client(network).send(READ, "http://exchange.test")

    assert network.connected == []


async def test_redirects_are_replies() -> None:
    """An order is never sent anywhere else."""
    network = MemoryNetwork()
    answer = b"HTTP/1.1 307 Moved\r\nLocation: http://localhost:9/\r\nContent-Length: 0\r\n\r\n"
    async with answering(network, answer):
        reply = await new_client(network).send(WRITE, URL)

    assert (reply.status, len(network.connected)) == (307, 1)


async def test_httpx_can_use_our_transport() -> None:
    """A prebuilt `httpx.Request` and a whole `httpx.AsyncClient` both go through."""
    network = MemoryNetwork()
    packed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with answering(network, OK, packed) as seen:
        transport = OwnTransport(network=network)
        request = httpx.Request("POST", f"{URL}/x?y=%201", content=b"body")
        direct = await transport.handle_async_request(request)
        async with httpx.AsyncClient(transport=transport) as client:
            through = await client.get(f"{URL}/z")

    assert (direct.status_code, direct.content) == (200, b"{}")
    assert (through.status_code, through.json()) == (200, {})
    assert seen[0].startswith(b"POST /x?y=%201 HTTP/1.1\r\n")
    assert seen[0].endswith(b"\r\n\r\nbody")
    assert len(network.connected) == 1
