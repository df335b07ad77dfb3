"""All stream connections of one simulated Coinbase, and the pace at which they are fed."""

from collections.abc import Callable
from decimal import Decimal

import attrs
import orjson

from venuetree.scenarios.faults import FrameKind, KickOnConnect, OrphanDelete, RefuseConnection
from venuetree.scenarios.simulated.coinbase import advanced, exchange_feed
from venuetree.scenarios.simulated.coinbase.advanced import AdvancedSession
from venuetree.scenarios.simulated.coinbase.channels import (
    Change,
    candles_event,
    level2_event,
    level2_updates,
    status_event,
    ticker_event,
    trades_event,
)
from venuetree.scenarios.simulated.coinbase.exchange_feed import ExchangeFeedSession
from venuetree.scenarios.simulated.coinbase.market import Market, Print
from venuetree.scenarios.simulated.coinbase.orders import AccountOrder
from venuetree.scenarios.simulated.coinbase.user_orders import user_order_json
from venuetree.scenarios.simulated.coinbase.venue import Venue
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.limits import Limiter
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import NANOSECONDS, plain
from venuetree.scenarios.simulated.outlet import Outlet
from venuetree.scenarios.simulated.wire import ControlFrame, Refusal, Request, StreamAction

_MILLISECONDS = 1_000_000
BOOK_EVERY_NS = 50 * _MILLISECONDS
TRADES_EVERY_NS = 250 * _MILLISECONDS
CANDLES_EVERY_NS = NANOSECONDS
BATCH_EVERY_NS = 5 * NANOSECONDS

_LATE_CODE, _IDLE_CODE = 1008, 1001


@attrs.define(eq=False)
class Connection:
    """One stream connection; its first message tells which of the two protocols it speaks."""

    venue: Venue
    surface: str
    client: str
    outlet: Outlet
    messages: Limiter
    opened_ns: int
    on_closed: Callable[["Connection"], None]
    held_elsewhere: Callable[[AdvancedSession, str], bool]
    session: AdvancedSession | ExchangeFeedSession | None = None
    _accepted: bool = False

    @property
    def on_output(self) -> Callable[[], None] | None:
        """Called when there is something to take."""
        return self.outlet.on_output

    @on_output.setter
    def on_output(self, callback: Callable[[], None] | None) -> None:
        self.outlet.on_output = callback

    def receive(self, text: str | bytes) -> None:
        """Take one message of the client."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if self.session is None:
            self.session = self._session(message)
        free = not isinstance(message, dict) or not {"jwt", "signature"} & message.keys()
        if free and not self.messages.admit(self.client, self.venue.clock_ns()):
            self.outlet.say(self.outlet.error_text("rate limit exceeded"))
            return
        self._accepted = self.session.receive(message) or self._accepted

    def _session(self, message: object) -> AdvancedSession | ExchangeFeedSession:
        if isinstance(message, dict) and "channels" in message:
            self.outlet.error_text = exchange_feed.error_text
            return ExchangeFeedSession(self.venue, self.outlet)
        return AdvancedSession(self.venue, self.surface, self.outlet, self.held_elsewhere)

    def control(self, frame: ControlFrame, payload: bytes) -> None:
        """Pings and pongs mean nothing here: the exchange sends no pings of its own."""
        del frame, payload

    def take(self) -> list[StreamAction]:
        """What is to be done towards the client, in order."""
        return self.outlet.take()

    def disconnected(self) -> None:
        """The client is gone."""
        self.on_closed(self)

    def tick(self) -> None:
        """Heartbeats, stalls, and the two ways to be thrown out."""
        settings, clock_ns = self.venue.settings, self.venue.clock_ns()
        self.outlet.tick(clock_ns)
        if self.session is not None:
            self.session.tick()
        opened_s = (clock_ns - self.opened_ns) / NANOSECONDS
        if not self._accepted and opened_s >= settings.first_message_within_s:
            self.outlet.close(_LATE_CODE, "no valid subscribe in time")
        last_ns = self.outlet.last_frame_ns
        idle_s = 0 if last_ns is None else (clock_ns - last_ns) / NANOSECONDS
        if idle_s >= settings.idle_close_after_s:
            self.outlet.close(_IDLE_CODE, "idle")


@attrs.define(eq=False)
class Streams:
    """The connections, and what has happened since each channel was last told."""

    venue: Venue
    connections: list[Connection] = attrs.field(factory=list, init=False)
    _opened: int = attrs.field(default=0, init=False)
    _connects: Limiter = attrs.field(init=False)
    _messages: Limiter = attrs.field(init=False)
    _due: dict[str, int] = attrs.field(factory=dict, init=False)
    _prints: dict[str, list[Print]] = attrs.field(factory=dict, init=False)
    _batch: dict[str, list[Print]] = attrs.field(factory=dict, init=False)
    _candles: set[str] = attrs.field(factory=set, init=False)
    _batch_tickers: set[str] = attrs.field(factory=set, init=False)
    _zeros: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._connects = Limiter(self.venue.settings.connection_limit)
        self._messages = Limiter(self.venue.settings.message_limit)
        for market in self.venue.markets.values():
            market.on_print.append(self._printed)

    def connect(self, surface: str, request: Request) -> Connection | Refusal:
        """Open a connection, unless the limit or a fault says no."""
        venue = self.venue
        if not self._connects.admit(request.client, venue.clock_ns()):
            return Refusal(429, "too many connections")
        refused = venue.faults.take(
            RefuseConnection, surface, lambda f: matches(f.surface, surface)
        )
        if refused is not None:
            return Refusal(refused.status, "")
        self._opened += 1
        name = f"{surface} {self._opened}"
        venue.log.add(venue.clock_ns(), LogKind.STREAM, name, "opened")
        connection = Connection(
            venue=venue,
            surface=surface,
            client=request.client,
            outlet=Outlet(venue.faults, advanced.error_text, name),
            messages=self._messages,
            opened_ns=venue.clock_ns(),
            on_closed=self._closed,
            held_elsewhere=self._held_elsewhere,
        )
        self.connections.append(connection)
        kick = venue.faults.take(KickOnConnect, name, lambda f: matches(f.surface, surface))
        if kick is not None:
            connection.outlet.close(kick.code, kick.reason)
        return connection

    def _closed(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            name = connection.outlet.name
            self.venue.log.add(self.venue.clock_ns(), LogKind.STREAM, name, "closed")

    def _held_elsewhere(self, session: AdvancedSession, product_id: str) -> bool:
        return any(
            other.holds(channel, product_id)
            for other in self._sessions()
            if other is not session
            for channel in ("level2", "level2_50")
        )

    def order_changed(self, order: AccountOrder) -> None:
        """Tell every user channel of an order's new state."""
        rendered = user_order_json(order, self.venue)
        for session in self._sessions():
            if isinstance(session, AdvancedSession):
                session.order_changed(order.ticket.product_id, rendered)

    def tick(self) -> None:
        """Tell each channel what is new, when its time has come."""
        now_ns = self.venue.now_ns()
        if self._is_due("book", BOOK_EVERY_NS):
            for market in self.venue.markets.values():
                self._tell_book(market, now_ns)
            self._tell_prints()
        if self._is_due("trades", TRADES_EVERY_NS):
            self._tell_trades()
        if self._is_due("candles", CANDLES_EVERY_NS):
            self._tell_candles(now_ns)
        if self._is_due("batch", BATCH_EVERY_NS):
            self._tell_batches()
        for connection in list(self.connections):
            connection.tick()

    def _is_due(self, name: str, every_ns: int) -> bool:
        clock_ns = self.venue.clock_ns()
        due_ns = self._due.get(name, clock_ns)
        if clock_ns < due_ns:
            return False
        # Without drift, but what was missed is not made up for.
        self._due[name] = max(due_ns + every_ns, clock_ns)
        return True

    def _printed(self, market: Market, printed: Print) -> None:
        self._prints.setdefault(market.product_id, []).append(printed)
        self._batch.setdefault(market.product_id, []).append(printed)
        self._candles.add(market.product_id)
        self._batch_tickers.add(market.product_id)

    def _sessions(self) -> list[AdvancedSession | ExchangeFeedSession]:
        return [c.session for c in self.connections if c.session is not None]

    def _advanced(self) -> list[AdvancedSession]:
        return [s for s in self._sessions() if isinstance(s, AdvancedSession)]

    def _tell_book(self, market: Market, now_ns: int) -> None:
        changes: list[Change] = [
            (side, plain(price), plain(quantity) if quantity else self._zero())
            for side, price, quantity in market.book.take_changes()
        ]
        if not changes:
            return
        updates = level2_updates(changes, now_ns)
        for session in self._sessions():
            if isinstance(session, ExchangeFeedSession):
                session.book_changed(market, changes)
            elif session.holds("level2", market.product_id):
                orphan = self._orphan(market, session, now_ns)
                event = level2_event("update", market.product_id, updates + orphan)
                session.send("level2", FrameKind.UPDATE, [event])

    def _orphan(
        self, market: Market, session: AdvancedSession, now_ns: int
    ) -> list[dict[str, str]]:
        hit = f"{session.outlet.name} {market.product_id}"
        if not self.venue.faults.take(
            OrphanDelete, hit, lambda f: matches(f.channel, "level2", "l2_data")
        ):
            return []
        lowest = market.book.worst(Side.BUY) or market.middle
        price = max(lowest - 1234 * market.product.price_increment, market.product.price_increment)
        while market.book.total_at(Side.BUY, price) != Decimal(0):
            price += market.product.price_increment
        return level2_updates([(Side.BUY, plain(price), "0")], now_ns)

    def _zero(self) -> str:
        spellings = self.venue.settings.zero_quantities
        self._zeros += 1
        return spellings[self._zeros % len(spellings)]

    def _tell_prints(self) -> None:
        prints, self._prints = self._prints, {}
        traded = [self.venue.markets[product_id] for product_id in prints]
        for session in self._sessions():
            if isinstance(session, ExchangeFeedSession):
                for market in traded:
                    session.prints(market, prints[market.product_id])
                continue
            mine = [market for market in traded if session.holds("ticker", market.product_id)]
            if mine:
                event = ticker_event("update", mine, with_book=True)
                session.send("ticker", FrameKind.UPDATE, [event])

    def _tell_trades(self) -> None:
        batch, self._batch = self._batch, {}
        for session in self._advanced():
            events = [
                trades_event("update", self.venue.markets[product_id], prints)
                for product_id, prints in batch.items()
                if session.holds("market_trades", product_id)
            ]
            if events:
                session.send("market_trades", FrameKind.UPDATE, events)

    def _tell_candles(self, now_ns: int) -> None:
        traded, self._candles = self._candles, set()
        for session in self._advanced():
            mine = [
                market
                for product_id, market in self.venue.markets.items()
                if product_id in traded and session.holds("candles", product_id)
            ]
            if mine:
                event = candles_event("update", mine, now_ns)
                session.send("candles", FrameKind.UPDATE, [event])

    def _tell_batches(self) -> None:
        changed, self._batch_tickers = self._batch_tickers, set()
        markets = [m for m in self.venue.markets.values() if m.product_id in changed]
        for session in self._sessions():
            if isinstance(session, ExchangeFeedSession):
                for market in markets:
                    session.ticker_batch(market)
                continue
            mine = [m for m in markets if session.holds("ticker_batch", m.product_id)]
            if mine:
                event = ticker_event("update", mine, with_book=False)
                session.send("ticker_batch", FrameKind.UPDATE, [event])
            listed = session.subscriptions.get("status")
            if listed:
                event = status_event([self.venue.markets[name] for name in listed])
                session.send("status", FrameKind.UPDATE, [event])
