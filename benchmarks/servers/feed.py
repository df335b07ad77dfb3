"""Coinbase's market data: acknowledges, snapshots, then sends frames rendered beforehand.

`python -m benchmarks.servers.feed --kind trades --count 40000` prints its port, then for each
connection the time at which it began to send. The sequence numbers of a connection are continuous
and heartbeats are among the frames, so that a client which checks both is content.
"""

import argparse
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from benchmarks.frames import Market, heartbeat, subscriptions
from benchmarks.servers.flood import chunked, in_time, say
from benchmarks.servers.parent import end_with_parent
from benchmarks.servers.websocket import Peer, text_frame

__all__ = ["CHANNELS", "LAST_TRADE", "main"]

#: What a client subscribes to, by kind.
CHANNELS = {"trades": "market_trades", "books": "level2"}
#: The trade id of the last trade of a flood.
LAST_TRADE = "999999999999"
#: After the subscription, silence for so long means that the client has said all it had to say.
QUIET_S = 0.15
HEARTBEAT_EVERY = 5000
BOOK_LEVELS = 200
#: Levels changed by an update of a book: most exchanges' updates are small.
CHANGES = 4


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=sorted(CHANNELS), required=True)
    parser.add_argument("--count", type=int, default=0, help="frames; 0: until the client goes")
    parser.add_argument("--rate", type=float, default=0, help="frames a second; 0: all at once")
    given = parser.parse_args()
    end_with_parent()
    listener = socket.create_server(("127.0.0.1", 0))
    say({"port": listener.getsockname()[1]})
    while True:
        connection, _ = listener.accept()
        threading.Thread(
            target=serve, args=(connection, given.kind, given.count, given.rate), daemon=True
        ).start()


def serve(connection: socket.socket, kind: str, count: int, rate: float) -> None:
    """One client, to its end."""
    try:
        with connection:
            peer = Peer(connection)
            sequence = greet(peer, kind)
            market = Market(7, stamp=stamp)
            if kind == "trades":
                first = market.trades(sequence, 20, kind="snapshot")
            else:
                first = market.snapshot(sequence, BOOK_LEVELS)
            connection.sendall(text_frame(first))
            if rate:
                paced(connection, market, sequence + 1, count, rate)
            elif count:
                flood(connection, market, kind, sequence + 1, count)
            else:
                endless(connection, market, kind, sequence + 1)
            # Until the client has read all and goes.
            for _ in peer.texts(60.0):
                pass
    except (ConnectionError, StopIteration):
        return


def stamp() -> str:
    """Now, as the exchange writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def greet(peer: Peer, kind: str) -> int:
    """Acknowledge subscriptions until the one we serve is among them; the next sequence number."""
    sequence = 0
    channels: dict[str, list[str]] = {}
    for text in peer.texts(QUIET_S):
        if text is None:
            if CHANNELS[kind] in channels:
                return sequence
            if "heartbeats" in channels:
                # More often than the exchange's one a second: nobody is to wait for them here.
                peer.connection.sendall(text_frame(heartbeat(sequence, sequence, stamp())))
                sequence += 1
            continue
        message = json.loads(text)
        channels[message["channel"]] = message.get("product_ids", [])
        peer.connection.sendall(text_frame(subscriptions(sequence, channels, stamp())))
        sequence += 1
    raise ConnectionError("the client left before it subscribed")


def render(market: Market, kind: str, sequence: int) -> Iterator[bytes]:
    """Frames without end."""
    make: Callable[[int], str] = (
        (lambda number: market.trades(number, 1))
        if kind == "trades"
        else (lambda number: market.changes(number, CHANGES))
    )
    while True:
        if sequence % HEARTBEAT_EVERY == 0:
            yield text_frame(heartbeat(sequence, sequence, market.stamp()))
            sequence += 1
        yield text_frame(make(sequence))
        sequence += 1


def flood(connection: socket.socket, market: Market, kind: str, sequence: int, count: int) -> None:
    """Send `count` frames of data as fast as the client takes them."""
    market.stamp = frozen_stamp()
    frames: list[bytes] = []
    sent = 0
    for frame in render(market, kind, sequence):
        sent += b'"heartbeats"' not in frame[:40]
        sequence += 1
        if sent == count:
            break
        frames.append(frame)
    # The last is told apart, for clients that do not see every one.
    last = (
        market.trades(sequence - 1, 1, trade_id=LAST_TRADE)
        if kind == "trades"
        else market.far_bid(sequence - 1)
    )
    chunks = list(chunked([*frames, text_frame(last)]))
    say({"started_ns": time.time_ns()})
    for chunk in chunks:
        connection.sendall(chunk)


def frozen_stamp() -> Callable[[], str]:
    """Times a hundredth of a millisecond apart, as in a burst."""
    moment = datetime.now(UTC).replace(microsecond=0)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    counter = iter(range(1 << 62))
    return lambda: f"{text}.{next(counter) * 10 % 1_000_000:06d}Z"


def endless(connection: socket.socket, market: Market, kind: str, sequence: int) -> None:
    """Send until the client is gone."""
    pending: list[bytes] = []
    for frame in render(market, kind, sequence):
        pending.append(frame)
        if len(pending) == 200:
            connection.sendall(b"".join(pending))
            pending = []


def paced(
    connection: socket.socket, market: Market, sequence: int, count: int, rate: float
) -> None:
    """Send trades one by one, `rate` a second; the trade's id is the time of sending."""
    say({"started_ns": time.time_ns()})
    sent_ns: list[int] = []
    for number in in_time(count, rate):
        if number % 500 == 499:
            connection.sendall(text_frame(heartbeat(sequence, sequence, market.stamp())))
            sequence += 1
        sent_ns.append(time.time_ns())
        connection.sendall(text_frame(market.trades(sequence, 1, trade_id=str(sent_ns[-1]))))
        sequence += 1
    say({"sent_ns": sent_ns})


if __name__ == "__main__":
    main()
