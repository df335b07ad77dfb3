"""What can be known of a loss on the older feed, and the books that are begun anew."""

from decimal import Decimal

from tests.support.coinbase_feed import levels
from tests.support.coinbase_feed_lines import BOOK, BTC, ETH, TRADES, asked, line_of, told
from tests.support.session_events import of
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    Heartbeat,
    SequenceGap,
    StaleReason,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.profile import FORGIVEN_AFTER_NS, RENEWALS_AT_MOST
from venuetree.protocol.models import Topic
from venuetree.protocol.timestamps import SECOND

D = Decimal


def test_a_jump_in_trade_ids_makes_the_book_stale_first_then_it_is_renewed() -> None:
    """The exchange dropped messages of this product: its book may have missed one too."""
    line = line_of(BOOK, TRADES, (ETH, Topic.BOOK)).live()
    line.take(line.peer.trade(BTC))
    line.peer.trade(BTC)
    line.peer.change(BTC, "buy", "99", "8")
    line.peer.received.clear()
    now = line.now_ns = line.now_ns + SECOND // 2

    *said, trade = line.take(line.peer.trade(BTC))
    assert said == [
        BookStale("coinbase", BTC, StaleReason.GAP, now),
        SequenceGap("coinbase", "market-1 matches BTC-USD", 102, 103, None, now),
        TopicStalled("coinbase", BTC, Topic.TRADES, SECOND // 2, now),
    ]
    assert isinstance(trade, TradePrinted)
    assert not line.session.is_healthy
    (in_step,) = of(BookInStep, line.settle())
    assert isinstance(in_step, BookInStep)
    assert levels(in_step.book) == line.peer.books[BTC]
    assert asked(line) == [
        ("unsubscribe", "level2_batch", (BTC,)),
        ("subscribe", "level2_batch", (BTC,)),
    ]
    assert line.session.is_healthy


def test_a_repeated_or_late_match_is_ignored() -> None:
    """Each trade once."""
    line = line_of(TRADES).live()
    first, second = line.peer.trade(BTC), line.peer.trade(BTC)

    assert len(line.take(first, second)) == 2
    assert line.take(second, first) == []


def test_a_heartbeat_names_a_trade_that_no_match_brought_before_the_next_one() -> None:
    """It may run ahead by moments; by its own second it may not."""
    line = line_of(BOOK, TRADES).live()
    line.peer.trade(BTC)
    beats = line.peer.heartbeat(BTC), line.peer.heartbeat(BTC)

    assert told(line.take(beats[0])) == []
    said = told(line.take(beats[1]))
    assert said[:2] == [
        BookStale("coinbase", BTC, StaleReason.GAP, line.now_ns),
        SequenceGap("coinbase", "market-1 matches BTC-USD", 101, 102, None, line.now_ns),
    ]
    assert told(line.take(line.peer.heartbeat(BTC))) == []
    assert [type(e) for e in line.take(line.peer.trade(BTC))] == [TradePrinted]


def test_a_heartbeat_ahead_of_its_match_is_no_loss() -> None:
    """The match came before the next heartbeat."""
    line = line_of(BOOK, TRADES).live()
    match = line.peer.trade(BTC)

    said = line.take(line.peer.heartbeat(BTC), match, line.peer.heartbeat(BTC))
    assert [type(event) for event in said] == [Heartbeat, TradePrinted, Heartbeat]


def test_trades_subscribed_anew_are_counted_anew() -> None:
    """What happened meanwhile was not missed."""
    line = line_of(BOOK, TRADES).live()
    line.want(BOOK)
    line.settle()
    for _ in range(3):
        line.peer.trade(BTC)
    line.want(BOOK, TRADES)

    said = [*line.settle(), *line.take(line.peer.trade(BTC))]
    assert not of(SequenceGap, said)
    assert [event.trade_id for event in of(TradePrinted, said)] == ["103", "104"]  # type: ignore[union-attr]


def test_a_change_stamped_before_the_last_makes_the_book_stale() -> None:
    """Swapped or repeated: which of the two cannot be told."""
    line = line_of(BOOK).live()
    first, second = (line.peer.change(BTC, "buy", "99", quantity) for quantity in ("5", "6"))

    assert [type(event) for event in line.take(second)] == [BookUpdated]
    assert line.take(first) == [BookStale("coinbase", BTC, StaleReason.GAP, line.now_ns)]
    assert of(BookInStep, line.settle())


def test_after_a_snapshot_the_stamps_are_compared_anew() -> None:
    """A new subscription may be fed by another of the exchange's machines."""
    line = line_of(BOOK).live()
    line.take(line.peer.change(BTC, "buy", "99", "5"))
    line.peer.now_ns -= SECOND
    line.take(line.peer.snapshot(BTC))

    assert [type(e) for e in line.take(line.peer.change(BTC, "buy", "99", "6"))] == [BookUpdated]


def test_a_change_that_comes_twice_in_a_row_changes_nothing() -> None:
    """Quantities are absolute."""
    line = line_of(BOOK).live()
    frame = line.peer.change(BTC, "buy", "99", "5")

    assert [type(event) for event in line.take(frame, frame)] == [BookUpdated, BookUpdated]


def test_a_crossed_book_is_stale_and_begun_anew() -> None:
    """No true book is crossed."""
    line = line_of(BOOK).live()
    frame = line.peer.change(BTC, "buy", "101.5", "1")
    line.peer.change(BTC, "buy", "101.5", "0")

    assert line.take(frame) == [BookStale("coinbase", BTC, StaleReason.CROSSED, line.now_ns)]
    assert line.take(line.peer.change(BTC, "buy", "98", "4")) == []
    (in_step,) = of(BookInStep, line.settle())
    assert isinstance(in_step, BookInStep)
    assert levels(in_step.book) == line.peer.books[BTC]


def test_a_snapshot_of_a_subscription_being_ended_is_not_believed() -> None:
    """Its changes would stop without a word."""
    line = line_of(BOOK).live()
    line.take(line.peer.change(BTC, "buy", "101.5", "1"))
    line.peer.change(BTC, "buy", "101.5", "0")

    assert line.take(line.peer.snapshot(BTC)) == []


def test_a_book_that_keeps_breaking_gives_the_connection_up() -> None:
    """Beyond mending by itself; backoff slows us down."""
    line = line_of(BOOK)
    line.peer.books[BTC]["buy"][D(200)] = D(1)
    said = line.settle(seconds=5)

    assert not of(BookInStep, said)
    assert not of(BookStale, said)
    assert [close.reason for close in line.closes] == [
        "the book of BTC-USD cannot be kept: crossed"
    ]
    assert len(asked(line)) == 2 + 2 * RENEWALS_AT_MOST


def test_renewals_that_were_mended_for_a_minute_are_forgiven() -> None:
    """Or a connection would not outlive its fourth loss, however many days later."""
    line = line_of(BOOK).live()
    for _ in range(2 * RENEWALS_AT_MOST):
        frame = line.peer.change(BTC, "buy", "101.5", "1")
        line.peer.change(BTC, "buy", "101.5", "0")
        line.take(frame)
        line.settle(seconds=FORGIVEN_AFTER_NS / SECOND + 1)

    assert line.closes == []
    assert line.session.is_healthy
