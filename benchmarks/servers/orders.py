"""An exchange's order door that answers at once.

`POST …/orders` gets a fixed, valid acknowledgement with the order's own client id; every other
question is answered by the simulated Coinbase, in memory, so that an engine can start. Prints its
port and a key's name and secret.

The standard library's sockets, one thread a connection: what is measured is the client.
"""

import re
import socket
import sys
import threading
import uuid
from json import dumps
from urllib.parse import parse_qsl

from benchmarks.servers.parent import end_with_parent
from venuetree.scenarios.simulated import SimulatedCoinbase
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.wire import Request

__all__ = ["main"]

_CLIENT_ID = re.compile(rb'"client_order_id": ?"([^"]+)"')
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)
_BINANCE_ID = re.compile(rb"newClientOrderId=([^&]+)")


def main() -> None:
    """Serve until killed."""
    end_with_parent()
    exchange = SimulatedCoinbase(
        seed=1, settings=Settings(private_limit=None, public_limit=None, connection_limit=None)
    )
    exchange.paused = True
    listener = socket.create_server(("127.0.0.1", 0))
    key = exchange.es256_key
    told = {"port": listener.getsockname()[1], "key_name": key.name, "private_key": key.secret}
    sys.stdout.write(dumps(told) + "\n")
    sys.stdout.flush()
    lock = threading.Lock()
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection, exchange, lock), daemon=True).start()


def serve(connection: socket.socket, exchange: SimulatedCoinbase, lock: threading.Lock) -> None:
    """Answer one connection's requests, one after the other."""
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
            connection.sendall(answer(head, body, exchange, lock))


def answer(head: bytes, body: bytes, exchange: SimulatedCoinbase, lock: threading.Lock) -> bytes:
    """The reply to one request, whole."""
    if head.startswith(b"POST /api/v3/brokerage/orders "):
        client_id = _CLIENT_ID.search(body)
        return reply(200, created(client_id[1].decode() if client_id else ""))
    if head.startswith(b"POST /api/v3/order"):
        binance_id = _BINANCE_ID.search(body or head)
        return reply(200, binance(binance_id[1].decode() if binance_id else ""))
    if head.startswith(b"GET /api/v3/ping"):
        return reply(200, b"{}")
    line, *fields = head.decode().split("\r\n")
    method, target, _ = line.split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
    request = Request(method, path, tuple(parse_qsl(query)), headers, body, query)
    with lock:
        response = exchange.handle("rest", request).response
    return reply(response.status, response.body)


def reply(status: int, body: bytes) -> bytes:
    """An HTTP reply with the headers that matter."""
    return (
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


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


def binance(client_id: str) -> bytes:
    """An accepted order, as Binance says it."""
    return (
        '{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"' + client_id + '",'
        '"transactTime":1772600000000,"price":"30000.00","origQty":"0.01000000",'
        '"executedQty":"0.00000000","cummulativeQuoteQty":"0.00000000","status":"NEW",'
        '"timeInForce":"GTC","type":"LIMIT","side":"BUY","fills":[]}'
    ).encode()


if __name__ == "__main__":
    main()
