"""What the stream over trio-websocket alone must see to: whole reads, whatever its reader does."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio
import trio.testing
from websockets.frames import Frame, Opcode

from tests.support.virtual_time import fresh
from tests.support.websocket_peer import WebSocketPeer
from venuetree.actors import trio_websocket_transport
from venuetree.actors.streams import Stream, StreamClosed, StreamOptions, WebSocketClient
from venuetree.actors.transports import open_stream
from venuetree.actors.trio_websocket_transport import (
    QUEUE,
    READ_BYTES,
    TrioWebSocketStream,
    queued,
)
from venuetree.protocol.errors import RemoteProtocolError, TransportError
from venuetree.protocol.port import Connect, Transport
from venuetree.scenarios.memory_network import MemoryNetwork

pytestmark = pytest.mark.anyio

URL = "ws://localhost:1234"
CONNECT = Connect(Transport.WEBSOCKET)
PATIENCE_S = 100

Serve = Callable[[WebSocketPeer], Awaitable[None]]


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Trio alone, in virtual time."""
    return fresh(("trio", {"virtual": True}))


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trio-websocket that has no queue we could look at."""
    monkeypatch.setattr(trio_websocket_transport, "queued", lambda _connection: None)


@contextlib.asynccontextmanager
async def opened(serve: Serve, **options: Any) -> AsyncIterator[tuple[Stream, MemoryNetwork]]:
    """A stream to a peer that serves once all is quiet: one send of its is one read of ours."""
    network = MemoryNetwork()
    chosen = StreamOptions(
        **({"ping_interval_s": None, "client": WebSocketClient.TRIO_WEBSOCKET} | options)
    )
    begin = anyio.Event()

    async def run() -> None:
        peer = await WebSocketPeer.accept(await network.accept())
        await begin.wait()
        await serve(peer)

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        async with open_stream(CONNECT, URL, network=network, options=chosen) as stream:
            await trio.testing.wait_all_tasks_blocked()
            begin.set()
            # Whoever waits in vain is told so as soon as all do: time is virtual.
            with anyio.fail_after(PATIENCE_S):
                yield stream, network
            group.cancel_scope.cancel()


def wire(*texts: str) -> bytes:
    """Text messages as a server sends them."""
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)


def numbered(count: int) -> list[str]:
    """So many messages that differ."""
    return [str(number) for number in range(count)]


async def receive(stream: Stream, count: int) -> list[bytes | str]:
    """That many messages."""
    messages: list[bytes | str] = []
    while len(messages) < count:
        messages += await stream.receive_many()
    return messages


async def test_all_messages_of_a_read_come_at_once_though_the_reader_queues_one_by_one() -> None:
    """Else every task behind us would get a turn a message. Breaks if their queue changes."""
    texts = numbered(50)

    async def serve(peer: WebSocketPeer) -> None:
        await peer.send(*texts)
        await peer.serve()

    async with opened(serve) as (stream, _):
        assert await stream.receive_many() == texts


@pytest.mark.bulk
async def test_a_read_of_more_messages_than_may_wait_comes_at_once() -> None:
    """The reader never stands before a full queue, which nobody would empty."""
    count = READ_BYTES // 2

    async def serve(peer: WebSocketPeer) -> None:
        await peer.stream.send(wire(*[""] * count))
        await peer.serve()

    async with opened(serve) as (stream, _):
        assert await stream.receive_many() == [""] * count


async def test_the_reader_waits_while_too_many_messages_do() -> None:
    """The network's own buffer holds the rest; it comes when there is room, in order."""
    pieces = 4
    texts = numbered(pieces * QUEUE)

    async def serve(peer: WebSocketPeer) -> None:
        for piece in range(pieces):
            await peer.send(*texts[piece * QUEUE : (piece + 1) * QUEUE])
        peer.protocol.send_ping(b"behind them")
        await peer.flush()
        answers.append((await peer.frame()).opcode)

    answers: list[Opcode] = []
    async with opened(serve) as (stream, _):
        await trio.testing.wait_all_tasks_blocked()
        unread = not answers
        messages = [await stream.receive_many()]
        await trio.testing.wait_all_tasks_blocked()
        still_unread = not answers
        messages += [await stream.receive_many() for _ in range(pieces - 1)]
        await trio.testing.wait_all_tasks_blocked()

    assert unread
    assert still_unread
    assert [len(batch) for batch in messages] == [QUEUE] * pieces
    assert [text for batch in messages for text in batch] == texts
    assert answers == [Opcode.PONG]


async def test_closing_lets_a_reader_go_on_that_waits_for_room() -> None:
    """The answer to our goodbye stands behind messages that nobody wants any more."""

    async def serve(peer: WebSocketPeer) -> None:
        for _ in range(3):
            await peer.send(*numbered(QUEUE))
        await peer.serve()
        await peer.stream.aclose()

    async with opened(serve) as (stream, _):
        await trio.testing.wait_all_tasks_blocked()
        start = anyio.current_time()
        await stream.aclose()

        assert anyio.current_time() == start
        assert await stream.receive_many() == numbered(QUEUE)
        with pytest.raises(StreamClosed):
            await stream.receive_many()


@pytest.mark.parametrize("path", ["whole_reads", "one_by_one"])
async def test_closing_wakes_whoever_receives(path: str, request: pytest.FixtureRequest) -> None:
    """Another task of ours closes."""
    if path == "one_by_one":
        request.getfixturevalue("one_by_one")
    told: list[bool] = []

    async def wait(stream: Stream) -> None:
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()
        told.append(caught.value.by_peer)

    async def serve(peer: WebSocketPeer) -> None:
        await peer.serve()
        await peer.stream.aclose()

    async with opened(serve) as (stream, _), anyio.create_task_group() as group:
        group.start_soon(wait, stream)
        await trio.testing.wait_all_tasks_blocked()
        await stream.aclose()

    assert told == [False]


async def test_messages_before_one_that_is_too_long_come_first() -> None:
    """trio-websocket forgets its queue then."""

    async def serve(peer: WebSocketPeer) -> None:
        await peer.stream.send(wire("one", "two", "x" * 2000))
        await peer.serve()

    async with opened(serve, max_message_bytes=1000) as (stream, _):
        messages = await receive(stream, 2)
        with pytest.raises(RemoteProtocolError):
            await stream.receive_many()

    assert messages == ["one", "two"]


@pytest.mark.parametrize("behind", [b"\x8f\x00", b"\xc1\x00"], ids=["opcode", "reserved_bit"])
async def test_messages_before_bytes_that_are_no_frame_come_first(behind: bytes) -> None:
    """The reader may crash on what follows."""

    async def serve(peer: WebSocketPeer) -> None:
        await peer.stream.send(wire("one", "two") + behind)
        await peer.serve()

    async with opened(serve) as (stream, _):
        messages = await receive(stream, 2)
        with pytest.raises(RemoteProtocolError):
            await stream.receive_many()

    assert messages == ["one", "two"]


async def test_messages_before_a_missing_pong_come_first_and_none_after_it() -> None:
    """The end is told behind what came before it, even if that was not yet received."""

    async def serve(peer: WebSocketPeer) -> None:
        await peer.send("before")
        await anyio.sleep(20)
        await peer.send("after")
        await anyio.sleep_forever()

    options = {"ping_interval_s": 10.0, "pong_timeout_s": 5.0, "close_timeout_s": 1.0}
    async with opened(serve, **options) as (stream, _):
        await anyio.sleep(30)

        assert await stream.receive_many() == ["before"]
        for _ in range(2):
            with pytest.raises(TransportError, match="no pong within 5 s"):
                await stream.receive_many()


async def test_giving_up_in_the_middle_of_a_read_keeps_what_was_queued() -> None:
    """The reader has queued some messages of a read, and not yet come back for the next."""
    texts = numbered(200)

    async def serve(peer: WebSocketPeer) -> None:
        await peer.send(*texts)
        await peer.serve()

    async with opened(serve) as (stream, _):
        assert isinstance(stream, TrioWebSocketStream)
        for _ in range(len(texts) // 2):
            await anyio.lowlevel.checkpoint()
        stream.give_up(TransportError("enough", exchange="sim"))
        messages = await stream.receive_many()
        with pytest.raises(TransportError, match="enough"):
            await stream.receive_many()

    assert 0 < len(messages) < len(texts)
    assert messages == texts[: len(messages)]


async def test_a_message_right_behind_the_handshake_arrives_though_nothing_follows() -> None:
    """The reader may have come back for the next read before the stream exists."""

    async def run(network: MemoryNetwork) -> None:
        peer = await WebSocketPeer.accept(await network.accept(), behind=wire("first"))
        await peer.serve()

    # Who is first is the scheduler's choice, made by chance.
    for _ in range(20):
        network = MemoryNetwork()
        options = StreamOptions(ping_interval_s=None, client=WebSocketClient.TRIO_WEBSOCKET)
        async with anyio.create_task_group() as group:
            group.start_soon(run, network)
            async with open_stream(CONNECT, URL, network=network, options=options) as stream:
                with anyio.fail_after(PATIENCE_S):
                    assert await stream.receive_many() == ["first"]


async def test_a_flood_lets_others_run_and_be_cancelled() -> None:
    """Neither the tasks beside it nor the end of a receiver that never waits is held off."""
    turns = 0
    batches = 0

    async def serve(peer: WebSocketPeer) -> None:
        while True:
            await peer.stream.send(wire(*numbered(20)))

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await anyio.lowlevel.checkpoint()

    async def stop(group: anyio.abc.TaskGroup) -> None:
        while batches < 10 or turns < 10:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()

    async with opened(serve) as (stream, _), anyio.create_task_group() as group:
        group.start_soon(beside)
        group.start_soon(stop, group)
        while True:
            batches += 1
            await stream.receive_many()

    assert turns >= batches


async def test_a_cancelled_receiver_leaves_what_is_there_to_the_next() -> None:
    """Messages that wait are not taken by a receive that is cancelled already."""

    async def serve(peer: WebSocketPeer) -> None:
        await peer.send("one", "two")
        await peer.serve()

    async with opened(serve) as (stream, _):
        await trio.testing.wait_all_tasks_blocked()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await stream.receive_many()

        assert scope.cancelled_caught
        assert await stream.receive_many() == ["one", "two"]


@pytest.mark.parametrize(
    "connection",
    [
        SimpleNamespace(),
        SimpleNamespace(_recv_channel=object()),
        SimpleNamespace(_recv_channel=SimpleNamespace(receive_nowait=lambda: "")),
    ],
)
async def test_a_queue_that_is_not_the_one_we_know_is_left_alone(
    connection: SimpleNamespace,
) -> None:
    """It is private to trio-websocket, and may be gone or another in its next version."""
    assert queued(connection) is None


@pytest.mark.usefixtures("one_by_one")
async def test_without_the_queue_messages_come_one_by_one() -> None:
    """In order, the peer's close behind them."""
    texts = numbered(2 * QUEUE)

    async def serve(peer: WebSocketPeer) -> None:
        await peer.send(*texts)
        await peer.close(4001, "maintenance")
        await peer.serve()

    async with opened(serve) as (stream, _):
        batches = [await stream.receive_many() for _ in texts]
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()

    assert batches == [[text] for text in texts]
    assert caught.value.close_code == 4001


@pytest.mark.usefixtures("one_by_one")
async def test_without_the_queue_a_missing_pong_still_wakes_the_receiver() -> None:
    """Who waits inside trio-websocket is called out of it."""

    async def serve(_peer: WebSocketPeer) -> None:
        await anyio.sleep_forever()

    options = {"ping_interval_s": 10.0, "pong_timeout_s": 5.0, "close_timeout_s": 1.0}
    async with opened(serve, **options) as (stream, _):
        with pytest.raises(TransportError, match="no pong within 5 s"):
            await stream.receive_many()

        assert anyio.current_time() == pytest.approx(15.0)
