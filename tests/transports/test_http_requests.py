"""HTTP requests over a network in memory: byte for byte as they were made, or refused unsent."""

import httpx
import pytest

from tests.support.http_client import OK, READ, URL, WRITE, answering, failure_of, new_client
from venuetree.actors.http_transport import OwnTransport
from venuetree.protocol.errors import ConfigurationError, LocalProtocolError
from venuetree.protocol.port import RestReply, RestRequest
from venuetree.scenarios.memory_network import MemoryNetwork

pytestmark = pytest.mark.anyio


async def test_a_request_leaves_as_it_was_made_and_its_reply_returns() -> None:
    """Path, query, headers and body byte for byte; any status is a reply."""
    network = MemoryNetwork()
    teapot = b"HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\nX-Used: 7\r\n\r\nhot"
    async with answering(network, OK, teapot) as seen:
        client = new_client(network)
        replies = [await client.send(WRITE, URL), await client.send(READ, f"{URL}/v3/")]

    assert replies == [
        RestReply(200, {"content-length": "2"}, b"{}", 1_000_000_000, 1_000_000_000),
        RestReply(
            418, {"content-length": "3", "x-used": "7"}, b"hot", 1_000_000_000, 1_000_000_000
        ),
    ]
    assert seen == [
        (
            b"POST /orders HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: venuetree\r\n"
            b"Accept: */*\r\nAccept-Encoding: identity\r\nAuthorization: Bearer s3cret\r\n"
            b'Content-Length: 14\r\n\r\n{"side":"BUY"}'
        ),
        (
            b"GET /v3/time?a=1&b=%20 HTTP/1.1\r\nHost: localhost:8080\r\n"
            b"User-Agent: venuetree\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n\r\n"
        ),
    ]


@pytest.mark.parametrize(
    "request_",
    [
        RestRequest("x", "GET", "/a\r\nX-Evil: 1"),
        RestRequest("x", "GET", "/a b"),
        RestRequest("x", "GET", "no-slash"),
        RestRequest("x", "GET", "/a", query="q=\n"),
        RestRequest("x", "GET", "/a#part"),
        RestRequest("x", "GET", "/ä"),
        RestRequest("x", "GET", "/a", headers=(("X-A", "s3cret\r\nX-Evil: 1"),)),
        RestRequest("x", "GET", "/a", headers=(("X-A\r\n", "s3cret"),)),
        RestRequest("x", "GET", "/a", headers=(("Host", "other"),)),
        RestRequest("x", "GET", "/a", headers=(("content-length", "0"),)),
        RestRequest("x", "HEAD", "/a"),
        RestRequest("x", "GET /\r\n", "/a"),
    ],
)
async def test_what_would_break_the_request_is_refused_before_sending(
    request_: RestRequest,
) -> None:
    """Line breaks, spaces and reserved headers; the value at fault is not told."""
    network = MemoryNetwork()

    error = await failure_of(new_client(network), request_)

    assert type(error) is LocalProtocolError
    assert network.connected == []
    assert "s3cret" not in str(error)


async def test_an_address_in_the_clear_is_refused_before_connecting() -> None:
    """`http://` to another machine is a mistake in the configuration."""
    network = MemoryNetwork()

    with pytest.raises(ConfigurationError, match="without TLS"):
        await new_client(network).send(READ, "http://exchange.test")

    assert network.connected == []


async def test_redirects_are_replies() -> None:
    """An order is never sent anywhere else."""
    network = MemoryNetwork()
    answer = b"HTTP/1.1 307 Moved\r\nLocation: http://localhost:9/\r\nContent-Length: 0\r\n\r\n"
    async with answering(network, answer):
        reply = await new_client(network).send(WRITE, URL)

    assert (reply.status, len(network.connected)) == (307, 1)


async def test_httpx_can_use_our_transport() -> None:
    """A prebuilt `httpx.Request` and a whole `httpx.AsyncClient` both go through."""
    network = MemoryNetwork()
    packed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with answering(network, OK, packed) as seen:
        transport = OwnTransport(network=network)
        request = httpx.Request("POST", f"{URL}/x?y=%201", content=b"body")
        direct = await transport.handle_async_request(request)
        async with httpx.AsyncClient(transport=transport) as client:
            through = await client.get(f"{URL}/z")

    assert (direct.status_code, direct.content) == (200, b"{}")
    assert (through.status_code, through.json()) == (200, {})
    assert seen[0].startswith(b"POST /x?y=%201 HTTP/1.1\r\n")
    assert seen[0].endswith(b"\r\n\r\nbody")
    assert len(network.connected) == 1
