"""A connection of the older feed subscribes and leaves, a message a channel."""

import orjson
import pytest

from tests.support.coinbase import NOW_NS
from tests.support.coinbase_feed import NOTHING, levels
from tests.support.coinbase_feed_lines import (
    BATCH,
    BOOK,
    BTC,
    ETH,
    STATUS,
    TICKER,
    TRADES,
    asked,
    line_of,
)
from tests.support.session_events import of
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.events import BookInStep
from venuetree.protocol.exchanges.coinbase.feed_channels import BookChannel
from venuetree.protocol.exchanges.coinbase.feed_session import FeedSession
from venuetree.protocol.exchanges.coinbase.profile import ACKNOWLEDGED_WITHIN_NS, ALIVE_WITHIN_NS
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Connect, Send, StreamMessage, Transport
from venuetree.protocol.timestamps import SECOND


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
