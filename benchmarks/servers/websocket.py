"""The least of WebSocket that a server needs: handshake, our frames out, the client's texts in.

The standard library only, blocking sockets, one thread a connection: nothing here may be slower
than the clients that are measured.
"""

import base64
import hashlib
import socket
import struct
from collections.abc import Iterator

__all__ = ["Peer", "text_frame"]

#: RFC 6455 1.3: what proves that the answer is WebSocket's.
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING = 0x1, 0x8, 0x9


def text_frame(text: str, opcode: int = _TEXT) -> bytes:
    """One whole unmasked frame."""
    payload = text.encode()
    length = len(payload)
    first = 0x80 | opcode
    if length < 126:
        return struct.pack("!BB", first, length) + payload
    if length < 65536:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


class Peer:
    """A connected client, its handshake done."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        head = self._until(b"\r\n\r\n")
        #: What was asked for, without a query.
        self.path = head.split(b" ", 2)[1].decode().partition("?")[0]
        fields = dict(line.split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
        key = next(v.strip() for k, v in fields.items() if k.lower() == b"sec-websocket-key")
        proof = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - the RFC's
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"
        )

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._fill()
        head, _, self._buffer = self._buffer.partition(end)
        return head

    def _fill(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionError("the client is gone")
        self._buffer += data

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def texts(self, quiet_s: float | None) -> Iterator[str | None]:
        """The client's messages; None whenever nothing has come for `quiet_s`, if that is given."""
        while True:
            if quiet_s is not None and not self._buffer:
                self.connection.settimeout(quiet_s)
                try:
                    self._fill()
                except TimeoutError:
                    yield None
                    continue
                finally:
                    self.connection.settimeout(None)
            opcode, payload = self._frame()
            if opcode == _CLOSE:
                self.connection.sendall(b"\x88\x00")
                return
            if opcode == _PING:
                self.connection.sendall(text_frame(payload.decode(), 0xA))
            elif opcode == _TEXT:
                yield payload.decode()

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        mask = self._take(4) if second & 0x80 else b"\0\0\0\0"
        payload = self._take(length)
        # As two long numbers: byte by byte would cost more than the clients take for an order.
        repeated = (mask * (length // 4 + 1))[:length]
        plain = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
        return first & 0x0F, plain.to_bytes(length, "big")
