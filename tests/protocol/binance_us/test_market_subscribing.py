"""A market connection subscribes and leaves: messages, answers, and refusals."""

import pytest

from tests.support.binance_us import NOW_NS
from tests.support.binance_us_market import BOOK, TRADES, stale
from tests.support.binance_us_stream import BUY, Line, MarketPeer, trade
from tests.support.session_events import of
from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import NotSupported, TransportError
from venuetree.protocol.events import (
    BookStale,
    StaleReason,
    StreamErrorReported,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.binance_us.kept_book import SNAPSHOT_DEPTH
from venuetree.protocol.exchanges.binance_us.profile import PROFILE
from venuetree.protocol.exchanges.binance_us.session import MarketSession
from venuetree.protocol.exchanges.binance_us.subscriptions import ANSWERED_WITHIN_NS, BATCH
from venuetree.protocol.exchanges.binance_us.succession import OVERLAPS_NS
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Connect, Transport
from venuetree.protocol.timestamps import SECOND

HOUR_S = 3600


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
