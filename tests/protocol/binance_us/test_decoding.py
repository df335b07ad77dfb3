"""Frames to events: every sample of the documents, exactly, and whatever else may come."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import json_values, mutated
from tests.support.binance_us import PAYLOADS, payload
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    AccountNotice,
    AggregateTradePrinted,
    BalancesChanged,
    BestPricesChanged,
    BookChange,
    BookChanged,
    BookTopChanged,
    CandleChanged,
    Event,
    FillReported,
    OrderReported,
    StreamEnding,
    StreamErrorReported,
    SubscriptionsConfirmed,
    TickerChanged,
    TradePrinted,
    UnknownMessage,
)
from venuetree.protocol.exchanges.binance_us.decode import decode
from venuetree.protocol.models import (
    Balance,
    Candle,
    Fill,
    Level,
    Liquidity,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)

D = Decimal
MS = 1_000_000
NOW = 1_788_540_700_000 * MS
X, BTC_USD = "binance_us", "BTC-USD"
GTC = TimeInForce.GOOD_TILL_CANCELLED


def read(message: Any) -> tuple[Event, ...]:
    """The events of a message."""
    return decode(orjson.dumps(message), NOW)


def report(**fields: Any) -> OrderReport:
    """A report of the stream, of a buy at a limit."""
    return OrderReport(
        **{
            "exchange": X,
            "instrument": BTC_USD,
            "source": ReportSource.STREAM,
            "received_time_ns": NOW,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "time_in_force": GTC,
            "filled_quantity": D(0),
            **fields,
        }
    )


FILLED = report(
    exchange_order_id="2281897003",
    status=OrderStatus.FILLED,
    client_order_id="eng-5c0d11aa-0007",
    side=Side.SELL,
    quantity=D("0.001"),
    price=D("116480.12"),
    filled_quantity=D("0.001"),
    average_price=D("116480.12"),
    created_time_ns=1788540701412 * MS,
    exchange_time_ns=1788540701412 * MS,
)
FILL = Fill(
    exchange=X,
    instrument=BTC_USD,
    fill_id="88685240",
    exchange_order_id="2281897003",
    side=Side.SELL,
    price=D("116480.12"),
    quantity=D("0.001"),
    fee=D("0.01164801"),
    fee_currency="USD",
    liquidity=Liquidity.TAKER,
    exchange_time_ns=1788540701412 * MS,
    client_order_id="eng-5c0d11aa-0007",
    trade_id="88685240",
)
ACCEPTED = report(
    exchange_order_id="2281896601",
    status=OrderStatus.OPEN,
    client_order_id="eng-7f3a91c2-0001",
    quantity=D("0.005"),
    price=D(117000),
    created_time_ns=1788540330101 * MS,
    exchange_time_ns=1788540330101 * MS,
)
CANCELLED = report(
    exchange_order_id="2281896640",
    status=OrderStatus.CANCELLED,
    client_order_id="eng-7f3a91c2-0002",
    quantity=D("0.01"),
    price=D(116000),
    filled_quantity=D("0.002"),
    average_price=D(116000),
    created_time_ns=1788540380001 * MS,
    exchange_time_ns=1788540391777 * MS,
)
PREVENTED = report(
    exchange_order_id="2281896810",
    status=OrderStatus.EXPIRED,
    client_order_id="eng-7f3a91c2-0020",
    side=Side.SELL,
    quantity=D("0.005"),
    price=D(117100),
    reason="EXPIRED_IN_MATCH",
    created_time_ns=1788540620000 * MS,
    exchange_time_ns=1788540634060 * MS,
)


def ordered(told: OrderReport, event_ms: int) -> OrderReported:
    """The event of a report."""
    return OrderReported(X, told, event_ms * MS, NOW)


SAMPLES: dict[str, tuple[Event, ...]] = {
    "stream_trade": (
        TradePrinted(
            X,
            BTC_USD,
            "88685101",
            D("116999.50000000"),
            D("0.00300000"),
            Side.BUY,
            1788540330101 * MS,
            NOW,
        ),
    ),
    "stream_aggregate_trade": (
        AggregateTradePrinted(
            X,
            BTC_USD,
            "51120044",
            "88685101",
            "88685101",
            D("116999.50000000"),
            D("0.00300000"),
            Side.BUY,
            1788540330101 * MS,
            NOW,
        ),
    ),
    "stream_candle": (
        CandleChanged(
            X,
            BTC_USD,
            Candle(1788540300000 * MS, D(117010), D(117010), D(116990), D(117000), D("0.04120000")),
            1788540332000 * MS,
            NOW,
        ),
    ),
    "stream_mini_ticker": (
        TickerChanged(
            X,
            BTC_USD,
            D(117000),
            None,
            None,
            None,
            None,
            D("21.60980000"),
            D("115801.10"),
            D(117990),
            1788540333000 * MS,
            NOW,
        ),
    ),
    "stream_ticker": (
        TickerChanged(
            X,
            BTC_USD,
            D(117000),
            D("116999.40"),
            D("0.011"),
            D("117000.10"),
            D("0.05"),
            D("21.60980000"),
            D("115801.10"),
            D(117990),
            1788540333000 * MS,
            NOW,
            "88685102",
            D("0.002"),
        ),
    ),
    "stream_best_prices": (
        BestPricesChanged(
            X,
            BTC_USD,
            D("116999.40"),
            D("0.011"),
            D("117000.10"),
            D("0.05"),
            None,
            NOW,
            8812044120,
        ),
    ),
    "stream_book_top": (
        BookTopChanged(
            X,
            "",
            (Level(D("116999.40"), D("0.011")),),
            (Level(D("117000.10"), D("0.05")),),
            None,
            NOW,
            8812044121,
        ),
    ),
    "stream_depth": (
        BookChanged(
            X,
            BTC_USD,
            (
                BookChange(Side.BUY, D("116999.40"), D("0.011")),
                BookChange(Side.SELL, D("116999.50"), D(0)),
            ),
            1788540330201 * MS,
            NOW,
            8812044118,
            8812044121,
        ),
    ),
    "user_order_filled": (
        ordered(FILLED, 1788540701412),
        FillReported(X, FILL, 1788540701412 * MS, NOW),
    ),
    "user_order_accepted": (ordered(ACCEPTED, 1788540330103),),
    "user_order_cancelled": (ordered(CANCELLED, 1788540391779),),
    "user_order_prevented": (ordered(PREVENTED, 1788540634062),),
    "user_balances": (
        BalancesChanged(
            X,
            (
                Balance(X, "BTC", D("0.50499900"), D(0)),
                Balance(X, "USD", D("8414.50150000"), D(0)),
            ),
            1788540330104 * MS,
            NOW,
        ),
    ),
    "user_listen_key_expired": (StreamEnding(X, "listenKeyExpired", 1788544000330 * MS, NOW),),
    "user_terminated": (StreamEnding(X, "eventStreamTerminated", 1788544000330 * MS, NOW),),
}
NOTICES = {
    "user_balance_update": ("balanceUpdate", 1788541000110),
    "user_list_status": ("listStatus", 1788540500530),
    "user_external_lock": ("externalLockUpdate", 1788541557324),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_decodes_exactly(name: str) -> None:
    """Bare, as text, wrapped by the WebSocket API, and in a list."""
    message, expected = payload(name), SAMPLES[name]

    assert read(message) == expected
    assert decode(orjson.dumps(message).decode(), NOW) == expected
    assert read({"subscriptionId": 0, "event": message}) == expected
    assert read({"event": message}) == expected
    assert read([message, message]) == (*expected, *expected)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"stream_book_top"}))
def test_a_combined_streams_wrapping_makes_no_difference(name: str) -> None:
    """Whatever the stream is called, a listen key for example."""
    assert read({"stream": "h3Tq8ZrL", "data": payload(name)}) == SAMPLES[name]


def test_the_digits_are_kept_as_they_came() -> None:
    """Equal decimals may differ in that."""
    (trade,) = read(payload("stream_trade"))
    (change,) = read(payload("stream_depth"))

    assert isinstance(trade, TradePrinted)
    assert (str(trade.price), str(trade.quantity)) == ("116999.50000000", "0.00300000")
    assert isinstance(change, BookChanged)
    assert str(change.changes[1].quantity) == "0E-8"


@pytest.mark.parametrize("name", NOTICES)
def test_what_comes_with_other_news_is_a_notice(name: str) -> None:
    """With the exchange's own words; a delta must not be applied beside its position event."""
    kind, time = NOTICES[name]
    (notice,) = read(payload(name))

    assert isinstance(notice, AccountNotice)
    assert (notice.kind, notice.exchange_time_ns) == (kind, time * MS)
    assert orjson.loads(notice.detail) == payload(name)


@pytest.mark.parametrize(
    ("stream", "instrument"),
    [
        ("btcusd@depth5", "BTC-USD"),
        ("btcusdt@depth20@100ms", "BTC-USDT"),
        ("ethbtc@depth10", "ETH-BTC"),
    ],
)
def test_the_top_of_a_book_is_named_by_its_stream(stream: str, instrument: str) -> None:
    """It says nothing of its symbol itself."""
    (top,) = read({"stream": stream, "data": payload("stream_book_top")})

    assert isinstance(top, BookTopChanged)
    assert top.instrument == instrument


def test_a_stream_of_many_symbols_is_one_frame() -> None:
    """Each element is an event of its own."""
    ticker = payload("stream_mini_ticker")
    frame = {"stream": "!miniTicker@arr", "data": [ticker, {**ticker, "s": "ETHUSDT"}]}
    events = read(frame)

    assert [event.instrument for event in events if isinstance(event, TickerChanged)] == [
        "BTC-USD",
        "ETH-USDT",
    ]


def test_an_empty_list_is_told_all_the_same() -> None:
    """A frame never gives nothing."""
    (told,) = read([])

    assert isinstance(told, UnknownMessage)
    assert told.kind == "empty"


def test_the_maker_tells_who_took() -> None:
    """`m`: the buyer was the maker, so the taker sold."""
    for name in ("stream_trade", "stream_aggregate_trade"):
        (sold,) = read({**payload(name), "m": True})
        assert isinstance(sold, TradePrinted | AggregateTradePrinted)
        assert sold.taker_side is Side.SELL


def test_an_old_trade_names_its_orders_and_a_new_one_does_not() -> None:
    """Nothing depends on that."""
    message = payload("stream_trade")
    without = {key: value for key, value in message.items() if key not in {"a", "b"}}

    assert read(without) == SAMPLES["stream_trade"]


@pytest.mark.parametrize("name", ["stream_best_prices", "stream_ticker"])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_an_empty_side_has_no_price(name: str, side: str) -> None:
    """It comes as zeros."""
    small, large = side[0], side[0].upper()
    (event,) = read({**payload(name), small: "0.00000000", large: "0.00000000"})
    other = "ask" if side == "bid" else "bid"

    assert getattr(event, side) is None
    assert getattr(event, f"{side}_quantity") is None
    assert getattr(event, other) is not None


@pytest.mark.parametrize("kind", ["1hTicker", "4hTicker", "1dTicker"])
def test_figures_of_another_window_are_none_of_a_day(kind: str) -> None:
    """Only the last price is."""
    (ticker,) = read({**payload("stream_mini_ticker"), "e": kind})

    assert isinstance(ticker, TickerChanged)
    assert ticker.last_price == 117000
    assert (ticker.volume_24h, ticker.low_24h, ticker.high_24h) == (None, None, None)


def test_a_ticker_without_trades_names_none() -> None:
    """Its last number is negative then."""
    (ticker,) = read({**payload("stream_ticker"), "L": -1})

    assert isinstance(ticker, TickerChanged)
    assert ticker.trade_id == ""


def test_changes_of_a_book_that_run_backwards_are_none() -> None:
    """From the last number to the first."""
    message = payload("stream_depth")
    with pytest.raises(RemoteProtocolError, match="backwards"):
        read({**message, "U": message["u"] + 1})


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("stream_trade", {"m": None}),
        ("stream_trade", {"m": "true"}),
        ("stream_trade", {"t": "88685101"}),
        ("stream_trade", {"T": 1.5}),
        ("stream_trade", {"s": None}),
        ("stream_trade", {"p": 116999.5}),
        ("stream_trade", {"q": "1e-3"}),
        ("stream_aggregate_trade", {"m": 1}),
        ("stream_aggregate_trade", {"f": "88685101"}),
        ("stream_aggregate_trade", {"a": None}),
        ("stream_depth", {"U": "8812044118"}),
        ("stream_depth", {"u": None}),
        ("stream_depth", {"E": 1.5}),
        ("stream_depth", {"b": None}),
        ("stream_depth", {"a": [["116999.50000000"]]}),
        ("stream_depth", {"a": [["116999.50000000", 0]]}),
        ("stream_depth", {"a": [["1\n2", "0"]]}),
        ("stream_best_prices", {"u": "1"}),
        ("stream_best_prices", {"B": None}),
        ("stream_book_top", {"lastUpdateId": "1"}),
        ("stream_book_top", {"bids": [["1", "NaN"]]}),
        ("stream_candle", {"k": None}),
        ("stream_candle", {"E": None}),
        ("stream_ticker", {"c": None}),
        ("stream_ticker", {"v": ""}),
        ("user_balances", {"B": None}),
        ("user_balances", {"B": [{"a": "BTC", "f": 1, "l": "0"}]}),
        ("user_balance_update", {"E": None}),
        ("user_terminated", {"E": "1"}),
    ],
)
def test_market_data_of_another_shape_is_an_error(name: str, fields: dict[str, Any]) -> None:
    """Nothing is guessed, and no part of it is told."""
    with pytest.raises(RemoteProtocolError):
        read({**payload(name), **fields})


# ---------------------------------------------------------------- orders


def executed(**fields: Any) -> tuple[Event, ...]:
    """What the fill's event says with other fields."""
    return read({**payload("user_order_filled"), **fields})


def reported(**fields: Any) -> OrderReport:
    """The report of it."""
    told = executed(**fields)[0]
    assert isinstance(told, OrderReported)
    return told.report


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NEW", OrderStatus.OPEN),
        ("PARTIALLY_FILLED", OrderStatus.PARTIALLY_FILLED),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELED", OrderStatus.CANCELLED),
        ("PENDING_CANCEL", OrderStatus.OPEN),
        ("REJECTED", OrderStatus.REJECTED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
    ],
)
def test_every_status_has_its_meaning(word: str, status: OrderStatus) -> None:
    """And a cancel that waits is told beside it."""
    told = reported(X=word)

    assert told.status is status
    assert told.is_cancelling is (word == "PENDING_CANCEL")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("LIMIT", OrderType.LIMIT),
        ("LIMIT_MAKER", OrderType.LIMIT),
        ("MARKET", OrderType.MARKET),
        ("STOP_LOSS_LIMIT", OrderType.STOP_LIMIT),
        ("TAKE_PROFIT_LIMIT", OrderType.STOP_LIMIT),
        ("STOP_LOSS", OrderType.OTHER),
        ("TAKE_PROFIT", OrderType.OTHER),
        ("SOMETHING_NEW", OrderType.OTHER),
    ],
)
def test_every_type_has_its_meaning(word: str, kind: OrderType) -> None:
    """One that is not known is another's business, no error."""
    assert reported(o=word).type is kind


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("GTC", GTC),
        ("IOC", TimeInForce.IMMEDIATE_OR_CANCEL),
        ("FOK", TimeInForce.FILL_OR_KILL),
    ],
)
def test_every_time_in_force_has_its_meaning(word: str, kind: TimeInForce) -> None:
    """All three of them."""
    assert reported(f=word).time_in_force is kind


@pytest.mark.parametrize(
    "fields",
    [
        {"X": "MAYBE"},
        {"x": "MAYBE"},
        {"S": "SHORT"},
        {"f": "GTX"},
        {"X": "filled"},
        {"o": None},
        {"i": "2281897003"},
        {"i": True},
        {"T": 1.5},
        {"z": 0.001},
        {"L": "1e5"},
        {"l": "NaN"},
        {"m": "false"},
        {"t": -1},
        {"t": None},
        {"C": None},
        {"s": None},
    ],
)
def test_what_money_hangs_on_must_be_understood(fields: dict[str, Any]) -> None:
    """An unknown word or a number of another kind ends the reading."""
    with pytest.raises(RemoteProtocolError) as caught:
        executed(**fields)

    assert caught.value.exchange == X
    assert caught.value.payload.startswith(b'{"e":"executionReport"')


@pytest.mark.parametrize("key", sorted("EscSofqpPCxXrilzLnTtmZQ"))
def test_what_every_report_has_is_missed(key: str) -> None:
    """But its reason, which nothing hangs on."""
    message = payload("user_order_filled")
    del message[key]
    if key == "r":
        assert read(message) == SAMPLES["user_order_filled"]
    else:
        with pytest.raises(RemoteProtocolError):
            read(message)


@pytest.mark.parametrize("key", sorted("FgIwMOYWVN"))
def test_what_a_report_may_lack_is_not_missed(key: str) -> None:
    """The fill and its order are told all the same."""
    message = payload("user_order_filled")
    del message[key]
    order, fill = read(message)

    assert isinstance(order, OrderReported)
    assert order.report.status is OrderStatus.FILLED
    assert isinstance(fill, FillReported)
    assert fill.fill.fee_currency == ("" if key == "N" else "USD")


def test_keys_that_differ_by_case_are_not_confused() -> None:
    """Each pair with values that tell them apart."""
    told = executed(
        l="0.1",
        L="2.0",
        q="0.5",
        Q="7.0",
        p="3.0",
        P="4.0",
        z="0.25",
        Z="1.0",
        n="0.6",
        N="BNB",
        t=11,
        T=12,
        c="mine",
        C="",
        s="ETHUSD",
        S="BUY",
        x="TRADE",
        X="PARTIALLY_FILLED",
        o="STOP_LOSS_LIMIT",
        O=13,
        m=True,
        M=False,
        i=14,
        I=15,
        f="IOC",
        F="8.0",
        w=True,
        W=16,
        e="executionReport",
        E=17,
    )

    assert told == (
        OrderReported(
            X,
            OrderReport(
                exchange=X,
                instrument="ETH-USD",
                exchange_order_id="14",
                status=OrderStatus.PARTIALLY_FILLED,
                source=ReportSource.STREAM,
                received_time_ns=NOW,
                client_order_id="mine",
                side=Side.BUY,
                type=OrderType.STOP_LIMIT,
                time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
                quantity=D("0.5"),
                quote_quantity=D(7),
                price=D(3),
                stop_price=D(4),
                filled_quantity=D("0.25"),
                average_price=D(4),
                created_time_ns=13 * MS,
                exchange_time_ns=12 * MS,
            ),
            17 * MS,
            NOW,
        ),
        FillReported(
            X,
            Fill(
                exchange=X,
                instrument="ETH-USD",
                fill_id="11",
                exchange_order_id="14",
                side=Side.BUY,
                price=D(2),
                quantity=D("0.1"),
                fee=D("0.6"),
                fee_currency="BNB",
                liquidity=Liquidity.MAKER,
                exchange_time_ns=12 * MS,
                client_order_id="mine",
                trade_id="11",
            ),
            17 * MS,
            NOW,
        ),
    )


@pytest.mark.parametrize(
    ("execution", "has_fill"),
    [
        ("NEW", False),
        ("CANCELED", False),
        ("REPLACED", False),
        ("REJECTED", False),
        ("TRADE", True),
        ("EXPIRED", False),
        ("TRADE_PREVENTION", False),
    ],
)
def test_only_a_trade_is_a_fill(execution: str, has_fill: bool) -> None:  # noqa: FBT001 - a column
    """Numbers of an execution may stand in the others too."""
    kinds = [type(event) for event in executed(x=execution)]

    assert kinds == ([OrderReported, FillReported] if has_fill else [OrderReported])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"r": "NONE"}, ""),
        ({"r": "INSUFFICIENT_BALANCES"}, "INSUFFICIENT_BALANCES"),
        ({"eR": "UNFILLED_IOC_QUANTITY_EXPIRED"}, "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ({"r": "A", "eR": "B"}, "A B"),
        ({"X": "EXPIRED_IN_MATCH", "r": "A"}, "EXPIRED_IN_MATCH A"),
    ],
)
def test_why_an_order_ended_is_told_in_the_exchanges_words(
    fields: dict[str, str], reason: str
) -> None:
    """None of which is `NONE`."""
    assert reported(**fields).reason == reason


@pytest.mark.parametrize(
    ("fields", "average"),
    [
        ({"Z": "120000.00000000", "z": "1.00000000"}, "120000"),
        ({"Z": "1.00000000", "z": "3.00000000"}, "0.333333333333"),
        ({"Z": "584.99850000", "z": "0.00500000"}, "116999.7"),
        ({"Z": "-1.00000000"}, None),
        ({"Z": "0.00000000"}, None),
        ({"z": "0.00000000"}, None),
    ],
)
def test_the_average_is_plain_and_none_where_it_is_not_known(
    fields: dict[str, str], average: str | None
) -> None:
    """Neither an exponent nor a division by nothing."""
    told = reported(**fields).average_price

    assert (None if told is None else str(told)) == average


def test_unknown_members_are_nothing() -> None:
    """The exchange adds some now and then."""
    assert executed(j=1, J=2, Cs="x", gP="y", uS=True, d=4, D=5) == SAMPLES["user_order_filled"]


# ---------------------------------------------------------------- control


@pytest.mark.parametrize(
    ("message", "channels"),
    [
        ({"result": None, "id": 1}, ()),
        ({"result": None, "id": None}, ()),
        ({"result": True, "id": 2}, ()),
        ({"id": "u1", "status": 200, "result": {"subscriptionId": 0}}, ()),
        ({"id": "u1", "status": 200, "response": {}}, ()),
        (
            {"result": ["btcusd@depth@100ms", "btcusd@trade", "ethusd@trade"], "id": 3},
            (("depth@100ms", ("btcusd",)), ("trade", ("btcusd", "ethusd"))),
        ),
        ({"result": [1], "id": 3}, ()),
    ],
)
def test_an_answer_confirms(
    message: Any, channels: tuple[tuple[str, tuple[str, ...]], ...]
) -> None:
    """With names only where it names any."""
    assert read(message) == (SubscriptionsConfirmed(X, channels, None, NOW),)


NESTED = {"code": 2, "msg": "Invalid request: streams must have non-zero length"}


@pytest.mark.parametrize(
    "message", [NESTED, {"error": NESTED, "id": 1}, {"id": "c7", "status": 400, "error": NESTED}]
)
def test_a_refusal_is_flat_or_nested(message: Any) -> None:
    """And the same either way."""
    assert read(message) == (StreamErrorReported(X, NESTED["msg"], "2", None, NOW),)  # type: ignore[arg-type]


def test_a_code_of_zero_is_a_refusal_too() -> None:
    """An unknown property."""
    assert read({"code": 0, "msg": "Unknown property"}) == (
        StreamErrorReported(X, "Unknown property", "0", None, NOW),
    )


@pytest.mark.parametrize(
    "message",
    [
        {"e": "serverShutdown", "E": 1770123456789},
        {"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1770123456789}},
    ],
)
def test_a_shutdown_is_told(message: Any) -> None:
    """Another connection must be opened."""
    assert read(message) == (StreamEnding(X, "serverShutdown", 1770123456789 * MS, NOW),)


@pytest.mark.parametrize(
    ("message", "kind", "time"),
    [
        ({"e": "avgPrice", "E": 1788540333000, "w": "1"}, "avgPrice", 1788540333000 * MS),
        ({"e": "newKind"}, "newKind", None),
        ({}, "", None),
        ({"hello": 1}, "", None),
    ],
)
def test_what_is_not_known_is_told_whole(message: Any, kind: str, time: int | None) -> None:
    """Never fatal."""
    (told,) = read(message)

    assert told == UnknownMessage(X, kind, orjson.dumps(message).decode(), time, NOW)


# ---------------------------------------------------------------- whatever comes


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"text"',
        b"[1]",
        b"[[]]",
        b"\xff",
        b'{"e":["trade"]}',
        b'{"e":{}}',
        b'{"e":1}',
        b'{"stream":1,"data":{}}',
        b'{"stream":"x","data":null}',
        b'{"error":null,"id":1}',
        b'{"error":{"msg":"x"},"id":1}',
        b'{"code":"2","msg":"x"}',
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_what_is_no_message_is_an_error_of_theirs(raw: bytes) -> None:
    """With the payload, cut."""
    with pytest.raises(RemoteProtocolError) as caught:
        decode(raw, NOW)

    assert caught.value.payload == raw[: RemoteProtocolError.PAYLOAD_LIMIT]


FRAMES = [
    payload(path.stem)
    for path in sorted(PAYLOADS.glob("*.json"))
    if not path.stem.startswith("rest_")
]
KINDS = sorted({frame["e"] for frame in FRAMES if "e" in frame})


def survives(raw: bytes | str) -> None:
    """Events, at least one, or the one error."""
    try:
        events = decode(raw, NOW)
    except RemoteProtocolError:
        return
    assert events


def dumped(value: Any) -> bytes | None:
    """JSON bytes; None for what JSON has not."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        return None


@given(st.binary(max_size=200) | st.text(max_size=100))
def test_any_bytes_are_survived(raw: bytes | str) -> None:
    """No JSON, no UTF-8, lone surrogates, or nothing."""
    survives(raw)


@given(json_values, st.sampled_from(KINDS))
def test_any_json_is_survived(value: Any, kind: str) -> None:
    """Alone, and where something else should be."""
    for message in (
        value,
        {"stream": "btcusd@depth5", "data": value},
        {"stream": value, "data": []},
        {"event": value},
        {"e": value},
        {"e": kind, "E": value, "s": "BTCUSD"},
        {"lastUpdateId": 1, "bids": value, "asks": value},
        {"error": value, "id": value},
        {"result": value, "id": value},
    ):
        raw = dumped(message)
        if raw is not None:
            survives(raw)


@settings(max_examples=200)
@given(st.sampled_from(FRAMES).flatmap(mutated), st.sampled_from(("", "stream", "event")))
def test_real_frames_with_something_wrong_are_survived(message: Any, wrapping: str) -> None:
    """A missing member, another name, another type, anywhere."""
    wrapped = {"": message, "stream": {"stream": "x", "data": message}, "event": {"event": message}}
    raw = dumped(wrapped[wrapping])
    if raw is not None:
        survives(raw)


@given(st.sampled_from(FRAMES), st.integers(0, 600))
def test_cut_frames_are_survived(message: Any, length: int) -> None:
    """A frame that ends too early is no message."""
    survives(orjson.dumps(message)[:length])
