"""A plain client of the simulated Coinbase: no sockets, a clock by hand, tokens of its own.

It shares no line with the engine or with the simulator's own token checks, so
that a mistake would have to be made twice to pass.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from venuetree.scenarios.simulated import SimulatedCoinbase
from venuetree.scenarios.simulated.coinbase import ApiKey, Settings
from venuetree.scenarios.simulated.coinbase.streams import Connection
from venuetree.scenarios.simulated.wire import Answer, Request, Response, SendFrame, StreamAction

START_NS = 1_790_000_000_000_000_000
SECOND = 1_000_000_000
BASE = "/api/v3/brokerage"
HOST = "127.0.0.1:8080"

QUIET = Settings(private_limit=None, public_limit=None, connection_limit=None, message_limit=None)
"""Without limits, for tests of other things."""


def _part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_token(
    key: ApiKey,
    now_s: int,
    *,
    header: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A signed token; None as a value takes a field away."""
    algorithm = "ES256" if key.secret.startswith("-----") else "EdDSA"
    head = {"alg": algorithm, "kid": key.name, "nonce": "00aa", "typ": "JWT", **(header or {})}
    body = {"sub": key.name, "iss": "cdp", "nbf": now_s, "exp": now_s + 120, **(claims or {})}
    signed = ".".join(
        _part({name: value for name, value in part.items() if value is not None})
        for part in (head, body)
    )
    return f"{signed}.{_part(_sign(key.secret, signed.encode()))}"


def _sign(secret: str, message: bytes) -> bytes:
    if not secret.startswith("-----"):
        seed = base64.b64decode(secret)[:32]
        return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(message)
    private = load_pem_private_key(secret.encode(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@attrs.define(eq=False)
class Stream:
    """One stream connection, as its client sees it."""

    connection: Connection
    token: Callable[[], str]

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        self.connection.receive(json.dumps(message))

    def subscribe(self, channel: str, *products: str, signed: bool = False) -> None:
        """Subscribe to one channel."""
        message = {"type": "subscribe", "channel": channel, "product_ids": list(products)}
        self.send({**message, "jwt": self.token()} if signed else message)

    def actions(self) -> list[StreamAction]:
        """What the exchange wants done since the last look."""
        return self.connection.take()

    def frames(self) -> list[Any]:
        """The frames since the last look, decoded."""
        return [json.loads(a.text) for a in self.actions() if isinstance(a, SendFrame)]


class PlainClient:
    """A simulated exchange, a clock, and a client beside it."""

    def __init__(self, settings: Settings = QUIET, *, seed: int = 1) -> None:
        """Start the exchange at `START_NS`, its walk paused."""
        self.now_ns = START_NS
        self.sim = SimulatedCoinbase(seed=seed, settings=settings, now_ns=lambda: self.now_ns)
        self.sim.paused = True
        self._ids = 0

    @property
    def now_s(self) -> int:
        """The client's clock in whole seconds."""
        return self.now_ns // SECOND

    def advance(self, seconds: float, *, step_s: float = 0.01) -> None:
        """Let time pass, a tick of the exchange each step."""
        end = self.now_ns + int(seconds * SECOND)
        while self.now_ns < end:
            self.now_ns = min(self.now_ns + int(step_s * SECOND), end)
            self.sim.tick()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] = (),
        body: Any = None,
        key: ApiKey | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a signed request; `headers` replace the signature."""
        signed = make_token(
            key or self.sim.es256_key,
            self.now_s,
            claims={"uri": f"{method} api.coinbase.com{BASE}{path}"},
        )
        request = Request(
            method=method,
            path=f"{BASE}{path}",
            query=query,
            headers={"authorization": f"Bearer {signed}", "host": HOST}
            if headers is None
            else headers,
            body=b"{}" if body is None else json.dumps(body).encode(),
        )
        return self.sim.handle("rest", request)

    def response(self, method: str, path: str, **options: Any) -> Response:
        """The response to a signed request."""
        return self.send(method, path, **options).response

    def get(self, path: str, *query: tuple[str, str]) -> Any:
        """The JSON of a successful GET."""
        response = self.response("GET", path, query=query)
        assert response.status == 200, response
        return json.loads(response.body)

    def post(self, path: str, body: Any) -> Any:
        """The JSON of a successful POST."""
        response = self.response("POST", path, body=body)
        assert response.status == 200, response
        return json.loads(response.body)

    def place(
        self, configuration: Any, *, side: str = "BUY", product: str = "BTC-USD", **more: Any
    ) -> Any:
        """Create an order under a new client id (or `client_order_id`)."""
        self._ids += 1
        return self.post(
            "/orders",
            {
                "client_order_id": f"c-{self._ids}",
                "product_id": product,
                "side": side,
                "order_configuration": configuration,
                **more,
            },
        )

    def placed(self, configuration: Any, **options: Any) -> str:
        """The exchange's id of a new order, which must be accepted."""
        answer = self.place(configuration, **options)
        assert answer["success"], answer
        return str(answer["success_response"]["order_id"])

    def refused(self, configuration: Any, **options: Any) -> tuple[str, str]:
        """(error, preview_failure_reason) of an order that must be refused."""
        answer = self.place(configuration, **options)
        assert not answer["success"], answer
        reasons = answer["error_response"]
        return reasons["error"], reasons["preview_failure_reason"]

    def order(self, order_id: str) -> Any:
        """The order as the exchange tells it."""
        return self.get(f"/orders/historical/{order_id}")["order"]

    def stream(self, surface: str = "stream") -> Stream:
        """A new stream connection."""
        connection = self.sim.connect(surface, Request("GET", "/"))
        assert isinstance(connection, Connection), connection
        return Stream(connection, lambda: make_token(self.sim.es256_key, self.now_s))


def limit_gtc(size: str, price: str, *, post_only: bool = False) -> dict[str, Any]:
    """A limit order, good till cancelled."""
    return {"limit_limit_gtc": {"base_size": size, "limit_price": price, "post_only": post_only}}
