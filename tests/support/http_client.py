"""What the tests of the HTTP client share: requests, a server in memory, a client, its failures."""

import contextlib
from collections.abc import AsyncIterator

import anyio
import pytest

from venuetree.actors.clock import LoopClock
from venuetree.actors.http_client import HttpClient
from venuetree.actors.http_pool import HttpOptions
from venuetree.actors.network import Network
from venuetree.protocol.errors import EngineError
from venuetree.protocol.port import Effect, RestRequest
from venuetree.scenarios.memory_network import MemoryByteStream, MemoryNetwork

__all__ = ["OK", "READ", "URL", "WRITE", "answering", "failure_of", "new_client", "request_of"]

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
