"""HTTP requests that fail: what failed, and whether a byte had left."""

import anyio
import pytest

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
from venuetree.protocol.errors import (
    EngineError,
    OutcomeUnknown,
    RemoteProtocolError,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.port import RestRequest
from venuetree.scenarios.memory_network import MemoryNetwork

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize(
    ("taken", "kind"), [(0, TransportError), (1, OutcomeUnknown), (100, OutcomeUnknown)]
)
async def test_a_send_that_stalls_is_judged_by_what_the_network_took(
    taken: int, kind: type[EngineError]
) -> None:
    """A network that takes nothing at all until the timeout has sent nothing."""
    network = MemoryNetwork()
    client = new_client(network)
    await client.warm_up(URL)
    (await network.accept()).stall(after=taken)

    assert type(await failure_of(client, WRITE)) is kind


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
