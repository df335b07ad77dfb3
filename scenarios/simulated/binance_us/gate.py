"""The way in for WebSocket connections: how many, which are refused, what each gets."""

from collections import deque
from collections.abc import Callable

import attrs

from venuetree.scenarios.faults import KickOnConnect, RefuseConnection
from venuetree.scenarios.simulated.binance_us.connection import Connection, Session
from venuetree.scenarios.simulated.binance_us.heartbeat import FrameLimit, Heartbeat
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.outlet import Outlet
from venuetree.scenarios.simulated.wire import Refusal

_WINDOW_NS = 300 * NANOSECONDS


@attrs.define(eq=False)
class Gate:
    """The connections of one surface, open and past."""

    venue: Venue
    surface: str
    error_text: Callable[[str], bytes]
    """How an error message in band is spelt."""
    connections: list[Connection] = attrs.field(factory=list, init=False)
    _opened: int = attrs.field(default=0, init=False)
    _times_ns: dict[str, deque[int]] = attrs.field(factory=dict, init=False)

    def refusal(self, client: str) -> Refusal | None:
        """Why this client may not come in now; each attempt is counted."""
        now_ns, at_most = self.venue.clock_ns(), self.venue.settings.streams.connections_per_window
        times_ns = self._times_ns.setdefault(client, deque())
        while times_ns and now_ns - times_ns[0] >= _WINDOW_NS:
            times_ns.popleft()
        times_ns.append(now_ns)
        if at_most is not None and len(times_ns) > at_most:
            return Refusal(429, '{"code":-1034,"msg":"Too many new connections."}')
        fault = self.venue.faults.take(
            RefuseConnection, self.surface, lambda f: matches(f.surface, self.surface)
        )
        return None if fault is None else Refusal(fault.status, "")

    def open(self, make: Callable[[Outlet], Session], frames: FrameLimit) -> Connection:
        """Let a client in; `make` gives its session the way out."""
        venue, now_ns = self.venue, self.venue.clock_ns()
        settings = venue.settings.streams
        self._opened += 1
        name = f"{self.surface} {self._opened}"
        venue.log.add(now_ns, LogKind.STREAM, name, "opened")
        outlet = Outlet(venue.faults, self.error_text, name)
        connection = Connection(
            venue=venue,
            surface=self.surface,
            outlet=outlet,
            heartbeat=Heartbeat(settings.pulse_of(venue.profile), now_ns),
            frames=frames,
            life_s=settings.life_s,
            session=make(outlet),
            on_closed=self._closed,
        )
        self.connections.append(connection)
        kick = venue.faults.take(KickOnConnect, name, lambda f: matches(f.surface, self.surface))
        if kick is not None:
            outlet.close(kick.code, kick.reason)
        return connection

    def tick(self) -> None:
        """Let each connection do what is due."""
        for connection in list(self.connections):
            connection.tick()

    def _closed(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            self.venue.log.add(
                self.venue.clock_ns(), LogKind.STREAM, connection.outlet.name, "closed"
            )
