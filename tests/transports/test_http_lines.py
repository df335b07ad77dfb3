"""Streams of HTTP lines over a network in memory, in virtual time."""

import contextlib
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.actors.http_lines import LineSplitter
from venuetree.actors.streams import Stream, StreamClosed, StreamOptions
from venuetree.actors.transports import open_stream
from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    LocalProtocolError,
    RateLimited,
    RemoteProtocolError,
    TransportError,
)
from venuetree.protocol.port import Connect, Transport
from venuetree.scenarios.memory_network import MemoryByteStream, MemoryNetwork

URL = "http://localhost:1234"
CONNECT = Connect(
    Transport.HTTP_LINES, "/v3/stream?instruments=A%2CB", headers=(("Authorization", "s3cret"),)
)
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
END = b"0\r\n\r\n"

Serve = Callable[[MemoryByteStream], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@contextlib.asynccontextmanager
async def opened(
    *sends: bytes, end: Callable[[MemoryByteStream], None] | None = None, **options: Any
) -> AsyncIterator[tuple[Stream, MemoryNetwork, list[bytes]]]:
    """A stream opened to a server that sends these pieces."""
    network = MemoryNetwork()
    seen: list[bytes] = []

    async def serve() -> None:
        stream = await network.accept()
        seen.append(await stream.receive())
        for data in sends:
            await stream.send(data)
        if end is not None:
            end(stream)
        await anyio.sleep_forever()

    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        try:
            async with open_stream(
                CONNECT,
                URL,
                network=network,
                options=StreamOptions(**options),
                exchange="sim",
            ) as stream:
                yield stream, network, seen
        except Exception as error:  # noqa: BLE001 - raised below, outside the group
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def receive(stream: Stream, count: int) -> list[bytes | str]:
    """That many lines."""
    lines: list[bytes | str] = []
    while len(lines) < count:
        lines += await stream.receive_many()
    return lines


@given(
    st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line and b"\r" not in line)),
    st.sampled_from([b"\n", b"\r\n"]),
    st.lists(st.integers(0, 300), max_size=20),
)
def test_any_cut_of_the_bytes_gives_the_same_lines(
    lines: list[bytes], newline: bytes, cuts: list[int]
) -> None:
    """Blank lines are left out; a line begun at the end is not one yet."""
    data = b"".join(line + newline for line in lines) + b"begun"
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    splitter = LineSplitter(max_line_bytes=100)

    given_lines = [line for a, b in pairwise(ends) for line in splitter.feed(data[a:b])]

    assert given_lines == [line for line in lines if line.strip()]


@given(st.binary(min_size=5, max_size=20), st.integers(1, 5))
def test_a_line_without_an_end_is_bounded(piece: bytes, limit: int) -> None:
    """Memory does not grow for a server that forgets its line ends."""
    splitter = LineSplitter(max_line_bytes=limit)

    with pytest.raises(RemoteProtocolError):
        splitter.feed(piece.replace(b"\n", b"x") * 3)


@pytest.mark.anyio
async def test_lines_come_whole_across_chunks_and_reads() -> None:
    """Chunks, reads and lines have nothing to do with each other; the request is as asked."""
    async with opened(
        HEAD + chunk(b'{"a":'),
        chunk(b'1}\n{"b":2}\r\n\n') + chunk(b"\n"),
        chunk(b'{"c":3}\n{"d"'),
        chunk(b":4}\n"),
    ) as (stream, network, seen):
        network.clients[0].piece = 3

        assert await receive(stream, 4) == [b'{"a":1}', b'{"b":2}', b'{"c":3}', b'{"d":4}']

    assert seen[0].startswith(
        b"GET /v3/stream?instruments=A%2CB HTTP/1.1\r\nHost: localhost:1234\r\n"
    )
    assert b"\r\nAuthorization: s3cret\r\n" in seen[0]
    assert b"\r\nAccept-Encoding: identity\r\n" in seen[0]


@pytest.mark.anyio
async def test_all_lines_of_a_read_come_at_once() -> None:
    """One call gives everything that one read brought, the head's read too."""
    async with opened(HEAD + chunk(b"1\n2\n3\n4")) as (stream, _, _):
        assert await stream.receive_many() == [b"1", b"2", b"3"]


@pytest.mark.anyio
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_lines_are_decompressed_if_the_server_insists(coding: str) -> None:
    """Each line is given as soon as its bytes have come."""
    packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    head = HEAD.replace(b"\r\n\r\n", b"\r\nContent-Encoding: %b\r\n\r\n" % coding.encode())
    one = packer.compress(b"one\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    two = packer.compress(b"two\n") + packer.flush(zlib.Z_SYNC_FLUSH)

    async with opened(head + chunk(one), chunk(two)) as (stream, _, _):
        assert await receive(stream, 2) == [b"one", b"two"]


@pytest.mark.anyio
async def test_the_streams_end_in_good_order_is_a_close() -> None:
    """Lines before the end come first; what was begun is no line."""
    async with opened(HEAD + chunk(b"last\nbegun") + END) as (stream, _, _):
        lines = await receive(stream, 1)
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()

    assert lines == [b"last"]
    assert (caught.value.by_peer, caught.value.close_code) == (True, 0)


@pytest.mark.anyio
@pytest.mark.parametrize("end", [MemoryByteStream.finish, MemoryByteStream.reset])
async def test_a_connection_that_ends_amid_the_stream_is_a_transport_error(
    end: Callable[[MemoryByteStream], None],
) -> None:
    """Closed without the last chunk, or reset."""
    async with opened(HEAD + chunk(b"one\n")) as (stream, network, _):
        await receive(stream, 1)
        peer_of = network.clients[0]
        peer_of._incoming.end = (
            anyio.EndOfStream if end is MemoryByteStream.finish else anyio.BrokenResourceError
        )
        with pytest.raises(TransportError) as caught:
            await stream.receive_many()

    assert type(caught.value) is TransportError


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 401 No\r\nContent-Length: 8\r\n\r\nno token", AuthRefused),
        (
            b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"no token") + END,
            ExchangeRefused,
        ),
        (b"HTTP/1.1 429 No\r\nRetry-After: 2\r\nContent-Length: 8\r\n\r\nno token", RateLimited),
        (
            b"HTTP/1.1 503 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
            % (len(gzip.compress(b"no token", mtime=0)), gzip.compress(b"no token", mtime=0)),
            ExchangeUnavailable,
        ),
    ],
)
async def test_a_refusal_is_told_by_its_status(reply: bytes, error: type[EngineError]) -> None:
    """With the body's words, and never our headers."""
    with pytest.raises(error) as caught:
        async with opened(reply):
            pass

    assert type(caught.value) is error
    assert "no token" in caught.value.message
    assert "s3cret" not in str(caught.value)


@pytest.mark.anyio
async def test_a_refusal_without_a_body_is_told_too() -> None:
    """The status is enough."""
    with pytest.raises(ExchangeUnavailable):
        async with opened(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"):
            pass


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply",
    [
        HEAD.replace(b"application/octet-stream", b"text/html; charset=utf-8") + chunk(b"hello\n"),
        HEAD + chunk(b"\n <!DOCTYPE html>\n"),
        HEAD.replace(b"chunked\r\n", b"chunked\r\nContent-Encoding: br\r\n") + chunk(b"x\n"),
        HEAD.replace(b"chunked\r\n", b"chunked\r\nContent-Encoding: gzip\r\n") + chunk(b"x\n"),
        HEAD + b"zz\r\n",
        b"\x16\x03\x01 what is this",
    ],
    ids=["html_type", "html_body", "unknown_coding", "no_gzip", "no_chunk", "no_http"],
)
async def test_what_is_no_stream_of_lines_is_told_as_that(reply: bytes) -> None:
    """A page of HTML with status 200 among it."""
    with pytest.raises(RemoteProtocolError) as caught:
        async with opened(reply) as (stream, _, _):
            await stream.receive_many()

    assert caught.value.exchange == "sim"


@pytest.mark.anyio
async def test_no_answer_in_time_is_a_transport_error() -> None:
    """Silence after the request is bounded."""
    start = anyio.current_time()
    with pytest.raises(TransportError, match="too long"):
        async with opened(handshake_timeout_s=4.0):
            pass

    assert anyio.current_time() - start == pytest.approx(4.0)


@pytest.mark.anyio
async def test_nothing_can_be_said_on_such_a_stream() -> None:
    """A bug of ours, told as one; and closing it closes the connection."""
    async with opened(HEAD) as (stream, network, _):
        with pytest.raises(LocalProtocolError):
            await stream.send("hello")
        await stream.aclose()
        with pytest.raises(StreamClosed) as caught:
            await stream.receive_many()

    assert not caught.value.by_peer
    assert network.clients[0].is_closed


@pytest.mark.anyio
async def test_cancelling_a_receive_loses_no_line() -> None:
    """Deadlines in the middle of lines leave every byte in its place."""
    count = 30
    data = b"".join(chunk(b"line %d\n" % number) for number in range(count))
    lines: list[bytes | str] = []
    network = MemoryNetwork()

    async def serve() -> None:
        stream = await network.accept()
        await stream.receive()
        await stream.send(HEAD)
        for index in range(0, len(data), 3):
            await anyio.sleep(0.7)
            await stream.send(data[index : index + 3])

    # What follows the last line is nobody's.
    async with anyio.create_task_group() as group:
        group.start_soon(serve)
        async with open_stream(CONNECT, URL, network=network) as stream:
            while len(lines) < count:
                with anyio.move_on_after(0.1):
                    lines += await stream.receive_many()
            group.cancel_scope.cancel()

    assert lines == [b"line %d" % number for number in range(count)]
