"""What the tests of Coinbase's market connections share: a session and its peer, joined."""

from tests.support.coinbase import NOW_NS
from tests.support.coinbase_stream import MarketPeer, book_of
from tests.support.session_line import SessionLine
from venuetree.protocol.exchanges.coinbase.session import MarketSession
from venuetree.protocol.models import Topic
from venuetree.protocol.port import SessionEvent
from venuetree.protocol.timestamps import SECOND

__all__ = ["BOOK", "LEVELS", "Line"]

BOOK = ("BTC-USD", Topic.BOOK)
LEVELS = {"bid": {"99": "1", "98": "2"}, "offer": {"101": "1", "102": "2"}}


class Line(SessionLine[MarketSession, MarketPeer]):
    """A market session and its peer."""

    def __init__(self, *wanted: tuple[str, Topic], peer: MarketPeer | None = None) -> None:
        peer = peer or MarketPeer(
            {name: book_of(LEVELS) for name in ("BTC-USD", "ETH-USD", "BTC-USDC")}
        )
        super().__init__(MarketSession("market-1"), peer, wanted, NOW_NS)

    def settle(self, *, seconds: float = 2) -> list[SessionEvent]:
        """Work, with a heartbeat a second, for some time."""
        said: list[SessionEvent] = []
        end_ns = self.now_ns + int(seconds * SECOND)
        while self.now_ns < end_ns and not self.closes:
            if self.session.has_work or (self.session.deadline_ns or end_ns) <= self.now_ns:
                said += self.work()
                continue
            self.now_ns = max(
                self.now_ns + 1, min(end_ns, self.session.deadline_ns or end_ns, self._next_beat())
            )
            if self.now_ns % SECOND == 0 and "heartbeats" in self.peer.subscriptions:
                said += self.take(self.peer.heartbeat())
        return said

    def _next_beat(self) -> int:
        return (self.now_ns // SECOND + 1) * SECOND
