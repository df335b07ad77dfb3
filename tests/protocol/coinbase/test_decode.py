"""Whole envelopes, composed from the exchange's documents, to whole events."""

from decimal import Decimal

import attrs
import orjson
import pytest

from tests.support.coinbase import NOW_NS, frame, payload
from venuetree.protocol.book import Book
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    AccountSnapshot,
    BookChange,
    BookChanged,
    BookSnapshot,
    CandleChanged,
    Event,
    Heartbeat,
    InstrumentStatusChanged,
    OrderReported,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.exchanges.coinbase.decode import decode
from venuetree.protocol.models import (
    Candle,
    Level,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.timestamps import from_rfc3339

D = Decimal
HALF_PAST = from_rfc3339("2026-10-05T09:30:00Z")


def at(fraction: str) -> int:
    """Nanoseconds of a moment after half past nine."""
    return from_rfc3339(f"2026-10-05T09:30:{fraction}Z")


TICKER = TickerChanged(
    exchange="coinbase",
    instrument="BTC-USD",
    last_price=D("64283.4"),
    bid=D("64283.1"),
    bid_quantity=D("0.171"),
    ask=D("64283.4"),
    ask_quantity=D("0.05"),
    volume_24h=D("9876.12345678"),
    low_24h=D("63800"),
    high_24h=D("65010.5"),
    exchange_time_ns=at("03.1"),
    received_time_ns=NOW_NS,
)
REPORT = OrderReport(
    exchange="coinbase",
    instrument="BTC-USD",
    exchange_order_id="7c1c7a62-3f0f-4d5e-8f35-4b0d6b0c9c11",
    status=OrderStatus.PARTIALLY_FILLED,
    source=ReportSource.STREAM,
    received_time_ns=NOW_NS,
    client_order_id="a1f0c7de-5b0e-4c52-9c39-0f4f5b8a7a10",
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    quantity=D("0.015"),
    price=D("64250.1"),
    filled_quantity=D("0.005"),
    average_price=D("64250.1"),
    fees=D("1.6062525"),
    created_time_ns=from_rfc3339("2026-10-05T09:15:22.418734Z"),
    exchange_time_ns=from_rfc3339("2026-10-05T09:15:25.200000001Z"),
)


def trade(trade_id: str, price: str, size: str, taker: Side, time: str) -> TradePrinted:
    """A print of BTC-USD."""
    return TradePrinted("coinbase", "BTC-USD", trade_id, D(price), D(size), taker, at(time), NOW_NS)


LAST_MATCH = trade("995098700", "64283.1", "0.0015", Side.SELL, "02.374118")
MATCH = trade("995098701", "64283.4", "0.05", Side.BUY, "02.375232")

EXPECTED: dict[str, tuple[Event, ...]] = {
    "market_trades": (MATCH, LAST_MATCH),
    "level2_snapshot": (
        BookSnapshot(
            "coinbase",
            "BTC-USD",
            (Level(D("64283.1"), D("0.171")),),
            (Level(D("64283.4"), D("0.05")),),
            at("00.123456789"),
            NOW_NS,
        ),
    ),
    "level2_update": (
        BookChanged(
            "coinbase",
            "BTC-USD",
            (BookChange(Side.SELL, D("64283.4"), D(0)),),
            at("00.2"),
            NOW_NS,
        ),
    ),
    "ticker": (TICKER,),
    "ticker_batch": (
        attrs.evolve(TICKER, bid=None, bid_quantity=None, ask=None, ask_quantity=None),
    ),
    "candles": (
        CandleChanged(
            "coinbase",
            "BTC-USD",
            Candle(
                1_759_656_600 * 10**9,
                D("64290.1"),
                D("64310"),
                D("64250.01"),
                D("64283.4"),
                D("12.5043"),
            ),
            at("02"),
            NOW_NS,
        ),
    ),
    "status": (InstrumentStatusChanged("coinbase", "BTC-USD", "online", "", HALF_PAST, NOW_NS),),
    "heartbeats": (Heartbeat("coinbase", 51234, at("01.041398712"), NOW_NS),),
    "subscriptions": (
        SubscriptionsConfirmed(
            "coinbase",
            (("level2", ("BTC-USD", "ETH-USD")), ("heartbeats", ("heartbeats",))),
            at("00.3"),
            NOW_NS,
        ),
    ),
    "error": (StreamErrorReported("coinbase", "authentication failure", "", None, NOW_NS),),
    "user": (OrderReported("coinbase", REPORT, REPORT.exchange_time_ns, NOW_NS),),
    "feed_match": (MATCH,),
    "feed_last_match": (attrs.evolve(LAST_MATCH, is_past=True),),
    "feed_ticker": (
        attrs.evolve(
            TICKER, exchange_time_ns=at("02.375232"), trade_id="995098701", last_quantity=D("0.05")
        ),
    ),
    "feed_heartbeat": (
        Heartbeat("coinbase", None, at("01.464459"), NOW_NS, "BTC-USD", "995098701"),
    ),
    "feed_snapshot": (
        BookSnapshot(
            "coinbase",
            "BTC-USD",
            (Level(D("64283.10"), D("0.17100000")),),
            (Level(D("64283.40"), D("0.05000000")),),
            at("00.1"),
            NOW_NS,
        ),
    ),
    "feed_l2update": (
        BookChanged(
            "coinbase",
            "BTC-USD",
            (
                BookChange(Side.BUY, D("64283.10"), D("0.20000000")),
                BookChange(Side.SELL, D("64283.40"), D("0.00000000")),
            ),
            at("00.25"),
            NOW_NS,
        ),
    ),
    "feed_subscriptions": (
        SubscriptionsConfirmed(
            "coinbase", (("matches", ("BTC-USD",)), ("level2_50", ("BTC-USD",))), None, NOW_NS
        ),
    ),
    "feed_error": (
        StreamErrorReported(
            "coinbase",
            "Failed to subscribe",
            "level2, level3, and full channels now require authentication. "
            "https://docs.cloud.coinbase.com/exchange/docs/websocket-auth",
            None,
            NOW_NS,
        ),
    ),
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_message_gives_its_events(name: str) -> None:
    """Every field of every event, both feeds."""
    assert decode(frame(name), NOW_NS) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_text_and_bytes_are_the_same_message(name: str) -> None:
    """A WebSocket library may hand either."""
    assert decode(frame(name).decode(), NOW_NS) == EXPECTED[name]


@pytest.mark.parametrize(
    "name", ["feed_received", "feed_open", "feed_change", "feed_done", "futures_balance_summary"]
)
def test_what_is_not_interpreted_is_told_as_it_is(name: str) -> None:
    """Order-by-order events and futures balances are kept, never fatal."""
    (event,) = decode(frame(name), NOW_NS)

    assert isinstance(event, UnknownMessage)
    message = payload(name)
    assert event.kind == message.get("channel", message.get("type"))


def test_hot_events_equal_those_made_the_ordinary_way() -> None:
    """The fast construction leaves ordinary, frozen, hashable instances."""
    for name in ("market_trades", "ticker", "level2_update"):
        (event, *_) = decode(frame(name), NOW_NS)
        assert type(event) is type(EXPECTED[name][0])
        assert hash(event) == hash(EXPECTED[name][0])
        assert attrs.asdict(event, recurse=False) == attrs.asdict(EXPECTED[name][0], recurse=False)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            event.exchange = "other"  # type: ignore[misc]


def test_the_ask_side_is_spelled_offer_and_nothing_else() -> None:
    """A wrong word is an error, never a dropped level."""
    message = payload("level2_update")
    message["events"][0]["updates"][0]["side"] = "ask"

    with pytest.raises(RemoteProtocolError):
        decode(orjson.dumps(message), NOW_NS)


def test_snapshot_levels_are_sorted_and_empty_ones_left_out() -> None:
    """The wire promises no order."""
    message = payload("level2_snapshot")
    message["events"][0]["updates"] = [
        {"side": side, "event_time": "1970-01-01T00:00:00Z", "price_level": p, "new_quantity": q}
        for side, p, q in (
            *(("offer", "11", "1"), ("bid", "8", "1"), ("offer", "10", "2"), ("bid", "9", "2")),
            ("bid", "7", "0.00"),
        )
    ]
    (event,) = decode(orjson.dumps(message), NOW_NS)

    assert isinstance(event, BookSnapshot)
    assert event.bids == (Level(D(9), D(2)), Level(D(8), D(1)))
    assert event.asks == (Level(D(10), D(2)), Level(D(11), D(1)))


def test_a_snapshot_of_trades_is_marked_as_past() -> None:
    """Trades from before the subscription are not new."""
    message = payload("market_trades")
    message["events"][0]["type"] = "snapshot"

    events = decode(orjson.dumps(message), NOW_NS)

    assert [event.is_past for event in events if isinstance(event, TradePrinted)] == [True, True]


def test_a_frame_of_several_products_gives_events_of_each() -> None:
    """One frame may hold events of several products, in its order."""
    message = payload("level2_update")
    other = payload("level2_update")["events"][0]
    other["product_id"] = "ETH-USD"
    message["events"].append(other)

    events = decode(orjson.dumps(message), NOW_NS)

    assert [e.instrument for e in events if isinstance(e, BookChanged)] == ["BTC-USD", "ETH-USD"]


def test_an_unknown_channel_or_type_is_told_and_not_fatal() -> None:
    """New channels and message types may appear at any time."""
    for message in (
        {"channel": "news", "timestamp": "2026-10-05T09:30:00Z", "sequence_num": 1, "events": []},
        {"type": "rfq_match", "time": "2026-10-05T09:30:00Z"},
    ):
        (event,) = decode(orjson.dumps(message), NOW_NS)
        assert isinstance(event, UnknownMessage)
        assert event.exchange_time_ns == HALF_PAST


@pytest.mark.parametrize("channel", ["market_trades", "ticker", "l2_data", "heartbeats", "user"])
def test_a_frame_with_nothing_in_it_still_gives_an_event(channel: str) -> None:
    """Every decodable frame is seen."""
    message = {"channel": channel, "timestamp": "2026-10-05T09:30:00Z", "events": []}

    assert len(decode(orjson.dumps(message), NOW_NS)) == 1


@pytest.mark.parametrize("counter", [51234, "51234"])
def test_a_heartbeats_counter_is_an_integer_or_its_text(counter: object) -> None:
    """Older frames spell it as text."""
    message = payload("heartbeats")
    message["events"][0]["heartbeat_counter"] = counter

    assert decode(orjson.dumps(message), NOW_NS) == EXPECTED["heartbeats"]


# ---------------------------------------------------------------- orders


def told(**members: object) -> OrderReport:
    """The report of the user message, other in these members."""
    message = payload("user")
    message["events"][0]["orders"][0].update(members)
    event = decode(orjson.dumps(message), NOW_NS)[0]
    assert isinstance(event, OrderReported)
    return event.report


@pytest.mark.parametrize(
    ("word", "status", "is_cancelling"),
    [
        ("PENDING", OrderStatus.SENT, False),
        ("QUEUED", OrderStatus.SENT, False),
        ("OPEN", OrderStatus.OPEN, False),
        ("EDIT_QUEUED", OrderStatus.OPEN, False),
        ("CANCEL_QUEUED", OrderStatus.OPEN, True),
        ("FILLED", OrderStatus.FILLED, False),
        ("CANCELLED", OrderStatus.CANCELLED, False),
        ("EXPIRED", OrderStatus.EXPIRED, False),
        ("FAILED", OrderStatus.REJECTED, False),
    ],
)
def test_each_status_has_its_state(
    word: str,
    status: OrderStatus,
    is_cancelling: bool,  # noqa: FBT001
) -> None:
    """The exchange's nine words."""
    report = told(status=word, cumulative_quantity="0", filled_value="0", avg_price="0")

    assert (report.status, report.is_cancelling) == (status, is_cancelling)
    assert report.average_price is None


def test_an_open_order_with_fills_is_partially_filled() -> None:
    """The wire has no such status."""
    assert told(status="CANCEL_QUEUED").status is OrderStatus.PARTIALLY_FILLED
    assert told(status="CANCEL_QUEUED").is_cancelling
    assert told(status="CANCELLED").status is OrderStatus.CANCELLED


def test_a_final_order_tells_no_quantity() -> None:
    """Leaves fall to zero, so the original cannot be reckoned."""
    assert told(status="CANCELLED", leaves_quantity="0").quantity is None
    assert told(status="OPEN", order_type="MARKET").quantity is None


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("status", "PONDERING"),
        ("status", "UNKNOWN_ORDER_STATUS"),
        ("order_side", "HOLD"),
        ("time_in_force", "GOOD_FOR_A_WHILE"),
    ],
)
def test_a_word_we_do_not_know_makes_the_order_unknown(member: str, value: str) -> None:
    """The stream lives on; the order is UNKNOWN, and its reason names the word."""
    report = told(**{member: value})

    assert report.status is OrderStatus.UNKNOWN
    assert value in report.reason


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Limit", OrderType.LIMIT),
        ("Stop Limit", OrderType.STOP_LIMIT),
        ("StopLimit", OrderType.STOP_LIMIT),
        ("STOP_LIMIT", OrderType.STOP_LIMIT),
        ("Bracket", OrderType.BRACKET),
        ("TWAP", OrderType.OTHER),
        ("UNKNOWN_ORDER_TYPE", None),
        ("", None),
    ],
)
def test_order_types_are_read_in_any_case(word: str, expected: OrderType | None) -> None:
    """Title case and separators differ between frames."""
    assert told(order_type=word).type is expected


def test_what_the_user_channel_leaves_out_is_none() -> None:
    """Prices, stops and reasons may be missing or empty."""
    report = told(limit_price="", stop_price=None, creation_time="0001-01-01T00:00:00Z")

    assert (report.price, report.stop_price, report.created_time_ns) == (None, None, None)
    assert told(reject_reason="", cancel_reason="User requested").reason == "User requested"


def test_a_user_message_without_orders_is_not_lost() -> None:
    """An empty opening list, and news of positions alone."""
    message = payload("user")
    message["events"][0].update(type="snapshot", orders=[])
    assert decode(orjson.dumps(message), NOW_NS) == (
        AccountSnapshot("coinbase", (), REPORT.exchange_time_ns, NOW_NS),
    )

    message["events"][0].update(
        type="update",
        orders=None,
        positions={"perpetual_futures_positions": [{"product_id": "BTC-PERP-INTX"}]},
    )
    (event,) = decode(orjson.dumps(message), NOW_NS)
    assert isinstance(event, UnknownMessage)
    assert event.kind == "user positions"


# ---------------------------------------------------------------- what is no message


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"null", b"[]", b"5", b'"x"', b"{}", b"{", b"\xff\xfe", b"\x00", b"{" * 5000),
        *(b"[" * 100_000, b'{"channel":5}', b'{"channel":{}}', b'{"channel":["ticker"]}'),
        *(b'{"type":[]}', b'{"channel":"ticker"}', b'{"channel":"ticker","events":5}'),
        b'{"channel":"heartbeats","events":[{"heartbeat_counter":1e999}]}',
        b'{"channel":"heartbeats","events":[{"heartbeat_counter":"1.5"}]}',
        b'{"type":"snapshot","product_id":"X","bids":[["1"]],"asks":[]}',
        *(
            b'{"channel":"l2_data","events":[{"type":"update","product_id":"X","updates":['
            b'{"side":"bid","price_level":"1","new_quantity":"1"},'
            b'{"side":"bid","price_level":"2","new_quantity":%b}]}]}' % quantity
            for quantity in (
                b'"1e3"',
                b'"1_0"',
                b'" 1"',
                b'"NaN"',
                b'"1\\n2"',
                b'""',
                b"1",
                b"null",
            )
        ),
        *(
            b'{"channel":"market_trades","events":[{"type":"update","trades":[{"trade_id":"1",'
            b'"product_id":"X","price":"1","side":"BUY","time":"2026-03-04T05:06:07Z",'
            b'"size":%b}]}]}' % size
            for size in (b'"1e3"', b'"1_0"', b'" 1"', b'"NaN"', b'"1\\n2"', b'""', b"1", b"null")
        ),
        # Deep enough for the parser to read and for Python to fail at printing.
        b'{"type":' + b"[" * 1000 + b"]" * 1000 + b"}",
    ],
)
def test_what_is_no_message_is_a_remote_protocol_error(raw: bytes) -> None:
    """One error for all of it, and it keeps the payload."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode(raw, NOW_NS)

    assert caught.value.payload == raw[: RemoteProtocolError.PAYLOAD_LIMIT]
    assert caught.value.exchange == "coinbase"


def test_a_book_of_a_snapshot_is_the_snapshot() -> None:
    """What decode gives is what a book takes."""
    (event,) = decode(frame("level2_snapshot"), NOW_NS)
    assert isinstance(event, BookSnapshot)
    book = Book("BTC-USD")

    book.load(event.bids, event.asks)

    assert (tuple(book.bids()), tuple(book.asks())) == (event.bids, event.asks)
