"""The opening handshake of a WebSocket: refusals, silence, addresses, headers."""

import anyio
import pytest

from tests.support.virtual_time import virtual_options
from tests.support.websocket_peer import WebSocketPeer
from tests.support.websocket_streams import CONNECT, URL, opened
from venuetree.actors.streams import StreamOptions, WebSocketClient
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
SECRET = "s3cret"


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
