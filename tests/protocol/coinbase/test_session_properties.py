"""Whatever the network does to the frames, a book in step is the exchange's book."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import prices, quantities
from tests.support.coinbase import NOW_NS
from tests.support.coinbase_stream import MarketPeer, Sides, book_of
from venuetree.protocol.book import Book, BookView
from venuetree.protocol.events import BookChange, BookInStep, BookSnapshot
from venuetree.protocol.exchanges.coinbase.decode import decode
from venuetree.protocol.exchanges.coinbase.session import MarketSession
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.port import Close, Send, Subscription
from venuetree.protocol.timestamps import SECOND

NAMES = ("BTC-USD", "ETH-USD")
LEVELS = {"bid": {"10": "1"}, "offer": {"30": "1"}}

changes = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(("bid", "offer")),
    st.integers(1, 18),
    st.sampled_from(("0", "0.00", "1", "2.50")),
)


def price(side: str, step: int) -> str:
    """Bids below 20, offers above: this exchange's books never cross."""
    return str(step if side == "bid" else 20 + step)


class Faulty:
    """A session whose connection drops, repeats and swaps frames, and is opened anew."""

    def __init__(self) -> None:
        self.now_ns = NOW_NS
        self.books = {name: book_of(LEVELS) for name in NAMES}
        self.open()

    def open(self) -> None:
        """A new connection to the same exchange."""
        self.peer = MarketPeer(self.books)
        self.session = MarketSession("m")
        self.views: dict[str, BookView] = {}
        self.taken = -1
        self.session.want(frozenset(Subscription(n, Topic.BOOK) for n in NAMES), self.now_ns)
        self.session.opened(self.now_ns)

    def deliver(self, frame: bytes) -> None:
        """The session reads a frame; its books in step must be the exchange's."""
        for event in self.session.receive(frame, self.now_ns):
            if isinstance(event, BookInStep):
                self.views[event.instrument] = event.book
        self.check()

    def check(self) -> None:
        """Equal to what the exchange's books were at the last frame taken."""
        expected = self.session._connection._continuity.expected
        for name, view in self.views.items():
            if view.in_step:
                assert expected is not None
                assert levels(view) == self.peer.history[expected - 1][name]

    def work(self) -> None:
        """Send what waits; a connection given up is opened anew."""
        for _ in range(20):
            self.now_ns += SECOND // 4
            for action in self.session.step(self.now_ns).actions:
                if isinstance(action, Close):
                    self.session.closed(action.reason, self.now_ns)
                    assert not any(view.in_step for view in self.views.values())
                    self.open()
                    continue
                assert isinstance(action, Send)
                for frame in self.peer.receive(action.text):
                    self.deliver(frame)
            if not self.session.has_work and self.session.is_healthy:
                return
            self.deliver(self.peer.heartbeat())


def levels(view: BookView) -> Sides:
    """A book as the peer holds it."""
    return {
        "bid": {level.price: level.quantity for level in view.bids()},
        "offer": {level.price: level.quantity for level in view.asks()},
    }


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(
            changes, st.sampled_from(("pass", "pass", "pass", "drop", "repeat", "swap", "beat"))
        ),
        max_size=40,
    )
)
def test_a_book_in_step_is_the_exchanges_whatever_happens_to_frames(
    script: list[tuple[tuple[str, str, int, str], str]],
) -> None:
    """Drop, repeat or swap: never silently wrong; and when it ends, right again."""
    line = Faulty()
    line.work()
    held: bytes | None = None
    for (name, side, step, quantity), fate in script:
        frame = line.peer.change(name, side, price(side, step), quantity)
        if fate == "swap" and held is None:
            held = frame
            continue
        if fate != "drop":
            line.deliver(frame)
        if fate == "repeat":
            line.deliver(frame)
        if held is not None:
            line.deliver(held)
            held = None
        if fate == "beat":
            line.deliver(line.peer.heartbeat())
        if line.session.has_work:
            held = None
            line.work()

    line.deliver(line.peer.heartbeat())
    line.work()
    assert line.session.is_healthy
    assert {name: levels(view) for name, view in line.views.items()} == line.books


@given(
    st.lists(st.tuples(st.sampled_from(Side), prices, st.none() | quantities), max_size=60),
    st.dictionaries(prices, quantities, max_size=20),
)
def test_a_book_of_a_snapshot_and_its_changes_is_a_plain_dictionarys(
    diffs: list[tuple[Side, Decimal, Decimal | None]], bids: dict[Decimal, Decimal]
) -> None:
    """Deletions of absent levels included."""
    peer = MarketPeer({"BTC-USD": {"bid": dict(bids), "offer": {}}})
    (snapshot,) = decode(peer.snapshot("BTC-USD"), NOW_NS)
    assert isinstance(snapshot, BookSnapshot)
    book = Book("BTC-USD")
    book.load(snapshot.bids, snapshot.asks)
    reference: Sides = {"bid": dict(bids), "offer": {}}

    for side, at, quantity in diffs:
        rows = reference["bid" if side is Side.BUY else "offer"]
        if quantity is None:
            rows.pop(at, None)
        else:
            rows[at] = quantity
        book.apply((BookChange(side, at, quantity or Decimal(0)),))

    assert levels(book) == reference
    assert [level.price for level in book.bids()] == sorted(reference["bid"], reverse=True)
    assert [level.price for level in book.asks()] == sorted(reference["offer"])
