"""Recorded traffic served again: REST replies by path, stream frames once they are subscribed to.

A recording is JSON lines, each an object with `channel` and `raw`: `raw` is one message as the
exchange sent it; `channel` is `GET` with path and query for a reply, and a stream's name for a
frame. Nothing is made up but the acknowledgement of a subscription. A reply answers a question
that has each parameter of the recorded one, and perhaps more: the list of all instruments answers
for one of them. What was not recorded is 404.

Frames come in the order in which they were recorded, `frames_per_tick` of them a tick, those of
the channels that somebody has subscribed to by then; each is sent once.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import attrs
import orjson

from venuetree.scenarios.simulated.log import ExchangeLog, LogKind
from venuetree.scenarios.simulated.wire import (
    Answer,
    ControlFrame,
    Refusal,
    Request,
    Response,
    SendFrame,
    StreamAction,
)

__all__ = ["Manner", "Record", "ReplayedExchange", "binance_us_manner", "read_recording"]

#: How much of something is asked for does not change what was recorded of it.
_IGNORED = frozenset({"limit"})


@attrs.frozen
class Record:
    """One recorded message."""

    channel: str
    raw: bytes


@attrs.frozen
class Manner:
    """What must be known of an exchange beside its recording.

    Attributes:
        surfaces: the addresses that it listens on; the first is for REST.
        subscribe: the channels that a client's message, or the address of its stream, asks for,
            and what acknowledges it.
    """

    surfaces: tuple[str, ...]
    subscribe: Callable[[Mapping[str, Any]], tuple[frozenset[str], bytes]]


def binance_us_manner() -> Manner:
    """Binance.US: combined streams, asked for by `SUBSCRIBE`."""

    def subscribe(message: Mapping[str, Any]) -> tuple[frozenset[str], bytes]:
        is_asked = message.get("method") == "SUBSCRIBE"
        channels = frozenset(message.get("params", ())) if is_asked else frozenset()
        return channels, orjson.dumps({"result": None, "id": message.get("id")})

    return Manner(("rest", "stream"), subscribe)


def read_recording(*paths: Path) -> tuple[Record, ...]:
    """The messages of some files, in their order; `raw` as text or as JSON.

    Raises:
        ValueError: a line is no such record.
    """
    return tuple(
        _record(line) for path in paths for line in path.read_bytes().splitlines() if line.strip()
    )


def _record(line: bytes) -> Record:
    match orjson.loads(line):
        case {"channel": str(channel), "raw": str(raw)}:
            return Record(channel, raw.encode())
        case {"channel": str(channel), "raw": raw}:
            return Record(channel, orjson.dumps(raw))
        case _:
            message = f"not a record of a message: {line[:80]!r}"
            raise ValueError(message)


@attrs.define(eq=False)
class ReplayedSession:
    """One stream connection."""

    manner: Manner
    on_output: Callable[[], None] | None = None
    channels: frozenset[str] = frozenset()
    is_open: bool = True
    _queue: list[StreamAction] = attrs.field(factory=list, init=False)

    def receive(self, text: str | bytes) -> None:
        """Take a subscription."""
        channels, acknowledgement = self.manner.subscribe(orjson.loads(text))
        self.channels |= channels
        self.send(acknowledgement)

    def send(self, frame: bytes) -> None:
        """Have a frame sent."""
        self._queue.append(SendFrame(frame))
        if self.on_output is not None:
            self.on_output()

    def control(self, frame: ControlFrame, payload: bytes) -> None:
        """Pings are answered by the server."""
        del frame, payload

    def take(self) -> list[StreamAction]:
        """What is to be sent."""
        taken, self._queue = self._queue, []
        return taken

    def disconnected(self) -> None:
        """The client is gone."""
        self.is_open = False


@attrs.define(eq=False)
class ReplayedExchange:
    """A recording as an exchange that a server can carry.

    Args:
        name: of the exchange that was recorded.
        records: in the order in which they were.
        manner: of that exchange.
        frames_per_tick: how quickly the frames come.

    Attributes:
        log: what was asked.
    """

    name: str
    records: Iterable[Record]
    manner: Manner
    frames_per_tick: int = 1
    compression: bool = False
    log: ExchangeLog = attrs.field(factory=ExchangeLog)
    _replies: list[Record] = attrs.field(init=False)
    _frames: list[Record] = attrs.field(init=False)
    _sessions: list[ReplayedSession] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        records = tuple(self.records)
        self._replies = [record for record in records if record.channel.startswith("GET ")]
        # Lines whose channel is `open`, or begins with `sent`, are no messages of the exchange.
        self._frames = [
            record
            for record in records
            if not record.channel.startswith(("GET ", "sent")) and record.channel != "open"
        ]

    @property
    def surfaces(self) -> tuple[str, ...]:
        """The addresses that it listens on."""
        return self.manner.surfaces

    @property
    def frames_left(self) -> int:
        """How many frames have not been sent yet."""
        return len(self._frames)

    def handle(self, surface: str, request: Request) -> Answer:
        """The recorded reply to a question of this path and query."""
        del surface
        self.log.add(0, LogKind.REQUEST, f"{request.method} {request.path}")
        for record in self._replies:
            path, _, query = record.channel.removeprefix("GET ").partition("?")
            is_asked = _asked(parse_qsl(query)) <= _asked(request.query)
            if request.method == "GET" and request.path == path and is_asked:
                return Answer(Response(200, record.raw))
        return Answer(Response.of_json({"code": -1, "msg": "this was not recorded"}, status=404))

    def connect(self, surface: str, request: Request) -> ReplayedSession | Refusal:
        """Open one stream connection."""
        del request
        if surface == self.surfaces[0]:
            return Refusal(404, "no stream is here")
        session = ReplayedSession(self.manner)
        self._sessions.append(session)
        return session

    def tick(self) -> None:
        """Send the next frames."""
        self._sessions = [session for session in self._sessions if session.is_open]
        for _ in range(self.frames_per_tick):
            wanted = frozenset[str]().union(*(one.channels for one in self._sessions))
            record = next((one for one in self._frames if one.channel in wanted), None)
            if record is None:
                return
            self._frames.remove(record)
            for session in self._sessions:
                if record.channel in session.channels:
                    session.send(record.raw)

    def endpoints(self, addresses: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
        """The endpoints object of this exchange; a recording has no credentials."""
        rest, *streams = self.surfaces
        place = {name: f"{host}:{port}" for name, (host, port) in addresses.items()}
        return {
            "rest": f"http://{place[rest]}",
            **{stream: f"ws://{place[stream]}" for stream in streams},
        }


def _asked(query: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in query if name not in _IGNORED)
