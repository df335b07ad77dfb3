"""What the tests of the older feed's session share: topics, a session that wants them."""

from collections.abc import Iterable

from tests.support.coinbase_feed import FeedLine, FeedPeer
from tests.support.coinbase_stream import book_of
from venuetree.protocol.events import Heartbeat, SubscriptionsConfirmed
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.models import Topic
from venuetree.protocol.port import SessionEvent

__all__ = [
    "BATCH",
    "BOOK",
    "BTC",
    "ETH",
    "LEVELS",
    "STATUS",
    "TICKER",
    "TRADES",
    "asked",
    "line_of",
    "told",
]

LEVELS = {"buy": {"99": "1", "98": "2"}, "sell": {"101": "1", "102": "2"}}
BTC, ETH = "BTC-USD", "ETH-USD"
BOOK, TRADES, TICKER = (BTC, Topic.BOOK), (BTC, Topic.TRADES), (BTC, Topic.TICKER)
BATCH, STATUS = (BTC, Topic.TICKER_BATCH), (BTC, Topic.STATUS)


def line_of(
    *wanted: tuple[str, Topic], refused: Iterable[str] = (), books: BookChannel = BookChannel.OPEN
) -> FeedLine:
    """A session that wants these, and its peer."""
    peer = FeedPeer({name: book_of(LEVELS) for name in (BTC, ETH)}, refused=frozenset(refused))
    return FeedLine(*wanted, peer=peer, books=books)


def told(events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """What subscribers and logs care for: no acknowledgements, no heartbeats."""
    return [e for e in events if not isinstance(e, SubscriptionsConfirmed | Heartbeat)]


def asked(line: FeedLine) -> list[tuple[str, str, tuple[str, ...]]]:
    """What was sent: verb, channel, products."""
    return [
        (m["type"], m["channels"][0], tuple(m.get("product_ids", ()))) for m in line.peer.received
    ]
