"""WebSocket streams over a network in memory, in virtual time: every client, both backends."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from tests.support.virtual_time import fresh, virtual_options
from tests.support.websocket_peer import WebSocketPeer
from venuetree.actors.streams import (
    Compression,
    Stream,
    StreamClosed,
    StreamOptions,
    WebSocketClient,
)
from venuetree.actors.transports import open_stream
from venuetree.protocol.errors import (
    AuthRefused,
    ConfigurationError,
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    LocalProtocolError,
    PermissionRefused,
    RateLimited,
    RemoteProtocolError,
    TransportError,
)
from venuetree.protocol.port import Connect, Transport
from venuetree.scenarios.memory_network import MemoryByteStream, MemoryNetwork

pytestmark = pytest.mark.anyio

URL = "ws://localhost:1234"
CONNECT = Connect(Transport.WEBSOCKET, "/feed?x=1", headers=(("x-key", "s3cret"),))
SECRET = "s3cret"

CLIENTS = [
    pytest.param(("asyncio", WebSocketClient.SANS_IO), id="asyncio-sans_io"),
    pytest.param(("trio", WebSocketClient.SANS_IO), id="trio-sans_io"),
    pytest.param(("trio", WebSocketClient.TRIO_WEBSOCKET), id="trio-trio_websocket"),
]

Serve = Callable[[MemoryByteStream], Awaitable[None]]


@pytest.fixture(params=CLIENTS)
def case(request: pytest.FixtureRequest) -> tuple[str, WebSocketClient]:
    """A backend and a client that runs on it."""
    parameter: tuple[str, WebSocketClient] = request.param
    return parameter


@pytest.fixture
def anyio_backend(case: tuple[str, WebSocketClient]) -> tuple[str, dict[str, Any]]:
    """The case's backend, in virtual time."""
    return fresh((case[0], {"virtual": True}))


@pytest.fixture
def client(case: tuple[str, WebSocketClient]) -> WebSocketClient:
    """The case's client."""
    return case[1]


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


async def test_a_reset_is_a_transport_error(client: WebSocketClient) -> None:
    """An abrupt end is told as one, not as a close."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        await anyio.sleep(1)
        stream.reset()

    async with opened(serve, client) as (stream, _):
        with pytest.raises(TransportError) as caught:
            await stream.receive_many()

    assert type(caught.value) is TransportError


async def test_an_end_in_the_middle_of_a_frame_is_a_transport_error(
    client: WebSocketClient,
) -> None:
    """Half a message is no message, and no clean end."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        await stream.send(Frame(Opcode.TEXT, b"half of me").serialize(mask=False)[:7])
        stream.finish()

    async with opened(serve, client) as (stream, _):
        with pytest.raises(TransportError) as caught:
            await stream.receive_many()

    assert type(caught.value) is TransportError


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(Frame(Opcode.TEXT, b"\xff\xff").serialize(mask=False), id="no_utf8"),
        pytest.param(b"\x8f\x00", id="unknown_opcode"),
        pytest.param(b"\xc1\x00", id="reserved_bit"),
        pytest.param(Frame(Opcode.TEXT, b"x" * 2000).serialize(mask=False), id="too_long"),
    ],
)
async def test_what_is_not_the_protocol_is_told_as_that(
    client: WebSocketClient, wire: bytes
) -> None:
    """Bytes that break the protocol are the other side's fault."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        await stream.send(wire)
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                await stream.receive()

    async with opened(serve, client, max_message_bytes=1000) as (stream, _):
        with pytest.raises(RemoteProtocolError):
            await stream.receive_many()


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


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthRefused),
        (403, PermissionRefused),
        (404, ExchangeRefused),
        (429, RateLimited),
        (503, ExchangeUnavailable),
        (302, RemoteProtocolError),
    ],
)
async def test_a_refused_handshake_is_told_by_its_status(
    client: WebSocketClient, status: int, error: type[EngineError]
) -> None:
    """Each status has its remedy; the body's words are told, our headers never."""

    async def serve(stream: MemoryByteStream) -> None:
        await stream.receive()
        await stream.send(
            b"HTTP/1.1 %d No\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\ngo away\n\n" % status
        )

    with pytest.raises(error) as caught:
        async with opened(serve, client):
            pass

    assert type(caught.value) is error
    assert caught.value.code == str(status)
    assert "go away" in caught.value.message
    assert SECRET not in str(caught.value)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after_ns == 7_000_000_000


@pytest.mark.parametrize(
    "answer",
    [
        (
            b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: wrong\r\n\r\n"
        ),
        b"\x00\x01\x02 what is this\r\n\r\n",
    ],
)
async def test_an_answer_that_is_no_handshake_is_told_as_that(
    client: WebSocketClient, answer: bytes
) -> None:
    """A wrong key or no HTTP at all is the other side's fault."""

    async def serve(stream: MemoryByteStream) -> None:
        await stream.receive()
        await stream.send(answer)
        await anyio.sleep_forever()

    with pytest.raises(RemoteProtocolError):
        async with opened(serve, client):
            pass


async def test_a_handshake_without_an_answer_ends_in_time(client: WebSocketClient) -> None:
    """Silence after connecting is bounded."""

    async def serve(stream: MemoryByteStream) -> None:
        await stream.receive()
        await anyio.sleep_forever()

    start = anyio.current_time()
    with pytest.raises(TransportError, match="too long"):
        async with opened(serve, client, handshake_timeout_s=4.0):
            pass

    assert anyio.current_time() - start == pytest.approx(4.0)


async def test_an_end_during_the_handshake_is_a_transport_error(client: WebSocketClient) -> None:
    """A peer that accepts and leaves cannot be reached."""

    async def serve(stream: MemoryByteStream) -> None:
        await stream.receive()
        await stream.aclose()

    with pytest.raises(TransportError):
        async with opened(serve, client):
            pass


async def test_a_host_that_refuses_or_is_silent_is_a_transport_error(
    client: WebSocketClient,
) -> None:
    """Refused at once, or given up after the connect timeout."""
    network = MemoryNetwork()
    network.refusals = [ConnectionRefusedError(111, "Connection refused")]
    options = StreamOptions(client=client, connect_timeout_s=6.0)

    with pytest.raises(TransportError, match="localhost:1234 failed: Connection refused"):
        async with open_stream(CONNECT, URL, network=network, options=options):
            pass
    network.is_silent = True
    start = anyio.current_time()
    with pytest.raises(TransportError, match="too long"):
        async with open_stream(CONNECT, URL, network=network, options=options):
            pass

    assert anyio.current_time() - start == pytest.approx(6.0)


async def test_an_address_in_the_clear_is_refused_before_connecting(
    client: WebSocketClient,
) -> None:
    """`ws://` to another machine is a mistake in the configuration."""
    network = MemoryNetwork()

    with pytest.raises(ConfigurationError, match="without TLS"):
        async with open_stream(
            CONNECT,
            "ws://exchange.test",
            network=network,
            options=StreamOptions(client=client),
        ):
            pass

    assert network.connected == []


async def test_a_header_with_a_line_break_is_refused_before_connecting(
    client: WebSocketClient,
) -> None:
    """Nothing can smuggle a header into the handshake, and the value is not told."""
    network = MemoryNetwork()
    connect = Connect(Transport.WEBSOCKET, headers=(("x-key", "s3cret\r\nx-other: 1"),))

    with pytest.raises(LocalProtocolError) as caught:
        async with open_stream(connect, URL, network=network, options=StreamOptions(client=client)):
            pass

    assert network.connected == []
    assert SECRET not in str(caught.value)


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


async def test_a_send_cancelled_half_way_ends_the_stream() -> None:
    """Nothing may follow a frame that may be torn: later sends and receives are told so."""

    async def serve(stream: MemoryByteStream) -> None:
        await WebSocketPeer.accept(stream)
        stream.stall()
        await anyio.sleep_forever()

    async with opened(serve, WebSocketClient.SANS_IO) as (stream, _):
        with anyio.move_on_after(1.0) as scope:
            await stream.send("torn")
        with pytest.raises(TransportError, match="half way"):
            await stream.send("after it")
        with pytest.raises(TransportError, match="half way"):
            await stream.receive_many()

    assert scope.cancelled_caught


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


def test_trio_websocket_is_the_default_on_trio_and_refused_elsewhere() -> None:
    """What runs by default, and what cannot."""

    async def kind(client: WebSocketClient) -> str:
        async def serve(stream: MemoryByteStream) -> None:
            await (await WebSocketPeer.accept(stream)).serve()

        try:
            async with opened(serve, client) as (stream, _):
                return type(stream).__name__
        except ConfigurationError as error:
            return type(error).__name__

    kinds = {
        (backend, client.name): anyio.run(
            kind, client, backend=backend, backend_options=virtual_options(backend)
        )
        for backend in ("asyncio", "trio")
        for client in WebSocketClient
    }

    assert kinds == {
        ("asyncio", "DEFAULT"): "WebSocketStream",
        ("asyncio", "SANS_IO"): "WebSocketStream",
        ("asyncio", "TRIO_WEBSOCKET"): "ConfigurationError",
        ("trio", "DEFAULT"): "TrioWebSocketStream",
        ("trio", "SANS_IO"): "WebSocketStream",
        ("trio", "TRIO_WEBSOCKET"): "TrioWebSocketStream",
    }


@settings(max_examples=40, deadline=None)
@given(
    case=st.sampled_from([("asyncio", "SANS_IO"), ("trio", "SANS_IO"), ("trio", "TRIO_WEBSOCKET")]),
    noise=st.binary(max_size=60),
    shake=st.booleans(),
)
def test_any_bytes_from_the_peer_end_in_a_typed_error(
    case: tuple[str, str],
    noise: bytes,
    shake: bool,  # noqa: FBT001
) -> None:
    """Garbage instead of the handshake or behind it, then the end: never a foreign exception."""

    async def serve(stream: MemoryByteStream) -> None:
        if shake:
            await WebSocketPeer.accept(stream, behind=noise)
        else:
            await stream.receive()
            await stream.send(noise)
        stream.finish()
        with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                await stream.receive()

    async def listen() -> EngineError:
        try:
            async with opened(serve, WebSocketClient[case[1]]) as (stream, _):
                while True:
                    await stream.receive_many()
        except EngineError as error:
            return error

    backend = case[0]
    error = anyio.run(listen, backend=backend, backend_options=virtual_options(backend))

    assert isinstance(error, TransportError | RemoteProtocolError | ExchangeRefused)
