"""What the tests of Binance.US's market connections share: topics, and the news of a stale book."""

from tests.support.binance_us_stream import Line
from venuetree.protocol.events import BookStale, StaleReason
from venuetree.protocol.models import Topic

__all__ = ["BOOK", "TRADES", "stale"]

BOOK = ("BTC-USD", Topic.BOOK)
TRADES = ("BTC-USD", Topic.TRADES)


def stale(line: Line, reason: StaleReason, instrument: str = "BTC-USD") -> BookStale:
    """What is told of a book that is stale now."""
    return BookStale("binance_us", instrument, reason, line.now_ns)
