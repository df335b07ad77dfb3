"""OANDA's order door, which answers at once.

`POST …/orders` gets the transaction that creates a limit order which rests, with the order's own
client id; every other question is answered by the simulated OANDA, in memory, so that an engine
can start. Prints its port, a token and the account's id.

A connection's first order must bear the token, else it is refused. The others are not looked at,
since that is the server's time.
"""

import itertools
import re
import socket
import threading
from collections.abc import Iterator

from benchmarks.servers.flood import say
from benchmarks.servers.http import accept, reply, request_of, serve
from benchmarks.servers.parent import end_with_parent
from venuetree.scenarios.simulated.oanda import Settings, SimulatedOanda

__all__ = ["main"]

_CLIENT_ID = re.compile(rb'"clientExtensions": ?\{"id": ?"([^"]+)"')
_REFUSED = b'{"errorMessage":"Insufficient authorization to perform request."}'
_REQUEST_ID = "60875530291846377"


def main() -> None:
    """Serve until killed."""
    end_with_parent()
    exchange = SimulatedOanda(
        seed=1, settings=Settings(requests=None, connections=None, streams=None, gzip=False)
    )
    exchange.paused = True
    listener = socket.create_server(("127.0.0.1", 0))
    account = exchange.account.id
    say({"port": listener.getsockname()[1], "token": exchange.token, "account_id": account})
    numbers = itertools.count(int(exchange.account.last_transaction_id) + 1)
    order_line = f"POST /v3/accounts/{account}/orders ".encode()
    bearer = re.compile(rf"authorization: *bearer +{exchange.token}\r\n".encode(), re.IGNORECASE)
    lock = threading.Lock()

    def serve_one(connection: socket.socket) -> None:
        is_trusted = False

        def answer(head: bytes, body: bytes) -> bytes:
            nonlocal is_trusted
            if head.startswith(order_line):
                is_trusted = is_trusted or bool(bearer.search(head + b"\r\n"))
                if not is_trusted:
                    return reply(401, _REFUSED)
                return _created(account, body, numbers)
            request = request_of(head, body)
            with lock:
                response = exchange.handle("rest", request).response
            return reply(response.status, response.body)

        serve(connection, answer)

    accept(listener, serve_one)


def _created(account: str, order: bytes, numbers: Iterator[int]) -> bytes:
    """A limit order that rests, as the exchange says it."""
    number = next(numbers)
    client_id = _CLIENT_ID.search(order)
    body = (
        f'{{"orderCreateTransaction":{{"id":"{number}","accountID":"{account}",'
        f'"userID":9182736,"batchID":"{number}","requestID":"{_REQUEST_ID}",'
        '"time":"2026-03-04T05:20:09.551120003Z","type":"LIMIT_ORDER","instrument":"EUR_USD",'
        '"units":"100","price":"0.90000","timeInForce":"GTC","triggerCondition":"DEFAULT",'
        '"partialFill":"DEFAULT","positionFill":"DEFAULT",'
        f'"clientExtensions":{{"id":"{client_id[1].decode() if client_id else ""}"}},'
        f'"reason":"CLIENT_ORDER"}},"relatedTransactionIDs":["{number}"],'
        f'"lastTransactionID":"{number}"}}'
    )
    headers = (
        f"RequestID: {_REQUEST_ID}\r\n"
        f"Location: http://127.0.0.1/v3/accounts/{account}/orders/{number}\r\n"
    )
    return reply(201, body.encode(), headers)


if __name__ == "__main__":
    main()
