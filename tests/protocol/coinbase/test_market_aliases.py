"""USD and USDC: one book under the names that were asked for."""

from decimal import Decimal

from tests.support.coinbase_market import BOOK, LEVELS, Line
from tests.support.coinbase_stream import MarketPeer, book_of
from venuetree.protocol.events import BookInStep, BookUpdated, TradePrinted
from venuetree.protocol.models import Level, Topic

D = Decimal


def alias_peer() -> MarketPeer:
    """An exchange on which the USDC book is the USD book."""
    return MarketPeer({"BTC-USD": book_of(LEVELS)}, aliases={"BTC-USDC": "BTC-USD"})


def test_an_alias_is_told_under_the_name_that_was_asked_for() -> None:
    """Asked for `BTC-USDC`, told as `BTC-USD`."""
    line = Line(("BTC-USDC", Topic.BOOK), ("BTC-USDC", Topic.TRADES), peer=alias_peer())
    said = line.settle()

    assert {e.instrument for e in said if isinstance(e, BookInStep)} == {"BTC-USDC"}
    (trade,) = line.take(line.peer.trade("BTC-USD", 5))
    assert isinstance(trade, TradePrinted)
    assert trade.instrument == "BTC-USDC"
    (update,) = line.take(line.peer.change("BTC-USD", "bid", "99", "5"))
    assert isinstance(update, BookUpdated)
    assert update.instrument == "BTC-USDC"


def test_both_names_of_one_book_are_served() -> None:
    """Wanted under either name, the book is kept under both."""
    line = Line(BOOK, ("BTC-USDC", Topic.BOOK), peer=alias_peer())
    said = line.settle()

    assert {e.instrument for e in said if isinstance(e, BookInStep)} == {"BTC-USD", "BTC-USDC"}
    told = line.take(line.peer.change("BTC-USD", "bid", "99", "5"))
    assert [e.instrument for e in told if isinstance(e, BookUpdated)] == ["BTC-USD", "BTC-USDC"]
    assert line.session.is_healthy


def test_two_books_of_their_own_are_kept_apart() -> None:
    """Where the exchange does not share them, neither is told as the other."""
    line = Line(BOOK, ("BTC-USDC", Topic.BOOK)).live()

    (said,) = line.take(line.peer.change("BTC-USD", "bid", "99", "5"))
    assert isinstance(said, BookUpdated)
    assert said.instrument == "BTC-USD"
    (said,) = line.take(line.peer.change("BTC-USDC", "bid", "99", "6"))
    assert isinstance(said, BookUpdated)
    assert said.instrument == "BTC-USDC"
    assert said.book.best_bid == Level(D(99), D(6))
