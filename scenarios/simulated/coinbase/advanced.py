"""One connection to the Advanced Trade streams: its subscriptions, its sequence, its frames."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import orjson

from venuetree.scenarios.faults import DuplicateUserEvents, FrameKind, OversizeSnapshot
from venuetree.scenarios.simulated.coinbase.channels import (
    FREE_CHANNELS,
    MARKET_CHANNELS,
    PRIVATE_CHANNELS,
    USER_SURFACE_CHANNELS,
    candles_event,
    futures_balance_event,
    heartbeat_event,
    level2_event,
    level2_updates,
    recent_trades_event,
    status_event,
    ticker_event,
    whole_book,
)
from venuetree.scenarios.simulated.coinbase.market import Market
from venuetree.scenarios.simulated.coinbase.tokens import NotAuthenticatedError, check_hmac_stream
from venuetree.scenarios.simulated.coinbase.user_orders import user_order_json
from venuetree.scenarios.simulated.coinbase.venue import Spelling, Venue
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.numbers import NANOSECONDS, rfc3339
from venuetree.scenarios.simulated.outlet import Outlet

_USER_PAGE = 50
_BYTES_A_LEVEL = 80
"""No level of a snapshot is written in fewer bytes than this."""

AUTHENTICATION_FAILURE = "authentication failure"
MALFORMED = "subscribe or unsubscribe required"
FAILURE_TO_SUBSCRIBE = "failure to subscribe"
TOO_MANY_BOOKS = "too many L2 streams requested in a single session"


class RefusedError(Exception):
    """A subscription that is answered with an error frame of this text."""


def error_text(message: str) -> bytes:
    """An error frame: it has no channel and no sequence number."""
    return orjson.dumps({"type": "error", "message": message})


@attrs.define(eq=False)
class AdvancedSession:
    """The subscriptions of one connection, by channel; a value maps product ids to nothing."""

    venue: Venue
    surface: str
    outlet: Outlet
    held_elsewhere: Callable[["AdvancedSession", str], bool]
    """Whether another connection holds the book of a product."""
    subscriptions: dict[str, dict[str, None]] = attrs.field(factory=dict)
    _sequence: int = 0
    _next_heartbeat_ns: int | None = None

    @property
    def _spelling(self) -> Spelling:
        return self.venue.settings.spelling

    def receive(self, message: object) -> bool:
        """Take one message; false if it was refused."""
        try:
            self._receive(message)
        except RefusedError as refusal:
            self.outlet.say(error_text(str(refusal)))
            return False
        return True

    def _receive(self, message: object) -> None:
        if not isinstance(message, dict):
            raise RefusedError(MALFORMED)
        kind, channel = message.get("type"), message.get("channel")
        if kind not in ("subscribe", "unsubscribe") or not isinstance(channel, str):
            raise RefusedError(MALFORMED)
        products = message.get("product_ids") or []
        if not isinstance(products, list):
            raise RefusedError(MALFORMED)
        self._check_allowed(channel, message)
        if kind == "subscribe":
            self._subscribe(channel, products)
        else:
            self._unsubscribe(channel, products)
        self._acknowledge()

    def _check_allowed(self, channel: str, message: Mapping[str, Any]) -> None:
        known = (
            USER_SURFACE_CHANNELS
            if self.surface == "user_stream"
            else FREE_CHANNELS | PRIVATE_CHANNELS
        )
        if channel not in known:
            raise RefusedError(AUTHENTICATION_FAILURE)
        now_s = self.venue.now_ns() / NANOSECONDS
        older = self.venue.settings.hmac_key
        try:
            if older is not None and "api_key" in message:
                check_hmac_stream(older, message, now_s=now_s)
            elif "jwt" in message or channel in PRIVATE_CHANNELS:
                self.venue.authority.check_stream(token=message.get("jwt"), now_s=now_s)
        except NotAuthenticatedError:
            raise RefusedError(AUTHENTICATION_FAILURE) from None

    def _subscribe(self, channel: str, product_ids: list[object]) -> None:
        markets = self._markets(channel, product_ids)
        held = self.subscriptions.get(channel, {})
        new = [market for market in markets if market.product_id not in held]
        books = len(held) + len(new)
        if channel == "level2" and books > self.venue.settings.level2_products:
            raise RefusedError(TOO_MANY_BOOKS)
        first = channel not in self.subscriptions
        self.subscriptions.setdefault(channel, {}).update(
            dict.fromkeys(market.product_id for market in markets)
        )
        self._send_snapshots(channel, new, first=first)

    def _markets(self, channel: str, product_ids: list[object]) -> list[Market]:
        markets = [self.venue.market(product_id) for product_id in product_ids]
        found = [market for market in markets if market is not None]
        if len(found) != len(markets) and channel in MARKET_CHANNELS | {"user"}:
            raise RefusedError(FAILURE_TO_SUBSCRIBE)
        if channel == "status" and not found:
            return list(self.venue.markets.values())
        if channel in MARKET_CHANNELS and not found:
            raise RefusedError(FAILURE_TO_SUBSCRIBE)
        return found if channel in MARKET_CHANNELS | {"user"} else []

    def _send_snapshots(self, channel: str, new: list[Market], *, first: bool) -> None:
        now_ns = self.venue.now_ns()
        match channel:
            case "level2":
                for market in new:
                    self._send_book(market)
            case "ticker" | "ticker_batch" if new:
                event = ticker_event("snapshot", new, with_book=channel == "ticker")
                self.send(channel, FrameKind.SNAPSHOT, [event])
            case "market_trades" if new:
                events = [recent_trades_event(market) for market in new]
                self.send(channel, FrameKind.SNAPSHOT, events)
            case "candles" if new:
                self.send(channel, FrameKind.SNAPSHOT, [candles_event("snapshot", new, now_ns)])
            case "status" if new:
                self.send(channel, FrameKind.SNAPSHOT, [status_event(new)])
            case "user" if first:
                self._send_open_orders()
            case "futures_balance_summary" if first:
                self.send(channel, FrameKind.SNAPSHOT, [futures_balance_event()])
            case "heartbeats" if first:
                self._next_heartbeat_ns = self.venue.clock_ns() + NANOSECONDS
            case _:
                pass

    def _send_book(self, market: Market) -> None:
        swollen = self.venue.faults.take(
            OversizeSnapshot,
            f"{self.outlet.name} {market.product_id}",
            lambda fault: matches(fault.channel, "level2", "l2_data"),
        )
        if swollen is not None:
            # The levels really stand in the book: the client's copy must stay comparable.
            market.walk.widen(-(-swollen.at_least_bytes // _BYTES_A_LEVEL))
            if not self.held_elsewhere(self, market.product_id):
                # The snapshot has it all: nobody needs the same again as an update.
                market.book.take_changes()
        time_ns = self.venue.now_ns() if self._spelling is Spelling.CURRENT else 0
        updates = level2_updates(whole_book(market), time_ns)
        event = level2_event("snapshot", market.product_id, updates)
        self.send("level2", FrameKind.SNAPSHOT, [event])

    def _send_open_orders(self) -> None:
        wanted = self.subscriptions["user"]
        orders = [
            user_order_json(order, self.venue)
            for order in self.venue.desk.open_orders()
            if not wanted or order.ticket.product_id in wanted
        ]
        # The set is complete at the first message with fewer than a page.
        for start in range(0, len(orders) + 1, _USER_PAGE):
            self._send_user("snapshot", orders[start : start + _USER_PAGE])

    def _send_user(self, kind: str, orders: list[dict[str, Any]]) -> None:
        positions: dict[str, list[Any]] = {
            "perpetual_futures_positions": [],
            "expiring_futures_positions": [],
            "prediction_market_positions": [],
        }
        carrying = FrameKind.SNAPSHOT if kind == "snapshot" else FrameKind.UPDATE
        self.send("user", carrying, [{"type": kind, "orders": orders, "positions": positions}])

    def _unsubscribe(self, channel: str, product_ids: list[object]) -> None:
        held = self.subscriptions.get(channel)
        if held is None:
            return
        for product_id in product_ids:
            market = self.venue.market(product_id)
            if market is not None:
                held.pop(market.product_id, None)
        if not product_ids or not held:
            del self.subscriptions[channel]
            if channel == "heartbeats":
                self._next_heartbeat_ns = None

    def _acknowledge(self) -> None:
        listed = {
            channel: self._listed(channel, products)
            for channel, products in self.subscriptions.items()
        }
        self.send("subscriptions", FrameKind.CONTROL, [{"subscriptions": listed}])

    def _listed(self, channel: str, products: dict[str, None]) -> list[str]:
        match channel:
            case "heartbeats":
                return ["heartbeats"]
            case "user" | "futures_balance_summary":
                return [self.venue.user_id]
            case _:
                return list(products)

    def send(self, channel: str, carrying: FrameKind, events: list[dict[str, Any]]) -> None:
        """Number a frame and send it; the number is used even if a fault swallows the frame."""
        now_ns = self.venue.now_ns()
        frame = {
            "channel": "l2_data" if channel == "level2" else channel,
            **({"client_id": ""} if self._spelling is Spelling.CURRENT else {}),
            "timestamp": rfc3339(now_ns),
            "sequence_num": self._sequence,
            "events": events,
        }
        self._sequence += 1
        self.outlet.emit(channel, carrying, orjson.dumps(frame), self.venue.clock_ns())

    def holds(self, channel: str, product_id: str) -> bool:
        """Whether this product's frames of a channel belong on this connection."""
        return product_id in self.subscriptions.get(channel, {})

    def order_changed(self, product_id: str, order: dict[str, Any]) -> None:
        """Tell the user channel of an order's new state."""
        wanted = self.subscriptions.get("user")
        if wanted is None or (wanted and product_id not in wanted):
            return
        self._send_user("update", [order])
        hit = f"{self.outlet.name} {order['order_id']} {order['status']}"
        if self.venue.faults.take(DuplicateUserEvents, hit, lambda _: True):
            self._send_user("update", [order])

    def tick(self) -> None:
        """Send a heartbeat when it is due."""
        clock_ns, due = self.venue.clock_ns(), self._next_heartbeat_ns
        if due is None or clock_ns < due:
            return
        event = heartbeat_event(self.venue.now_ns(), self.venue.started_ns)
        if self._spelling is Spelling.OLDER:
            event["heartbeat_counter"] = str(event["heartbeat_counter"])
        self.send("heartbeats", FrameKind.CONTROL, [event])
        # A late tick sends one heartbeat, not all that were missed.
        self._next_heartbeat_ns = max(due + NANOSECONDS, clock_ns)
