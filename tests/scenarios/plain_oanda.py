"""A plain client of the simulated OANDA: no sockets, a clock by hand."""

import gzip
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import attrs

from venuetree.scenarios.simulated.oanda.exchange import SimulatedOanda
from venuetree.scenarios.simulated.oanda.settings import Settings
from venuetree.scenarios.simulated.wire import (
    Answer,
    LineStream,
    Request,
    Response,
    SendFrame,
    StreamAction,
    StreamSession,
)

START_NS = 1_790_000_000_000_000_000
"""Monday, 2026-09-21T14:13:20Z."""
SECOND = 1_000_000_000
HOST = "127.0.0.1:8080"


@attrs.define(eq=False)
class Lines:
    """One line stream, as its client sees it."""

    session: StreamSession
    head: Response

    def actions(self) -> list[StreamAction]:
        """What the exchange wants done since the last look."""
        return self.session.take()

    def chunks(self) -> list[bytes]:
        """The chunks since the last look."""
        return [action.text for action in self.actions() if isinstance(action, SendFrame)]

    def lines(self) -> list[Any]:
        """The lines since the last look, decoded; all are whole."""
        return [json.loads(line) for line in b"".join(self.chunks()).splitlines()]

    def of(self, kind: str) -> list[Any]:
        """The lines of one type since the last look; the others are lost."""
        return [line for line in self.lines() if line["type"] == kind]


class PlainClient:
    """A simulated exchange, a clock, and a client beside it."""

    def __init__(self, settings: Settings | None = None, *, start_ns: int = START_NS) -> None:
        """Start the exchange, its walk paused."""
        self.now_ns = start_ns
        self.sim = SimulatedOanda(settings=settings, now_ns=lambda: self.now_ns)
        self.sim.paused = True
        self.token: str | None = self.sim.token
        self.account_id = self.sim.account.id

    def advance(self, seconds: float, *, step_s: float = 0.01) -> None:
        """Let time pass, a tick of the exchange each step."""
        end = self.now_ns + round(seconds * SECOND)
        while self.now_ns < end:
            self.now_ns = min(self.now_ns + round(step_s * SECOND), end)
            self.sim.tick()

    # Requests

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        client: str = "127.0.0.1",
    ) -> Request:
        """A request; a path without a slash in front is one of the account."""
        raw = urlencode(query or {})
        given = {"host": HOST, "content-type": "application/json"}
        if self.token is not None:
            given["authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return Request(
            method=method,
            path=path if path.startswith("/") else self.path(path),
            query=tuple(parse_qsl(raw, keep_blank_values=True)),
            headers={**given, **(headers or {})},
            body=body or b"",
            raw_query=raw,
            client=client,
        )

    def path(self, path: str = "") -> str:
        """A path of the account."""
        return f"/v3/accounts/{self.account_id}/{path}".rstrip("/")

    def answer(self, method: str, path: str, query: Any = None, **options: Any) -> Answer:
        """The answer of the REST surface."""
        return self.sim.handle("rest", self.request(method, path, query, **options))

    def send(self, method: str, path: str, query: Any = None, **options: Any) -> Response:
        """The response of the REST surface."""
        return self.answer(method, path, query, **options).response

    def get(self, path: str, query: Any = None, **options: Any) -> Any:
        """The JSON of a successful GET."""
        return body(self.send("GET", path, query, **options))

    def refused(self, method: str, path: str, query: Any = None, **options: Any) -> tuple[int, str]:
        """(status, errorMessage) of a request that must fail."""
        response = self.send(method, path, query, **options)
        assert response.status >= 400, response
        return response.status, json.loads(response.body)["errorMessage"]

    def place(self, **order: Any) -> Any:
        """The JSON of an order that must be created: a far limit order but for `order`."""
        usual = {"type": "LIMIT", "instrument": "EUR_USD", "units": "100"}
        if order.get("type", "LIMIT") == "LIMIT":
            usual["price"] = "0.90000"
        return body(self.send("POST", "orders", body={"order": usual | order}), 201)

    # Streams

    def open(self, path: str, query: Any = None, **options: Any) -> LineStream | Answer | None:
        """What the streaming surface does with a request."""
        return self.sim.open_lines("stream", self.request("GET", path, query, **options))

    def stream(self, path: str, query: Any = None, **options: Any) -> Lines:
        """An open stream."""
        opened = self.open(path, query, **options)
        assert isinstance(opened, LineStream), opened
        return Lines(opened.session, opened.head)

    def pricing(self, *instruments: str, **query: str) -> Lines:
        """An open pricing stream."""
        return self.stream("pricing/stream", {"instruments": ",".join(instruments), **query})

    def transactions(self) -> Lines:
        """An open transaction stream."""
        return self.stream("transactions/stream")


def body(response: Response, status: int = 200) -> Any:
    """The JSON of a response with this status."""
    headers = dict(response.headers)
    packed = headers.get("content-encoding") == "gzip"
    text = gzip.decompress(response.body) if packed else response.body
    assert response.status == status, (response.status, text)
    return json.loads(text)
