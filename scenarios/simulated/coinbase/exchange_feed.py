"""One connection to the older Exchange feed: plural channels, messages without an envelope."""

from typing import Any

import attrs
import orjson

from venuetree.scenarios.faults import FrameKind
from venuetree.scenarios.simulated.coinbase.channels import Change, whole_book
from venuetree.scenarios.simulated.coinbase.market import Market, Print
from venuetree.scenarios.simulated.coinbase.tokens import (
    NotAuthenticatedError,
    check_exchange_feed,
)
from venuetree.scenarios.simulated.coinbase.venue import Venue
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import NANOSECONDS, plain, rfc3339
from venuetree.scenarios.simulated.outlet import Outlet

_ECHOED = {"level2_batch": "level2_50", "ticker_batch": "ticker_1000"}
_OPEN = frozenset({"heartbeat", "status", "ticker", "ticker_1000", "matches", "level2_50"})
_CLOSED = frozenset({"level2", "full", "level3", "user"})
_NEEDS_KEY = (
    "level2, level3, and full channels now require authentication."
    " https://docs.cloud.coinbase.com/exchange/docs/websocket-auth"
)
_INVALID_KEY = '{"message":"Invalid API Key"}'
_LOWER = {Side.BUY: "buy", Side.SELL: "sell"}


class RefusedError(Exception):
    """A request that is answered with an error and an empty acknowledgement."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def error_text(message: str) -> bytes:
    """An error frame without a reason."""
    return orjson.dumps({"type": "error", "message": message})


@attrs.define(eq=False)
class ExchangeFeedSession:
    """The subscriptions of one connection, by the channel's echoed name."""

    venue: Venue
    outlet: Outlet
    subscriptions: dict[str, dict[str, None]] = attrs.field(factory=dict)
    _next_heartbeat_ns: int | None = None

    def receive(self, message: object) -> bool:
        """Take one message; false if it was refused."""
        try:
            self._receive(message)
        except RefusedError as refusal:
            self.outlet.say(
                orjson.dumps({"type": "error", "message": str(refusal), "reason": refusal.reason})
            )
            self.outlet.say(orjson.dumps({"type": "subscriptions", "channels": []}))
            return False
        return True

    def _receive(self, message: object) -> None:
        if not isinstance(message, dict) or message.get("type") not in ("subscribe", "unsubscribe"):
            raise RefusedError(
                "Failed to subscribe", "Type has to be either subscribe or unsubscribe"
            )
        wanted = self._wanted(message)
        if message["type"] == "unsubscribe":
            for channel, markets in wanted.items():
                held = self.subscriptions.get(channel, {})
                for market in markets:
                    held.pop(market.product_id, None)
                if not held or not markets:
                    self.subscriptions.pop(channel, None)
            self._acknowledge()
            return
        self._check_key(message, set(wanted))
        fresh = {
            channel: [m for m in markets if m.product_id not in self.subscriptions.get(channel, {})]
            for channel, markets in wanted.items()
        }
        for channel, markets in wanted.items():
            self.subscriptions.setdefault(channel, {}).update(
                dict.fromkeys(market.product_id for market in markets)
            )
        if "heartbeat" in wanted and self._next_heartbeat_ns is None:
            self._next_heartbeat_ns = self.venue.clock_ns() + NANOSECONDS
        self._acknowledge()
        for channel, markets in fresh.items():
            for market in markets:
                self._begin(channel, market)

    def _wanted(self, message: dict[str, Any]) -> dict[str, list[Market]]:
        common = message.get("product_ids") or []
        channels = message.get("channels")
        if not isinstance(channels, list) or not channels:
            raise RefusedError("Failed to subscribe", "channels is required")
        wanted: dict[str, list[Market]] = {}
        for entry in channels:
            named = entry if isinstance(entry, dict) else {"name": entry, "product_ids": common}
            name = str(named.get("name"))
            channel = _ECHOED.get(name, name)
            if channel not in _OPEN | _CLOSED:
                raise RefusedError("Failed to subscribe", f"{name} is not a valid channel")
            products = [] if channel == "status" else named.get("product_ids") or common
            if not isinstance(products, list):
                raise RefusedError("Failed to subscribe", "product_ids has to be a list")
            wanted[channel] = [self._market(product) for product in products]
            if not wanted[channel] and channel not in {"status", "user"}:
                raise RefusedError("Failed to subscribe", "product_ids is required")
        return wanted

    def _market(self, product_id: object) -> Market:
        market = self.venue.market(product_id)
        # The older feed knows no aliases.
        if market is None or market.product_id != product_id:
            raise RefusedError("Failed to subscribe", f"{product_id} is not a valid product")
        return market

    def _check_key(self, message: dict[str, Any], channels: set[str]) -> None:
        if "signature" in message:
            key = self.venue.settings.exchange_feed_key
            if key is None:
                raise RefusedError("Authentication Failed", _INVALID_KEY)
            try:
                check_exchange_feed(key, message, now_s=self.venue.now_ns() / NANOSECONDS)
            except NotAuthenticatedError:
                raise RefusedError("Authentication Failed", _INVALID_KEY) from None
        elif channels & _CLOSED:
            raise RefusedError("Failed to subscribe", _NEEDS_KEY)

    def _acknowledge(self) -> None:
        listed = [
            {"name": channel, "product_ids": list(products), "account_ids": None}
            for channel, products in self.subscriptions.items()
        ]
        message = {"type": "subscriptions", "channels": listed}
        self._send("subscriptions", FrameKind.CONTROL, message)

    def _begin(self, channel: str, market: Market) -> None:
        match channel:
            case "level2" | "level2_50":
                book = whole_book(market)
                sides = {
                    name: [[price, quantity] for side, price, quantity in book if side is wanted]
                    for name, wanted in (("bids", Side.BUY), ("asks", Side.SELL))
                }
                snapshot = {"type": "snapshot", "product_id": market.product_id, **sides}
                self._send(channel, FrameKind.SNAPSHOT, {**snapshot, "time": self._time()})
            case "ticker" | "ticker_1000":
                self._send(channel, FrameKind.UPDATE, self._ticker(market, market.last))
            case "matches":
                self._send(channel, FrameKind.SNAPSHOT, _match("last_match", market, market.last))
            case _:
                pass

    def prints(self, market: Market, prints: list[Print]) -> None:
        """Tell new public trades, oldest first."""
        for printed in prints:
            if self.holds("matches", market.product_id):
                self._send("matches", FrameKind.UPDATE, _match("match", market, printed))
            if self.holds("ticker", market.product_id):
                self._send("ticker", FrameKind.UPDATE, self._ticker(market, printed))

    def ticker_batch(self, market: Market) -> None:
        """Tell the last trade, at most every five seconds."""
        if self.holds("ticker_1000", market.product_id):
            self._send("ticker_1000", FrameKind.UPDATE, self._ticker(market, market.last))

    def book_changed(self, market: Market, changes: list[Change]) -> None:
        """Tell the levels that changed."""
        message = {
            "type": "l2update",
            "product_id": market.product_id,
            "changes": [[_LOWER[side], price, quantity] for side, price, quantity in changes],
            "time": self._time(),
        }
        for channel in ("level2", "level2_50"):
            if self.holds(channel, market.product_id):
                self._send(channel, FrameKind.UPDATE, message)

    def holds(self, channel: str, product_id: str) -> bool:
        """Whether this product's messages of a channel belong on this connection."""
        return product_id in self.subscriptions.get(channel, {})

    def tick(self) -> None:
        """Send the heartbeat of each product when it is due."""
        clock_ns, due = self.venue.clock_ns(), self._next_heartbeat_ns
        if due is None or clock_ns < due:
            return
        for product_id in self.subscriptions.get("heartbeat", {}):
            market = self.venue.markets[product_id]
            message = {
                "type": "heartbeat",
                "sequence": market.sequence,
                "last_trade_id": market.last.trade_id,
                "product_id": product_id,
                "time": self._time(),
            }
            self._send("heartbeat", FrameKind.CONTROL, message)
        self._next_heartbeat_ns = max(due + NANOSECONDS, clock_ns)

    def _ticker(self, market: Market, printed: Print) -> dict[str, Any]:
        best = {}
        for side, name in ((Side.BUY, "best_bid"), (Side.SELL, "best_ask")):
            price = market.book.best(side)
            best[name] = "" if price is None else plain(price)
            size = None if price is None else market.book.total_at(side, price)
            best[f"{name}_size"] = "" if size is None else plain(size)
        return {
            "type": "ticker",
            "sequence": printed.sequence,
            "product_id": market.product_id,
            "price": plain(printed.price),
            "open_24h": plain(market.opened),
            "volume_24h": plain(market.volume),
            "low_24h": plain(market.low),
            "high_24h": plain(market.high),
            "volume_30d": plain(market.volume * 30),
            **best,
            # The taker's side here, the maker's in a match.
            "side": _LOWER[printed.maker_side.opposite],
            "time": rfc3339(printed.time_ns, digits=6),
            "trade_id": printed.trade_id,
            "last_size": plain(printed.size),
        }

    def _time(self) -> str:
        return rfc3339(self.venue.now_ns(), digits=6)

    def _send(self, channel: str, carrying: FrameKind, message: dict[str, Any]) -> None:
        self.outlet.emit(channel, carrying, orjson.dumps(message), self.venue.clock_ns())


def _match(kind: str, market: Market, printed: Print) -> dict[str, Any]:
    return {
        "type": kind,
        "trade_id": printed.trade_id,
        "maker_order_id": printed.maker_order_id,
        "taker_order_id": printed.taker_order_id,
        "side": _LOWER[printed.maker_side],
        "size": plain(printed.size),
        "price": plain(printed.price),
        "product_id": market.product_id,
        "sequence": printed.sequence,
        "time": rfc3339(printed.time_ns, digits=6),
    }
