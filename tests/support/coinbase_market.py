"""What the tests of Coinbase's market connections share: a session and its peer, joined."""

from tests.support.coinbase import NOW_NS
from tests.support.coinbase_stream import MarketPeer, book_of
from venuetree.protocol.exchanges.coinbase.session import MarketSession
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Close, Send, SessionEvent, Subscription
from venuetree.protocol.timestamps import SECOND

__all__ = ["BOOK", "LEVELS", "Line"]

LEVELS = {"bid": {"99": "1", "98": "2"}, "offer": {"101": "1", "102": "2"}}


class Line:
    """A session and its peer, joined; time passes only when told."""

    def __init__(self, *wanted: tuple[str, Topic], peer: MarketPeer | None = None) -> None:
        self.now_ns = NOW_NS
        self.peer = peer or MarketPeer(
            {name: book_of(LEVELS) for name in ("BTC-USD", "ETH-USD", "BTC-USDC")}
        )
        self.session = MarketSession("market-1")
        self.events: list[SessionEvent] = []
        self.closes: list[Close] = []
        self.want(*wanted)
        self.session.opened(self.now_ns)

    def want(self, *wanted: tuple[str, Topic]) -> None:
        """What the subscribers want from now on."""
        self.session.want(frozenset(Subscription(*each) for each in wanted), self.now_ns)

    def take(self, *frames: bytes) -> list[SessionEvent]:
        """The session reads these; what it says."""
        said: list[SessionEvent] = []
        for frame in frames:
            said += self.session.receive(frame, self.now_ns)
        self.events += said
        return said

    def work(self) -> list[SessionEvent]:
        """One step, the peer answering what is sent."""
        step = self.session.step(self.now_ns)
        said = list(step.events)
        self.events += said
        for action in step.actions:
            if isinstance(action, Close):
                self.closes.append(action)
            else:
                assert isinstance(action, Send)
                said += self.take(*self.peer.receive(action.text))
        return said

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

    def live(self) -> "Line":
        """Everything subscribed and delivered."""
        self.settle()
        assert self.session.is_healthy
        self.events.clear()
        return self


BOOK = ("BTC-USD", Topic.BOOK)
