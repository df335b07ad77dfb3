"""A WebSocket breaks: torn frames, resets, and what is not the protocol."""

import contextlib

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from tests.support.virtual_time import virtual_options
from tests.support.websocket_peer import WebSocketPeer
from tests.support.websocket_streams import opened
from venuetree.actors.streams import WebSocketClient
from venuetree.protocol.errors import (
    EngineError,
    ExchangeRefused,
    RemoteProtocolError,
    TransportError,
)
from venuetree.scenarios.memory_network import MemoryByteStream

pytestmark = pytest.mark.anyio


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
