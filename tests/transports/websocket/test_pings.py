"""Pings and pongs of a WebSocket: the peer's, and ours on schedule."""

import anyio
import pytest
from websockets.frames import Frame, Opcode

from tests.support.websocket_peer import WebSocketPeer
from tests.support.websocket_streams import opened, receive
from venuetree.actors.streams import StreamClosed, WebSocketClient
from venuetree.protocol.errors import TransportError
from venuetree.scenarios.memory_network import MemoryByteStream

pytestmark = pytest.mark.anyio


async def test_a_ping_is_answered_with_its_own_payload(client: WebSocketClient) -> None:
    """The peer's ping comes back as a pong before its next message is waited for."""
    answers: list[Frame] = []

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        peer.protocol.send_ping(b"still there?")
        await peer.flush()
        answers.append(await peer.frame())
        await peer.send("thanks")
        await peer.serve()

    async with opened(serve, client) as (stream, _):
        await receive(stream, 1)

    assert [(frame.opcode, bytes(frame.data)) for frame in answers] == [
        (Opcode.PONG, b"still there?")
    ]


async def test_our_pings_go_out_on_schedule_while_pongs_come(client: WebSocketClient) -> None:
    """A quiet but living stream is pinged at each interval, and lives on."""
    times: list[float] = []

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        start = anyio.current_time()
        for _ in range(3):
            assert (await peer.frame()).opcode is Opcode.PING
            times.append(round(anyio.current_time() - start, 3))
            await peer.flush()
        await peer.send("enough")
        await peer.serve()

    async with opened(serve, client, ping_interval_s=10.0, pong_timeout_s=5.0) as (stream, _):
        assert await receive(stream, 1) == [b"enough"]

    assert times == [10.0, 20.0, 30.0]


async def test_a_missing_pong_ends_the_stream_at_its_deadline(client: WebSocketClient) -> None:
    """A half-open connection is found by the clock."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        await anyio.sleep_forever()

    async with opened(
        serve, client, ping_interval_s=10.0, pong_timeout_s=5.0, close_timeout_s=1.0
    ) as (stream, _):
        start = anyio.current_time()
        with pytest.raises(TransportError, match="no pong within 5 s") as caught:
            await stream.receive_many()

        assert anyio.current_time() - start == pytest.approx(15.0)
        assert not isinstance(caught.value, StreamClosed)


async def test_a_peer_that_takes_nothing_does_not_hold_us_for_ever() -> None:
    """A pong that cannot be sent ends the stream, behind the messages that came with the ping."""

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        stream.stall()
        peer.protocol.send_text(b"kept")
        peer.protocol.send_ping(b"answer me")
        await peer.flush()
        await anyio.sleep_forever()

    async with opened(serve, WebSocketClient.SANS_IO, pong_timeout_s=5.0) as (stream, _):
        start = anyio.current_time()
        messages = await stream.receive_many()
        with pytest.raises(TransportError, match="takes no more data"):
            await stream.receive_many()

    assert messages == [b"kept"]
    assert anyio.current_time() - start == pytest.approx(5.0)
