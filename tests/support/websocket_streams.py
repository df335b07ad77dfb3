"""WebSocket streams for tests, over a network in memory, to a peer in the test's own hands."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio

from venuetree.actors.streams import Stream, StreamOptions, WebSocketClient
from venuetree.actors.transports import open_stream
from venuetree.protocol.port import Connect, Transport
from venuetree.scenarios.memory_network import MemoryByteStream, MemoryNetwork

__all__ = ["CONNECT", "URL", "Serve", "as_bytes", "opened", "receive", "serving"]

URL = "ws://localhost:1234"
CONNECT = Connect(Transport.WEBSOCKET, "/feed?x=1", headers=(("x-key", "s3cret"),))
Serve = Callable[[MemoryByteStream], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(network: MemoryNetwork, serve: Serve) -> AsyncIterator[None]:
    """Serve the first connection beside the body."""

    async def run() -> None:
        await serve(await network.accept())

    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised below, outside the group
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


@contextlib.asynccontextmanager
async def opened(
    serve: Serve, client: WebSocketClient, **options: Any
) -> AsyncIterator[tuple[Stream, MemoryNetwork]]:
    """A stream opened to a peer that `serve`s."""
    network = MemoryNetwork()
    chosen = StreamOptions(**({"ping_interval_s": None, "client": client} | options))
    async with (
        serving(network, serve),
        open_stream(CONNECT, URL, network=network, options=chosen, exchange="sim") as stream,
    ):
        yield stream, network


def as_bytes(messages: list[bytes | str]) -> list[bytes]:
    """Messages as bytes, whichever way the client gives text."""
    return [message.encode() if isinstance(message, str) else message for message in messages]


async def receive(stream: Stream, count: int) -> list[bytes]:
    """That many messages."""
    messages: list[bytes] = []
    while len(messages) < count:
        messages += as_bytes(await stream.receive_many())
    return messages
