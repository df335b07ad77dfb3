"""Whatever the network does to frames and answers, a book in step is the exchange's book."""

import contextlib
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import json_values, mutated
from tests.support.binance_us import NOW_NS
from tests.support.binance_us_stream import (
    BUY,
    SELL,
    Line,
    MarketPeer,
    Sides,
    best,
    candle,
    peer_book,
    ticker,
    top,
    trade,
)
from venuetree.protocol.book import BookView
from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import RateLimited, RemoteProtocolError, TransportError
from venuetree.protocol.events import BookInStep
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.timestamps import SECOND

NAMES = ("BTC-USD", "ETH-USD")

changes = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from((BUY, SELL)),
    st.integers(1, 9),
    st.sampled_from(("0", "0.00", "1", "2.50")),
)
fates = st.sampled_from(("pass", "pass", "pass", "drop", "repeat", "swap", "wait"))
answers = st.sampled_from(("now", "now", "late", "lost", "limited"))


def price(side: Side, step: int) -> str:
    """Bids below 100, asks above: this exchange's books never cross."""
    return str(90 + step if side is BUY else 100 + step)


def levels(view: BookView) -> Sides:
    """A book as the peer holds it."""
    return {side: {level.price: level.quantity for level in view.iterate(side)} for side in Side}


class Faulty:
    """A connection that drops, repeats and swaps frames, and whose snapshots are late or lost."""

    def __init__(self) -> None:
        self.peer = MarketPeer()
        #: What a book was after each message, by its update id.
        self.states: dict[tuple[str, int], Sides] = {}
        for name in NAMES:
            self.note(name)
        self.line = Line(*((name, Topic.BOOK) for name in NAMES), peer=self.peer)
        self.line.is_holding = True
        self.views: dict[str, BookView] = {}
        #: Snapshots as they were made, to be answered with later.
        self.made: list[tuple[FetchBook, Any]] = []

    def note(self, name: str) -> None:
        """What the book of an instrument is now."""
        book = self.peer.book(name)
        state = {side: dict(rows) for side, rows in book.sides.items()}
        self.states[name, book.update_id] = state

    def check(self) -> None:
        """Every book in step is the exchange's, as of its own id."""
        for event in self.line.events:
            if isinstance(event, BookInStep):
                self.views[event.instrument] = event.book
        self.line.events.clear()
        for name, view in self.views.items():
            if view.in_step:
                assert view.last_update_id is not None
                assert levels(view) == self.states[name, view.last_update_id]

    def work(self, fate: str) -> None:
        """Whatever is due is done; what is asked is answered, each snapshot as of its asking."""
        for _ in range(4):
            self.line.work()
            for command in self.line.held:
                book = self.peer.book(command.instrument)
                self.made.append((command, book.snapshot(command.instrument, command.depth)))
            self.line.held.clear()
            if fate == "late":
                break
            for command, told in self.made:
                match fate:
                    case "lost":
                        self.line.answer(command, TransportError("no route"))
                    case "limited":
                        limited = RateLimited("slow down", retry_after_ns=SECOND)
                        self.line.answer(command, limited)
                    case _:
                        self.line.answer(command, told)
                self.check()
            self.made.clear()
        self.check()


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(changes, fates, answers), max_size=40))
def test_a_book_in_step_is_the_exchanges_whatever_happens(
    script: list[tuple[tuple[str, Side, int, str], str, str]],
) -> None:
    """Never silently wrong; and when it is quiet again, all is right within minutes."""
    faulty = Faulty()
    line = faulty.line
    held: bytes | None = None
    for (name, side, step, quantity), fate, answer in script:
        frame = faulty.peer.change(name, (side, price(side, step), quantity))
        faulty.note(name)
        if fate == "swap" and held is None:
            held = frame
            continue
        if fate != "drop":
            line.take(frame)
        if fate == "repeat":
            line.take(frame)
        if held is not None:
            line.take(held)
            held = None
        if fate == "wait":
            line.now_ns += 2 * SECOND
        faulty.check()
        faulty.work(answer)

    faulty.work("now")
    line.is_holding = False
    line.settle(seconds=400)
    faulty.check()
    assert line.session.is_healthy
    assert {name: levels(view) for name, view in faulty.views.items()} == {
        name: faulty.peer.book(name).sides for name in NAMES
    }


def frames() -> list[Any]:
    """One of each that a connection is sent."""
    peer = MarketPeer({"BTC-USD": peer_book()})
    texts = [
        trade("BTC-USD", 7),
        best("BTC-USD", 7),
        top("BTC-USD", 7),
        candle("BTC-USD", 7),
        ticker("BTC-USD", 7),
        ticker("BTC-USD", 7, is_small=True),
        peer.change("BTC-USD", (BUY, "98", "7"), (SELL, "103", "0")),
        b'{"result":null,"id":1}',
        b'{"result":["btcusd@trade"],"id":2}',
        b'{"error":{"code":2,"msg":"no"},"id":1}',
        b'{"code":2,"msg":"no"}',
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}',
    ]
    return [orjson.loads(text) for text in texts]


def line_of_all() -> Line:
    """Everything wanted and delivered."""
    line = Line(*(("BTC-USD", topic) for topic in Topic if topic in PROFILE.topics))
    return line.live()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(frames()).flatmap(mutated) | json_values, max_size=6))
def test_any_message_gives_events_or_our_error(messages: list[Any]) -> None:
    """And the session goes on: it steps, comes to rest, and can be closed."""
    line = line_of_all()
    for message in messages:
        try:
            encoded = orjson.dumps(message)
        except TypeError:
            # Integers beyond what this encoder knows.
            continue
        with contextlib.suppress(RemoteProtocolError):
            for event in line.session.receive(encoded, line.now_ns):
                assert getattr(event, "exchange", "") == "binance_us"
        line.settle(seconds=1)
    line.settle(seconds=300)
    line.session.closed("cut", line.now_ns)
    assert not line.session.has_work


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_events_or_our_error(frame: bytes) -> None:
    """Text that is no JSON included."""
    line = Line(("BTC-USD", Topic.TRADES))

    with contextlib.suppress(RemoteProtocolError):
        assert isinstance(line.session.receive(frame, NOW_NS), list | tuple)
