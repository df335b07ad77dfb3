"""One WebSocket connection: the session's frames out, the client's messages in."""

from contextlib import suppress
from urllib.parse import parse_qsl

import anyio
from anyio.abc import ByteStream
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as Upgrade
from websockets.protocol import State
from websockets.server import ServerProtocol

from venuetree.scenarios.simulated.sockets import reset
from venuetree.scenarios.simulated.wire import (
    CloseStream,
    ControlFrame,
    FallSilent,
    Refusal,
    Request,
    ResetStream,
    SendFrame,
    SendPing,
    SimulatedExchange,
    StreamAction,
    StreamSession,
)

_READ = 65536
_DEFLATE_LEVEL = 1
"""A simulated exchange shares the machine with its clients: fast, not small."""

_CONTROL = {Opcode.PING: ControlFrame.PING, Opcode.PONG: ControlFrame.PONG}


async def serve_websocket(
    exchange: SimulatedExchange, surface: str, stream: ByteStream, head: bytes, who: str
) -> None:
    """Serve an upgraded connection, whose first bytes are `head`, to its end."""
    compression = exchange.compression
    deflate = ServerPerMessageDeflateFactory(compress_settings={"level": _DEFLATE_LEVEL})
    protocol = ServerProtocol(extensions=[deflate] if compression else None, max_size=None)
    protocol.receive_data(head)
    upgrade = next((e for e in protocol.events_received() if isinstance(e, Upgrade)), None)
    if upgrade is None:
        await _flush(protocol, stream)
        return
    session = exchange.connect(surface, _request(upgrade, who))
    if isinstance(session, Refusal):
        protocol.send_response(protocol.reject(session.status, session.text))
        await _flush(protocol, stream)
        return
    protocol.send_response(protocol.accept(upgrade))
    try:
        await _flush(protocol, stream)
        if protocol.state is State.OPEN:
            await _Pump(session, stream, protocol).run()
    finally:
        session.disconnected()


def _request(upgrade: Upgrade, who: str) -> Request:
    path, _, query = upgrade.path.partition("?")
    return Request(
        method="GET",
        path=path,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in upgrade.headers.raw_items()},
        raw_query=query,
        client=who,
    )


async def _flush(protocol: ServerProtocol, stream: ByteStream) -> None:
    for data in protocol.data_to_send():
        if data:
            await stream.send(data)
        else:  # an empty piece stands for the end of our side
            await stream.aclose()


class _Pump:
    """Both directions of an open connection. Whatever ends it ends both."""

    def __init__(
        self, session: StreamSession, stream: ByteStream, protocol: ServerProtocol
    ) -> None:
        self._session = session
        self._stream = stream
        self._protocol = protocol
        self._wake = anyio.Event()
        self._writing = anyio.Lock()
        self._fragments: list[bytes] = []
        self._silent = False
        session.on_output = self._wake_up

    async def run(self) -> None:
        """Carry frames both ways until the connection ends."""
        self._take_frames()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._send)
            # The client may go with a goodbye or without one.
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._receive()
            tasks.cancel_scope.cancel()

    def _wake_up(self) -> None:
        self._wake.set()

    async def _receive(self) -> None:
        while True:
            data = await self._stream.receive(_READ)
            if self._silent:
                continue
            self._protocol.receive_data(data)
            self._take_frames()
            await self._write()
            if self._protocol.state is State.CLOSED or self._protocol.close_expected():
                await self._stream.aclose()
                return

    def _take_frames(self) -> None:
        for event in self._protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
                self._fragments.append(bytes(event.data))
                if event.fin:
                    message = b"".join(self._fragments)
                    self._fragments.clear()
                    self._session.receive(message)
            elif event.opcode in _CONTROL:
                self._session.control(_CONTROL[event.opcode], bytes(event.data))

    async def _send(self) -> None:
        try:
            while True:
                for action in self._session.take():
                    if not await self._do(action):
                        return
                await self._write()
                await self._wake.wait()
                self._wake = anyio.Event()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return  # the receiving side finds out by itself

    async def _do(self, action: StreamAction) -> bool:
        """Carry out one action; false if it was the last."""
        is_open = self._protocol.state is State.OPEN
        match action:
            case SendFrame(text):
                if is_open:
                    self._protocol.send_text(text)
                return is_open
            case SendPing(payload):
                if is_open:
                    self._protocol.send_ping(payload)
                return is_open
            case CloseStream(code, reason):
                if is_open:
                    self._protocol.send_close(code, reason)
                return True
            case ResetStream():
                await self._write()
                await reset(self._stream)
                return False
            case FallSilent():
                await self._write()
                self._silent = True
                return False

    async def _write(self) -> None:
        async with self._writing:
            await _flush(self._protocol, self._stream)
