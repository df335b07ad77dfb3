"""Sockets of a plain client of the simulated Binance.US: streams and the WebSocket API."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import attrs

from tests.scenarios.plain_binance_us import PlainClient, good, sign
from venuetree.scenarios.simulated.binance_us import Settings
from venuetree.scenarios.simulated.binance_us.connection import Connection
from venuetree.scenarios.simulated.wire import (
    ControlFrame,
    Request,
    SendFrame,
    SendPing,
    StreamAction,
)

PAYLOADS = Path(__file__).parent.parent / "payloads" / "binance_us_simulated"


@attrs.define(eq=False)
class Socket:
    """One connection, as its client sees it."""

    connection: Connection

    def send(self, message: object) -> None:
        """Send one message, as JSON unless it is text."""
        self.connection.receive(message if isinstance(message, str) else json.dumps(message))

    def ask(self, method: str, params: object = None, *, message_id: object = 1) -> Any:
        """The reply to a control message; what came before it is lost."""
        message = {"method": method, "id": message_id}
        self.send(message if params is None else {**message, "params": params})
        return self.frames()[-1]

    def actions(self) -> list[StreamAction]:
        """What the exchange wants done since the last look."""
        return self.connection.take()

    def frames(self) -> list[Any]:
        """The frames since the last look, decoded."""
        return [json.loads(a.text) for a in self.actions() if isinstance(a, SendFrame)]

    def pong(self, payload: bytes) -> None:
        """Send a pong."""
        self.connection.control(ControlFrame.PONG, payload)


class SocketClient:
    """A plain client beside its exchange, its sockets, and time that passes in small steps."""

    def __init__(self, settings: Settings | None = None, *, seed: int = 1) -> None:
        """Start the exchange, its walk paused."""
        self.plain = PlainClient(settings, seed=seed)
        self.sim = self.plain.sim
        self._ids = 0

    @property
    def now_ms(self) -> int:
        """The clock, in milliseconds."""
        return self.plain.now_ms

    def advance(self, seconds: float, *, step_s: float = 0.01) -> None:
        """Let time pass, a tick of the exchange each step."""
        end = self.plain.now_ms + round(seconds * 1000)
        while self.plain.now_ms < end:
            self.plain.now_ms = min(self.plain.now_ms + round(step_s * 1000), end)
            self.sim.tick()

    def walk(self, seconds: float) -> None:
        """Let time pass with moving prices."""
        self.sim.paused = False
        self.advance(seconds)
        self.sim.paused = True

    # REST

    def rest(self, method: str, path: str, **params: object) -> Any:
        """The JSON of a signed request that must succeed."""
        return good(self.plain.signed(method, path, params))

    def public(self, path: str, **params: object) -> Any:
        """The JSON of an unsigned GET that must succeed."""
        return good(self.plain.public(path, params))

    def listen_key(self, method: str = "POST", **params: object) -> Any:
        """The JSON of a call for the account's listen key."""
        answer = self.plain.send(
            method, "userDataStream", query=urlencode(params), key=self.plain.key.key
        )
        return json.loads(answer.response.body)

    # Sockets

    def connect(self, surface: str, path: str, query: str = "") -> Any:
        """Open a connection; a `Refusal` if it is refused."""
        fields = tuple(tuple(field.split("=", 1)) for field in query.split("&") if field)
        request = Request("GET", path, query=fields, raw_query=query)  # type: ignore[arg-type]
        return self.sim.connect(surface, request)

    def streams(self, *names: str, combined: bool = True) -> Socket:
        """A stream connection."""
        if combined:
            opened = self.connect("stream", "/stream", f"streams={'/'.join(names)}")
        else:
            opened = self.connect("stream", f"/ws/{'/'.join(names)}")
        assert isinstance(opened, Connection), opened
        return Socket(opened)

    def api(self, query: str = "") -> Socket:
        """A WebSocket API connection."""
        opened = self.connect("ws_api", "/ws-api/v3", query)
        assert isinstance(opened, Connection), opened
        return Socket(opened)

    def signed(self, **params: object) -> dict[str, Any]:
        """Signed parameters for the WebSocket API."""
        full: dict[str, Any] = {
            **params,
            "apiKey": self.plain.key.key,
            "timestamp": self.now_ms,
        }
        text = "&".join(f"{name}={full[name]}" for name in sorted(full))
        return {**full, "signature": sign(self.plain.key.secret, text)}

    def ask(self, socket: Socket, method: str, **params: object) -> int:
        """Send a signed request; its id."""
        self._ids += 1
        socket.send(request(method, self.signed(**params), request_id=self._ids))
        return self._ids

    def call(self, socket: Socket, method: str, **params: object) -> Any:
        """The reply to a signed request; events around it are lost."""
        return reply_to(socket, self.ask(socket, method, **params))

    def call_unsigned(self, socket: Socket, method: str, **params: object) -> Any:
        """The reply to a request without key and signature."""
        self._ids += 1
        socket.send(request(method, params, request_id=self._ids))
        return reply_to(socket, self._ids)


def reply_to(socket: Socket, request_id: int) -> Any:
    """The reply to a request among the new frames, which are all taken."""
    return next(frame for frame in socket.frames() if frame.get("id") == request_id)


def request(
    method: str, params: Mapping[str, Any] | None = None, *, request_id: object = 1
) -> dict[str, Any]:
    """A request of the WebSocket API."""
    return {"id": request_id, "method": method, "params": params or {}}


def pings(actions: list[StreamAction]) -> list[bytes]:
    """The payloads of the pings among some actions."""
    return [action.payload for action in actions if isinstance(action, SendPing)]


def samples(name: str) -> dict[str, Any]:
    """Payloads composed from the exchange's documents."""
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())
    return found


def shape(value: Any) -> Any:
    """What is alike in two payloads of one kind: names, types, decimals, the event's kind."""
    match value:
        case dict():
            return {name: each if name == "e" else shape(each) for name, each in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case str() if re.fullmatch(r"-?\d+(\.\d+)?", value):
            return f"{len(value.partition('.')[2])} decimals"
        case _:
            return type(value)
