"""The older feed's other end, for tests of its session: frames, acknowledgements, books.

Written from the exchange's documents, as small as the tests need; the simulated exchange is the
large one.
"""

from decimal import Decimal
from typing import Any

import attrs
import orjson

from tests.support.coinbase import NOW_NS
from tests.support.coinbase_stream import Sides
from tests.support.session_line import SessionLine
from venuetree.protocol.book import BookView
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.exchanges.coinbase.feed_session import FeedSession
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Action, SendSigned, SessionEvent
from venuetree.protocol.timestamps import SECOND, to_rfc3339

__all__ = ["ECHOED", "NOTHING", "REFUSAL", "TOO_SOON", "FeedLine", "FeedPeer", "levels"]

ECHOED = {"level2_batch": "level2_50", "ticker_batch": "ticker_1000"}
#: An acknowledgement that lists nothing, as it follows each refusal.
NOTHING = orjson.dumps({"type": "subscriptions", "channels": []})
REFUSAL = orjson.dumps({"type": "error", "message": "Failed to subscribe", "reason": "no"})
TOO_SOON = orjson.dumps({"type": "error", "message": "rate limit exceeded"})


def levels(view: BookView) -> Sides:
    """A book as the peer holds it."""
    return {
        "buy": {level.price: level.quantity for level in view.bids()},
        "sell": {level.price: level.quantity for level in view.asks()},
    }


@attrs.define
class FeedPeer:
    """One connection of the exchange."""

    books: dict[str, Sides]
    trade_id: int = 100
    sequence: int = 1000
    subscriptions: dict[str, list[str]] = attrs.field(factory=dict)
    refused: frozenset[str] = frozenset()
    received: list[dict[str, Any]] = attrs.field(factory=list)
    now_ns: int = NOW_NS

    def frame(self, kind: str, product: str, **fields: Any) -> bytes:
        """One frame of a product."""
        self.now_ns += 1000
        message = {"type": kind, "product_id": product, "time": to_rfc3339(self.now_ns), **fields}
        return orjson.dumps(message)

    def receive(self, text: str) -> list[bytes]:
        """What is sent for a client's message: the acknowledgement, then the opening data."""
        message = orjson.loads(text)
        self.received.append(message)
        (name,) = message["channels"]
        products = message.get("product_ids", [""])
        if self.refused & {name, *products}:
            return [REFUSAL, NOTHING]
        held = self.subscriptions.setdefault(name, [])
        if message["type"] == "unsubscribe":
            self.subscriptions[name] = [product for product in held if product not in products]
            return [self.acknowledgement()]
        held += [product for product in products if product not in held]
        return [self.acknowledgement(), *(f for p in products for f in self._opening(name, p))]

    def _opening(self, name: str, product: str) -> list[bytes]:
        match name:
            case "level2" | "level2_batch":
                return [self.snapshot(product)]
            case "matches":
                return [self.match(product, self.trade_id, kind="last_match")]
            case "ticker" | "ticker_batch":
                return [self.ticker(product)]
            case _:
                return []

    def acknowledgement(self) -> bytes:
        """The whole set, under the echoed names."""
        channels = [
            {"name": ECHOED.get(name, name), "product_ids": [p for p in products if p]}
            for name, products in self.subscriptions.items()
            if products
        ]
        return orjson.dumps({"type": "subscriptions", "channels": channels})

    def snapshot(self, product: str) -> bytes:
        """The whole book."""
        book = self.books[product]
        sides = {
            name: [[str(price), str(quantity)] for price, quantity in book[side].items()]
            for name, side in (("bids", "buy"), ("asks", "sell"))
        }
        return self.frame("snapshot", product, **sides)

    def change(self, product: str, side: str, price: str, quantity: str) -> bytes:
        """One level changes."""
        rows = self.books[product][side]
        if Decimal(quantity):
            rows[Decimal(price)] = Decimal(quantity)
        else:
            rows.pop(Decimal(price), None)
        self.sequence += 1
        return self.frame("l2update", product, changes=[[side, price, quantity]])

    def trade(self, product: str) -> bytes:
        """Somebody trades."""
        self.trade_id += 1
        self.sequence += 1
        return self.match(product, self.trade_id)

    def match(self, product: str, trade_id: int, *, kind: str = "match") -> bytes:
        """A trade; the maker bought."""
        fields = {"size": "1", "price": "100", "side": "buy", "sequence": self.sequence}
        return self.frame(kind, product, trade_id=trade_id, **fields)

    def ticker(self, product: str, *, sequence: int | None = None) -> bytes:
        """Best bid and ask."""
        sequence = self.sequence if sequence is None else sequence
        fields = {"price": "100", "best_bid": "99", "best_ask": "101", "trade_id": self.trade_id}
        return self.frame("ticker", product, sequence=sequence, **fields)

    def heartbeat(self, product: str) -> bytes:
        """Each second."""
        fields = {"sequence": self.sequence, "last_trade_id": self.trade_id}
        return self.frame("heartbeat", product, **fields)

    def heartbeats(self) -> list[bytes]:
        """One of each product that asked for it."""
        return [self.heartbeat(product) for product in self.subscriptions.get("heartbeat", ())]


class FeedLine(SessionLine[FeedSession, FeedPeer]):
    """A session of the feed and its peer."""

    def __init__(
        self,
        *wanted: tuple[str, Topic],
        peer: FeedPeer,
        books: BookChannel = BookChannel.OPEN,
        now_ns: int = NOW_NS,
    ) -> None:
        super().__init__(FeedSession("market-1", books=books), peer, wanted, now_ns)
        self.signed: list[object] = []
        self.is_beating = True

    def do(self, action: Action) -> list[SessionEvent]:
        """What should be signed is noted, and sent as it is."""
        if not isinstance(action, SendSigned):
            return super().do(action)
        self.signed.append(action.message)
        return self.take(*self.peer.receive(orjson.dumps(action.message.fields).decode()))

    def settle(self, *, seconds: float = 3) -> list[SessionEvent]:
        """Work, with a heartbeat a second, for some time."""
        said: list[SessionEvent] = []
        end_ns = self.now_ns + int(seconds * SECOND)
        while self.now_ns < end_ns and not self.closes:
            due_ns = self.session.deadline_ns or end_ns
            if self.session.has_work or due_ns <= self.now_ns:
                said += self.work()
                continue
            beat_ns = (self.now_ns // SECOND + 1) * SECOND
            self.now_ns = max(self.now_ns + 1, min(end_ns, due_ns, beat_ns))
            if self.now_ns == beat_ns and self.is_beating:
                said += self.take(*self.peer.heartbeats())
        return said
