"""The least of HTTP that an order door needs: blocking sockets, one thread a connection.

What is measured is the client, so nothing here may be slow.
"""

import re
import socket
import threading
from collections.abc import Callable
from urllib.parse import parse_qsl

from venuetree.scenarios.simulated.wire import Request

__all__ = ["accept", "reply", "request_of", "serve"]

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


def accept(listener: socket.socket, serve_one: Callable[[socket.socket], None]) -> None:
    """Serve each connection in a thread of its own, until killed."""
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


def serve(connection: socket.socket, answer: Callable[[bytes, bytes], bytes]) -> None:
    """Answer one connection's requests, one after the other: head and body in, the reply out."""
    buffer = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in buffer:
                data = connection.recv(65536)
                if not data:
                    return
                buffer += data
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            found = _LENGTH.search(head)
            length = int(found[1]) if found else 0
            while len(buffer) < length:
                buffer += connection.recv(65536)
            body, buffer = buffer[:length], buffer[length:]
            connection.sendall(answer(head, body))


def reply(status: int, body: bytes, headers: str = "") -> bytes:
    """An HTTP reply with the headers that matter; `headers` are further lines of it."""
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def request_of(head: bytes, body: bytes) -> Request:
    """The same request as a simulated exchange takes it."""
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    return Request(method, path, tuple(parse_qsl(query)), headers, body, query)
