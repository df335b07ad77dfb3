"""A market connection subscribes and leaves: messages, their pace, their acknowledgements."""

from tests.support.coinbase_market import BOOK, Line
from tests.support.session_events import of
from venuetree.protocol.events import BookInStep, BookStale, SubscriptionsConfirmed
from venuetree.protocol.exchanges.coinbase.profile import ACKNOWLEDGED_WITHIN_NS
from venuetree.protocol.exchanges.coinbase.session import MarketSession
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Connect, Send, Transport
from venuetree.protocol.timestamps import SECOND


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


def test_a_missing_acknowledgement_gives_the_connection_up() -> None:
    """Nothing else could be asked on it."""
    line = Line(BOOK)
    line.session.step(line.now_ns)
    for _ in range(ACKNOWLEDGED_WITHIN_NS // SECOND):
        line.now_ns += SECOND
        line.take(line.peer.heartbeat())
    line.work()

    assert len(line.closes) == 1


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


# ---------------------------------------------------------------- USD and USDC


def test_acknowledgements_are_told() -> None:
    """The whole set, as the exchange lists it."""
    said = Line(BOOK).settle()

    confirmed = of(SubscriptionsConfirmed, said)
    assert [e.channels for e in confirmed if isinstance(e, SubscriptionsConfirmed)] == [
        (("heartbeats", ("heartbeats",)),),
        (("heartbeats", ("heartbeats",)), ("level2", ("BTC-USD",))),
    ]
