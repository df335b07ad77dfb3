"""One connection of a client: HTTP/1.1 requests, or a WebSocket if it begins with an upgrade."""

from urllib.parse import parse_qsl, unquote

import anyio
import h11
from anyio.abc import ByteStream, SocketAttribute

from venuetree.scenarios.simulated.line_connection import serve_lines
from venuetree.scenarios.simulated.sockets import close, reset, swallow
from venuetree.scenarios.simulated.websocket_connection import serve_websocket
from venuetree.scenarios.simulated.wire import (
    Answer,
    Delivery,
    Doorkeeper,
    LineExchange,
    LineStream,
    Request,
    SimulatedExchange,
)

_READ = 65536
_HEAD_AT_MOST = 65536
_NANOSECONDS = 1_000_000_000


async def serve_connection(exchange: SimulatedExchange, surface: str, stream: ByteStream) -> None:
    """Serve one connection to its end, whoever ends it. Cancelling closes it."""
    try:
        if isinstance(exchange, Doorkeeper) and not exchange.admits(surface, client(stream)):
            await reset(stream)
            return
        head = await _read_head(stream)
        if head is None:
            await close(stream)
        elif _wants_websocket(head):
            await serve_websocket(exchange, surface, stream, head, client(stream))
        else:
            await _serve_http(exchange, surface, stream, head)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        # The client went away in the middle: nothing is left to tell it.
        await close(stream)
    finally:
        await anyio.aclose_forcefully(stream)


def client(stream: ByteStream) -> str:
    """The client's address, for limits that count by it."""
    address = stream.extra(SocketAttribute.remote_address, None)
    return str(address[0]) if isinstance(address, tuple) else "memory"


async def _read_head(stream: ByteStream) -> bytes | None:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_AT_MOST:
        try:
            head += await stream.receive(_READ)
        except anyio.EndOfStream:
            return None
    return head


def _wants_websocket(head: bytes) -> bool:
    fields = head.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")[1:]
    pairs = (field.partition(b":") for field in fields)
    return any(name == b"upgrade" and b"websocket" in value for name, _, value in pairs)


async def _serve_http(
    exchange: SimulatedExchange, surface: str, stream: ByteStream, head: bytes
) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(head)
    who = client(stream)
    while True:
        try:
            request = await _next_request(connection, stream, who)
        except h11.RemoteProtocolError as error:
            await _refuse(connection, stream, error)
            return
        if request is None:
            await close(stream)
            return
        answer = _answer(exchange, surface, request)
        if isinstance(answer, LineStream):
            await serve_lines(connection, stream, answer)
            return
        if answer.delay_ns:
            await anyio.sleep(answer.delay_ns / _NANOSECONDS)
        if not await _deliver(connection, stream, answer, request):
            return
        connection.start_next_cycle()


def _answer(exchange: SimulatedExchange, surface: str, request: Request) -> Answer | LineStream:
    if isinstance(exchange, LineExchange):
        opened = exchange.open_lines(surface, request)
        if opened is not None:
            return opened
    return exchange.handle(surface, request)


async def _next_request(connection: h11.Connection, stream: ByteStream, who: str) -> Request | None:
    """The next request with its whole body; None when the client is done."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await stream.send(connection.send(go_on) or b"")
            try:
                connection.receive_data(await stream.receive(_READ))
            except anyio.EndOfStream:
                connection.receive_data(b"")
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return to_request(head, bytes(body), who)
        else:  # the client closed, or paused for good
            return None


def to_request(head: h11.Request, body: bytes, who: str) -> Request:
    """Our value of an h11 request."""
    target = head.target.decode("ascii", errors="replace")
    path, _, query = target.partition("?")
    return Request(
        method=head.method.decode("ascii"),
        path=unquote(path),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers},
        body=body,
        raw_query=query,
        client=who,
    )


async def _deliver(
    connection: h11.Connection, stream: ByteStream, answer: Answer, request: Request
) -> bool:
    """Send the answer as told; true if another request may follow on the connection."""
    match answer.delivery:
        case Delivery.CLOSED:
            await close(stream)
            return False
        case Delivery.RESET:
            await reset(stream)
            return False
        case Delivery.HANGING:
            await swallow(stream)
            return False
        case Delivery.WHOLE | Delivery.TRUNCATED:
            pass
    response = answer.response
    headers = [
        ("content-type", response.content_type),
        ("content-length", str(len(response.body))),
        *response.headers,
    ]
    start = h11.Response(status_code=response.status, headers=headers)
    sent = connection.send(start) or b""
    if answer.delivery is Delivery.TRUNCATED:
        await stream.send(sent + response.body[: len(response.body) // 2])
        await close(stream)
        return False
    if request.method != "HEAD":
        sent += connection.send(h11.Data(data=response.body)) or b""
    sent += connection.send(h11.EndOfMessage()) or b""
    await stream.send(sent)
    if connection.our_state is h11.MUST_CLOSE:
        await close(stream)
        return False
    return True


async def _refuse(
    connection: h11.Connection, stream: ByteStream, error: h11.RemoteProtocolError
) -> None:
    if connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
        response = h11.Response(
            status_code=error.error_status_hint,
            headers=[("content-length", "0"), ("connection", "close")],
        )
        sent = connection.send(response) or b""
        await stream.send(sent + (connection.send(h11.EndOfMessage()) or b""))
    await close(stream)
