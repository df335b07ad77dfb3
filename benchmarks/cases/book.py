"""One update of an order book and the ten best levels of both sides read after it."""

from time import thread_time_ns

from attrs import frozen

from benchmarks.frames import PRODUCT, Market
from benchmarks.options import Options
from benchmarks.rows import Row, at_most
from venuetree.protocol.book import Book
from venuetree.protocol.events import BookChange, BookChanged, BookSnapshot
from venuetree.protocol.exchanges.coinbase.decode import decode
from venuetree.protocol.models import Side

__all__ = ["measure"]

LEVELS = 1000
UPDATES = 20_000
DEPTH = 10


@frozen
class _Work:
    snapshot: BookSnapshot
    changes: tuple[BookChange, ...]


def measure(options: Options) -> list[Row]:
    """Microseconds an update with a top-ten read: of its own side, and of both sides."""
    updates = UPDATES // 40 if options.quick else UPDATES
    one_side: list[float] = []
    both_sides: list[float] = []
    updates_only: list[float] = []
    for number in range(options.rounds + 1):
        work = _work(number, updates)
        figures = (_one_side(work), _both_sides(work), _updates_only(work))
        if number:
            for figure, into in zip(figures, (one_side, both_sides, updates_only), strict=True):
                into.append(figure / updates / 1e3)
    beside = f"{LEVELS} levels a side, Decimal"
    return [
        Row(
            "book",
            "update + top ten of its side",
            "us",
            tuple(one_side),
            at_most(1.5),
            beside,
        ),
        Row("book", "update + top ten of both sides", "us", tuple(both_sides), None, beside),
        Row("book", "update alone", "us", tuple(updates_only), None, beside),
    ]


def _work(seed: int, updates: int) -> _Work:
    market = Market(seed)
    (snapshot,) = decode(market.snapshot(0, LEVELS).encode(), 0)
    (changed,) = decode(market.changes(1, updates).encode(), 0)
    assert isinstance(snapshot, BookSnapshot)
    assert isinstance(changed, BookChanged)
    return _Work(snapshot, changed.changes)


def _loaded(work: _Work) -> Book:
    book = Book(PRODUCT)
    book.load(work.snapshot.bids, work.snapshot.asks)
    return book


def _one_side(work: _Work) -> int:
    book = _loaded(work)
    # Which side to read is not part of what is measured.
    tops = [book.bids if change.side is Side.BUY else book.asks for change in work.changes]
    started = thread_time_ns()
    for change, top in zip(work.changes, tops, strict=True):
        book.apply((change,))
        top(DEPTH)
    return thread_time_ns() - started


def _both_sides(work: _Work) -> int:
    book = _loaded(work)
    started = thread_time_ns()
    for change in work.changes:
        book.apply((change,))
        book.bids(DEPTH)
        book.asks(DEPTH)
    return thread_time_ns() - started


def _updates_only(work: _Work) -> int:
    book = _loaded(work)
    started = thread_time_ns()
    for change in work.changes:
        book.apply((change,))
    return thread_time_ns() - started
