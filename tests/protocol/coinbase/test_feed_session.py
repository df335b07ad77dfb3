"""A connection of the older feed, frame by frame, on a clock of our own."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.coinbase import NOW_NS, recorded
from tests.support.coinbase_feed import NOTHING, REFUSAL, TOO_SOON, FeedLine, FeedPeer, levels
from tests.support.coinbase_stream import Sides, book_of
from venuetree.protocol.errors import NotSupported, RemoteProtocolError
from venuetree.protocol.events import (
    BookChange,
    BookInStep,
    BookStale,
    BookUpdated,
    Heartbeat,
    InstrumentStatusChanged,
    SequenceGap,
    StaleReason,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TopicStalled,
    TradePrinted,
)
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.exchanges.coinbase.feed_session import FeedSession
from venuetree.protocol.exchanges.coinbase.profile import (
    ACKNOWLEDGED_WITHIN_NS,
    ALIVE_WITHIN_NS,
    FORGIVEN_AFTER_NS,
    QUIET_AT_MOST_NS,
    RENEWALS_AT_MOST,
    SNAPSHOT_WITHIN_NS,
)
from venuetree.protocol.models import Side, Topic
from venuetree.protocol.port import Connect, Send, SessionEvent, StreamMessage, Transport
from venuetree.protocol.timestamps import SECOND

D = Decimal
LEVELS = {"buy": {"99": "1", "98": "2"}, "sell": {"101": "1", "102": "2"}}
BTC, ETH = "BTC-USD", "ETH-USD"
BOOK, TRADES, TICKER = (BTC, Topic.BOOK), (BTC, Topic.TRADES), (BTC, Topic.TICKER)
BATCH, STATUS = (BTC, Topic.TICKER_BATCH), (BTC, Topic.STATUS)


def line_of(
    *wanted: tuple[str, Topic], refused: Iterable[str] = (), books: BookChannel = BookChannel.OPEN
) -> FeedLine:
    """A session that wants these, and its peer."""
    peer = FeedPeer({name: book_of(LEVELS) for name in (BTC, ETH)}, refused=frozenset(refused))
    return FeedLine(*wanted, peer=peer, books=books)


def of(kind: type, events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """The events of a kind."""
    return [event for event in events if isinstance(event, kind)]


def told(events: Iterable[SessionEvent]) -> list[SessionEvent]:
    """What subscribers and logs care for: no acknowledgements, no heartbeats."""
    return [e for e in events if not isinstance(e, SubscriptionsConfirmed | Heartbeat)]


def asked(line: FeedLine) -> list[tuple[str, str, tuple[str, ...]]]:
    """What was sent: verb, channel, products."""
    return [
        (m["type"], m["channels"][0], tuple(m.get("product_ids", ()))) for m in line.peer.received
    ]


# ---------------------------------------------------------------- subscribing


def test_it_is_a_web_socket_at_the_root() -> None:
    """The endpoint's own address."""
    assert FeedSession("m").connect(frozenset()) == Connect(Transport.WEBSOCKET)


def test_heartbeats_of_every_product_come_first_then_a_message_a_channel() -> None:
    """In the plural, and nothing of a product whose heartbeats were not granted yet."""
    line = line_of(BOOK, TRADES, TICKER, BATCH, (ETH, Topic.TRADES), STATUS)
    step = line.session.step(line.now_ns)

    assert step.actions == (
        Send('{"type":"subscribe","channels":["heartbeat"],"product_ids":["BTC-USD","ETH-USD"]}'),
    )
    assert line.session.step(line.now_ns + SECOND).actions == ()
    line.take(*line.peer.receive(step.actions[0].text))
    line.settle()
    assert line.peer.received[1:] == [
        {"type": "subscribe", "channels": ["level2_batch"], "product_ids": [BTC]},
        {"type": "subscribe", "channels": ["matches"], "product_ids": [BTC, ETH]},
        {"type": "subscribe", "channels": ["status"]},
        {"type": "subscribe", "channels": ["ticker"], "product_ids": [BTC]},
        {"type": "subscribe", "channels": ["ticker_batch"], "product_ids": [BTC]},
    ]
    assert line.session.is_healthy


def test_candles_are_refused_before_anything_is_sent() -> None:
    """The feed has none."""
    with pytest.raises(NotSupported):
        line_of((BTC, Topic.CANDLES))


def test_with_a_key_books_come_by_the_signed_channel_and_only_they_are_signed() -> None:
    """The message goes to the signer as it is; leaving needs no signature."""
    line = line_of(BOOK, TRADES, books=BookChannel.SIGNED).live()

    fields = {"type": "subscribe", "channels": ["level2"], "product_ids": [BTC]}
    assert line.signed == [StreamMessage(fields)]
    line.want(TRADES)
    line.settle()
    assert asked(line)[-1] == ("unsubscribe", "level2", (BTC,))
    assert len(line.signed) == 1


def test_what_is_left_is_unsubscribed_heartbeats_and_all() -> None:
    """Nothing of a product that nobody wants."""
    line = line_of(BOOK, (ETH, Topic.TRADES)).live()
    line.peer.received.clear()

    line.want(BOOK)
    line.settle()
    assert asked(line) == [("unsubscribe", "heartbeat", (ETH,)), ("unsubscribe", "matches", (ETH,))]
    assert line.session.is_healthy
    assert line.take(line.peer.trade(ETH)) == []


def test_a_book_wanted_again_before_it_was_left_gets_a_snapshot_of_its_own() -> None:
    """A new book object is never called in step without one."""
    line = line_of(BOOK, TRADES).live()
    line.want(TRADES)
    line.want(BOOK, TRADES)
    assert line.take(line.peer.change(BTC, "buy", "99", "5")) == []

    (in_step,) = of(BookInStep, line.settle())
    assert isinstance(in_step, BookInStep)
    assert levels(in_step.book) == line.peer.books[BTC]


def test_an_acknowledgement_of_another_request_does_not_answer_this_one() -> None:
    """The outstanding request waits on, and the deadline stays."""
    line = line_of(TRADES)
    line.session.step(line.now_ns)
    line.take(NOTHING)
    line.take(orjson.dumps({"type": "subscriptions", "channels": [{"name": "matches"}]}))
    line.now_ns += ALIVE_WITHIN_NS - 1
    line.take(NOTHING)
    assert line.session.step(line.now_ns).actions == ()

    line.now_ns = NOW_NS + ACKNOWLEDGED_WITHIN_NS
    line.take(NOTHING)
    line.work()
    assert [close.reason for close in line.closes] == ["no acknowledgement of heartbeats in time"]


def test_a_list_that_still_holds_what_was_left_does_not_confirm_the_leaving() -> None:
    """The next request waits for the one that does."""
    line = line_of(BOOK, TRADES).live()
    before = line.peer.acknowledgement()
    line.want(BOOK)
    step = line.session.step(line.now_ns)
    line.now_ns += SECOND
    line.take(before)
    line.want(BOOK, TICKER)

    assert step.actions == (
        Send('{"type":"unsubscribe","channels":["matches"],"product_ids":["BTC-USD"]}'),
    )
    assert not line.session.has_work
    line.peer.subscriptions["matches"] = []
    line.take(line.peer.acknowledgement())
    assert line.session.has_work


# ---------------------------------------------------------------- refusals


def test_an_error_and_the_empty_list_after_it_are_one_refusal() -> None:
    """The list that follows does not answer the next request, which waits for it."""
    line = line_of((ETH, Topic.TRADES), TRADES, refused={"matches"})
    line.settle(seconds=0.2)
    sent = len(line.peer.received)
    request = line.session.step(line.now_ns + SECOND // 8)
    line.now_ns += SECOND // 8

    assert line.take(REFUSAL) == [
        StreamErrorReported("coinbase", "Failed to subscribe", "no", None, line.now_ns)
    ]
    line.now_ns += SECOND
    assert line.session.step(line.now_ns).actions == ()
    line.take(NOTHING)
    assert line.session.has_work
    assert len(request.actions) == 1
    assert len(line.peer.received) == sent


def test_of_several_refused_products_the_bad_one_is_found_and_the_good_one_delivers() -> None:
    """One by one; nothing but heartbeats is asked of a product that does not exist."""
    line = line_of(BOOK, ("NO-USD", Topic.BOOK), ("NO-USD", Topic.TRADES), refused={"NO-USD"})
    said = line.settle()

    stale, stalled = (event for event in said if isinstance(event, BookStale | TopicStalled))
    assert isinstance(stale, BookStale)
    assert (stale.instrument, stale.reason) == ("NO-USD", StaleReason.REFUSED)
    assert isinstance(stalled, TopicStalled)
    assert (stalled.instrument, stalled.topic) == ("NO-USD", Topic.TRADES)
    assert asked(line) == [
        ("subscribe", "heartbeat", (BTC, "NO-USD")),
        ("subscribe", "heartbeat", (BTC,)),
        ("subscribe", "level2_batch", (BTC,)),
        ("subscribe", "heartbeat", ("NO-USD",)),
    ]
    assert line.session.is_healthy


def test_a_refused_book_is_told_and_the_rest_goes_on() -> None:
    """No key, or none that opens `level2`."""
    line = line_of(BOOK, TRADES, refused={"level2"}, books=BookChannel.SIGNED)
    said = line.settle()

    assert [e.reason for e in of(BookStale, said)] == [StaleReason.REFUSED]  # type: ignore[union-attr]
    assert line.session.is_healthy
    assert of(TradePrinted, line.take(line.peer.trade(BTC)))


def test_an_error_without_a_list_is_a_refusal_after_two_seconds() -> None:
    """No documents promise the list."""
    line = line_of(TRADES)
    line.settle(seconds=0.05)
    line.now_ns += SECOND // 8
    line.session.step(line.now_ns)
    line.take(REFUSAL)
    assert line.session.deadline_ns == line.now_ns + 2 * SECOND
    line.now_ns += 2 * SECOND - 1
    assert line.session.step(line.now_ns).events == ()

    line.now_ns += 1
    (stalled,) = line.session.step(line.now_ns).events
    assert isinstance(stalled, TopicStalled)
    assert stalled.topic is Topic.TRADES


def test_a_request_that_came_too_soon_is_made_again() -> None:
    """A second later; no list follows such an error."""
    line = line_of(TRADES)
    line.session.step(line.now_ns)
    line.take(TOO_SOON)
    assert not line.session.has_work

    line.now_ns += SECOND
    line.settle()
    assert asked(line)[0] == ("subscribe", "heartbeat", (BTC,))
    assert line.session.is_healthy


def test_a_product_left_out_of_the_list_is_refused_and_left() -> None:
    """What was not granted is told, not awaited for ever."""
    line = line_of(TRADES, (ETH, Topic.TRADES))
    line.session.step(line.now_ns)
    line.peer.subscriptions["heartbeat"] = [BTC]
    said = line.take(line.peer.acknowledgement())

    assert told(said) == [TopicStalled("coinbase", ETH, Topic.TRADES, 0, line.now_ns)]
    line.settle()
    assert line.session.is_healthy
    assert asked(line) == [
        ("unsubscribe", "heartbeat", (ETH,)),
        ("subscribe", "matches", (BTC,)),
    ]


# ---------------------------------------------------------------- data


def test_a_snapshot_puts_the_book_in_step_and_a_change_updates_it() -> None:
    """Whole events; `buy` is the bids' side, zero in any spelling removes."""
    line = line_of(BOOK)
    (in_step,) = of(BookInStep, line.settle())
    assert isinstance(in_step, BookInStep)
    assert levels(in_step.book) == book_of(LEVELS)

    frame = (
        b'{"type":"l2update","product_id":"BTC-USD","changes":[["sell","101.00","0.00000000"],'
        b'["buy","99.5","3"]],"time":"2026-10-05T09:30:00.25Z"}'
    )
    assert line.take(frame) == [
        BookUpdated(
            "coinbase",
            BTC,
            in_step.book,
            (BookChange(Side.SELL, D(101), D(0)), BookChange(Side.BUY, D("99.5"), D(3))),
            1_791_192_600_250_000_000,
            line.now_ns,
        )
    ]
    assert levels(in_step.book) == book_of(
        {"buy": {"99.5": "3", "99": "1", "98": "2"}, "sell": {"102": "2"}}
    )


def test_the_last_match_is_past_and_a_match_tells_the_takers_side() -> None:
    """The maker bought, so the taker sold."""
    line = line_of(TRADES)
    said = line.settle()
    past, new = (*of(TradePrinted, said), *line.take(line.peer.trade(BTC)))

    assert isinstance(past, TradePrinted)
    assert (past.is_past, past.trade_id) == (True, "100")
    assert new == TradePrinted(
        *("coinbase", BTC, "101", D(100), D(1), Side.SELL),
        line.peer.now_ns,
        line.now_ns,
    )


def test_a_ticker_older_than_the_one_before_is_ignored() -> None:
    """By the product's own counter; an equal one may tell a new best bid."""
    line = line_of(TICKER, BATCH).live()

    assert of(TickerChanged, line.take(line.peer.ticker(BTC)))
    assert line.take(line.peer.ticker(BTC, sequence=line.peer.sequence - 1)) == []


def test_status_tells_of_the_instruments_that_were_asked_for() -> None:
    """Its frames list everything there is."""
    line = line_of(STATUS)
    line.settle()
    line.settle(seconds=60)
    assert line.session.is_healthy
    assert asked(line) == [("subscribe", "heartbeat", (BTC,)), ("subscribe", "status", ())]
    products = [{"id": name, "status": "online", "status_message": ""} for name in (ETH, BTC)]

    assert line.take(orjson.dumps({"type": "status", "products": products})) == [
        InstrumentStatusChanged("coinbase", BTC, "online", "", None, line.now_ns)
    ]


def test_frames_of_products_and_channels_that_nobody_wants_are_ignored() -> None:
    """Left meanwhile, or sent for no reason."""
    line = line_of(TRADES).live()

    assert line.take(line.peer.ticker(BTC), line.peer.trade(ETH), line.peer.snapshot(ETH)) == []
    assert line.take(line.peer.change(BTC, "buy", "99", "5")) == []


# ---------------------------------------------------------------- what can be known of a loss


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


# ---------------------------------------------------------------- silence


def test_heartbeats_that_stop_make_every_book_stale_and_end_the_connection() -> None:
    """Though other frames still come: their silence could not be judged."""
    line = line_of(BOOK, (ETH, Topic.BOOK)).live()
    since = line.now_ns
    line.take(*line.peer.heartbeats())
    while line.now_ns < since + ALIVE_WITHIN_NS - SECOND:
        line.now_ns += SECOND
        line.take(line.peer.heartbeat(ETH), line.peer.change(BTC, "buy", "99", "5"))
        assert line.work() == []

    line.now_ns = since + ALIVE_WITHIN_NS
    assert line.work() == [
        BookStale("coinbase", BTC, StaleReason.STALLED, line.now_ns),
        BookStale("coinbase", ETH, StaleReason.STALLED, line.now_ns),
    ]
    assert [close.reason for close in line.closes] == ["no heartbeat of BTC-USD in time"]
    assert line.session.closed("x", line.now_ns) == []


def test_the_heartbeats_deadline_does_not_move_with_other_frames() -> None:
    """The reader wakes the session up in time."""
    line = line_of(BOOK).live()
    line.take(*line.peer.heartbeats())
    due_ns = line.now_ns + ALIVE_WITHIN_NS
    line.now_ns += SECOND
    line.take(line.peer.change(BTC, "buy", "99", "5"))
    line.work()

    assert line.session.deadline_ns == due_ns


def test_a_late_heartbeat_proves_nothing() -> None:
    """A counter below the one before: repeated, or begun anew."""
    line = line_of(BOOK).live()
    old = line.peer.heartbeat(BTC)
    line.peer.sequence += 1
    line.take(line.peer.heartbeat(BTC))
    line.is_beating = False
    for _ in range(5):
        line.now_ns += SECOND
        line.take(old)
    line.work()

    assert [close.reason for close in line.closes] == ["no heartbeat of BTC-USD in time"]


def test_heartbeats_may_queue_up_behind_snapshots() -> None:
    """Megabytes of them come first when many books begin."""
    line = line_of(BOOK, (ETH, Topic.BOOK)).live()
    line.take(*line.peer.heartbeats())
    line.now_ns += ALIVE_WITHIN_NS - 1
    line.take(line.peer.snapshot(BTC))
    line.now_ns += ALIVE_WITHIN_NS - 1
    line.work()

    assert line.closes == []


def test_no_frame_at_all_ends_the_connection_before_anything_was_granted() -> None:
    """Nobody is there."""
    line = line_of(BOOK)
    line.session.step(line.now_ns)
    line.now_ns += ALIVE_WITHIN_NS
    line.work()

    assert [close.reason for close in line.closes] == ["no frame, not even a heartbeat, in time"]


def test_a_granted_book_without_a_snapshot_is_asked_for_again() -> None:
    """And told, in case it never comes."""
    line = line_of(BOOK)
    line.settle(seconds=0.05)
    line.now_ns += SECOND // 8
    for action in line.session.step(line.now_ns).actions:
        assert isinstance(action, Send)
        line.take(line.peer.receive(action.text)[0])
    line.settle(seconds=1)
    assert not line.session.is_healthy
    said = line.settle(seconds=SNAPSHOT_WITHIN_NS / SECOND + 2)

    assert [type(event) for event in told(said)] == [TopicStalled, BookInStep]


@pytest.mark.parametrize("is_moving", [True, False])
def test_a_silent_book_is_renewed_only_if_the_counter_says_that_it_has_changed(
    is_moving: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """An unchanged counter proves that there was nothing to say."""
    line = line_of(BOOK).live()
    end_ns = line.now_ns + QUIET_AT_MOST_NS[Topic.BOOK] + SECOND
    said: list[SessionEvent] = []
    while line.now_ns < end_ns:
        line.peer.sequence += is_moving
        said += line.settle(seconds=1)

    assert bool(of(BookStale, said)) is is_moving
    assert bool(of(TopicStalled, said)) is is_moving


def test_a_lost_connection_makes_the_books_in_step_stale() -> None:
    """Before anything is tried."""
    line = line_of(BOOK, TRADES).live()

    assert line.session.closed("gone", line.now_ns) == [
        BookStale("coinbase", BTC, StaleReason.DISCONNECTED, line.now_ns)
    ]
    assert line.session.deadline_ns is None


def test_what_cannot_be_read_is_a_protocol_error() -> None:
    """And nothing else."""
    line = line_of(BOOK).live()

    for frame in (b"", b"[]", b"{}", b'{"type":"l2update","product_id":"BTC-USD"}'):
        with pytest.raises(RemoteProtocolError):
            line.take(frame)


# ---------------------------------------------------------------- recorded traffic


class SilentPeer(FeedPeer):
    """Grants everything and sends nothing: what follows is recorded."""

    def _opening(self, name: str, product: str) -> list[bytes]:
        del name, product
        return []


def test_recorded_traffic_is_in_step_without_a_false_alarm() -> None:
    """Trade ids and stamps of the real feed are in order, and its books come out right."""
    messages = [message for _, message in recorded("exchange_feed.jsonl")]
    products = sorted({message["product_id"] for message in messages if "product_id" in message})
    topics = (Topic.BOOK, Topic.TRADES, Topic.TICKER)
    wanted = [(product, topic) for product in products for topic in topics]
    line = FeedLine(*wanted, peer=SilentPeer({}), books=BookChannel.SIGNED)
    line.settle(seconds=2)
    books: dict[str, Sides] = {}
    for message in messages:
        replay(books, message)

    said = [event for message in messages for event in line.take(orjson.dumps(message))]
    views = {event.instrument: event.book for event in said if isinstance(event, BookInStep)}
    assert len(views) == sum(message["type"] == "snapshot" for message in messages) > 0
    assert {name: levels(view) for name, view in views.items()} == {n: books[n] for n in views}
    assert all(view.in_step for view in views.values())
    matches = [m for m in messages if m["type"] in {"match", "last_match"}]
    assert len(of(TradePrinted, said)) == len(matches) > 0
    assert not of(SequenceGap, said)
    assert not of(BookStale, said)


def replay(books: dict[str, Sides], message: dict[str, Any]) -> None:
    """The same books as plain dictionaries."""
    match message["type"]:
        case "snapshot":
            books[message["product_id"]] = {
                side: {D(price): D(quantity) for price, quantity in message[name]}
                for name, side in (("bids", "buy"), ("asks", "sell"))
            }
        case "l2update" if message["product_id"] in books:
            for side, price, quantity in message["changes"]:
                rows = books[message["product_id"]][side]
                rows.pop(D(price), None)
                if D(quantity):
                    rows[D(price)] = D(quantity)
        case _:
            pass
