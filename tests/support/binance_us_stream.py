"""A market connection's other end, for tests of the session: answers, numbered books, trades.

Written from the exchange's documents, as small as the tests need; the simulated exchange is the
large one.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import attrs
import orjson

from tests.support.binance_us import NOW_MS, NOW_NS
from tests.support.session_line import SessionLine
from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import EngineError
from venuetree.protocol.events import BookChange, BookChanged, BookSnapshot
from venuetree.protocol.exchanges.binance_us.session import MarketSession
from venuetree.protocol.messages import Request
from venuetree.protocol.models import Level, Side, Topic
from venuetree.protocol.port import Action, Call, Replace, Send, SessionEvent
from venuetree.protocol.timestamps import SECOND

__all__ = [
    "BUY",
    "SELL",
    "D",
    "Line",
    "MarketPeer",
    "PeerBook",
    "Sides",
    "aggregate",
    "best",
    "candle",
    "changed",
    "name_of",
    "peer_book",
    "snapshot",
    "ticker",
    "top",
    "trade",
    "wrapped",
]

D = Decimal

#: Price to quantity, a side.
Sides = dict[Side, dict[Decimal, Decimal]]
BUY, SELL = Side.BUY, Side.SELL


def changed(first: int, last: int, *changes: tuple[Side, str, str]) -> BookChanged:
    """A change as decoded: side, price, quantity."""
    rows = tuple(BookChange(side, D(price), D(quantity)) for side, price, quantity in changes)
    return BookChanged("binance_us", "BTC-USD", rows, NOW_NS, NOW_NS, first, last)


def snapshot(
    last: int | None,
    bids: Iterable[tuple[str, str]] = (("99", "1"),),
    asks: Iterable[tuple[str, str]] = (("101", "1"),),
) -> BookSnapshot:
    """A snapshot as the REST codec gives it."""
    sides = [
        tuple(Level(D(price), D(quantity)) for price, quantity in rows) for rows in (bids, asks)
    ]
    return BookSnapshot("binance_us", "BTC-USD", sides[0], sides[1], None, NOW_NS, last)


def name_of(instrument: str) -> str:
    """The first half of a stream's name."""
    return instrument.replace("-", "").lower()


def wrapped(stream: str, data: dict[str, Any]) -> bytes:
    """A frame of a combined stream."""
    return orjson.dumps({"stream": stream, "data": data})


@attrs.define
class PeerBook:
    """A book of the exchange."""

    sides: Sides
    update_id: int = 100

    def apply(self, side: Side, price: str, quantity: str) -> None:
        """One level is now this."""
        self.update_id += 1
        if D(quantity):
            self.sides[side][D(price)] = D(quantity)
        else:
            self.sides[side].pop(D(price), None)

    def snapshot(self, instrument: str, depth: int | None) -> BookSnapshot:
        """What REST answers."""
        bids = sorted(self.sides[BUY].items(), reverse=True)[:depth]
        asks = sorted(self.sides[SELL].items())[:depth]
        levels = [tuple(Level(*row) for row in rows) for rows in (bids, asks)]
        return BookSnapshot(
            "binance_us", instrument, levels[0], levels[1], None, NOW_NS, self.update_id
        )


def peer_book() -> PeerBook:
    """Two levels a side."""
    return PeerBook({BUY: {D(99): D(1), D(98): D(2)}, SELL: {D(101): D(1), D(102): D(2)}})


@attrs.define
class MarketPeer:
    """The exchange: its books, which outlive a connection, and one connection's subscriptions."""

    books: dict[str, PeerBook] = attrs.field(factory=dict)
    subscriptions: set[str] = attrs.field(factory=set)
    #: Streams that are refused, each with all that are asked for together with it.
    refused: frozenset[str] = frozenset()
    received: list[dict[str, Any]] = attrs.field(factory=list)
    is_mute: bool = False

    def book(self, instrument: str) -> PeerBook:
        """The book of an instrument."""
        return self.books.setdefault(instrument, peer_book())

    def receive(self, text: str) -> list[bytes]:
        """What is sent for a client's message."""
        message = orjson.loads(text)
        self.received.append(message)
        if self.is_mute:
            return []
        names, number = message.get("params", []), message["id"]
        match message["method"]:
            case "SUBSCRIBE":
                if self.refused & set(names):
                    error = {"code": 2, "msg": "Invalid request: no such stream"}
                    return [orjson.dumps({"error": error, "id": number})]
                self.subscriptions |= set(names)
            case "UNSUBSCRIBE":
                self.subscriptions -= set(names)
            case "LIST_SUBSCRIPTIONS":
                return [orjson.dumps({"result": sorted(self.subscriptions), "id": number})]
        return [orjson.dumps({"result": None, "id": number})]

    def change(self, instrument: str, *changes: tuple[Side, str, str]) -> bytes:
        """Levels change: one update each, told together."""
        book = self.book(instrument)
        first = book.update_id + 1
        for change in changes:
            book.apply(*change)
        rows = [
            [[price, quantity] for side, price, quantity in changes if side is which]
            for which in (BUY, SELL)
        ]
        data = {
            "e": "depthUpdate",
            "E": NOW_MS,
            "s": name_of(instrument).upper(),
            "U": first,
            "u": book.update_id,
            "b": rows[0],
            "a": rows[1],
        }
        return wrapped(f"{name_of(instrument)}@depth@100ms", data)


def trade(instrument: str, number: int) -> bytes:
    """A print."""
    data = {
        "e": "trade",
        "E": NOW_MS,
        "s": name_of(instrument).upper(),
        "t": number,
        "p": "100.5",
        "q": "1",
        "T": NOW_MS,
        "m": False,
        "M": True,
    }
    return wrapped(f"{name_of(instrument)}@trade", data)


def aggregate(instrument: str, number: int) -> bytes:
    """Prints told as one."""
    data = {
        "e": "aggTrade",
        "E": NOW_MS,
        "s": name_of(instrument).upper(),
        "a": number,
        "p": "100.5",
        "q": "1",
        "f": 1,
        "l": 1,
        "T": NOW_MS,
        "m": False,
        "M": True,
    }
    return wrapped(f"{name_of(instrument)}@aggTrade", data)


def best(instrument: str, update_id: int) -> bytes:
    """Best prices."""
    data = {
        "u": update_id,
        "s": name_of(instrument).upper(),
        "b": "99",
        "B": "1",
        "a": "101",
        "A": "1",
    }
    return wrapped(f"{name_of(instrument)}@bookTicker", data)


def top(instrument: str, update_id: int) -> bytes:
    """The top of a book, which names neither itself nor its symbol."""
    data = {"lastUpdateId": update_id, "bids": [["99", "1"]], "asks": [["101", "1"]]}
    return wrapped(f"{name_of(instrument)}@depth20@100ms", data)


def candle(instrument: str, at_ms: int) -> bytes:
    """A forming candle."""
    k = {"t": NOW_MS, "o": "1", "h": "2", "l": "1", "c": "2", "v": "3"}
    data = {"e": "kline", "E": at_ms, "s": name_of(instrument).upper(), "k": k}
    return wrapped(f"{name_of(instrument)}@kline_1m", data)


def ticker(instrument: str, at_ms: int, *, is_small: bool = False) -> bytes:
    """Figures of a day, with or without best prices."""
    data = {
        "e": "24hrMiniTicker" if is_small else "24hrTicker",
        "E": at_ms,
        "s": name_of(instrument).upper(),
        "c": "100",
        "v": "9",
        "l": "90",
        "h": "110",
    }
    if not is_small:
        data |= {"b": "99", "B": "1", "a": "101", "A": "1"}
    return wrapped(f"{name_of(instrument)}@{'miniTicker' if is_small else 'ticker'}", data)


class Line(SessionLine[MarketSession, MarketPeer]):
    """A market session and its peer, which answers what is asked, too."""

    def __init__(
        self,
        *wanted: tuple[str, Topic],
        peer: MarketPeer | None = None,
        name: str = "market-0",
        now_ns: int = NOW_NS,
    ) -> None:
        super().__init__(MarketSession(name), peer or MarketPeer(), wanted, now_ns)
        self.replaces: list[tuple[int, Replace]] = []
        #: When each message left.
        self.sent_ns: list[int] = []
        #: Answers to the next snapshots and checks; then the peer's own.
        self.answers: list[object] = []
        self.asked: list[FetchBook] = []
        #: Calls are left without an answer until `release`.
        self.is_holding = False
        self.held: list[FetchBook] = []

    def do(self, action: Action) -> list[SessionEvent]:
        """What is asked is answered; replacements and messages are noted with their time."""
        match action:
            case Replace():
                self.replaces.append((self.now_ns, action))
                return []
            case Call(command):
                return self._call(command)
            case Send():
                self.sent_ns.append(self.now_ns)
        return super().do(action)

    def _call(self, command: Request[Any, Any]) -> list[SessionEvent]:
        assert isinstance(command, FetchBook)
        self.asked.append(command)
        if self.is_holding:
            self.held.append(command)
            return []
        return self.answer(command)

    def answer(self, command: FetchBook, answer: object | None = None) -> list[SessionEvent]:
        """A call is answered: as said, as planned, or by the peer."""
        if answer is None and self.answers:
            answer = self.answers.pop(0)
        if answer is None:
            answer = self.peer.book(command.instrument).snapshot(command.instrument, command.depth)
        assert isinstance(answer, BookSnapshot | EngineError)
        said = list(self.session.answered(command, answer, self.now_ns))
        self.events += said
        return said

    def release(self) -> list[SessionEvent]:
        """All calls that are held are answered."""
        held, self.held = self.held, []
        return [event for command in held for event in self.answer(command)]

    def settle(self, *, seconds: float = 3) -> list[SessionEvent]:
        """Work as the reader does, for some time."""
        said: list[SessionEvent] = []
        end_ns = self.now_ns + int(seconds * SECOND)
        steps = 0
        while not self.closes:
            deadline_ns = self.session.deadline_ns
            if self.session.has_work or (deadline_ns is not None and deadline_ns <= self.now_ns):
                said += self.work()
                steps += 1
                assert steps < 10_000, "the session never comes to rest"
                continue
            if deadline_ns is None or deadline_ns > end_ns:
                self.now_ns = end_ns
                break
            self.now_ns = deadline_ns
        return said
