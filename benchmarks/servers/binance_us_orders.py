"""Binance.US's order doors, HTTP and WebSocket API, which answer at once.

An order gets a fixed, valid acknowledgement with its own client id: one that may rest is open, any
other finds nothing and has expired. Every other question over HTTP is answered by the simulated
Binance.US, in memory, so that an engine can start. Its limits are wide, so that they are asked but
nobody waits. Prints both ports and a key with its secret.

A connection's first order must be signed rightly, else it is refused: a client that does not do
that work cannot look fast. The others are not looked at, since that is the server's time.
"""

import hmac
import itertools
import json
import re
import socket
import threading
from collections.abc import Iterator

from benchmarks.servers.flood import say
from benchmarks.servers.http import accept, reply, request_of, serve
from benchmarks.servers.parent import end_with_parent
from benchmarks.servers.websocket import Peer, text_frame
from venuetree.scenarios.simulated import SimulatedBinanceUs
from venuetree.scenarios.simulated.binance_us import Settings
from venuetree.scenarios.simulated.binance_us.limits import Counted, Rule

__all__ = ["main"]

_FORM_CLIENT_ID = re.compile(rb"newClientOrderId=([^&]+)")
_CLIENT_ID = re.compile(r'"newClientOrderId": ?"([^"]+)"')
_NUMBER = re.compile(r'"id": ?("[^"]+"|[0-9]+)')
_NO_LIMITS = re.compile(r'"returnRateLimits": ?false')
_WIDE = (
    Rule(Counted.WEIGHT, "MINUTE", 1, 1_000_000),
    Rule(Counted.ORDERS, "SECOND", 10, 1_000_000),
    Rule(Counted.ORDERS, "DAY", 1, 1_000_000),
    Rule(Counted.RAW, "MINUTE", 5, 1_000_000),
)
SYMBOLS = 200
#: What the exchange tells with each order, whoever reads it.
_COUNTS = (
    "x-mbx-used-weight: 1\r\nx-mbx-used-weight-1m: 1\r\n"
    "x-mbx-order-count-10s: 1\r\nx-mbx-order-count-1d: 1\r\n"
)
_LIMITS = ',"rateLimits":' + json.dumps(
    [{**rule.json, "count": 1} for rule in _WIDE[:3]], separators=(",", ":")
)
_BAD_SIGNATURE = b'{"code":-1022,"msg":"Signature for this request is not valid."}'


def main() -> None:
    """Serve until killed."""
    end_with_parent()
    exchange = SimulatedBinanceUs(seed=1, settings=Settings(rules=_WIDE))
    exchange.paused = True
    http, ws_api = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    say(
        {
            "port": http.getsockname()[1],
            "ws_api_port": ws_api.getsockname()[1],
            "api_key": exchange.key.key,
            "api_secret": exchange.key.secret,
        }
    )
    doors = _Doors(exchange)
    threading.Thread(target=accept, args=(ws_api, doors.serve_ws_api), daemon=True).start()
    accept(http, doors.serve_http)


def _with_more_symbols(body: bytes) -> bytes:
    """As many symbols as an exchange has: what grows with them is to be seen."""
    told = json.loads(body)
    pattern = told["symbols"][0]
    told["symbols"] += [
        {**pattern, "symbol": f"X{number}USD", "baseAsset": f"X{number}"}
        for number in range(SYMBOLS - len(told["symbols"]))
    ]
    return json.dumps(told).encode()


class _Doors:
    """Both ways to the same exchange."""

    def __init__(self, exchange: SimulatedBinanceUs) -> None:
        self._exchange = exchange
        self._secret = exchange.key.secret.encode()
        self._lock = threading.Lock()
        self._numbers: Iterator[int] = itertools.count(2_281_896_901)

    def _is_signed(self, payload: bytes, signature: str) -> bool:
        return hmac.compare_digest(
            hmac.digest(self._secret, payload, "sha256").hex().encode(), signature.lower().encode()
        )

    def serve_http(self, connection: socket.socket) -> None:
        """One connection of REST."""
        is_trusted = False

        def answer(head: bytes, body: bytes) -> bytes:
            nonlocal is_trusted
            if not head.startswith(b"POST /api/v3/order "):
                request = request_of(head, body)
                with self._lock:
                    response = self._exchange.handle("rest", request).response
                told = response.body
                if request.path.endswith("/exchangeInfo") and not request.query:
                    told = _with_more_symbols(told)
                return reply(response.status, told)
            if not is_trusted:
                payload, _, signature = body.rpartition(b"&signature=")
                is_trusted = self._is_signed(payload, signature.decode())
                if not is_trusted:
                    return reply(400, _BAD_SIGNATURE)
            client_id = _FORM_CLIENT_ID.search(body)
            rests = b"timeInForce=GTC" in body
            created = self._created(client_id[1].decode() if client_id else "", rests=rests)
            return reply(200, created.encode(), _COUNTS)

        serve(connection, answer)

    def serve_ws_api(self, connection: socket.socket) -> None:
        """One connection of the WebSocket API: orders, nothing else."""
        is_trusted = False
        with connection:
            try:
                for text in Peer(connection).texts(None):
                    assert text is not None
                    number = _NUMBER.search(text)
                    client_id = _CLIENT_ID.search(text)
                    assert number is not None
                    assert client_id is not None
                    if not is_trusted:
                        params = json.loads(text)["params"]
                        signature = params.pop("signature")
                        # JSON's booleans are signed as they are spelt.
                        told = {
                            name: json.dumps(value) if type(value) is bool else value
                            for name, value in params.items()
                        }
                        payload = "&".join(f"{name}={told[name]}" for name in sorted(told))
                        is_trusted = self._is_signed(payload.encode(), signature)
                        assert is_trusted, "not signed rightly"
                    limits = "" if _NO_LIMITS.search(text) else _LIMITS
                    created = self._created(client_id[1], rests='"GTC"' in text)
                    told_text = f'{{"id":{number[1]},"status":200,"result":{created}{limits}}}'
                    connection.sendall(text_frame(told_text))
            except ConnectionError:
                return

    def _created(self, client_id: str, *, rests: bool) -> str:
        """An accepted order, as the exchange says it where nothing else is asked for."""
        status, time_in_force = ("NEW", "GTC") if rests else ("EXPIRED", "IOC")
        return (
            f'{{"symbol":"BTCUSD","orderId":{next(self._numbers)},"orderListId":-1,'
            f'"clientOrderId":"{client_id}","transactTime":1772600000000,"price":"30000.00000000",'
            '"origQty":"0.01000000","executedQty":"0.00000000","cummulativeQuoteQty":"0.00000000",'
            f'"status":"{status}","timeInForce":"{time_in_force}","type":"LIMIT","side":"BUY",'
            '"workingTime":1772600000000,"selfTradePreventionMode":"EXPIRE_MAKER","fills":[]}'
        )


if __name__ == "__main__":
    main()
