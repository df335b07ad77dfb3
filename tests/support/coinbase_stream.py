"""A market connection's other end, for tests of the session: numbered frames, acks, books.

Written from the exchange's documents, as small as the tests need; the simulated exchange is the
large one.
"""

from decimal import Decimal
from typing import Any

import attrs
import orjson

from tests.support.coinbase import NOW_NS
from venuetree.protocol.timestamps import to_rfc3339

#: Price to quantity, a side.
Sides = dict[str, dict[Decimal, Decimal]]


def book_of(levels: dict[str, dict[str, str]]) -> Sides:
    """Literal levels as decimals."""
    return {
        side: {Decimal(price): Decimal(quantity) for price, quantity in rows.items()}
        for side, rows in levels.items()
    }


@attrs.define
class MarketPeer:
    """One connection of the exchange."""

    books: dict[str, Sides]
    sequence: int = 0
    subscriptions: dict[str, list[str]] = attrs.field(factory=dict)
    #: What the books were when each numbered frame was made.
    history: list[dict[str, Sides]] = attrs.field(factory=list)
    #: Products that are refused, and products listed under another name.
    refused: frozenset[str] = frozenset()
    aliases: dict[str, str] = attrs.field(factory=dict)
    received: list[dict[str, Any]] = attrs.field(factory=list)

    def frame(self, channel: str, events: list[dict[str, Any]]) -> bytes:
        """The next numbered frame."""
        message = {
            "channel": channel,
            "client_id": "",
            "timestamp": to_rfc3339(NOW_NS),
            "sequence_num": self.sequence,
            "events": events,
        }
        self.sequence += 1
        self.history.append(
            {name: {side: dict(rows) for side, rows in b.items()} for name, b in self.books.items()}
        )
        return orjson.dumps(message)

    def canonical(self, product: str) -> str:
        """The name that the exchange gives a product."""
        return self.aliases.get(product, product)

    def receive(self, text: str) -> list[bytes]:
        """What is sent for a client's message: snapshots, then the acknowledgement."""
        message = orjson.loads(text)
        self.received.append(message)
        channel, products = message["channel"], message.get("product_ids", [])
        if self.refused & set(products):
            return [orjson.dumps({"type": "error", "message": "authentication failure"})]
        held = self.subscriptions.setdefault(channel, [])
        names = [self.canonical(product) for product in products]
        frames = []
        if message["type"] == "subscribe":
            if channel == "level2":
                frames = [self.snapshot(name) for name in dict.fromkeys(names)]
            held += [name for name in (names or [channel]) if name not in held]
        else:
            self.subscriptions[channel] = [name for name in held if name not in names]
        return [*frames, self.acknowledgement()]

    def acknowledgement(self) -> bytes:
        """The whole set."""
        held = {channel: list(names) for channel, names in self.subscriptions.items() if names}
        return self.frame("subscriptions", [{"subscriptions": held}])

    def heartbeat(self) -> bytes:
        """Each second."""
        return self.frame("heartbeats", [{"current_time": "x", "heartbeat_counter": 1}])

    def snapshot(self, product: str) -> bytes:
        """The whole book."""
        updates = [
            self._update(side, price, quantity)
            for side, rows in self.books[product].items()
            for price, quantity in rows.items()
        ]
        event = {"type": "snapshot", "product_id": product, "updates": updates}
        return self.frame("l2_data", [event])

    def change(self, product: str, side: str, price: str, quantity: str) -> bytes:
        """One level changes."""
        rows = self.books[product][side]
        if Decimal(quantity):
            rows[Decimal(price)] = Decimal(quantity)
        else:
            rows.pop(Decimal(price), None)
        update = self._update(side, Decimal(price), Decimal(quantity))
        return self.frame(
            "l2_data", [{"type": "update", "product_id": product, "updates": [update]}]
        )

    def trade(self, product: str, *trade_ids: int) -> bytes:
        """Prints, listed as given."""
        trades = [
            {
                "product_id": product,
                "trade_id": str(trade_id),
                "price": "100",
                "size": "1",
                "time": to_rfc3339(NOW_NS),
                "side": "BUY",
            }
            for trade_id in trade_ids
        ]
        return self.frame("market_trades", [{"type": "update", "trades": trades}])

    @staticmethod
    def _update(side: str, price: Decimal, quantity: Decimal) -> dict[str, str]:
        return {
            "side": side,
            "event_time": to_rfc3339(NOW_NS),
            "price_level": format(price, "f"),
            "new_quantity": format(quantity, "f"),
        }
