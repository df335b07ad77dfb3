"""Books of a market connection: snapshots and changes, and what makes a book stale."""

from decimal import Decimal

from tests.support.coinbase_market import BOOK, Line
from tests.support.session_events import of
from venuetree.protocol.events import BookInStep, BookStale, BookUpdated, StaleReason
from venuetree.protocol.exchanges.coinbase.profile import RENEWALS_AT_MOST
from venuetree.protocol.models import Level, Side
from venuetree.protocol.timestamps import SECOND

D = Decimal


def test_a_snapshot_before_its_acknowledgement_puts_the_book_in_step() -> None:
    """As the exchange sends them."""
    line = Line(BOOK)
    said = line.settle()

    (in_step,) = of(BookInStep, said)
    assert isinstance(in_step, BookInStep)
    assert in_step.instrument == "BTC-USD"
    assert in_step.book.in_step
    assert in_step.book.bids() == [Level(D(99), D(1)), Level(D(98), D(2))]
    assert in_step.book.asks() == [Level(D(101), D(1)), Level(D(102), D(2))]


def test_a_change_updates_the_book_and_is_told() -> None:
    """Absolute quantities; zero removes, an unknown level too."""
    line = Line(BOOK).live()

    (said,) = line.take(line.peer.change("BTC-USD", "offer", "101", "0"))
    assert isinstance(said, BookUpdated)
    assert said.changes == ((Side.SELL, D(101), D(0)),)
    assert said.book.best_ask == Level(D(102), D(2))
    (said,) = line.take(line.peer.change("BTC-USD", "bid", "12.5", "0"))
    assert isinstance(said, BookUpdated)


def test_a_change_before_the_snapshot_is_ignored() -> None:
    """Only a snapshot puts a book in step."""
    line = Line(BOOK)
    line.work()

    assert line.take(line.peer.change("BTC-USD", "bid", "99", "5")) == []


def test_a_crossed_book_is_stale_and_renewed() -> None:
    """No true book has its best bid above its best ask."""
    line = Line(BOOK).live()
    line.peer.received.clear()
    (said,) = line.take(line.peer.change("BTC-USD", "bid", "105", "1"))

    assert said == BookStale("coinbase", "BTC-USD", StaleReason.CROSSED, line.now_ns)
    assert not line.session.is_healthy
    assert line.take(line.peer.change("BTC-USD", "bid", "105", "0")) == []
    line.now_ns += SECOND
    again = line.settle()
    assert [m["type"] for m in line.peer.received] == ["unsubscribe", "subscribe"]
    assert len(of(BookInStep, again)) == 1
    assert line.session.is_healthy


def test_a_snapshot_of_a_subscription_being_ended_is_not_believed() -> None:
    """Its changes stop without a word."""
    line = Line(BOOK).live()
    line.take(line.peer.change("BTC-USD", "bid", "105", "1"))
    line.peer.books["BTC-USD"]["bid"].pop(D(105))

    assert line.take(line.peer.snapshot("BTC-USD")) == []


def test_a_book_that_cannot_be_kept_gives_the_connection_up() -> None:
    """Renewing for ever would hammer the exchange."""
    line = Line(BOOK).live()
    line.peer.books["BTC-USD"]["bid"][D(105)] = D(1)
    line.take(line.peer.change("BTC-USD", "bid", "106", "1"))
    line.settle(seconds=30)

    assert len(line.closes) == 1
    asked = [m for m in line.peer.received if m["channel"] == "level2"]
    assert len([m for m in asked if m["type"] == "subscribe"]) == 1 + RENEWALS_AT_MOST


def test_closing_makes_books_in_step_stale() -> None:
    """Once, and only those that were in step."""
    line = Line(BOOK).live()

    assert line.session.closed("reset", line.now_ns) == [
        BookStale("coinbase", "BTC-USD", StaleReason.DISCONNECTED, line.now_ns)
    ]
    assert line.session.closed("reset", line.now_ns) == []
    assert not line.session.is_healthy
    assert line.session.deadline_ns is None
