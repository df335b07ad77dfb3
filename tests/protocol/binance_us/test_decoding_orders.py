"""Frames of the account's orders to reports and fills: each word, and what is malformed."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.binance_us import payload
from tests.support.binance_us_frames import NOW, SAMPLES, X, read
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import Event, FillReported, OrderReported
from venuetree.protocol.models import (
    Fill,
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
GTC = TimeInForce.GOOD_TILL_CANCELLED


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
