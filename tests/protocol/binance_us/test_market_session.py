"""A market connection of Binance.US, frame by frame, on a clock of our own."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import orjson
import pytest

from tests.support.binance_us import NOW_NS
from tests.support.binance_us_stream import (
    BUY,
    NOW_MS,
    SELL,
    D,
    Line,
    MarketPeer,
    aggregate,
    best,
    candle,
    snapshot,
    ticker,
    top,
    trade,
    wrapped,
)
from venuetree.protocol.commands import FetchBook, FetchServerTime
from venuetree.protocol.errors import (
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    NotSupported,
    PermissionRefused,
    RateLimited,
    RemoteProtocolError,
    TransportError,
)
from venuetree.protocol.events import (
    AggregateTradePrinted,
    BestPricesChanged,
    BookInStep,
    BookStale,
    BookTopChanged,
    BookUpdated,
    CandleChanged,
    SequenceGap,
    StaleReason,
    StreamEnding,
    StreamErrorReported,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.binance_us.books import CALLS_AT_MOST
from venuetree.protocol.exchanges.binance_us.kept_book import (
    CHECK_DEPTH,
    CHECK_EVERY_NS,
    CHECK_FIRST_NS,
    SNAPSHOT_DEPTH,
    UNDER_WAY_NS,
)
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.exchanges.binance_us.session import MarketSession
from venuetree.protocol.exchanges.binance_us.subscriptions import ANSWERED_WITHIN_NS, BATCH
from venuetree.protocol.exchanges.binance_us.succession import OVERLAPS_NS
from venuetree.protocol.models import Level, Topic
from venuetree.protocol.port import Connect, SessionEvent, Transport
from venuetree.protocol.timestamps import SECOND

BOOK = ("BTC-USD", Topic.BOOK)
TRADES = ("BTC-USD", Topic.TRADES)
HOUR_S = 3600


def of(kind: type, events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]


def stale(line: Line, reason: StaleReason, instrument: str = "BTC-USD") -> BookStale:
    """What is told of a book that is stale now."""
    return BookStale("binance_us", instrument, reason, line.now_ns)


# ---------------------------------------------------------------- subscribing


def test_it_is_one_web_socket_for_combined_streams() -> None:
    """Only there does a message say its stream, without which the top of a book is nobody's."""
    session = MarketSession("market-0")

    assert session.before() is None  # type: ignore[func-returns-value]
    assert session.connect(frozenset()) == Connect(Transport.WEBSOCKET, path="/stream")


def test_topics_are_subscribed_by_their_streams_in_one_message() -> None:
    """Lower case, and the faster of the two speeds."""
    line = Line(*(("BTC-USD", topic) for topic in Topic if topic in PROFILE.topics))
    assert line.session.has_work
    line.work()

    assert line.peer.received == [
        {
            "method": "SUBSCRIBE",
            "id": 1,
            "params": [
                "btcusd@aggTrade",
                "btcusd@bookTicker",
                "btcusd@depth20@100ms",
                "btcusd@depth@100ms",
                "btcusd@kline_1m",
                "btcusd@miniTicker",
                "btcusd@ticker",
                "btcusd@trade",
            ],
        }
    ]


def test_status_is_no_stream() -> None:
    """Refused before anything is asked, and what was wanted before stays so."""
    line = Line(TRADES).live()

    with pytest.raises(NotSupported):
        line.want(("BTC-USD", Topic.STATUS))
    assert line.take(trade("BTC-USD", 1))


def test_the_reply_proves_a_subscription_not_its_data() -> None:
    """Thin markets say nothing for minutes: healthy without a single event."""
    line = Line(TRADES, ("ETH-USD", Topic.TICKER))
    line.settle()

    assert line.session.is_healthy
    said = line.settle(seconds=HOUR_S)
    assert of(TopicStalled, said) == []
    assert line.closes == []
    assert line.session.is_healthy


def test_health_waits_for_the_reply_and_for_an_overlap() -> None:
    """Whatever was under way to a connection before this one must have arrived there."""
    line = Line(TRADES)
    assert not line.session.is_healthy
    line.work()
    answered_ns = line.now_ns
    assert not line.session.is_healthy
    assert line.session.deadline_ns == answered_ns + OVERLAPS_NS
    line.now_ns += OVERLAPS_NS
    line.work()
    assert line.session.is_healthy


def test_a_book_that_falls_within_the_overlap_leaves_nothing_to_do_at_once() -> None:
    """The session waits for the book, whatever time it is."""
    line = Line(BOOK)
    line.settle(seconds=0.5)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.take(line.peer.change("BTC-USD", (BUY, "97", "8")))
    line.now_ns += OVERLAPS_NS // 2
    line.answers = [TransportError("no route")]
    line.settle(seconds=0)
    line.now_ns += OVERLAPS_NS // 2

    line.settle(seconds=0)
    assert not line.session.has_work
    assert not line.session.is_healthy
    line.settle(seconds=5)
    assert line.session.is_healthy


def test_many_streams_go_in_batches() -> None:
    """One message may name only so many."""
    line = Line(*((f"A{number}-USD", Topic.TRADES) for number in range(2 * BATCH + 5)))
    line.live()

    sizes = [len(message["params"]) for message in line.peer.received]
    assert sizes == [BATCH, BATCH, 5]
    assert [message["id"] for message in line.peer.received] == [1, 2, 3]
    assert len(line.peer.subscriptions) == 2 * BATCH + 5


def test_messages_leave_room_for_pings_and_pongs() -> None:
    """In no second more than three: a ping of ours and a pong more are five, which is allowed."""
    line = Line()
    for number in range(12):
        line.want(*((f"A{n}-USD", Topic.TRADES) for n in range(number + 1)))
        line.settle(seconds=0.3)
    line.settle(seconds=3)

    assert line.sent_ns[0] == NOW_NS
    assert len(line.sent_ns) > 5
    for sent_ns in line.sent_ns:
        assert len([t for t in line.sent_ns if sent_ns <= t <= sent_ns + SECOND]) <= 3
    assert line.session.is_healthy


def test_several_requests_may_be_under_way_and_answers_are_matched_by_number() -> None:
    """Whichever is answered first."""
    line = Line(TRADES)
    line.peer.is_mute = True
    line.work()
    line.want(TRADES, ("ETH-USD", Topic.TRADES))
    line.settle(seconds=1)
    assert [message["id"] for message in line.peer.received] == [1, 2]

    line.take(b'{"result":null,"id":2}', b'{"result":null,"id":7}', b'{"result":null,"id":"1"}')
    line.take(b'{"result":null,"id":true}', b'{"result":null,"id":1.0}')
    line.settle(seconds=2)
    assert not line.session.is_healthy
    line.take(b'{"result":null,"id":1}')
    line.settle(seconds=2)
    assert line.session.is_healthy


def test_what_is_no_longer_wanted_is_left_and_told_no_more() -> None:
    """What is still under way is nobody's news."""
    line = Line(TRADES, ("ETH-USD", Topic.TRADES)).live()
    line.want(("ETH-USD", Topic.TRADES))

    assert line.take(trade("BTC-USD", 1)) == []
    line.settle()
    assert line.peer.received[-1] == {
        "method": "UNSUBSCRIBE",
        "id": 2,
        "params": ["btcusd@trade"],
    }
    assert line.peer.subscriptions == {"ethusd@trade"}
    assert line.session.is_healthy


def test_many_streams_are_left_in_batches() -> None:
    """As they were subscribed."""
    line = Line(*((f"A{number}-USD", Topic.TRADES) for number in range(BATCH + 5))).live()
    line.peer.received.clear()
    line.want()
    line.settle()

    assert [len(message["params"]) for message in line.peer.received] == [BATCH, 5]
    assert line.peer.subscriptions == set()


def test_a_stream_is_told_under_the_name_that_is_wanted_now() -> None:
    """Two spellings of ours may be one symbol of theirs."""
    line = Line(TRADES).live()
    line.take(trade("BTC-USD", 1))
    line.want(("BT-CUSD", Topic.TRADES))

    (told,) = line.take(trade("BTC-USD", 2))
    assert isinstance(told, TradePrinted)
    assert told.instrument == "BT-CUSD"


def test_leaving_while_the_subscription_is_under_way_waits_for_its_answer() -> None:
    """Then it is ended; and wanted again meanwhile, it is asked for anew."""
    line = Line(TRADES)
    line.peer.is_mute = True
    line.work()
    line.want()
    assert line.settle(seconds=2) == []
    assert len(line.peer.received) == 1

    line.take(b'{"result":null,"id":1}')
    line.settle(seconds=1)
    assert line.peer.received[-1]["method"] == "UNSUBSCRIBE"
    line.want(TRADES)
    line.settle(seconds=1)
    assert len(line.peer.received) == 2
    line.peer.is_mute = False
    line.take(b'{"result":null,"id":2}')
    line.settle()
    assert line.peer.received[-1] == {"method": "SUBSCRIBE", "id": 3, "params": ["btcusd@trade"]}
    assert line.session.is_healthy


@pytest.mark.parametrize(
    "error",
    [
        b'{"error":{"code":2,"msg":"Invalid request: no such stream"},"id":1}',
        b'{"code":2,"msg":"Invalid request: no such stream","id":1}',
        b'{"code":2,"msg":"Invalid request: no such stream"}',
        b'{"error":{"code":2,"msg":"Invalid request: no such stream"},"id":null}',
    ],
)
def test_a_refused_stream_is_told(error: bytes) -> None:
    """Nested as on the wire, flat as documented, and even without a number."""
    line = Line(TRADES)
    line.peer.is_mute = True
    line.work()
    line.now_ns += SECOND
    told, stalled = line.take(error)

    assert isinstance(told, StreamErrorReported)
    assert stalled == TopicStalled("binance_us", "BTC-USD", Topic.TRADES, SECOND, line.now_ns)
    line.settle()
    assert len(line.peer.received) == 1
    assert line.session.is_healthy


def test_a_refused_book_is_stale_and_asks_for_no_snapshot() -> None:
    """Without its changes a snapshot would be a lie within moments."""
    line = Line(BOOK, peer=MarketPeer(refused=frozenset({"btcusd@depth@100ms"})))
    said = line.settle()

    assert of(BookStale, said) == [BookStale("binance_us", "BTC-USD", StaleReason.REFUSED, NOW_NS)]
    assert line.asked == []
    assert line.session.is_healthy


def test_a_refused_batch_is_halved_until_the_refused_stream_is_known() -> None:
    """All others are in force in the end; the one is told, once, and not asked for again."""
    names = [f"A{number:02d}-USD" for number in range(20)]
    peer = MarketPeer(refused=frozenset({"a13usd@trade"}))
    line = Line(*((name, Topic.TRADES) for name in names), peer=peer)
    said = line.settle(seconds=20)

    (stalled,) = of(TopicStalled, said)
    assert isinstance(stalled, TopicStalled)
    assert stalled.instrument == "A13-USD"
    assert len(peer.subscriptions) == 19
    assert len(peer.received) <= 10
    assert line.session.is_healthy


def test_what_was_refused_and_left_may_be_asked_for_again() -> None:
    """The exchange may have it by then."""
    peer = MarketPeer(refused=frozenset({"btcusd@trade"}))
    line = Line(TRADES, peer=peer)
    line.settle()
    line.want()
    peer.refused = frozenset()
    line.want(TRADES)
    line.settle()

    assert peer.subscriptions == {"btcusd@trade"}


def test_what_is_left_before_it_is_refused_is_no_news() -> None:
    """And it is asked for again when it is wanted again."""
    line = Line(TRADES)
    line.peer.is_mute = True
    line.work()
    line.want()
    line.peer.is_mute = False

    said = line.take(b'{"error":{"code":2,"msg":"no"},"id":1}')
    assert of(TopicStalled, said) == []
    line.want(TRADES)
    line.settle()
    assert line.peer.subscriptions == {"btcusd@trade"}


def test_a_refused_farewell_is_one_all_the_same() -> None:
    """It was not subscribed any more: gone either way."""
    line = Line(TRADES).live()
    line.peer.refused = frozenset({"btcusd@trade"})
    line.peer.is_mute = True
    line.want()
    line.work()
    line.take(b'{"error":{"code":2,"msg":"no"},"id":2}')

    line.settle(seconds=30)
    assert len(line.peer.received) == 2
    assert line.closes == []


def test_a_missing_answer_gives_the_connection_up() -> None:
    """Books are stale first."""
    line = Line(BOOK).live()
    line.peer.is_mute = True
    line.want(BOOK, TRADES)
    line.work()
    asked_ns = line.now_ns
    said = line.settle(seconds=60)

    assert line.now_ns == asked_ns + ANSWERED_WITHIN_NS
    assert of(BookStale, said) == [stale(line, StaleReason.STALLED)]
    assert len(line.closes) == 1
    assert not line.session.is_healthy
    assert not line.session.has_work
    assert line.session.deadline_ns is None
    assert line.answer(FetchBook("BTC-USD", SNAPSHOT_DEPTH)) == []


# ---------------------------------------------------------------- silence


def test_a_silent_connection_is_asked_whether_it_still_answers() -> None:
    """Silence on all streams is normal; no answer is not."""
    line = Line(TRADES).live()
    line.take(trade("BTC-USD", 1))
    said_ns = line.now_ns
    line.settle(seconds=179)
    assert len(line.peer.received) == 1
    line.settle(seconds=2)

    assert line.peer.received[-1] == {"method": "LIST_SUBSCRIPTIONS", "id": 2}
    assert line.sent_ns[-1] == said_ns + 180 * SECOND
    line.peer.is_mute = True
    line.settle(seconds=400)
    assert len(line.closes) == 1


def test_the_list_is_asked_for_once_until_it_is_answered() -> None:
    """Whatever else is done meanwhile."""
    line = Line(TRADES).live()
    line.peer.is_mute = True
    line.settle(seconds=181)
    line.want(TRADES, ("ETH-USD", Topic.TRADES))
    line.settle(seconds=5)

    assert [message["method"] for message in line.peer.received] == [
        *("SUBSCRIBE", "LIST_SUBSCRIPTIONS", "SUBSCRIBE")
    ]


def test_frames_are_proof_enough() -> None:
    """Nothing is asked while something comes."""
    line = Line(TRADES).live()
    for number in range(10):
        line.take(trade("BTC-USD", number))
        line.settle(seconds=100)

    assert len(line.peer.received) == 1


def test_a_stream_that_the_exchange_has_forgotten_is_subscribed_again() -> None:
    """Told as stalled; a book is stale and begins anew."""
    line = Line(TRADES, BOOK).live()
    line.peer.subscriptions.clear()
    line.answers = [TransportError("no check, please")]
    said = line.settle(seconds=185)

    assert of(TopicStalled, said)
    assert len(of(BookStale, said)) == 1
    assert len(of(BookInStep, said)) == 1
    assert line.peer.subscriptions == {"btcusd@trade", "btcusd@depth@100ms"}
    assert line.session.is_healthy


def test_a_snapshot_asked_for_before_its_stream_was_forgotten_is_not_believed() -> None:
    """Nor is the one that is asked for in its place held up by it for longer than it lasts."""
    line = Line(BOOK)
    line.is_holding = True
    line.settle(seconds=0.1)
    (early,) = line.held
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.peer.subscriptions.clear()
    line.settle(seconds=185)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    assert line.peer.subscriptions == {"btcusd@depth@100ms"}

    assert line.answer(early, old) == []
    line.is_holding = False
    (in_step,) = of(BookInStep, line.settle(seconds=1))
    assert isinstance(in_step, BookInStep)
    assert in_step.book.quantity_at(BUY, D(98)) == 7


# ---------------------------------------------------------------- plain streams and trades


def test_each_stream_is_told_under_our_name() -> None:
    """Even where the quote currency is one that cannot be told by its spelling."""
    topics = [topic for topic in Topic if topic in PROFILE.topics - {Topic.BOOK}]
    line = Line(*(("BTC-XYZ", topic) for topic in topics)).live()
    name = "BTC-XYZ"
    said = line.take(
        trade(name, 1),
        aggregate(name, 1),
        best(name, 1),
        top(name, 1),
        candle(name, NOW_MS),
        ticker(name, NOW_MS),
        ticker(name, NOW_MS, is_small=True),
    )

    assert [type(event) for event in said] == [
        *(TradePrinted, AggregateTradePrinted, BestPricesChanged, BookTopChanged),
        *(CandleChanged, TickerChanged, TickerChanged),
    ]
    assert {getattr(event, "instrument", None) for event in said} == {name}


@pytest.mark.parametrize(
    ("topic", "made"), [(Topic.TRADES, trade), (Topic.AGGREGATE_TRADES, aggregate)]
)
def test_a_lost_trade_is_told_before_the_one_that_shows_it(
    topic: Topic, made: Callable[[str, int], bytes]
) -> None:
    """The gap for the log, the stall for the subscriber."""
    line = Line(("BTC-USD", topic)).live()
    line.take(made("BTC-USD", 5), made("BTC-USD", 6))
    line.now_ns += SECOND
    gap, stalled, printed = line.take(made("BTC-USD", 9))

    label = f"market-0 {topic.value} BTC-USD"
    assert gap == SequenceGap("binance_us", label, 7, 9, None, line.now_ns)
    assert stalled == TopicStalled("binance_us", "BTC-USD", topic, SECOND, line.now_ns)
    assert isinstance(printed, TradePrinted | AggregateTradePrinted)
    assert len(line.take(made("BTC-USD", 10))) == 1


def test_a_repeated_trade_is_told_once() -> None:
    """By its id, which only grows."""
    line = Line(TRADES).live()
    said = line.take(*(trade("BTC-USD", number) for number in (5, 6, 6, 5, 7)))

    assert [event.trade_id for event in said if isinstance(event, TradePrinted)] == ["5", "6", "7"]
    assert len(said) == 3


def test_trades_are_counted_by_instrument_and_anew_after_being_left() -> None:
    """Nobody missed what nobody wanted."""
    line = Line(TRADES, ("ETH-USD", Topic.TRADES)).live()
    assert len(line.take(trade("BTC-USD", 5), trade("ETH-USD", 90), trade("BTC-USD", 6))) == 3
    line.want(("ETH-USD", Topic.TRADES))
    line.settle()
    line.want(TRADES, ("ETH-USD", Topic.TRADES))
    line.settle()

    assert len(line.take(trade("BTC-USD", 50), trade("ETH-USD", 91))) == 2


def test_data_of_another_instrument_than_its_stream_is_an_error() -> None:
    """It must not move the wrong book."""
    line = Line(BOOK).live()
    frame = orjson.loads(line.peer.change("ETH-USD", (BUY, "99", "5")))
    frame["stream"] = "btcusd@depth@100ms"

    with pytest.raises(RemoteProtocolError):
        line.take(orjson.dumps(frame))


@pytest.mark.parametrize("frame", [b"", b"[]", b'{"stream":"btcusd@trade","data":{"e":"trade"}}'])
def test_what_cannot_be_read_is_an_error(frame: bytes) -> None:
    """Never an exception of another kind."""
    line = Line(TRADES).live()

    with pytest.raises(RemoteProtocolError):
        line.take(frame)


def test_market_data_without_its_stream_is_an_error() -> None:
    """Left out in silence it would be a stream that is dead and looks alive."""
    line = Line(TRADES).live()

    with pytest.raises(RemoteProtocolError):
        line.take(orjson.dumps(orjson.loads(trade("BTC-USD", 1))["data"]))


# ---------------------------------------------------------------- books


def test_a_snapshot_is_asked_for_once_the_changes_are_subscribed() -> None:
    """Not before: it could not be bridged to them."""
    line = Line(BOOK)
    line.peer.is_mute = True
    line.work()
    line.settle(seconds=1)
    assert line.asked == []
    line.take(b'{"result":null,"id":1}')
    assert line.session.has_work
    said = line.settle(seconds=2)

    assert line.asked == [FetchBook("BTC-USD", SNAPSHOT_DEPTH)]
    (in_step,) = of(BookInStep, said)
    assert isinstance(in_step, BookInStep)
    assert in_step.book.in_step
    assert in_step.book.bids() == [Level(D(99), D(1)), Level(D(98), D(2))]
    assert in_step.book.asks() == [Level(D(101), D(1)), Level(D(102), D(2))]
    assert line.session.is_healthy


def test_changes_that_come_before_the_snapshot_are_applied_to_it() -> None:
    """One event tells the whole; the next change is told by itself."""
    line = Line(BOOK)
    line.is_holding = True
    line.work()
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.work()
    assert line.take(line.peer.change("BTC-USD", (BUY, "99", "7"))) == []
    assert not line.session.is_healthy
    (in_step,) = line.answer(line.held[0], old)

    assert isinstance(in_step, BookInStep)
    assert in_step.book.best_bid == Level(D(99), D(7))
    (updated,) = line.take(line.peer.change("BTC-USD", (SELL, "101", "0")))
    assert isinstance(updated, BookUpdated)
    assert updated.changes == ((SELL, D(101), D(0)),)
    assert updated.book is in_step.book
    assert updated.book.best_ask == Level(D(102), D(2))


def test_a_lost_change_makes_the_book_stale_and_it_begins_anew_at_once() -> None:
    """Not after a pause: it was in step for long."""
    line = Line(BOOK).live()
    line.settle(seconds=100)
    line.asked.clear()
    line.peer.change("BTC-USD", (BUY, "98", "7"))

    said = line.take(line.peer.change("BTC-USD", (BUY, "97", "8")))
    assert said == [stale(line, StaleReason.GAP)]
    assert not line.session.is_healthy
    assert line.session.has_work
    (in_step,) = line.work()
    assert isinstance(in_step, BookInStep)
    assert in_step.book.bids() == [Level(D(99), D(1)), Level(D(98), D(7)), Level(D(97), D(8))]
    assert line.asked == [FetchBook("BTC-USD", SNAPSHOT_DEPTH)]
    assert line.session.is_healthy


def test_a_gap_concerns_one_book_alone() -> None:
    """Others go on, and nothing is subscribed anew."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK)).live()
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.take(line.peer.change("BTC-USD", (BUY, "97", "8")))

    (updated,) = line.take(line.peer.change("ETH-USD", (BUY, "97", "8")))
    assert isinstance(updated, BookUpdated)
    assert len(line.peer.received) == 1


def test_a_repeated_change_is_told_once() -> None:
    """Its numbers are no news."""
    line = Line(BOOK).live()
    frame = line.peer.change("BTC-USD", (BUY, "98", "7"))

    assert len(line.take(frame)) == 1
    assert line.take(frame) == []


def test_a_crossed_book_is_stale_and_begins_anew() -> None:
    """No true book has its best bid above its best ask."""
    line = Line(BOOK).live()
    said = line.take(line.peer.change("BTC-USD", (BUY, "105", "1")))
    assert said == [stale(line, StaleReason.CROSSED)]
    line.peer.book("BTC-USD").apply(BUY, "105", "0")

    said = line.settle(seconds=3)
    assert len(of(BookInStep, said)) == 1


def test_a_snapshot_that_is_too_old_is_asked_for_again() -> None:
    """Rule 3, after a moment."""
    line = Line(BOOK)
    line.is_holding = True
    line.settle(seconds=0.1)
    line.take(line.peer.change("BTC-USD", (BUY, "98", "7")))
    assert line.answer(line.held[0], snapshot(99)) == []
    assert not line.session.has_work
    line.is_holding = False
    said = line.settle(seconds=2)

    assert len(line.asked) == 2
    assert len(of(BookInStep, said)) == 1


@pytest.mark.parametrize(
    "error",
    [
        TransportError("no route"),
        ExchangeUnavailable("maintenance"),
        PermissionRefused("blocked for a while"),
        RateLimited("slow down"),
    ],
)
def test_a_snapshot_that_fails_is_asked_for_again_with_a_growing_pause(
    error: EngineError,
) -> None:
    """One second, two, four … at most a minute; changes are kept meanwhile."""
    line = Line(BOOK)
    line.answers = [error] * 9
    asked_ns = []
    line.work()
    for _ in range(10):
        while not line.session.has_work:
            assert line.session.deadline_ns is not None
            line.now_ns = max(line.now_ns, line.session.deadline_ns)
            line.take(line.peer.change("BTC-USD", (BUY, "98", "7")))
        before = len(line.asked)
        line.work()
        if len(line.asked) > before:
            asked_ns.append(line.now_ns)
    pauses = [(b - a) / SECOND for a, b in pairwise(asked_ns)]

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    line.settle(seconds=2)
    assert line.session.is_healthy


def test_another_subscription_does_not_cut_the_pause_short() -> None:
    """A failing exchange is not hammered because somebody wants trades, too."""
    line = Line(BOOK)
    line.answers = [TransportError("no route")] * 5
    line.settle(seconds=20)
    asked = len(line.asked)
    line.want(BOOK, TRADES)
    line.settle(seconds=5)

    assert asked == 5
    assert len(line.asked) == asked


def test_a_rate_limit_silences_all_snapshots_for_as_long_as_it_says() -> None:
    """Those of other books too: the limit is the address's."""
    line = Line(BOOK)
    line.answers = [RateLimited("banned", retry_after_ns=90 * SECOND)]
    line.settle(seconds=1)
    line.want(BOOK, ("ETH-USD", Topic.BOOK))
    line.settle(seconds=88)
    assert len(line.asked) == 1
    line.settle(seconds=3)

    assert len(line.asked) == 3
    assert line.session.is_healthy


def test_a_book_that_the_exchange_does_not_have_is_refused_for_good() -> None:
    """A stream is granted for any name; the snapshot shows that there is no such book."""
    line = Line(("NO-USD", Topic.BOOK))
    line.answers = [InstrumentNotFound("Invalid symbol.", code="-1121")]
    said = line.settle(seconds=300)

    assert of(BookStale, said) == [BookStale("binance_us", "NO-USD", StaleReason.REFUSED, NOW_NS)]
    assert len(line.asked) == 1
    assert line.session.is_healthy


def test_only_a_few_snapshots_are_under_way_at_once() -> None:
    """The next is asked for when one has come."""
    names = [f"A{number}-USD" for number in range(CALLS_AT_MOST + 2)]
    line = Line(*((name, Topic.BOOK) for name in names))
    line.is_holding = True
    line.settle(seconds=5)
    assert len(line.asked) == CALLS_AT_MOST

    line.answer(line.held.pop(0))
    line.settle(seconds=0.1)
    assert len(line.asked) == CALLS_AT_MOST + 1
    line.is_holding = False
    line.release()
    line.settle()
    assert sorted(command.instrument for command in line.asked) == names
    assert line.session.is_healthy


def test_a_snapshot_asked_for_an_earlier_subscription_is_not_believed() -> None:
    """Left and wanted again meanwhile: the changes between are unknown."""
    line = Line(BOOK)
    line.is_holding = True
    line.settle(seconds=0.1)
    (early,) = line.held
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.want()
    line.settle(seconds=1)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.want(BOOK)
    line.settle(seconds=1)
    assert line.asked == [early]

    assert line.answer(early, old) == []
    line.is_holding = False
    said = line.settle(seconds=1)
    (in_step,) = of(BookInStep, said)
    assert isinstance(in_step, BookInStep)
    assert in_step.book.quantity_at(BUY, D(98)) == 7


def test_a_book_wanted_again_before_it_was_left_is_a_new_one() -> None:
    """Its subscription stands: only a snapshot is needed."""
    line = Line(BOOK).live()
    line.want()
    line.want(BOOK)
    said = line.settle(seconds=1)

    assert len(line.peer.received) == 1
    assert len(of(BookInStep, said)) == 1


def test_a_closed_connection_leaves_no_book_in_step() -> None:
    """Told for each that was; a frame that is read late changes nothing any more."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK)).live()
    late = line.peer.change("BTC-USD", (BUY, "99", "6"))
    said = line.session.closed("cut", line.now_ns)

    assert said == [
        stale(line, StaleReason.DISCONNECTED),
        stale(line, StaleReason.DISCONNECTED, "ETH-USD"),
    ]
    assert line.take(late) == []
    assert not line.session.is_healthy
    assert not line.session.has_work
    assert line.session.closed("again", line.now_ns) == []
    assert line.answer(FetchBook("BTC-USD", SNAPSHOT_DEPTH)) == []


def test_answers_that_are_not_a_books_are_ignored() -> None:
    """Nothing else is asked here."""
    line = Line(BOOK).live()

    assert line.session.answered(FetchServerTime(), 1, line.now_ns) == ()
    assert line.answer(FetchBook("BTC-USD", 7)) == []


# ---------------------------------------------------------------- checks of silent books


def quiet_book() -> Line:
    """A book in step that one change has proved, silent from now on."""
    line = Line(BOOK).live()
    line.now_ns += 1
    line.take(line.peer.change("BTC-USD", (BUY, "98", "7")))
    line.asked.clear()
    line.events.clear()
    return line


def test_a_silent_book_is_compared_and_found_right() -> None:
    """Every three minutes, by a small snapshot."""
    line = quiet_book()
    silent_since_ns = line.now_ns
    line.settle(seconds=CHECK_EVERY_NS // SECOND - 1)
    assert line.asked == []
    line.settle(seconds=2)

    assert line.asked == [FetchBook("BTC-USD", CHECK_DEPTH)]
    assert line.now_ns - silent_since_ns > CHECK_EVERY_NS
    line.settle(seconds=HOUR_S)
    assert len(line.asked) == 1 + HOUR_S * SECOND // CHECK_EVERY_NS
    assert not of(BookStale, line.events)
    assert line.session.is_healthy


def test_a_book_in_flow_is_not_compared() -> None:
    """Its numbers prove it."""
    line = quiet_book()
    for number in range(20):
        line.settle(seconds=100)
        line.take(line.peer.change("BTC-USD", (BUY, "98", str(number + 1))))

    assert line.asked == []


def test_a_book_without_a_single_change_is_compared_soon() -> None:
    """Its snapshot may have been older than its subscription."""
    line = Line(BOOK)
    line.work()
    old = line.peer.book("BTC-USD").snapshot("BTC-USD", None)
    line.peer.change("BTC-USD", (BUY, "98", "7"))
    line.answers = [old]
    line.work()
    assert of(BookInStep, line.events)
    said = line.settle(seconds=(CHECK_FIRST_NS + UNDER_WAY_NS) // SECOND + 1)

    assert [type(event) for event in said if isinstance(event, BookStale | BookInStep)] == [
        BookStale,
        BookInStep,
    ]
    assert line.session.is_healthy


def test_changes_under_way_are_awaited_before_a_book_is_doubted() -> None:
    """The exchange's answer may be newer than what has come by the stream."""
    line = quiet_book()
    frame = line.peer.change("BTC-USD", (BUY, "98", "9"))
    line.settle(seconds=CHECK_EVERY_NS // SECOND + 1)
    assert line.asked == [FetchBook("BTC-USD", CHECK_DEPTH)]
    # And more after it, so that the answer is past.
    for each in (frame, line.peer.change("BTC-USD", (BUY, "98", "5"))):
        (updated,) = line.take(each)
        assert isinstance(updated, BookUpdated)

    line.settle(seconds=UNDER_WAY_NS // SECOND + 1)
    assert not of(BookStale, line.events)
    assert len(line.asked) == 1


def test_a_book_that_falls_while_it_is_doubted_is_told_once() -> None:
    """It is being mended already."""
    line = quiet_book()
    line.peer.change("BTC-USD", (BUY, "98", "9"))
    line.settle(seconds=CHECK_EVERY_NS // SECOND + 1)
    line.answers = [TransportError("no route")] * 6
    (told,) = line.take(line.peer.change("BTC-USD", (BUY, "98", "5")))
    assert told == stale(line, StaleReason.GAP)

    said = line.settle(seconds=UNDER_WAY_NS // SECOND + 5)
    assert of(BookStale, said) == []
    assert not line.session.is_healthy


def test_a_check_proves_a_book_without_changes() -> None:
    """From then on it is compared as seldom as any other."""
    line = Line(BOOK).live()
    line.asked.clear()
    line.settle(seconds=CHECK_FIRST_NS // SECOND + 1)
    assert line.asked == [FetchBook("BTC-USD", CHECK_DEPTH)]
    line.settle(seconds=CHECK_EVERY_NS // SECOND - 10)

    assert len(line.asked) == 1


def test_changes_that_never_come_make_the_book_stale() -> None:
    """The loss that no number would have shown."""
    line = quiet_book()
    line.peer.change("BTC-USD", (BUY, "98", "9"))
    line.settle(seconds=(CHECK_EVERY_NS + UNDER_WAY_NS) // SECOND + 1)

    stales = of(BookStale, line.events)
    assert [event.reason for event in stales if isinstance(event, BookStale)] == [
        StaleReason.STALLED
    ]
    (in_step,) = of(BookInStep, line.events)
    assert isinstance(in_step, BookInStep)
    assert in_step.book.quantity_at(BUY, D(98)) == 9


def test_a_number_that_passed_without_changing_a_level_is_no_loss() -> None:
    """Placed and cancelled within a moment: nothing is told of it, and nothing is wrong."""
    line = quiet_book()
    line.peer.book("BTC-USD").update_id += 2
    line.settle(seconds=600)

    assert not of(BookStale, line.events)


def test_other_levels_at_the_same_number_make_the_book_stale() -> None:
    """Something was applied wrongly, whatever it was."""
    line = quiet_book()
    line.peer.book("BTC-USD").sides[BUY][D(98)] = D(1)
    line.settle(seconds=CHECK_EVERY_NS // SECOND + 3)

    assert [type(event) for event in line.events if isinstance(event, BookStale | BookInStep)] == [
        BookStale,
        BookInStep,
    ]


@pytest.mark.parametrize("answer", [TransportError("no"), snapshot(1), snapshot(None)])
def test_a_check_that_proves_nothing_changes_nothing(answer: object) -> None:
    """Failed, older than the stream, or without a number: asked again later."""
    line = quiet_book()
    line.answers = [answer]
    line.settle(seconds=2 * CHECK_EVERY_NS // SECOND + 1)

    assert not of(BookStale, line.events)
    assert len(line.asked) == 2


# ---------------------------------------------------------------- its end, planned and announced


def test_a_connection_asks_to_be_replaced_an_hour_before_its_end() -> None:
    """And again after a while, for as long as nothing comes of it."""
    line = Line(TRADES).live()
    line.settle(seconds=23 * HOUR_S + 130)

    times = [(at_ns - NOW_NS) // SECOND for at_ns, _ in line.replaces]
    assert times == [23 * HOUR_S, 23 * HOUR_S + 60, 23 * HOUR_S + 120]
    assert line.closes == []
    assert line.session.is_healthy


def test_connections_are_replaced_one_after_the_other() -> None:
    """Each by its number; not all of them ask for their snapshots at once."""
    times = []
    for name in ("market-0", "market-1", "market-7", "odd"):
        line = Line(TRADES, name=name).live()
        line.settle(seconds=23 * HOUR_S + 1)
        times.append((line.replaces[0][0] - NOW_NS) // 60 // SECOND)

    assert times == [23 * 60, 23 * 60 - 5, 23 * 60 - 35, 23 * 60]


@pytest.mark.parametrize(
    "frame",
    [
        wrapped("!serverShutdown", {"e": "serverShutdown", "E": NOW_MS}),
        orjson.dumps({"e": "serverShutdown", "E": NOW_MS}),
    ],
)
def test_an_announced_end_asks_for_a_replacement_at_once(frame: bytes) -> None:
    """Wrapped or bare; and soon again, for there is little time."""
    line = Line(TRADES).live()
    (told,) = line.take(frame)

    assert isinstance(told, StreamEnding)
    assert line.session.has_work
    line.settle(seconds=25)
    assert len(line.replaces) == 3
    assert "serverShutdown" in line.replaces[0][1].reason
    assert line.session.is_healthy
