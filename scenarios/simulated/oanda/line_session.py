"""One line stream of a client: its heartbeats, its faults, its end; what it tells is a source's."""

from collections.abc import Callable
from typing import Any, Protocol

import attrs
import orjson

from venuetree.scenarios.faults import FrameKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.oanda.datetime_format import DatetimeFormat, with_times
from venuetree.scenarios.simulated.oanda.line_outlet import LineOutlet
from venuetree.scenarios.simulated.wire import ControlFrame, StreamAction

__all__ = ["LineSession", "Source", "in_band_error", "nanoseconds"]


class Source(Protocol):
    """What a stream is about."""

    def begin(self, session: "LineSession") -> None:
        """Say what comes first."""

    def heartbeat(self) -> dict[str, Any]:
        """The heartbeat of now."""

    def tick(self, session: "LineSession") -> None:
        """Say what is due by now."""

    def end(self) -> None:
        """The client is gone."""


@attrs.define(eq=False)
class LineSession:
    """An open stream.

    Its channels are ``<stream>/<what it tells>``, such as ``pricing/EUR_USD``
    or ``transactions/ORDER_FILL``, and ``heartbeats/<stream>``.
    """

    stream: str
    """``pricing`` or ``transactions``."""
    client: str
    token: str
    source: Source
    outlet: LineOutlet
    clock_ns: Callable[[], int]
    times: DatetimeFormat
    heartbeat_ns: int
    on_closed: Callable[["LineSession"], None]
    _next_heartbeat_ns: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._next_heartbeat_ns = self.clock_ns() + self.heartbeat_ns
        self.source.begin(self)

    @property
    def on_output(self) -> Callable[[], None] | None:
        """Called when there is something to take."""
        return self.outlet.on_output

    @on_output.setter
    def on_output(self, callback: Callable[[], None] | None) -> None:
        self.outlet.on_output = callback

    def receive(self, text: str | bytes) -> None:
        """Take one message of the client; a line stream takes none."""

    def control(self, frame: ControlFrame, payload: bytes) -> None:
        """Take note of a control frame; a line stream has none."""

    def take(self) -> list[StreamAction]:
        """What is to be done towards the client, in order."""
        return self.outlet.take()

    def disconnected(self) -> None:
        """The client is gone."""
        self.source.end()
        self.on_closed(self)

    def tell(self, topic: str, carrying: FrameKind, line: dict[str, Any]) -> None:
        """Send one line of the stream itself."""
        self._emit(f"{self.stream}/{topic}", carrying, line)

    def tick(self) -> None:
        """Stalls, heartbeats, and the source's own."""
        now_ns = self.clock_ns()
        self.outlet.tick(now_ns)
        self.source.tick(self)
        if now_ns >= self._next_heartbeat_ns:
            # Without drift, but what was missed is not made up for.
            self._next_heartbeat_ns = max(self._next_heartbeat_ns + self.heartbeat_ns, now_ns)
            self._emit(f"heartbeats/{self.stream}", FrameKind.CONTROL, self.source.heartbeat())

    def _emit(self, channel: str, carrying: FrameKind, line: dict[str, Any]) -> None:
        text = orjson.dumps(with_times(line, self.times))
        self.outlet.emit(channel, carrying, text, self.clock_ns())


def in_band_error(text: str) -> bytes:
    """An error message as a line of a stream."""
    return orjson.dumps({"errorMessage": text})


def nanoseconds(seconds: float) -> int:
    """Seconds of a setting as nanoseconds."""
    return int(seconds * NANOSECONDS)
