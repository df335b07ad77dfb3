"""The streams of one exchange's tree: lost, spread over connections, and replaced."""

import anyio
import orjson
import pytest

from tests.support.toy import ToyHost, scripted, toy_tree
from venuetree.actors.clock import LoopClock
from venuetree.actors.feed import MarketFeed
from venuetree.protocol.errors import TransportError
from venuetree.protocol.events import BookInStep, BookStale, StreamDisconnected
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Subscription
from venuetree.supervisors import ChildState
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio


def book_of(*names: str) -> set[Subscription]:
    """Subscriptions to books."""
    return {Subscription(name, Topic.BOOK) for name in names}


async def test_a_lost_stream_is_opened_again_with_backoff() -> None:
    """Each failure doubles the wait, and being connected does not reset it: being healthy does."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(0.1)
        waits: list[float] = []
        for _ in range(5):
            lost = anyio.current_time()
            host.stream("stream").put(TransportError("kicked"))
            await anyio.sleep(20)
            waits.append(host.opened_at[-1] - lost)
        restarts = root.snapshot()["toy/io/market/market-0"].restarts

    assert restarts == 5
    # A fifth of each, either way, is left to chance.
    assert waits == [pytest.approx(wait, rel=0.21) for wait in (0.25, 0.5, 1, 2, 4)]


async def test_backoff_starts_anew_after_a_healthy_while() -> None:
    """A book in step for half a minute counts as health; a silent connection does not."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(0.1)
        for _ in range(4):
            host.stream("stream").put(TransportError("kicked"))
            await anyio.sleep(10)
        failures = root.snapshot()["toy/io/market/market-0"].failures
        stream = host.stream("stream")
        for _ in range(10):
            stream.put(b'{"book": "A-USD"}')
            await anyio.sleep(5)
        stream.put(TransportError("kicked"))
        await anyio.sleep(5)
        after = root.snapshot()["toy/io/market/market-0"].failures

    assert failures == 4
    assert after == 1


async def test_a_books_subscriber_hears_of_the_loss_before_the_repair() -> None:
    """In step, stale, in step: in this order, whatever ended the stream."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(0.1)
        for ending in (b"not json", b'{"close": "enough"}', None):
            host.stream("stream").put(b'{"book": "A-USD"}')
            if ending is not None:
                host.stream("stream").put(ending)
            await anyio.sleep(40)
        kinds = [type(event) for event in feed._queue if type(event) in {BookInStep, BookStale}]

    assert kinds == [BookInStep, BookStale, BookInStep, BookStale, BookInStep]


async def test_a_loss_is_told_even_if_our_clock_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stale is told with the time of the last frame: no book passes for right after its stream."""
    host = ToyHost()

    def fail(_: object) -> int:
        raise OSError("the clock cannot be read")

    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(0.1)
        host.stream("stream").put(b'{"book": "A-USD"}')
        await anyio.sleep(1)
        with monkeypatch.context() as broken:
            broken.setattr(LoopClock, "now_ns", fail)
            host.stream("stream").put(TransportError("kicked"))
            await anyio.sleep(0.01)
        told = [event for event in feed._queue if isinstance(event, BookInStep | BookStale)]
        lost = [event for event in feed._queue if isinstance(event, StreamDisconnected)]

    assert [type(event) for event in told] == [BookInStep, BookStale]
    assert len(lost) == 1
    assert told[1].received_time_ns == told[0].received_time_ns


async def test_subscriptions_are_spread_over_connections_and_replayed_after_a_loss() -> None:
    """Three books at two a connection are two connections; each asks anew for its own."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        feed = MarketFeed()
        tree.hub.add(feed, book_of("A-USD", "B-USD", "C-USD"))
        await anyio.sleep(0.1)
        first = [orjson.loads(stream.sent[-1])["want"] for stream in host.streams]
        host.streams[0].put(TransportError("cut"))
        await anyio.sleep(5)
        again = orjson.loads(host.streams[-1].sent[-1])["want"]
        tree.hub.remove(feed)
        await anyio.sleep(1)
        left = [child.name for child in root.snapshot()["toy/io/market"].children]

    assert first == [["A-USD/book", "B-USD/book"], ["C-USD/book"]]
    assert again == first[0]
    assert left == ["plan"]


async def test_new_wants_reach_a_running_connection() -> None:
    """No reconnect for one more topic."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, _, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(0.1)
        tree.hub.add(MarketFeed(), {Subscription("A-USD", Topic.TRADES)})
        await anyio.sleep(0.1)
        sent = orjson.loads(host.streams[0].sent[-1])["want"]

    assert len(host.streams) == 1
    assert sent == ["A-USD/book", "A-USD/trades"]


async def test_a_sessions_questions_and_signatures_are_answered() -> None:
    """A session may ask the REST worker and have messages signed; errors are answers too."""
    host = ToyHost()
    async with toy_tree(host) as (_, _, _):
        await anyio.sleep(0.1)
        stream = host.stream("user_stream")
        stream.put(b'{"sign": 1}', b'{"call": 1}')
        await anyio.sleep(1)
        scripted(host, FetchBalances=TransportError("down"))
        stream.put(b'{"call": 1}')
        await anyio.sleep(1)
        sent = [orjson.loads(text) for text in stream.sent]

    assert [message["subscribe"] for message in sent if "subscribe" in message] == ["user"]
    assert all("nonce" in message for message in sent if "subscribe" in message)
    assert [m["answer"] for m in sent if "answer" in m] == ["NoneType", "TransportError"]


async def test_a_refused_connection_is_tried_again() -> None:
    """An exchange that does not take us now gets another call later."""
    host = ToyHost(refuse_streams=TransportError("no"), refuse_streams_times=3)
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(30)
        child = root.snapshot()["toy/io/market/market-0"]

    assert child.state is ChildState.RUNNING
    assert child.restarts == 3


async def test_the_market_supervisor_brings_its_connections_back_after_a_restart() -> None:
    """What is wanted lives in the hub, above the streams."""
    host = ToyHost()
    async with toy_tree(host, parts=Part.ORDERS) as (tree, root, _):
        tree.hub.add(MarketFeed(), book_of("A-USD"))
        await anyio.sleep(0.1)
        await tree._io.restart_child("market")
        await anyio.sleep(1)
        names = [child.name for child in root.snapshot()["toy/io/market"].children]

    assert names == ["plan", "market-0"]
    assert len(host.streams) == 2


# ---------------------------------------------------------------- replaced connections

BOOK = b'{"book": "A-USD"}'
ORDER = b'{"order": "open", "id": "c1", "filled": "0"}'
REPLACE = b'{"replace": "old"}'


async def test_a_connection_is_replaced_by_one_that_is_heard_only_when_it_delivers() -> None:
    """The old one is heard until then; nobody is told of a loss, for there is none."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK)
        await anyio.sleep(1)
        old_book = tree.hub.book("A-USD")
        old.put(REPLACE)
        await anyio.sleep(1)
        new = host.stream("stream")
        assert new is not old
        assert old.is_open
        assert [orjson.loads(text) for text in new.sent] == [{"want": ["A-USD/book"]}]
        new.put(b'{"noise": 1}')
        await anyio.sleep(1)
        assert old.is_open
        new.put(BOOK)
        await anyio.sleep(1)
        new_book = tree.hub.book("A-USD")
        assert (old.is_open, new.is_open) == (False, True)
        seen = [type(await anext(feed)).__name__ for _ in range(len(feed))]

    assert seen == ["StreamConnected", "BookInStep", "BookInStep"]
    assert new_book is not old_book
    assert len(host.opened_at) == len(host.streams) == 3  # the user stream is the third


async def test_a_successor_that_fails_leaves_the_first_as_it_was() -> None:
    """It is asked for again, and taken then."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, log):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK)
        for failing in (True, False):
            old.put(REPLACE)
            await anyio.sleep(1)
            new = host.stream("stream")
            new.put(TransportError("kicked") if failing else BOOK)
            await anyio.sleep(1)
            assert old.is_open is failing
        seen = [type(await anext(feed)).__name__ for _ in range(len(feed))]

    assert seen == ["StreamConnected", "BookInStep", "BookInStep"]
    said = [line["said"] for line in log.lines if line["event"] == "stream_said"]
    assert len(said) == 1
    assert "market-0 could not be replaced: kicked" in said[0]


async def test_a_connection_lost_before_its_successor_delivers_is_a_loss_like_any() -> None:
    """Stale first; both are gone, and one new connection is opened."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK, REPLACE)
        await anyio.sleep(1)
        new = host.stream("stream")
        old.put(TransportError("kicked"))
        await anyio.sleep(5)
        third = host.stream("stream")
        assert (old.is_open, new.is_open, third.is_open) == (False, False, True)
        assert third is not new
        seen = [type(await anext(feed)).__name__ for _ in range(len(feed))]

    assert seen == [
        "StreamConnected",
        "BookInStep",
        "BookStale",
        "StreamDisconnected",
        "StreamConnected",
    ]


async def test_new_wants_reach_a_successor_too() -> None:
    """Else it would take over with less than is wanted."""
    host = ToyHost()
    async with toy_tree(host) as (tree, _, _):
        feed = MarketFeed(capacity=100)
        tree.hub.add(feed, book_of("A-USD"))
        await anyio.sleep(1)
        old = host.stream("stream")
        old.put(BOOK, REPLACE)
        await anyio.sleep(1)
        tree.hub.add(MarketFeed(capacity=100), book_of("B-USD"))
        await anyio.sleep(1)
        new = host.stream("stream")
        wanted = [orjson.loads(text) for text in new.sent]

    assert wanted == [{"want": ["A-USD/book"]}, {"want": ["A-USD/book", "B-USD/book"]}]
