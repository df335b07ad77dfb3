"""One answer that is a stream of lines: a chunked body that goes on until somebody ends it."""

from contextlib import suppress

import anyio
import h11
from anyio.abc import ByteStream

from venuetree.scenarios.simulated.sockets import close, reset
from venuetree.scenarios.simulated.wire import (
    ABNORMAL,
    CloseStream,
    FallSilent,
    LineStream,
    ResetStream,
    SendFrame,
    SendPing,
    StreamAction,
)

_READ = 65536
_NANOSECONDS = 1_000_000_000


async def serve_lines(connection: h11.Connection, stream: ByteStream, lines: LineStream) -> None:
    """Send the head, then each frame as one chunk. Whatever ends it ends the connection."""
    try:
        if lines.delay_ns:
            await anyio.sleep(lines.delay_ns / _NANOSECONDS)
        await _Pump(connection, stream, lines).run()
    finally:
        lines.session.disconnected()


class _Pump:
    """The frames out, and an eye on whether the client is still there."""

    def __init__(self, connection: h11.Connection, stream: ByteStream, lines: LineStream) -> None:
        self._connection = connection
        self._stream = stream
        self._lines = lines
        self._wake = anyio.Event()
        lines.session.on_output = self._wake_up

    async def run(self) -> None:
        """Carry frames until the connection ends."""
        head = self._lines.head
        headers = [
            ("content-type", head.content_type),
            ("transfer-encoding", "chunked"),
            *head.headers,
        ]
        await self._send(h11.Response(status_code=head.status, headers=headers))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, tasks.cancel_scope)
            # The client may go in the middle of a frame.
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await self._carry()
            tasks.cancel_scope.cancel()

    def _wake_up(self) -> None:
        self._wake.set()

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """Read and forget until the client is gone."""
        with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:
                await self._stream.receive(_READ)
        scope.cancel()

    async def _carry(self) -> None:
        while True:
            for action in self._lines.session.take():
                if not await self._do(action):
                    return
            await self._wake.wait()
            self._wake = anyio.Event()

    async def _do(self, action: StreamAction) -> bool:
        """Carry out one action; false if it was the last."""
        match action:
            case SendFrame(text):
                await self._send(h11.Data(data=text))
                return True
            case CloseStream(code):
                if code != ABNORMAL:
                    await self._send(h11.EndOfMessage())
                await close(self._stream)
                return False
            case ResetStream():
                await reset(self._stream)
                return False
            case FallSilent():
                await anyio.sleep_forever()
                return False
            case SendPing():
                return True  # lines have no pings

    async def _send(self, event: h11.Event) -> None:
        await self._stream.send(self._connection.send(event) or b"")
