"""The pricing stream: first a snapshot, then each instrument's newest price, once in a window."""

from typing import Any

import attrs

from venuetree.scenarios.faults import FrameKind
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.line_session import LineSession, nanoseconds
from venuetree.scenarios.simulated.oanda.pricing import conversions, price_json
from venuetree.scenarios.simulated.oanda.venue import Venue

__all__ = ["PricingSource"]


@attrs.define(eq=False)
class PricingSource:
    """What one pricing stream tells.

    Args:
        venue: the exchange.
        names: of the instruments, fixed for the stream's life.
        snapshot: whether it begins with the prices as they are.
        home: the currency into which rates are told too, None for none.
    """

    venue: Venue
    names: tuple[str, ...]
    snapshot: bool = True
    home: str | None = None
    _session: LineSession | None = attrs.field(default=None, init=False)
    _changed: dict[str, None] = attrs.field(factory=dict, init=False)
    """Names whose newest price is not told yet, in the order of their change."""
    _told_ns: dict[str, int] = attrs.field(factory=dict, init=False)

    def begin(self, session: LineSession) -> None:
        """Send the snapshot, each price with the time of its last update."""
        self._session = session
        self.venue.prices.on_move.append(self._moved)
        for name in self.names if self.snapshot else ():
            self._tell(session, name, FrameKind.SNAPSHOT)

    def heartbeat(self) -> dict[str, Any]:
        """A heartbeat, which has no instrument."""
        return {"type": "HEARTBEAT", "time": time_text(self.venue.now_ns())}

    def tick(self, session: LineSession) -> None:
        """Tell what waited for the end of its window."""
        window_ns, now_ns = nanoseconds(self.venue.settings.window_s), self.venue.clock_ns()
        due = [
            name
            for name in self._changed
            if name not in self._told_ns or now_ns - self._told_ns[name] >= window_ns
        ]
        for name in due:
            del self._changed[name]
            self._tell(session, name, FrameKind.UPDATE)

    def end(self) -> None:
        """Hear of no price any more."""
        if self._moved in self.venue.prices.on_move:
            self.venue.prices.on_move.remove(self._moved)

    def _moved(self, names: frozenset[str]) -> None:
        for name in self.names:
            if name in names:
                self._changed[name] = None
        if self._session is not None:
            self.tick(self._session)

    def _tell(self, session: LineSession, name: str, carrying: FrameKind) -> None:
        prices = self.venue.prices
        line = price_json(prices, prices.quote(name))
        if self.home is not None:
            line["homeConversions"] = conversions(prices, [name], self.home)
        self._told_ns[name] = self.venue.clock_ns()
        session.tell(name, carrying, line)
