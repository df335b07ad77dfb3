"""The server's side of a WebSocket, in the test's own hands, over any byte stream."""

from typing import Self

import anyio
from anyio.abc import ByteStream
from websockets.extensions.permessage_deflate import enable_server_permessage_deflate
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

__all__ = ["WebSocketPeer"]


class WebSocketPeer:
    """Shakes hands, then sends what it is told to and keeps what it is sent."""

    def __init__(self, stream: ByteStream, protocol: ServerProtocol, request: Request) -> None:
        self.stream = stream
        self.protocol = protocol
        self.request = request
        self._frames: list[Frame] = []

    @classmethod
    async def accept(
        cls, stream: ByteStream, *, behind: bytes = b"", compression: bool = False
    ) -> Self:
        """Answer the opening handshake; `behind` follows it in the same send."""
        protocol = ServerProtocol(
            max_size=None,
            extensions=enable_server_permessage_deflate(None) if compression else None,
        )
        while not (events := protocol.events_received()):
            protocol.receive_data(await stream.receive())
        request = events[0]
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        await stream.send(b"".join(protocol.data_to_send()) + behind)
        return cls(stream, protocol, request)

    async def frame(self) -> Frame:
        """The next frame from the client. Nothing is answered but by `flush`."""
        while not self._frames:
            try:
                self.protocol.receive_data(await self.stream.receive())
            except anyio.EndOfStream:
                self.protocol.receive_eof()
                raise
            self._frames += [
                event for event in self.protocol.events_received() if isinstance(event, Frame)
            ]
        return self._frames.pop(0)

    async def flush(self) -> None:
        """Send what the protocol has to send: answers to pings and closes among it."""
        await self.stream.send(b"".join(self.protocol.data_to_send()))

    async def send(self, *texts: str) -> None:
        """Send text messages, all in one piece."""
        for text in texts:
            self.protocol.send_text(text.encode())
        await self.flush()

    async def close(self, code: int, reason: str = "") -> None:
        """Send a close frame."""
        self.protocol.send_close(code, reason)
        await self.flush()

    async def serve(self) -> None:
        """Answer pings and the closing handshake until the client is gone."""
        try:
            while (await self.frame()).opcode is not Opcode.CLOSE:
                await self.flush()
            await self.flush()
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
