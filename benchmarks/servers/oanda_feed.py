"""OANDA's stream of prices: the price as it is, then a flood of lines rendered beforehand.

`python -m benchmarks.servers.oanda_feed --kind quotes --count 20000` prints its port, then for
each stream the time at which it began to send. A line is a chunk of the endless reply, as of a
server that holds none back. The same port answers which instruments there are, and nothing else.
"""

import argparse
import socket
import time

from benchmarks.oanda_lines import INSTRUMENTS, Market
from benchmarks.servers.flood import chunked, in_time, say
from benchmarks.servers.http import accept, reply, serve
from benchmarks.servers.parent import end_with_parent

__all__ = ["main"]

RUNGS = 3
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_NOT_FOUND = b'{"errorMessage":"not served here"}'


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    # Both are the same lines: what is made of them differs.
    parser.add_argument("--kind", choices=["quotes", "books"], default="quotes")
    parser.add_argument("--count", type=int, required=True, help="prices after the first")
    parser.add_argument("--rate", type=float, default=0, help="a second; 0: all at once")
    given = parser.parse_args()
    end_with_parent()
    listener = socket.create_server(("127.0.0.1", 0))
    say({"port": listener.getsockname()[1]})

    def serve_one(connection: socket.socket) -> None:
        def answer(head: bytes, _: bytes) -> bytes:
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            if path.endswith(b"/pricing/stream"):
                send_prices(connection, given.count, given.rate)
                return b""  # it has no end: the client goes
            if path.endswith(b"/instruments"):
                return reply(200, INSTRUMENTS.encode())
            return reply(404, _NOT_FOUND)

        try:
            serve(connection, answer)
        except ConnectionError:
            return

    accept(listener, serve_one)


def send_prices(connection: socket.socket, count: int, rate: float) -> None:
    """Send the price as it is, then `count` more, `rate` a second or as fast as they are taken."""
    market = Market(7)
    first = http_chunk(market.price(RUNGS))
    if rate:
        connection.sendall(_HEAD + first)
        sent_ns: list[int] = []
        for _ in in_time(count, rate):
            line = http_chunk(market.price(RUNGS))
            sent_ns.append(time.time_ns())
            connection.sendall(line)
        say({"sent_ns": sent_ns})
        return
    pieces = list(chunked(http_chunk(market.price(RUNGS)) for _ in range(count)))
    connection.sendall(_HEAD + first)
    say({"started_ns": time.time_ns()})
    for piece in pieces:
        connection.sendall(piece)


def http_chunk(line: str) -> bytes:
    """A line as a chunk of its own."""
    return f"{len(line) + 1:x}\r\n{line}\n\r\n".encode()


if __name__ == "__main__":
    main()
