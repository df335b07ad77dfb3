"""A TCP socket as an anyio byte stream that knows what has really happened to its bytes.

Why not anyio's own `SocketStream`: on asyncio it hands bytes to a transport, whose buffer hides
how many of them reached the kernel, and it may hold received bytes where no peek can see them.
An order's truth hangs on both questions ("has a byte left?", "did the peer close this idle
connection, or say something unasked?"), so the socket is driven directly: on both backends alike
with `wait_readable` and `wait_writable`.
"""

import socket
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint_if_cancelled
from anyio.streams.tls import TLSAttribute

__all__ = ["Ledger", "LedgerAttribute", "SocketByteStream", "Tap"]

DEFAULT_READ = 65536


class Ledger:
    """What a byte stream's lowest layer lets others know and ask of it.

    Attributes:
        sent: bytes taken by the network so far, TLS's own included.
        is_polling: while true, `receive` raises `anyio.WouldBlock` instead of waiting.
    """

    __slots__ = ("is_polling", "sent")

    def __init__(self) -> None:
        self.sent = 0
        self.is_polling = False


class LedgerAttribute(anyio.TypedAttributeSet):
    """How a layer above (TLS) reaches the ledger of the layer below."""

    ledger: Ledger = anyio.typed_attribute()


class SocketByteStream(ByteStream):
    """A connected, non-blocking stream socket.

    One task may receive while others send; sends are serialised in the order of their calls.
    Cancelling `receive` loses nothing. Cancelling `send` may leave part of the item sent: the
    ledger tells how much, and the connection is of no further use.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(0)
        self._socket = connected
        self._ledger = Ledger()
        self._lock = anyio.Lock(fast_acquire=True)
        self._is_closed = False

    async def receive(self, max_bytes: int = DEFAULT_READ) -> bytes:
        """Between one and `max_bytes` bytes.

        Raises:
            anyio.EndOfStream: the peer has finished sending.
            anyio.BrokenResourceError: the connection is gone.
            anyio.ClosedResourceError: it was closed on our side.
            anyio.WouldBlock: nothing is there, and the ledger says not to wait.
        """
        if self._is_closed:
            raise anyio.ClosedResourceError
        has_waited = False
        if not self._ledger.is_polling:
            await checkpoint_if_cancelled()
        while True:
            try:
                data = self._socket.recv(max_bytes)
            except (BlockingIOError, InterruptedError):
                if self._ledger.is_polling:
                    raise anyio.WouldBlock from None
                await anyio.wait_readable(self._socket)
                has_waited = True
                continue
            except OSError as error:
                raise self._broken() from error
            if not has_waited and not self._ledger.is_polling:
                # A flood must not starve the other tasks; shielded, for the bytes are taken.
                await cancel_shielded_checkpoint()
            if not data:
                raise anyio.EndOfStream
            return data

    async def send(self, item: bytes) -> None:
        """Send all of it.

        Raises:
            anyio.BrokenResourceError: the connection is gone.
            anyio.ClosedResourceError: it was closed on our side.
        """
        await checkpoint_if_cancelled()
        view = memoryview(item)
        if not self._lock.locked():
            # Nobody is before us and there is room nearly always: no need to queue.
            view = view[self._send_now(view) :]
        if not view:
            return
        async with self._lock:
            while view:
                count = self._send_now(view)
                if not count:
                    await anyio.wait_writable(self._socket)
                view = view[count:]

    def _send_now(self, view: memoryview) -> int:
        """How many bytes the kernel took at once; 0 if it has no room."""
        if self._is_closed:
            raise anyio.ClosedResourceError
        try:
            count = self._socket.send(view)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise self._broken() from error
        self._ledger.sent += count
        return count

    async def send_eof(self) -> None:
        """Say that we have finished sending; receiving goes on."""
        await checkpoint_if_cancelled()
        async with self._lock:
            if not self._is_closed:
                try:
                    self._socket.shutdown(socket.SHUT_WR)
                except OSError as error:
                    raise self._broken() from error

    async def aclose(self) -> None:
        """Close at once; whoever waits on the stream gets `ClosedResourceError`."""
        if not self._is_closed:
            self._is_closed = True
            anyio.notify_closing(self._socket)
            self._socket.close()
        await checkpoint_if_cancelled()

    def _broken(self) -> Exception:
        return anyio.ClosedResourceError() if self._is_closed else anyio.BrokenResourceError()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """The ledger, and the addresses and socket under anyio's own names."""
        return {
            LedgerAttribute.ledger: lambda: self._ledger,
            anyio.abc.SocketAttribute.raw_socket: lambda: self._socket,
            anyio.abc.SocketAttribute.local_address: self._socket.getsockname,
            anyio.abc.SocketAttribute.remote_address: self._socket.getpeername,
        }


class Tap:
    """Looks through all layers of a stream at what its lowest one knows.

    The layers are searched once: an order asks both questions each time.
    """

    __slots__ = ("_ledger", "_plain_socket", "_stream")

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        # Not Django's `extra`: the linter cannot know.
        self._ledger = stream.extra(LedgerAttribute.ledger, None)
        is_plain = stream.extra(TLSAttribute.ssl_object, None) is None
        raw = stream.extra(anyio.abc.SocketAttribute.raw_socket, None)
        self._plain_socket: socket.socket | None = raw if is_plain else None

    @property
    def sent(self) -> int | None:
        """How many bytes the network has taken; None if the stream cannot tell."""
        return None if self._ledger is None else self._ledger.sent

    async def peek(self) -> bytes | None:
        """What has arrived, without waiting and through every layer; None if nothing has.

        A TLS layer may consume records of its own on the way (session tickets): they are not
        data. A stream without a ledger cannot be asked and seems empty. What is returned is taken.

        Raises:
            anyio.EndOfStream: the peer has finished sending; likewise `receive`'s other errors.
        """
        if self._ledger is None:
            return None
        if self._plain_socket is not None:
            # The common case, an idle plain connection, costs one system call.
            try:
                self._plain_socket.recv(1, socket.MSG_PEEK)
            except (BlockingIOError, InterruptedError):
                return None
            except OSError as error:
                raise anyio.BrokenResourceError from error
        self._ledger.is_polling = True
        try:
            return await self._stream.receive()
        except anyio.WouldBlock:
            return None
        finally:
            self._ledger.is_polling = False
