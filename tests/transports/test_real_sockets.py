"""What only real sockets can show: TLS, addresses, resets, idle connections, back-pressure."""

import contextlib
import socket as socket_module
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import pytest
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from tests.support.virtual_time import REAL_BACKENDS
from tests.support.websocket_peer import WebSocketPeer
from venuetree.actors.addresses import TlsMode
from venuetree.actors.clock import SystemClock
from venuetree.actors.http_client import HttpBackend, HttpClient
from venuetree.actors.http_pool import HttpPool
from venuetree.actors.network import SystemNetwork, alternate
from venuetree.actors.sockets import Tap
from venuetree.actors.streams import StreamOptions, WebSocketClient
from venuetree.actors.transports import open_stream
from venuetree.protocol.errors import OutcomeUnknown, ReplyLost, TransportError
from venuetree.protocol.port import Connect, Effect, RestRequest, Transport

pytestmark = pytest.mark.anyio

Serve = Callable[[ByteStream], Awaitable[None]]

READ = RestRequest("time", "GET", "/time", timeout_ns=5_000_000_000)
WRITE = RestRequest(
    "place",
    "POST",
    "/orders",
    body=b"{}",
    effect=Effect.WRITE,
    client_order_id="mine-1",
    timeout_ns=5_000_000_000,
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(params=REAL_BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both backends, in real time."""
    parameter: tuple[str, dict[str, Any]] = request.param
    return parameter


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts unless told to."""
    return trustme.CA()


def ca_pem(authority: trustme.CA) -> str:
    """Its certificate, as `SystemNetwork` takes it."""
    return authority.cert_pem.bytes().decode()


@contextlib.asynccontextmanager
async def listening(
    serve: Serve, *, certificate: trustme.LeafCert | None = None
) -> AsyncIterator[int]:
    """Serve each connection on a free loopback port, with TLS if there is a certificate."""
    context: ssl.SSLContext | None = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)

    async def handle(stream: ByteStream) -> None:
        async with stream:
            with contextlib.suppress(
                anyio.EndOfStream,
                anyio.BrokenResourceError,
                anyio.ClosedResourceError,
                ssl.SSLError,
            ):
                if context is not None:
                    stream = await TLSStream.wrap(
                        stream, server_side=True, ssl_context=context, standard_compatible=False
                    )
                await serve(stream)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as group,
    ):
        group.start_soon(listener.serve, handle)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


async def answer(stream: ByteStream) -> None:
    """Answer every read with a reply."""
    while True:
        await stream.receive()
        await stream.send(OK)


def new_client(network: SystemNetwork, **options: Any) -> HttpClient:
    """A client on real sockets."""
    return HttpClient(network=network, clock=SystemClock(), exchange="sim", **options)


@pytest.mark.parametrize("backend", HttpBackend)
async def test_http_over_tls_trusts_the_extra_authority_alone(
    authority: trustme.CA, backend: HttpBackend
) -> None:
    """With it a reply comes; without it, or by a wrong name, nothing is sent, with the reason."""
    pem = ca_pem(authority)
    errors = []
    async with listening(answer, certificate=authority.issue_cert("localhost")) as port:
        trusting = new_client(SystemNetwork(extra_ca_pem=pem), backend=backend, extra_ca_pem=pem)
        reply = await trusting.send(WRITE, f"https://localhost:{port}")
        for network, host, extra in (
            (SystemNetwork(), "localhost", None),
            (SystemNetwork(extra_ca_pem=pem), "127.0.0.1", pem),
        ):
            client = new_client(network, backend=backend, extra_ca_pem=extra)
            with pytest.raises(TransportError) as caught:
                await client.send(WRITE, f"https://{host}:{port}")
            errors.append(caught.value)
            await client.aclose()
        await trusting.aclose()

    assert (reply.status, reply.body) == (200, b"{}")
    assert [type(error) for error in errors] == [TransportError, TransportError]
    if backend is HttpBackend.OWN:
        assert "unable to get local issuer" in errors[0].message
        assert "127.0.0.1" in errors[1].message


@pytest.mark.parametrize("client", [WebSocketClient.SANS_IO, WebSocketClient.DEFAULT])
async def test_websocket_over_tls(authority: trustme.CA, client: WebSocketClient) -> None:
    """A message of five megabytes comes through; a certificate for another name does not do."""
    big = "x" * 5_000_000

    async def serve(stream: ByteStream) -> None:
        peer = await WebSocketPeer.accept(stream)
        await peer.send(big)
        await peer.serve()

    network = SystemNetwork(extra_ca_pem=ca_pem(authority))
    options = StreamOptions(client=client)
    connect = Connect(Transport.WEBSOCKET)
    async with listening(serve, certificate=authority.issue_cert("localhost")) as port:
        async with open_stream(
            connect, f"wss://localhost:{port}", network=network, options=options
        ) as stream:
            (message,) = await stream.receive_many()
        with pytest.raises(TransportError, match="certificate was not accepted"):
            async with open_stream(
                connect, f"wss://127.0.0.1:{port}", network=network, options=options
            ):
                pass

    assert len(message) == len(big)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_a_connection_closed_while_idle_is_not_used(
    authority: trustme.CA,
    secure: bool,  # noqa: FBT001
) -> None:
    """The server hangs up between two orders: the second goes out on a new connection, once."""
    requests: list[bytes] = []
    hung_up = anyio.Event()

    async def serve(stream: ByteStream) -> None:
        requests.append(await stream.receive())
        await stream.send(OK)
        await stream.aclose()
        hung_up.set()

    certificate = authority.issue_cert("localhost") if secure else None
    async with listening(serve, certificate=certificate) as port:
        client = new_client(SystemNetwork(extra_ca_pem=ca_pem(authority)))
        url = f"{'https' if secure else 'http'}://localhost:{port}"
        replies = []
        for _ in range(2):
            replies.append((await client.send(WRITE, url)).status)
            await hung_up.wait()
            hung_up = anyio.Event()
        await client.aclose()

    assert replies == [200, 200]
    assert len(requests) == 2


async def test_a_warm_tls_connection_is_used_though_tickets_came(authority: trustme.CA) -> None:
    """TLS's own messages on an idle connection are no sign of a stale one."""
    connections = 0
    connected = anyio.Event()

    async def serve(stream: ByteStream) -> None:
        nonlocal connections
        connections += 1
        connected.set()
        await answer(stream)

    async with listening(serve, certificate=authority.issue_cert("localhost")) as port:
        client = new_client(SystemNetwork(extra_ca_pem=ca_pem(authority)))
        url = f"https://localhost:{port}"
        await client.warm_up(url)
        await connected.wait()
        for _ in range(3):
            await client.send(WRITE, url)
        await client.aclose()

    assert connections == 1


@pytest.mark.parametrize("backend", HttpBackend)
async def test_a_reset_after_the_request_is_unknown_for_an_order(backend: HttpBackend) -> None:
    """The request arrived; the connection was reset instead of an answer."""

    async def serve(stream: ByteStream) -> None:
        await stream.receive()
        raw = stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_LINGER, struct.pack("ii", 1, 0))

    errors = []
    async with listening(serve) as port:
        client = new_client(SystemNetwork(), backend=backend)
        for request in (WRITE, READ):
            with pytest.raises((OutcomeUnknown, ReplyLost)) as caught:
                await client.send(request, f"http://127.0.0.1:{port}")
            errors.append(caught.value)
        await client.aclose()

    assert [type(error) for error in errors] == [OutcomeUnknown, ReplyLost]


@pytest.mark.parametrize("backend", HttpBackend)
async def test_a_port_that_nobody_listens_on_means_nothing_was_sent(backend: HttpBackend) -> None:
    """Refused by the operating system."""
    with socket_module.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        client = new_client(SystemNetwork(), backend=backend)

        with pytest.raises(TransportError) as caught:
            await client.send(WRITE, f"http://127.0.0.1:{port}")
        await client.aclose()

    assert type(caught.value) is TransportError


async def test_a_name_that_does_not_resolve_means_nothing_was_sent() -> None:
    """`.invalid` never resolves."""
    client = new_client(SystemNetwork())

    with pytest.raises(TransportError, match=r"nowhere\.invalid:443 failed"):
        await client.send(WRITE, "https://nowhere.invalid")


async def test_a_stream_waits_for_room_and_counts_what_left() -> None:
    """More than the kernel's buffers hold goes out as the peer reads; every byte is counted."""
    size = 8_000_000
    received = 0
    done = anyio.Event()

    async def serve(stream: ByteStream) -> None:
        nonlocal received
        while received < size:
            received += len(await stream.receive())
        done.set()
        await anyio.sleep_forever()

    async with listening(serve) as port:
        stream = await SystemNetwork().connect("127.0.0.1", port, tls=TlsMode.PLAIN)
        await stream.send(b"x" * size)
        await done.wait()
        tap = Tap(stream)
        counted, nothing = tap.sent, await tap.peek()
        await stream.aclose()
        with pytest.raises(anyio.ClosedResourceError):
            await stream.receive()
        with pytest.raises(anyio.ClosedResourceError):
            await stream.send(b"x")

    assert (received, counted, nothing) == (size, size, None)


async def test_closing_wakes_whoever_receives() -> None:
    """A task that waits on the socket is told that it was closed on our side."""
    told = []

    async def wait(stream: ByteStream) -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await stream.receive()
        told.append("closed")

    async def serve(stream: ByteStream) -> None:
        await stream.receive()

    async with listening(serve) as port:
        stream = await SystemNetwork().connect("127.0.0.1", port, tls=TlsMode.PLAIN)
        async with anyio.create_task_group() as group:
            group.start_soon(wait, stream)
            await anyio.wait_all_tasks_blocked()
            await stream.aclose()

    assert told == ["closed"]


async def test_cancelling_a_connect_leaves_no_socket_behind() -> None:
    """An unclosed socket would be a warning, and warnings are errors."""
    # A listener whose backlog is full answers no more.
    with socket_module.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket_module.socket() for _ in range(3)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        with anyio.move_on_after(0.1) as scope:
            await SystemNetwork().connect(*full.getsockname(), tls=TlsMode.PLAIN)
        for filler in fillers:
            filler.close()

    assert scope.cancelled_caught


async def test_a_pool_can_be_closed_and_says_so() -> None:
    """Nothing is sent after that."""
    from venuetree.actors.addresses import parse_address

    async with listening(answer) as port:
        pool = HttpPool(parse_address(f"http://127.0.0.1:{port}"), network=SystemNetwork())
        await pool.warm_up(connections=3)
        idle = pool.idle_connections
        await pool.aclose()

        with pytest.raises(TransportError):
            await pool.exchange(b"GET / HTTP/1.1\r\n\r\n", timeout_s=1)

    assert (idle, pool.idle_connections) == (3, 0)


def test_address_families_take_turns() -> None:
    """So that a broken IPv6 costs a quarter of a second, not all of its addresses."""
    six, four = int(socket_module.AF_INET6), int(socket_module.AF_INET)

    assert alternate([(six, 1), (six, 2), (six, 3), (four, 4)]) == [
        (six, 1),
        (four, 4),
        (six, 2),
        (six, 3),
    ]
    assert alternate([]) == []
