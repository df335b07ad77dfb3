"""Which subscriptions have been silent for too long."""

from collections.abc import Iterable
from typing import Final

from venuetree.protocol.exchanges.coinbase.profile import QUIET_AT_MOST_NS, SNAPSHOT_WITHIN_NS
from venuetree.protocol.exchanges.coinbase.subscriptions import Key
from venuetree.protocol.models import Topic

__all__ = ["CHANNELS", "TOPICS", "Silence"]

#: A topic's channel, as it is subscribed.
CHANNELS: Final = {
    Topic.TRADES: "market_trades",
    Topic.TICKER: "ticker",
    Topic.TICKER_BATCH: "ticker_batch",
    Topic.BOOK: "level2",
    Topic.CANDLES: "candles",
    Topic.STATUS: "status",
}
TOPICS: Final = {channel: topic for topic, channel in CHANNELS.items()}


class Silence:
    """When each subscription was last heard, and for how long it may be silent.

    Before its first data a subscription is overdue soon, for a snapshot follows every
    subscription at once; afterwards only when even a thin market would have moved.
    """

    def __init__(self) -> None:
        self._heard_ns: dict[Key, int] = {}
        self._delivered: set[Key] = set()
        self._told: set[Key] = set()

    def asked(self, key: Key, now_ns: int) -> None:
        """It was (un)subscribed: from now on its first data is awaited."""
        self._heard_ns[key] = now_ns
        self._delivered.discard(key)
        self._told.discard(key)

    def heard(self, key: Key, now_ns: int) -> bool:
        """It gave data; True if that is its first."""
        self._heard_ns[key] = now_ns
        if self._told:
            self._told.discard(key)
        if key in self._delivered:
            return False
        self._delivered.add(key)
        return True

    def heard_again(self, key: Key, now_ns: int) -> None:
        """It gave more data, after some that `heard` was told of."""
        self._heard_ns[key] = now_ns

    def has_delivered(self, key: Key) -> bool:
        """Whether it has given data since it was asked for."""
        return key in self._delivered

    def age_ns(self, key: Key, now_ns: int) -> int:
        """How long it has been silent."""
        return now_ns - self._heard_ns.get(key, now_ns)

    def due_ns(self, keys: Iterable[Key]) -> int | None:
        """When the first of these will have been silent for too long; None for never."""
        return min((due for key in keys if (due := self._due_ns(key)) is not None), default=None)

    def overdue(self, keys: Iterable[Key], now_ns: int) -> list[Key]:
        """Those silent for too long; each is told once, until it is heard again."""
        found = [key for key in keys if (due := self._due_ns(key)) is not None and due <= now_ns]
        self._told.update(found)
        return found

    def _due_ns(self, key: Key) -> int | None:
        topic = TOPICS.get(key[0])
        heard_ns = self._heard_ns.get(key)
        if topic is None or heard_ns is None or key in self._told:
            return None
        patience_ns = QUIET_AT_MOST_NS.get(topic) if key in self._delivered else SNAPSHOT_WITHIN_NS
        return None if patience_ns is None else heard_ns + patience_ns
