"""The door of the streams: market data and, by listen key, the accounts' events.

Paths: ``/ws`` and ``/ws/<name>`` (several joined by ``/``) send events as they
are, ``/stream`` and ``/stream?streams=<a>/<b>`` wrap each in the name of its
stream; all of them take control messages. A listen key is a name like any
other, and one that nobody knows is a name by which nothing comes.
"""

from typing import Any
from urllib.parse import unquote

import attrs
import orjson

from venuetree.scenarios.faults import DuplicateUserEvents, ExpireListenKey
from venuetree.scenarios.simulated.binance_us.connection import Connection
from venuetree.scenarios.simulated.binance_us.feed import MarketFeed
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.gate import Gate
from venuetree.scenarios.simulated.binance_us.heartbeat import FrameLimit
from venuetree.scenarios.simulated.binance_us.listen_keys import KeyEnd
from venuetree.scenarios.simulated.binance_us.market_session import (
    USER,
    MarketSession,
    in_band_error,
)
from venuetree.scenarios.simulated.binance_us.stream_names import (
    PACES_NS,
    StreamName,
    Topic,
)
from venuetree.scenarios.simulated.binance_us.venue import Venue
from venuetree.scenarios.simulated.outlet import Outlet
from venuetree.scenarios.simulated.wire import Refusal, Request

SURFACE = "stream"
_BARE, _COMBINED = "/ws", "/stream"


@attrs.define(eq=False)
class StreamDoor:
    """All stream connections, and the pace at which they are fed."""

    venue: Venue
    gate: Gate = attrs.field(init=False)
    _feeds: dict[str, MarketFeed] = attrs.field(init=False)
    _due_ns: dict[int, int] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        venue = self.venue
        self.gate = Gate(venue, SURFACE, in_band_error)
        self._feeds = {
            symbol: MarketFeed(market, venue.now_ms) for symbol, market in venue.markets.items()
        }
        venue.events.listeners.append(self._tell_account)
        venue.listen_keys.on_end.append(self._key_ended)

    def connect(self, request: Request) -> Connection | Refusal:
        """Open a connection, unless its path, the limit or a fault says no."""
        refused = self.gate.refusal(request.client)
        if refused is not None:
            return refused
        path = unquote(request.path)
        head, _, tail = path.removeprefix("/").partition("/")
        combined = f"/{head}" == _COMBINED
        if f"/{head}" not in {_BARE, _COMBINED} or (combined and tail):
            return Refusal(404, "")
        listed = "/".join(request.every("streams")) if combined else tail
        names = [name for name in listed.split("/") if name]
        if len(names) > self.venue.settings.streams.streams:
            return Refusal(400, "")

        def session(outlet: Outlet) -> MarketSession:
            made = MarketSession(self.venue, outlet, combined)
            made.subscribe(names)
            return made

        return self.gate.open(session, FrameLimit(self.venue.settings.streams.frames_per_second))

    def tick(self) -> None:
        """Tell what is new, when its time has come."""
        self.venue.listen_keys.tick()
        self._expire_keys()
        paces_ns = {pace_ns for pace_ns in PACES_NS if self._is_due(pace_ns)}
        for feed in self._feeds.values():
            feed.gather(paces_ns)
        self._tell(paces_ns)
        self.gate.tick()

    def _is_due(self, pace_ns: int) -> bool:
        clock_ns = self.venue.clock_ns()
        due_ns = self._due_ns.get(pace_ns, clock_ns)
        if clock_ns < due_ns:
            return False
        # Without drift, but what was missed is not made up for.
        self._due_ns[pace_ns] = max(due_ns + pace_ns, clock_ns)
        return True

    def _tell(self, paces_ns: set[int]) -> None:
        made: dict[str, list[bytes]] = {}
        for session in self._sessions():
            for text, name in list(session.names.items()):
                # A candle's end is told at once: the feed itself keeps a kline's pace.
                if name is None or (name.pace_ns not in paces_ns and name.topic is not Topic.KLINE):
                    continue
                if text not in made:
                    made[text] = [orjson.dumps(event) for event in self._events(name)]
                for event in made[text]:
                    session.tell(text, event)

    def _events(self, name: StreamName) -> list[Any]:
        if name.symbol is not None:
            feed = self._feeds.get(name.symbol)
            return [] if feed is None else feed.events(name)
        changed = [event for feed in self._feeds.values() for event in feed.events(name)]
        return [changed] if changed else []

    def _sessions(self) -> list[MarketSession]:
        return [
            connection.session
            for connection in self.gate.connections
            if isinstance(connection.session, MarketSession)
        ]

    # The accounts' events

    def _tell_account(self, account: str, event: dict[str, Any]) -> None:
        text = orjson.dumps(event)
        for session in self._sessions():
            for name in session.unknown_names():
                if self.venue.listen_keys.account(name) != account:
                    continue
                session.tell(name, text, channel=USER)
                hit = f"{session.outlet.name} {event['e']}"
                if self.venue.faults.take(DuplicateUserEvents, hit, lambda _: True):
                    session.tell(name, text, channel=USER)

    def _key_ended(self, listen_key: str, how: KeyEnd) -> None:
        """Say that a key has expired, which the older documents do not know of."""
        if how is not KeyEnd.EXPIRED or self.venue.profile is not Profile.LIVE:
            return
        event = {"e": "listenKeyExpired", "E": self.venue.now_ms(), "listenKey": listen_key}
        for session in self._sessions():
            if listen_key in session.names:
                session.tell(listen_key, orjson.dumps(event), channel=USER)

    def _expire_keys(self) -> None:
        keys = self.venue.listen_keys
        for session in self._sessions():
            for name in session.unknown_names():
                if keys.account(name) is None:
                    continue
                fault = self.venue.faults.take(ExpireListenKey, session.outlet.name, lambda _: True)
                if fault is not None:
                    keys.end(name, KeyEnd.EXPIRED if fault.announced else KeyEnd.DELETED)
