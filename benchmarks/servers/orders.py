"""Coinbase's order door, which answers at once.

`POST …/orders` gets a fixed, valid acknowledgement with the order's own client id; every other
question is answered by the simulated Coinbase, in memory, so that an engine can start. Prints its
port and a key's name and secret.
"""

import re
import socket
import threading
import uuid

from benchmarks.servers.flood import say
from benchmarks.servers.http import accept, reply, request_of, serve
from benchmarks.servers.parent import end_with_parent
from venuetree.scenarios.simulated import SimulatedCoinbase
from venuetree.scenarios.simulated.coinbase import Settings

__all__ = ["main"]

_CLIENT_ID = re.compile(rb'"client_order_id": ?"([^"]+)"')


def main() -> None:
    """Serve until killed."""
    end_with_parent()
    exchange = SimulatedCoinbase(
        seed=1, settings=Settings(private_limit=None, public_limit=None, connection_limit=None)
    )
    exchange.paused = True
    listener = socket.create_server(("127.0.0.1", 0))
    key = exchange.es256_key
    say(
        {
            "port": listener.getsockname()[1],
            "key_name": key.name,
            "private_key": key.secret,
        }
    )
    lock = threading.Lock()

    def answer(head: bytes, body: bytes) -> bytes:
        if head.startswith(b"POST /api/v3/brokerage/orders "):
            client_id = _CLIENT_ID.search(body)
            return reply(200, created(client_id[1].decode() if client_id else ""))
        request = request_of(head, body)
        with lock:
            response = exchange.handle("rest", request).response
        return reply(response.status, response.body)

    accept(listener, lambda connection: serve(connection, answer))


def created(client_id: str) -> bytes:
    """An accepted order, as Coinbase says it."""
    return (
        '{"success":true,"success_response":{"order_id":"'
        + str(uuid.uuid4())
        + '","product_id":"BTC-USD","side":"BUY","client_order_id":"'
        + client_id
        + '"},"order_configuration":{"limit_limit_gtc":{"base_size":"0.01",'
        '"limit_price":"30000.00","post_only":false}}}'
    ).encode()


if __name__ == "__main__":
    main()
