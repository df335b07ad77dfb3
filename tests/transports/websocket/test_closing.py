"""A WebSocket is closed: by the peer, by us, or by what the body does."""

import anyio
import pytest
from websockets.frames import Opcode

from tests.support.websocket_peer import WebSocketPeer
from tests.support.websocket_streams import CONNECT, URL, opened, receive, serving
from venuetree.actors.streams import Stream, StreamClosed, StreamOptions, WebSocketClient
from venuetree.actors.transports import open_stream
from venuetree.scenarios.memory_network import MemoryByteStream, MemoryNetwork

pytestmark = pytest.mark.anyio


async def test_the_peers_close_is_told_behind_its_messages(client: WebSocketClient) -> None:
    """Messages before the close frame come first; then its code and reason, again and again."""
    answers: list[Opcode] = []

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        peer.protocol.send_text(b"last")
        await peer.close(4001, "maintenance")
        answers.append((await peer.frame()).opcode)
        await peer.stream.aclose()

    async with opened(serve, client) as (stream, _):
        messages = await receive(stream, 1)
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()
        with pytest.raises(StreamClosed):
            await stream.receive_many()
        with pytest.raises(StreamClosed):
            await stream.send("too late")

    closed = caught.value
    assert messages == [b"last"]
    assert (closed.close_code, closed.reason, closed.by_peer) == (4001, "maintenance", True)
    assert answers == [Opcode.CLOSE]


async def test_our_close_says_goodbye_and_waits_for_the_answer(client: WebSocketClient) -> None:
    """Leaving the context sends a close frame with the normal code."""
    codes: list[bytes] = []

    async def serve(stream: MemoryByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        frame = await peer.frame()
        codes.append(bytes(frame.data[:2]))
        await peer.flush()
        await stream.aclose()

    async with opened(serve, client) as (stream, network):
        start = anyio.current_time()
        await stream.aclose()

        assert anyio.current_time() == start
        assert network.clients[0].is_closed
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()

    assert not caught.value.by_peer
    assert codes == [(1000).to_bytes(2, "big")]


async def test_a_goodbye_without_an_answer_is_bounded(client: WebSocketClient) -> None:
    """A peer that never answers our close holds us up for the close timeout, no longer."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        await anyio.sleep_forever()

    async with opened(serve, client, close_timeout_s=3.0) as (stream, network):
        start = anyio.current_time()
        await stream.aclose()

        assert anyio.current_time() - start <= 3.001

    assert network.clients[0].is_closed


async def test_the_bodys_error_leaves_as_it_is(client: WebSocketClient) -> None:
    """No group is made of the host's own exception."""

    async def serve(stream: MemoryByteStream) -> None:
        await (await WebSocketPeer.accept(stream)).serve()

    network = MemoryNetwork()
    options = StreamOptions(client=client)
    async with serving(network, serve):
        with pytest.raises(ZeroDivisionError):
            async with open_stream(CONNECT, URL, network=network, options=options):
                raise ZeroDivisionError

    assert network.clients[0].is_closed


async def test_cancelling_the_body_closes_the_connection_at_once(
    client: WebSocketClient,
) -> None:
    """The host's cancellation passes, and no time is spent on manners."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        await anyio.sleep_forever()

    start = anyio.current_time()
    with anyio.move_on_after(1.0) as scope:
        async with opened(serve, client) as (stream, network):
            await stream.receive_many()

    assert scope.cancelled_caught
    assert anyio.current_time() - start == pytest.approx(1.0)
    assert network.clients[0].is_closed


async def test_closing_wakes_whoever_receives(client: WebSocketClient) -> None:
    """Another task closes: the receiver is told that it was us, and no time is lost."""
    told: list[StreamClosed] = []

    async def wait(stream: Stream) -> None:
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()
        told.append(caught.value)

    async def serve(stream: MemoryByteStream) -> None:
        await (await WebSocketPeer.accept(stream)).serve()
        await stream.aclose()

    async with opened(serve, client) as (stream, _):
        start = anyio.current_time()
        async with anyio.create_task_group() as group:
            group.start_soon(wait, stream)
            await anyio.wait_all_tasks_blocked()
            await stream.aclose()

        assert anyio.current_time() == start

    assert [error.by_peer for error in told] == [False]
