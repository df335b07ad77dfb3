"""Messages of a WebSocket arrive whole, however they come."""

import anyio
import pytest
from websockets.frames import Frame, Opcode

from tests.support.websocket_peer import WebSocketPeer
from tests.support.websocket_streams import as_bytes, opened, receive
from venuetree.actors.streams import Compression, WebSocketClient
from venuetree.scenarios.memory_network import MemoryByteStream

pytestmark = pytest.mark.anyio


async def test_what_was_sent_before_and_after_the_handshake_arrives(
    client: WebSocketClient,
) -> None:
    """Path, query and headers are as asked; messages right behind the handshake are not lost."""
    seen: list[object] = []

    async def serve(stream: MemoryByteStream) -> None:
        behind = Frame(Opcode.TEXT, b"first").serialize(mask=False)
        peer = await WebSocketPeer.accept(stream, behind=behind)
        seen.extend(
            (peer.request.path, peer.request.headers["x-key"], peer.request.headers["host"])
        )
        await peer.send("second", "third")
        seen.append(bytes((await peer.frame()).data))
        await peer.send("fourth")
        await peer.serve()

    async with opened(serve, client) as (stream, _):
        before = await receive(stream, 3)
        await stream.send("hello €")
        after = await receive(stream, 1)

    assert before + after == [b"first", b"second", b"third", b"fourth"]
    assert seen == ["/feed?x=1", "s3cret", "localhost:1234", "hello €".encode()]


async def test_messages_arrive_whole_however_small_the_pieces(client: WebSocketClient) -> None:
    """One byte at a time gives the same messages."""

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        await peer.send("one", "two" * 50, "")
        await peer.serve()

    async with opened(serve, client) as (stream, network):
        network.clients[0].piece = 1

        assert await receive(stream, 3) == [b"one", b"two" * 50, b""]


async def test_all_messages_of_a_read_come_at_once(client: WebSocketClient) -> None:
    """One call gives everything that one read brought."""

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        # Not right behind the handshake, where its end may part them.
        await peer.frame()
        await peer.send("one", "two", "three")
        await peer.serve()

    async with opened(serve, client) as (stream, _):
        await stream.send("begin")

        assert as_bytes(await stream.receive_many()) == [b"one", b"two", b"three"]


async def test_a_message_of_five_megabytes_passes(client: WebSocketClient) -> None:
    """Snapshots of big books are that long."""
    big = "x" * 5_000_000

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        await peer.send(big)
        await peer.serve()

    async with opened(serve, client) as (stream, _):
        assert await receive(stream, 1) == [big.encode()]


async def test_cancelling_a_receive_loses_nothing(client: WebSocketClient) -> None:
    """Deadlines that strike in the middle of messages and pings leave every message."""
    count = 40

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        for number in range(count):
            await anyio.sleep(0.7)
            peer.protocol.send_ping(b"p")
            peer.protocol.send_text(str(number).encode())
            await peer.flush()
        await peer.serve()

    messages: list[bytes] = []
    async with opened(serve, client) as (stream, network):
        network.clients[0].piece = 2
        while len(messages) < count:
            with anyio.move_on_after(0.1):
                messages += as_bytes(await stream.receive_many())

    assert messages == [str(number).encode() for number in range(count)]


async def test_compression_is_used_where_the_server_agrees() -> None:
    """permessage-deflate both ways; without it on the server, the stream works all the same."""
    for compression in (True, False):

        async def serve(stream: MemoryByteStream, *, agree: bool = compression) -> None:
            peer = await WebSocketPeer.accept(stream, compression=agree)
            await peer.send("squeeze " * 1000, bytes((await peer.frame()).data).decode())
            await peer.serve()

        async with opened(serve, WebSocketClient.SANS_IO, compression=Compression.DEFLATE) as (
            stream,
            network,
        ):
            await stream.send("shrink " * 1000)
            messages = await receive(stream, 2)

        assert messages == [b"squeeze " * 1000, b"shrink " * 1000]
        assert (network.clients[0].ledger.sent < 3000) == compression
