"""A plain client of the simulated Binance.US: no sockets, a clock by hand, its own signatures.

It shares no line with the engine or with the simulator's own checks, so that
a mistake would have to be made twice to pass.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from venuetree.scenarios.simulated.binance_us import ApiKey, Settings, SimulatedBinanceUs
from venuetree.scenarios.simulated.matching import BookOrder, Side
from venuetree.scenarios.simulated.wire import Answer, Request, Response

# The last second of a minute, of ten seconds and of a day is far away.
START_MS = 1_790_000_000_000 // 86_400_000 * 86_400_000 + 3_600_000
SECOND_MS = 1000

Params = Mapping[str, Any]


class PlainClient:
    """A simulated exchange, a clock, and a client of its first account beside it."""

    def __init__(self, settings: Settings | None = None, *, seed: int = 1) -> None:
        """Start the exchange at `START_MS`, its walk paused."""
        self.now_ms = START_MS
        self.sim = SimulatedBinanceUs(
            seed=seed, settings=settings, now_ns=lambda: self.now_ms * 1_000_000
        )
        self.sim.paused = True
        self.key = self.sim.key
        self.events: list[dict[str, Any]] = []
        """The account's events so far."""
        self.sim.venue.events.listeners.append(self._heard)

    def _heard(self, account: str, event: dict[str, Any]) -> None:
        if account == self.key.account:
            self.events.append(event)

    def take_events(self) -> list[dict[str, Any]]:
        """The account's events since the last look."""
        taken, self.events = self.events, []
        return taken

    def reports(self) -> list[tuple[str, str, str]]:
        """(client order id, execution type, status) of the reports since the last look."""
        return [
            (event["c"], event["x"], event["X"])
            for event in self.take_events()
            if event["e"] == "executionReport"
        ]

    def advance(self, seconds: float) -> None:
        """Let time pass, then let the exchange do what is due."""
        self.now_ms += int(seconds * SECOND_MS)
        self.sim.tick()

    # Requests

    def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: str = "",
        key: str | None = None,
        client: str = "127.0.0.1",
        content_type: str = "application/x-www-form-urlencoded",
    ) -> Answer:
        """Send a request exactly as it is."""
        headers = {"content-type": content_type}
        if key is not None:
            headers["x-mbx-apikey"] = key
        request = Request(
            method=method,
            path=f"/api/v3/{path}",
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body.encode(),
            raw_query=query,
            client=client,
        )
        return self.sim.handle("rest", request)

    def public(self, path: str, params: Params | None = None, **options: Any) -> Response:
        """The response to a GET without a key."""
        return self.send("GET", path, query=urlencode(params or {}), **options).response

    def signed(
        self, method: str, path: str, params: Params | None = None, **options: Any
    ) -> Response:
        """The response to a signed request."""
        return self.answer(method, path, params, **options).response

    def answer(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        *,
        key: ApiKey | None = None,
        **options: Any,
    ) -> Answer:
        """The answer to a signed request, its parameters in the query."""
        key = key or self.key
        query = urlencode({"timestamp": self.now_ms, **(params or {})})
        query = f"{query}&signature={sign(key.secret, query)}"
        return self.send(method, path, query=query, key=key.key, **options)

    # Orders

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a successful signed GET."""
        return good(self.signed("GET", path, params))

    def place(self, **params: Any) -> Any:
        """The reply to an order that must be accepted (`order` completes the parameters)."""
        return good(self.signed("POST", "order", order(**params)))

    def refused(self, **params: Any) -> tuple[int, str]:
        """(code, text) of an order that must be refused with HTTP 400."""
        return bad(self.signed("POST", "order", order(**params)))

    def cancel(self, **params: Any) -> Any:
        """The reply to a cancel on BTCUSD that must be accepted."""
        return good(self.signed("DELETE", "order", {"symbol": "BTCUSD", **params}))

    def status(self, client_order_id: str) -> str:
        """The state of an order, found by whatever id it has had."""
        found = self.sim.order(client_order_id)
        assert found is not None, client_order_id
        return found.status.value

    def balances(self, asset: str) -> tuple[Decimal, Decimal]:
        """(free, locked) of an asset, as the account endpoint tells it."""
        told = {each["asset"]: each for each in self.get("account")["balances"]}
        return Decimal(told[asset]["free"]), Decimal(told[asset]["locked"])

    # The market

    def empty_book(self, symbol: str = "BTCUSD") -> None:
        """Take away all that the house has in a book."""
        book = self.sim.market(symbol).book
        for side in Side:
            for resting in book.resting(side):
                book.cancel(resting.order_id)

    def offer(self, side: Side, quantity: str, price: str, symbol: str = "BTCUSD") -> None:
        """Let the house rest an order."""
        market = self.sim.market(symbol)
        number = int(Decimal(price) * 1000) * 2 + (side is Side.BUY)
        resting = BookOrder(
            order_id=f"h{number:x}",
            owner="house-maker",
            side=side,
            remaining=Decimal(quantity),
            price=Decimal(price),
        )
        market.book.submit(resting)


def sign(secret: str, payload: str) -> str:
    """The HMAC-SHA256 of a payload, in hexadecimal digits."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def order(**params: Any) -> dict[str, Any]:
    """The parameters of an order: a small LIMIT BUY on BTCUSD far below, but for `params`.

    None as a value takes a parameter away.
    """
    usual: dict[str, Any] = {"symbol": "BTCUSD", "side": "BUY", "type": "LIMIT"}
    kind = params.get("type", "LIMIT") or ""
    usual["quantity"] = "0.01000"
    if "LIMIT" in kind:
        usual["price"] = "60000.00"
    if kind in {"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}:
        usual["timeInForce"] = "GTC"
    return {name: value for name, value in (usual | params).items() if value is not None}


def good(response: Response) -> Any:
    """The JSON of a success."""
    assert response.status == 200, response
    return json.loads(response.body)


def bad(response: Response, status: int = 400) -> tuple[int, str]:
    """(code, text) of a refusal."""
    assert response.status == status, response
    body = json.loads(response.body)
    return body["code"], body["msg"]
