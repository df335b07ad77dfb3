"""A market connection, frame by frame, on a clock of our own."""

from collections.abc import Iterable
from decimal import Decimal

import orjson
import pytest

from tests.support.coinbase import NOW_NS
from tests.support.coinbase_stream import MarketPeer, book_of
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    Heartbeat,
    SequenceGap,
    StaleReason,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.profile import (
    ACKNOWLEDGED_WITHIN_NS,
    ALIVE_WITHIN_NS,
    QUIET_AT_MOST_NS,
    RENEWALS_AT_MOST,
    SNAPSHOT_WITHIN_NS,
)
from venuetree.protocol.exchanges.coinbase.session import MarketSession
from venuetree.protocol.models import Level, Side, Topic
from venuetree.protocol.port import Close, Connect, Send, SessionEvent, Subscription, Transport
from venuetree.protocol.timestamps import SECOND

D = Decimal
LEVELS = {"bid": {"99": "1", "98": "2"}, "offer": {"101": "1", "102": "2"}}


class Line:
    """A session and its peer, joined; time passes only when told."""

    def __init__(self, *wanted: tuple[str, Topic], peer: MarketPeer | None = None) -> None:
        self.now_ns = NOW_NS
        self.peer = peer or MarketPeer(
            {name: book_of(LEVELS) for name in ("BTC-USD", "ETH-USD", "BTC-USDC")}
        )
        self.session = MarketSession("market-1")
        self.events: list[SessionEvent] = []
        self.closes: list[Close] = []
        self.want(*wanted)
        self.session.opened(self.now_ns)

    def want(self, *wanted: tuple[str, Topic]) -> None:
        """What the subscribers want from now on."""
        self.session.want(frozenset(Subscription(*each) for each in wanted), self.now_ns)

    def take(self, *frames: bytes) -> list[SessionEvent]:
        """The session reads these; what it says."""
        said: list[SessionEvent] = []
        for frame in frames:
            said += self.session.receive(frame, self.now_ns)
        self.events += said
        return said

    def work(self) -> list[SessionEvent]:
        """One step, the peer answering what is sent."""
        step = self.session.step(self.now_ns)
        said = list(step.events)
        self.events += said
        for action in step.actions:
            if isinstance(action, Close):
                self.closes.append(action)
            else:
                assert isinstance(action, Send)
                said += self.take(*self.peer.receive(action.text))
        return said

    def settle(self, *, seconds: float = 2) -> list[SessionEvent]:
        """Work, with a heartbeat a second, for some time."""
        said: list[SessionEvent] = []
        end_ns = self.now_ns + int(seconds * SECOND)
        while self.now_ns < end_ns and not self.closes:
            if self.session.has_work or (self.session.deadline_ns or end_ns) <= self.now_ns:
                said += self.work()
                continue
            self.now_ns = max(
                self.now_ns + 1, min(end_ns, self.session.deadline_ns or end_ns, self._next_beat())
            )
            if self.now_ns % SECOND == 0 and "heartbeats" in self.peer.subscriptions:
                said += self.take(self.peer.heartbeat())
        return said

    def _next_beat(self) -> int:
        return (self.now_ns // SECOND + 1) * SECOND

    def live(self) -> "Line":
        """Everything subscribed and delivered."""
        self.settle()
        assert self.session.is_healthy
        self.events.clear()
        return self


def of(kind: type, events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]


BOOK = ("BTC-USD", Topic.BOOK)


def test_it_is_a_web_socket_at_the_root() -> None:
    """The endpoint's own address."""
    assert MarketSession("m").connect(frozenset()) == Connect(Transport.WEBSOCKET)


def test_heartbeats_come_first_then_a_message_a_channel_one_at_a_time() -> None:
    """Refusals name nothing, so the next message waits for the answer to the last."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK), ("BTC-USD", Topic.TRADES))
    step = line.session.step(line.now_ns)

    assert step.actions == (Send('{"type":"subscribe","channel":"heartbeats"}'),)
    line.now_ns += SECOND
    assert line.session.step(line.now_ns).actions == ()
    line.take(line.peer.acknowledgement())
    line.settle()
    assert line.peer.received == [
        {"type": "subscribe", "channel": "level2", "product_ids": ["BTC-USD", "ETH-USD"]},
        {"type": "subscribe", "channel": "market_trades", "product_ids": ["BTC-USD"]},
    ]
    assert line.session.is_healthy


def test_messages_are_paced_eight_a_second() -> None:
    """The first leaves at once, the second an eighth of a second later."""
    line = Line(BOOK)
    line.work()

    assert not line.session.has_work
    assert line.session.deadline_ns == line.now_ns + SECOND // 8
    line.now_ns += SECOND // 8
    line.work()
    assert [message["channel"] for message in line.peer.received] == ["heartbeats", "level2"]


def test_nothing_is_wanted_and_still_a_first_message_is_sent() -> None:
    """The exchange hangs up on those that subscribe to nothing."""
    line = Line()

    assert line.session.has_work
    line.settle()
    assert [message["channel"] for message in line.peer.received] == ["heartbeats"]
    assert line.session.is_healthy


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


def test_a_gap_makes_every_book_stale_first_and_gives_the_connection_up() -> None:
    """Any of the books may have missed a change."""
    line = Line(BOOK, ("ETH-USD", Topic.BOOK)).live()
    expected = line.peer.sequence
    line.peer.heartbeat()

    said = line.take(line.peer.change("BTC-USD", "bid", "99", "5"))

    assert said == [
        BookStale("coinbase", "BTC-USD", StaleReason.GAP, line.now_ns),
        BookStale("coinbase", "ETH-USD", StaleReason.GAP, line.now_ns),
        SequenceGap("coinbase", "market-1", expected, expected + 1, None, line.now_ns),
    ]
    assert line.session.has_work
    line.work()
    assert len(line.closes) == 1
    assert not line.session.is_healthy
    assert not line.session.has_work


def test_after_a_gap_not_even_a_snapshot_is_believed() -> None:
    """The connection is over."""
    line = Line(BOOK).live()
    line.peer.heartbeat()
    line.take(line.peer.heartbeat())

    assert line.take(line.peer.snapshot("BTC-USD")) == []


def test_a_repeated_frame_is_ignored_whole() -> None:
    """A lower number says nothing new."""
    line = Line(BOOK, ("BTC-USD", Topic.TRADES)).live()
    old = line.peer.change("BTC-USD", "bid", "99", "5")
    line.take(old, line.peer.change("BTC-USD", "bid", "99", "6"))

    assert line.take(old) == []
    assert line.session.is_healthy


def test_frames_that_are_not_for_us_still_count() -> None:
    """The counter runs over all channels; a number missing among them is a gap."""
    line = Line(BOOK).live()

    assert of(Heartbeat, line.take(line.peer.heartbeat()))
    assert line.take(line.peer.trade("DOGE-USD", 1)) == []
    assert of(BookUpdated, line.take(line.peer.change("BTC-USD", "bid", "99", "5")))


def test_a_frame_without_its_number_is_an_error() -> None:
    """Continuity cannot be judged without it."""
    line = Line(BOOK).live()

    with pytest.raises(RemoteProtocolError):
        line.take(b'{"channel":"heartbeats","timestamp":"2026-10-05T09:30:00Z","events":[]}')
    with pytest.raises(RemoteProtocolError):
        line.take(b"not json")


def test_silence_makes_books_stale_and_gives_the_connection_up() -> None:
    """Connected but silent is the failure that libraries miss."""
    line = Line(BOOK).live()
    last_ns = line.now_ns
    line.take(line.peer.heartbeat())
    assert line.session.deadline_ns is not None
    line.now_ns = last_ns + ALIVE_WITHIN_NS - 1
    assert line.work() == []
    line.now_ns += 1

    said = line.work()

    assert said == [BookStale("coinbase", "BTC-USD", StaleReason.STALLED, line.now_ns)]
    assert len(line.closes) == 1


def test_the_deadline_is_never_later_than_the_watchdog() -> None:
    """Whoever steps at the deadlines misses nothing."""
    line = Line(BOOK).live()
    started_ns = line.now_ns
    while not line.closes:
        assert line.session.deadline_ns is not None
        line.now_ns = max(line.now_ns + 1, line.session.deadline_ns)
        line.work()

    assert line.now_ns - started_ns <= ALIVE_WITHIN_NS


def test_a_thin_market_is_no_stall_while_heartbeats_come() -> None:
    """A minute without a change is nothing."""
    line = Line(BOOK, ("BTC-USD", Topic.TRADES)).live()
    line.take(line.peer.trade("BTC-USD", 1))
    said = line.settle(seconds=60)

    assert not of(BookStale, said)
    assert not of(TopicStalled, said)
    assert line.session.is_healthy


def test_a_book_silent_beyond_belief_is_fetched_anew() -> None:
    """Stale first, then unsubscribed, subscribed and in step again."""
    line = Line(BOOK).live()
    patience_s = QUIET_AT_MOST_NS[Topic.BOOK] // SECOND
    line.peer.received.clear()

    said = line.settle(seconds=patience_s + 3)

    stale = next(i for i, e in enumerate(said) if isinstance(e, BookStale))
    stalled = next(i for i, e in enumerate(said) if isinstance(e, TopicStalled))
    again = next(i for i, e in enumerate(said) if isinstance(e, BookInStep))
    assert stale < stalled < again
    assert [m["type"] for m in line.peer.received] == ["unsubscribe", "subscribe"]
    assert line.session.is_healthy


def test_a_subscription_that_never_delivers_is_told() -> None:
    """Acknowledged, and no snapshot: soon told, since every channel begins with one."""
    line = Line(("BTC-USD", Topic.TRADES))
    said = line.settle(seconds=SNAPSHOT_WITHIN_NS / SECOND + 2)

    (stalled,) = of(TopicStalled, said)
    assert isinstance(stalled, TopicStalled)
    assert (stalled.instrument, stalled.topic) == ("BTC-USD", Topic.TRADES)
    assert stalled.age_ns >= SNAPSHOT_WITHIN_NS
    assert not of(TopicStalled, line.settle(seconds=30))
    assert not line.closes


def test_a_missing_acknowledgement_gives_the_connection_up() -> None:
    """Nothing else could be asked on it."""
    line = Line(BOOK)
    line.session.step(line.now_ns)
    for _ in range(ACKNOWLEDGED_WITHIN_NS // SECOND):
        line.now_ns += SECOND
        line.take(line.peer.heartbeat())
    line.work()

    assert len(line.closes) == 1


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


def flowing() -> Line:
    """A book in the middle of its changes, with nothing else going on."""
    line = Line(BOOK).live()
    for quantity in ("3", "4", "5"):
        (said,) = line.take(line.peer.change("BTC-USD", "bid", "99", quantity))
        assert isinstance(said, BookUpdated)
    return line


def test_a_book_that_crosses_in_full_flow_is_stale_and_renewed() -> None:
    """A flood's quick way judges what the first change after a quiet time is judged by."""
    line = flowing()
    line.peer.received.clear()
    (said,) = line.take(line.peer.change("BTC-USD", "bid", "105", "1"))

    assert said == BookStale("coinbase", "BTC-USD", StaleReason.CROSSED, line.now_ns)
    assert not line.session.is_healthy
    assert line.take(line.peer.change("BTC-USD", "bid", "105", "0")) == []
    line.now_ns += SECOND
    line.settle()
    assert [m["type"] for m in line.peer.received] == ["unsubscribe", "subscribe"]


def test_a_gap_in_full_flow_is_told_and_no_change_after_it() -> None:
    """The change that shows the gap is not applied to what may be wrong."""
    line = flowing()
    line.peer.change("BTC-USD", "bid", "98", "7")
    said = line.take(line.peer.change("BTC-USD", "bid", "99", "6"))
    said += line.take(line.peer.change("BTC-USD", "bid", "99", "7"))

    assert [type(event) for event in said] == [BookStale, SequenceGap]


def test_a_book_in_full_flow_that_is_left_is_told_no_more() -> None:
    """Nobody wants it: its changes are nobody's news."""
    line = flowing()
    line.want()

    assert line.take(line.peer.change("BTC-USD", "bid", "99", "6")) == []


def test_a_book_closed_in_full_flow_takes_no_change_any_more() -> None:
    """It was called stale: a frame that is read late must not be told as if it were not."""
    line = flowing()
    late = line.peer.change("BTC-USD", "bid", "99", "6")
    line.session.closed("cut", line.now_ns)

    assert line.take(late) == []


def test_each_change_in_full_flow_is_heard() -> None:
    """Silence is counted from the last change, not from the first."""
    line = flowing()
    patience_ns = QUIET_AT_MOST_NS[Topic.BOOK]
    line.now_ns += patience_ns - 1
    line.take(line.peer.change("BTC-USD", "bid", "99", "6"))
    line.now_ns += patience_ns - 1
    line.take(line.peer.heartbeat())
    early = line.session.step(line.now_ns).events
    line.now_ns += 1

    assert early == ()
    assert of(TopicStalled, line.session.step(line.now_ns).events)


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


def test_a_refusal_of_several_is_asked_again_one_by_one() -> None:
    """The error frame names nothing: only the guilty one stays refused."""
    peer = MarketPeer(
        {name: book_of(LEVELS) for name in ("BTC-USD", "ETH-USD")}, refused=frozenset({"NOPE-USD"})
    )
    line = Line(BOOK, ("ETH-USD", Topic.BOOK), ("NOPE-USD", Topic.BOOK), peer=peer)
    said = line.settle(seconds=3)

    assert len(of(StreamErrorReported, said)) == 2
    (refused,) = of(BookStale, said)
    assert isinstance(refused, BookStale)
    assert (refused.instrument, refused.reason) == ("NOPE-USD", StaleReason.REFUSED)
    assert {e.instrument for e in said if isinstance(e, BookInStep)} == {"BTC-USD", "ETH-USD"}
    assert line.session.is_healthy
    asked = len(line.peer.received)
    line.settle(seconds=20)
    assert len(line.peer.received) == asked


def test_a_refused_topic_without_a_book_is_told_as_stalled() -> None:
    """Its subscribers would wait for ever."""
    peer = MarketPeer({}, refused=frozenset({"NOPE-USD"}))
    said = Line(("NOPE-USD", Topic.TRADES), peer=peer).settle()

    (stalled,) = of(TopicStalled, said)
    assert isinstance(stalled, TopicStalled)
    assert (stalled.instrument, stalled.topic) == ("NOPE-USD", Topic.TRADES)


def test_too_many_messages_are_made_again_later_not_taken_for_a_refusal() -> None:
    """Others of this address may have used up the limit."""
    line = Line(BOOK)
    line.work()
    line.now_ns += SECOND // 8
    line.session.step(line.now_ns)
    line.take(orjson.dumps({"type": "error", "message": "rate limit exceeded"}))

    assert not line.session.has_work
    assert line.session.deadline_ns == line.now_ns + SECOND
    line.settle(seconds=3)
    assert line.session.is_healthy
    assert not of(BookStale, line.events)


def test_what_is_no_longer_wanted_is_left() -> None:
    """And late frames of it are dropped."""
    line = Line(BOOK, ("BTC-USD", Topic.TRADES)).live()
    line.want(("BTC-USD", Topic.TRADES))
    line.peer.received.clear()

    assert line.take(line.peer.change("BTC-USD", "bid", "99", "5")) == []
    line.settle()
    assert line.peer.received == [
        {"type": "unsubscribe", "channel": "level2", "product_ids": ["BTC-USD"]}
    ]
    assert line.session.is_healthy


def test_a_book_wanted_again_at_once_is_had_by_a_snapshot_of_its_own() -> None:
    """Left and wanted again before a word was sent."""
    line = Line(BOOK).live()
    line.want()
    line.want(BOOK)
    assert line.take(line.peer.change("BTC-USD", "bid", "99", "5")) == []

    said = line.settle()
    assert len(of(BookInStep, said)) == 1
    assert line.session.is_healthy


def test_a_new_instrument_does_not_disturb_the_others() -> None:
    """Only what is new is asked for."""
    line = Line(BOOK).live()
    line.peer.received.clear()
    line.want(BOOK, ("ETH-USD", Topic.BOOK))
    said = line.settle()

    assert [m["product_ids"] for m in line.peer.received] == [["ETH-USD"]]
    assert not of(BookStale, said)
    assert line.session.is_healthy


def test_trades_of_a_frame_are_told_oldest_first() -> None:
    """Frames list them newest first."""
    line = Line(("BTC-USD", Topic.TRADES)).live()
    said = line.take(line.peer.trade("BTC-USD", 1001, 1000, 999))

    assert [e.trade_id for e in said if isinstance(e, TradePrinted)] == ["999", "1000", "1001"]


def test_closing_makes_books_in_step_stale() -> None:
    """Once, and only those that were in step."""
    line = Line(BOOK).live()

    assert line.session.closed("reset", line.now_ns) == [
        BookStale("coinbase", "BTC-USD", StaleReason.DISCONNECTED, line.now_ns)
    ]
    assert line.session.closed("reset", line.now_ns) == []
    assert not line.session.is_healthy
    assert line.session.deadline_ns is None


# ---------------------------------------------------------------- USD and USDC


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


def test_acknowledgements_are_told() -> None:
    """The whole set, as the exchange lists it."""
    said = Line(BOOK).settle()

    confirmed = of(SubscriptionsConfirmed, said)
    assert [e.channels for e in confirmed if isinstance(e, SubscriptionsConfirmed)] == [
        (("heartbeats", ("heartbeats",)),),
        (("heartbeats", ("heartbeats",)), ("level2", ("BTC-USD",))),
    ]
