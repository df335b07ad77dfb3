"""One market connection takes another's place: nothing is missing, and nothing is told twice."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.binance_us import NOW_MS, NOW_NS
from tests.support.binance_us_stream import (
    BUY,
    D,
    Line,
    MarketPeer,
    Sides,
    aggregate,
    best,
    candle,
    ticker,
    top,
    trade,
)
from tests.support.coinbase import NOW_NS as OTHER_NS
from venuetree.protocol.events import (
    AggregateTradePrinted,
    BookInStep,
    BookStale,
    BookUpdated,
    SequenceGap,
    StaleReason,
    StreamConnected,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.session import MarketSession as OtherSession
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.port import SessionEvent

BOOK = ("BTC-USD", Topic.BOOK)
TRADES = ("BTC-USD", Topic.TRADES)


def pair(*wanted: tuple[str, Topic]) -> tuple[Line, Line]:
    """A connection that speaks and its successor, of one exchange; both deliver."""
    old = Line(*wanted).live()
    new = Line(*wanted, peer=MarketPeer(old.peer.books))
    new.settle()
    assert new.session.is_healthy
    return old, new


def take_over(old: Line, new: Line) -> list[SessionEvent]:
    """As the reader does it: what was held is passed on, then the old one is closed."""
    said = list(new.session.take_over(old.session, new.events, new.now_ns))
    old.session.closed("replaced", old.now_ns)
    return [event for event in said if not isinstance(event, SubscriptionsConfirmed)]


def ids(said: list[SessionEvent]) -> list[int]:
    """The trades' ids, in order."""
    return [
        int(event.trade_id if isinstance(event, TradePrinted) else event.aggregate_id)
        for event in said
        if isinstance(event, TradePrinted | AggregateTradePrinted)
    ]


@pytest.mark.parametrize(
    ("topic", "made"), [(Topic.TRADES, trade), (Topic.AGGREGATE_TRADES, aggregate)]
)
def test_trades_go_on_where_the_other_stopped(
    topic: Topic, made: Callable[[str, int], bytes]
) -> None:
    """Those that both heard are told once, whichever connection is ahead."""
    old, new = pair(("BTC-USD", topic))
    old.take(*(made("BTC-USD", number) for number in (1, 2, 3, 4)))
    new.take(*(made("BTC-USD", number) for number in (3, 4, 5, 6)))

    assert ids(take_over(old, new)) == [5, 6]
    assert ids(new.take(made("BTC-USD", 6), made("BTC-USD", 7))) == [7]


def test_a_connection_that_is_behind_tells_nothing_until_it_is_beyond() -> None:
    """What the other told is not told again."""
    old, new = pair(TRADES)
    old.take(*(trade("BTC-USD", number) for number in (1, 2, 3, 4)))
    new.take(trade("BTC-USD", 2))

    assert take_over(old, new) == []
    assert ids(new.take(*(trade("BTC-USD", number) for number in (3, 4, 5)))) == [5]


def test_what_the_closed_connection_still_reads_moves_nothing() -> None:
    """Nobody hears it: it must not count as told."""
    old, new = pair(TRADES, BOOK)
    old.take(trade("BTC-USD", 1))
    take_over(old, new)
    change = old.peer.change("BTC-USD", (BUY, "98", "7"))
    old.take(trade("BTC-USD", 2), change)

    assert ids(new.take(trade("BTC-USD", 2))) == [2]
    assert len(new.take(change)) == 1


def test_trades_that_neither_heard_are_told_to_be_lost() -> None:
    """An honest gap."""
    old, new = pair(TRADES)
    old.take(trade("BTC-USD", 1))
    new.take(trade("BTC-USD", 4))
    said = take_over(old, new)

    assert [type(event) for event in said] == [SequenceGap, TopicStalled, TradePrinted]


def test_a_loss_that_the_other_did_not_have_is_none() -> None:
    """The new connection missed what the old one told."""
    old, new = pair(TRADES)
    new.take(trade("BTC-USD", 2), trade("BTC-USD", 4))
    old.take(*(trade("BTC-USD", number) for number in (2, 3)))

    said = take_over(old, new)
    assert [type(event) for event in said] == [TradePrinted]
    assert ids(said) == [4]


@pytest.mark.parametrize(
    ("topic", "made"),
    [
        (Topic.BEST_PRICES, lambda n: best("BTC-USD", n)),
        (Topic.BOOK_TOP, lambda n: top("BTC-USD", n)),
        (Topic.CANDLES, lambda n: candle("BTC-USD", NOW_MS + n)),
        (Topic.TICKER, lambda n: ticker("BTC-USD", NOW_MS + n)),
        (Topic.TICKER_BATCH, lambda n: ticker("BTC-USD", NOW_MS + n, is_small=True)),
    ],
)
def test_plain_streams_go_on_by_their_positions(topic: Topic, made: Callable[[int], bytes]) -> None:
    """Update ids where there are any, the exchange's clock elsewhere."""
    old, new = pair(("BTC-USD", topic))
    old.take(made(1), made(2), made(5))
    new.take(made(2), made(5), made(6))
    assert len(take_over(old, new)) == 1

    behind = pair(("BTC-USD", topic))
    behind[0].take(made(5))
    behind[1].take(made(4))
    assert take_over(*behind) == []
    assert behind[1].take(made(5)) == []
    assert len(behind[1].take(made(6), made(6))) == 2


def test_whole_and_small_tickers_are_told_apart() -> None:
    """Both are of one class of event."""
    old, new = pair(("BTC-USD", Topic.TICKER), ("BTC-USD", Topic.TICKER_BATCH))
    old.take(ticker("BTC-USD", NOW_MS + 9))
    new.take(ticker("BTC-USD", NOW_MS + 9), ticker("BTC-USD", NOW_MS + 5, is_small=True))

    (small,) = take_over(old, new)
    assert getattr(small, "bid", 1) is None


def test_a_book_that_is_as_far_is_kept_and_nobody_notices() -> None:
    """The same object, in step all along, though its connection is closed."""
    old, new = pair(BOOK)
    (updated,) = old.take(old.peer.change("BTC-USD", (BUY, "98", "7")))
    assert isinstance(updated, BookUpdated)
    assert take_over(old, new) == []

    assert updated.book.in_step
    (again,) = new.take(old.peer.change("BTC-USD", (BUY, "98", "8")))
    assert isinstance(again, BookUpdated)
    assert again.book is updated.book
    assert updated.book.quantity_at(BUY, D(98)) == 8


def test_a_book_that_is_just_as_far_is_kept_too() -> None:
    """There is nothing to tell."""
    old, new = pair(BOOK)
    frame = old.peer.change("BTC-USD", (BUY, "98", "7"))
    old.take(frame)
    new.take(frame)

    assert take_over(old, new) == []


def test_positions_are_handed_on_from_connection_to_connection() -> None:
    """The second told nothing itself, and yet the third knows what the first had told."""
    wanted = (("BTC-USD", Topic.BEST_PRICES), TRADES)
    old, new = pair(*wanted)
    old.take(best("BTC-USD", 5), trade("BTC-USD", 5))
    assert take_over(old, new) == []
    third = Line(*wanted, peer=MarketPeer(old.peer.books))
    third.settle()
    third.take(best("BTC-USD", 5), trade("BTC-USD", 5))

    assert take_over(new, third) == []


def test_a_stream_that_the_other_did_not_carry_is_told_as_it_was_heard() -> None:
    """There is nothing to go on from."""
    old = Line(BOOK).live()
    new = Line(BOOK, TRADES, peer=MarketPeer(old.peer.books))
    new.settle()
    new.take(trade("BTC-USD", 5), trade("BTC-USD", 6))

    assert ids(take_over(old, new)) == [5, 6]


def test_a_book_that_is_farther_takes_the_others_place_as_a_whole() -> None:
    """In step anew, never stale in between."""
    old, new = pair(BOOK)
    new.take(old.peer.change("BTC-USD", (BUY, "98", "7")))
    (in_step,) = take_over(old, new)

    assert isinstance(in_step, BookInStep)
    assert in_step.book.in_step
    assert in_step.book.quantity_at(BUY, D(98)) == 7
    (updated,) = new.take(old.peer.change("BTC-USD", (BUY, "98", "8")))
    assert isinstance(updated, BookUpdated)
    assert updated.book is in_step.book


def test_a_book_that_was_stale_is_in_step_by_the_new_connection() -> None:
    """The other one was waiting for its snapshot."""
    old, new = pair(BOOK)
    old.peer.change("BTC-USD", (BUY, "98", "7"))
    old.take(old.peer.change("BTC-USD", (BUY, "98", "8")))
    (in_step,) = take_over(old, new)

    assert isinstance(in_step, BookInStep)


def test_refusals_that_the_other_told_are_no_news() -> None:
    """Those that it did not tell are."""
    wanted = (("NO-USD", Topic.BOOK), ("NO-USD", Topic.TRADES))
    refused = frozenset({"nousd@depth@100ms", "nousd@trade"})
    old = Line(*wanted, peer=MarketPeer(refused=refused))
    new = Line(*wanted, peer=MarketPeer(refused=refused))
    lucky = Line(*wanted).live()
    for line in (old, new):
        line.settle()
        assert line.session.is_healthy
    unknown = [type(event) for event in take_over(lucky, new)]
    assert [kind for kind in unknown if kind is not StreamErrorReported] == [
        BookStale,
        TopicStalled,
    ]

    said = Line(*wanted, peer=MarketPeer(refused=refused))
    said.settle()
    known = take_over(old, said)
    assert {type(event) for event in known} == {StreamErrorReported}


def test_a_book_that_only_the_other_had_is_stale() -> None:
    """Said at once, for its changes end here."""
    old = Line(BOOK).live()
    new = Line(BOOK, peer=MarketPeer(refused=frozenset({"btcusd@depth@100ms"})))
    new.settle()
    stales = [event for event in take_over(old, new) if isinstance(event, BookStale)]

    assert [event.reason for event in stales] == [StaleReason.REFUSED]


def test_whatever_else_was_said_is_passed_on() -> None:
    """It is no data of a stream."""
    old, new = pair(TRADES)
    connected = StreamConnected("binance_us", "market-0", NOW_NS)
    new.events.append(connected)

    assert take_over(old, new) == [connected]


def test_a_connection_of_another_kind_has_nothing_to_go_on_from() -> None:
    """All that was held is told."""
    new = Line(TRADES).live()
    held = new.take(trade("BTC-USD", 1))

    assert new.session.take_over(OtherSession("market-0"), held, OTHER_NS) == held


class Subscriber:
    """Keeps a book of its own and counts trades, from nothing but what it is told."""

    def __init__(self) -> None:
        self.book: Sides | None = None
        self.trades: list[int] = []
        self.complaints: list[SessionEvent] = []

    def hear(self, told: list[SessionEvent]) -> None:
        """These, at the moment when they are told."""
        self.trades += ids(told)
        for event in told:
            match event:
                case BookInStep(book=book):
                    self.book = {
                        side: {level.price: level.quantity for level in book.iterate(side)}
                        for side in Side
                    }
                case BookUpdated(changes=changes):
                    assert self.book is not None
                    for side, price, quantity in changes:
                        if quantity:
                            self.book[side][price] = quantity
                        else:
                            self.book[side].pop(price, None)
                case TopicStalled() | BookStale() | SequenceGap():
                    self.complaints.append(event)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(st.integers(0, 3), min_size=1, max_size=14),
    joins=st.integers(0, 14),
    old_reads=st.integers(0, 14),
    new_reads=st.integers(0, 14),
)
def test_two_connections_tell_what_one_would(
    steps: list[int], joins: int, old_reads: int, new_reads: int
) -> None:
    """Wherever the second joins, and however far each has read when it takes over."""
    subscriber = Subscriber()
    old = Line(TRADES, BOOK)
    subscriber.hear(old.settle())
    joins = min(joins, len(steps))
    frames: list[bytes] = []
    new: Line | None = None
    for number, step in enumerate([*steps, None]):
        if number == joins:
            new = Line(TRADES, BOOK, peer=MarketPeer(old.peer.books))
            new.settle()
        if step is not None:
            frames.append(trade("BTC-USD", 500 + number))
            frames.append(old.peer.change("BTC-USD", (BUY, str(95 + step), str(number % 3))))
    assert new is not None
    # The old one has heard at least what came before the new one joined: they overlap.
    old_reached = min(len(steps), max(old_reads, joins))
    new_reached = min(len(steps), max(new_reads, joins))

    for frame in frames[: 2 * old_reached]:
        subscriber.hear(old.take(frame))
    new.take(*frames[2 * joins : 2 * new_reached])
    assert new.session.is_healthy
    subscriber.hear(take_over(old, new))
    for frame in frames[2 * new_reached :]:
        subscriber.hear(new.take(frame))

    assert subscriber.trades == [500 + number for number in range(len(steps))]
    assert subscriber.complaints == []
    assert subscriber.book == old.peer.book("BTC-USD").sides
