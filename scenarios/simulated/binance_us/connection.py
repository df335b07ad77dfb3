"""One WebSocket connection, of either door: heartbeat, frame limit, age, the ways it ends."""

from collections.abc import Callable
from typing import Protocol

import attrs

from venuetree.scenarios.faults import ShutDownServer, WithholdPings
from venuetree.scenarios.simulated.binance_us.heartbeat import FrameLimit, Heartbeat
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.outlet import Outlet
from venuetree.scenarios.simulated.wire import ControlFrame, StreamAction

_POLICY_CODE, _GOING_AWAY_CODE = 1008, 1001


class Session(Protocol):
    """What is said on a connection."""

    def receive(self, text: str | bytes) -> None:
        """Take one message of the client."""

    def tick(self) -> None:
        """Do what is due by now."""

    def announce_shutdown(self) -> None:
        """Tell the client that its server goes down."""


@attrs.define(eq=False)
class Connection:
    """An open connection; its session says what it is about."""

    venue: Venue
    surface: str
    outlet: Outlet
    heartbeat: Heartbeat
    frames: FrameLimit
    life_s: float
    session: Session
    on_closed: Callable[["Connection"], None]
    _shutdown: ShutDownServer | None = attrs.field(default=None, init=False)
    _ends_ns: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._ends_ns = self.venue.clock_ns() + int(self.life_s * NANOSECONDS)

    @property
    def on_output(self) -> Callable[[], None] | None:
        """Called when there is something to take."""
        return self.outlet.on_output

    @on_output.setter
    def on_output(self, callback: Callable[[], None] | None) -> None:
        self.outlet.on_output = callback

    def receive(self, text: str | bytes) -> None:
        """Take one message of the client."""
        if self._admitted():
            self.session.receive(text)

    def control(self, frame: ControlFrame, payload: bytes) -> None:
        """Take note of a ping or a pong of the client; both count as frames."""
        if self._admitted() and frame is ControlFrame.PONG:
            self.heartbeat.pong(payload)

    def _admitted(self) -> bool:
        if self.outlet.closed:
            return False
        if not self.frames.admit(self.venue.clock_ns()):
            self.outlet.close(_POLICY_CODE, "Too many requests")
            return False
        return True

    def take(self) -> list[StreamAction]:
        """What is to be done towards the client, in order."""
        return self.outlet.take()

    def disconnected(self) -> None:
        """The client is gone."""
        self.on_closed(self)

    def tick(self) -> None:
        """Stalls, pings, the session's own, and the three ways to be thrown out."""
        clock_ns = self.venue.clock_ns()
        self.outlet.tick(clock_ns)
        self.session.tick()
        self._ping(clock_ns)
        if self.heartbeat.lost(clock_ns):
            self.outlet.close(_POLICY_CODE, "Pong timeout")
        self._begin_shutdown(clock_ns)
        if clock_ns >= self._ends_ns:
            if self._shutdown is None:
                self.outlet.close(_GOING_AWAY_CODE, "")
            else:
                self.outlet.close(self._shutdown.code, self._shutdown.reason)

    def _ping(self, clock_ns: int) -> None:
        payload = self.heartbeat.due(clock_ns)
        if payload is None:
            return
        withheld = self.venue.faults.take(
            WithholdPings, self.outlet.name, lambda fault: matches(fault.surface, self.surface)
        )
        if withheld is None and self.outlet.ping(payload):
            self.heartbeat.sent(payload, clock_ns)

    def _begin_shutdown(self, clock_ns: int) -> None:
        if self._shutdown is not None or self.outlet.closed:
            return
        self._shutdown = self.venue.faults.take(
            ShutDownServer, self.outlet.name, lambda fault: matches(fault.surface, self.surface)
        )
        if self._shutdown is not None:
            self.session.announce_shutdown()
            left_ns = int(self._shutdown.close_after_s * NANOSECONDS)
            self._ends_ns = min(self._ends_ns, clock_ns + left_ns)
