"""Binance.US's streams: grants a subscription, then sends trades rendered beforehand.

`python -m benchmarks.servers.binance_us_feed --count 40000` prints its port, then for each
connection the time at which it began to send. As at the exchange, the path `/stream` wraps each
payload with its stream's name, and every other path does not.
"""

import argparse
import json
import socket
import threading
import time

from benchmarks.binance_us_frames import STREAM, Market, combined
from benchmarks.servers.feed import QUIET_S
from benchmarks.servers.flood import chunked, in_time, say
from benchmarks.servers.parent import end_with_parent
from benchmarks.servers.websocket import Peer, text_frame

__all__ = ["main"]


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=["trades"], default="trades")
    parser.add_argument("--count", type=int, required=True, help="trades")
    parser.add_argument("--rate", type=float, default=0, help="a second; 0: all at once")
    given = parser.parse_args()
    end_with_parent()
    listener = socket.create_server(("127.0.0.1", 0))
    say({"port": listener.getsockname()[1]})
    while True:
        connection, _ = listener.accept()
        threading.Thread(
            target=serve, args=(connection, given.count, given.rate), daemon=True
        ).start()


def serve(connection: socket.socket, count: int, rate: float) -> None:
    """One client, to its end."""
    try:
        with connection:
            peer = Peer(connection)
            greet(peer)
            market = Market(7)
            payloads = (market.trade() for _ in range(count))
            if peer.path == "/stream":
                payloads = (combined(STREAM, payload) for payload in payloads)
            frames = (text_frame(payload) for payload in payloads)
            if rate:
                paced(connection, list(frames), rate)
            else:
                chunks = list(chunked(frames))
                say({"started_ns": time.time_ns()})
                for chunk in chunks:
                    connection.sendall(chunk)
            # Until the client has read all and goes.
            for _ in peer.texts(60.0):
                pass
    except (ConnectionError, StopIteration):
        return


def paced(connection: socket.socket, frames: list[bytes], rate: float) -> None:
    """Send frames one by one, `rate` a second, and tell when each was sent."""
    sent_ns: list[int] = []
    for number in in_time(len(frames), rate):
        sent_ns.append(time.time_ns())
        connection.sendall(frames[number])
    say({"sent_ns": sent_ns})


def greet(peer: Peer) -> None:
    """Grant every subscription until the one that we serve is among them."""
    is_wanted = False
    for text in peer.texts(QUIET_S):
        if text is None:
            if is_wanted:
                return
            continue
        message = json.loads(text)
        is_wanted = is_wanted or STREAM in message.get("params", ())
        answer = json.dumps({"result": None, "id": message["id"]})
        peer.connection.sendall(text_frame(answer))
    raise ConnectionError("the client left before it subscribed")


if __name__ == "__main__":
    main()
