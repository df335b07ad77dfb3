"""Transactions that make, change or end orders: what they tell of them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_reading import NOW_NS, payload
from tests.support.oanda_transactions import (
    EUR_USD,
    HALTED,
    PENDING,
    X,
    but,
    read,
    recorded,
    report,
)
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import TransactionRecorded
from venuetree.protocol.models import (
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)

D = Decimal
REPLACED = payload("rest_order_replaced")


def test_a_new_order_is_open() -> None:
    """Its id is the transaction's, its side the sign of its units."""
    assert report(PENDING) == OrderReport(
        exchange=X,
        instrument=EUR_USD,
        exchange_order_id="6407",
        status=OrderStatus.OPEN,
        source=ReportSource.STREAM,
        received_time_ns=NOW_NS,
        client_order_id="eng-0008",
        side=Side.SELL,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
        quantity=D(10000),
        price=D("1.09100"),
        created_time_ns=1_718_115_609_551_120_003,
        exchange_time_ns=1_718_115_609_551_120_003,
    )
    assert recorded(PENDING).order_id == "6407"


@pytest.mark.parametrize(
    ("kind", "expected", "is_stop"),
    [
        ("LIMIT_ORDER", OrderType.LIMIT, False),
        ("STOP_ORDER", OrderType.STOP, True),
        ("MARKET_IF_TOUCHED_ORDER", OrderType.MARKET_IF_TOUCHED, True),
        ("TAKE_PROFIT_ORDER", OrderType.TAKE_PROFIT, False),
        ("STOP_LOSS_ORDER", OrderType.STOP_LOSS, True),
        ("GUARANTEED_STOP_LOSS_ORDER", OrderType.GUARANTEED_STOP, True),
        ("FIXED_PRICE_ORDER", OrderType.OTHER, False),
    ],
)
def test_what_an_order_waits_for_is_its_stop_price(
    *, kind: str, expected: OrderType, is_stop: bool
) -> None:
    """The exchange has one member for either."""
    told = report(but(PENDING, type=kind))
    price = D("1.09100")

    assert told.type is expected
    assert (told.price, told.stop_price) == ((None, price) if is_stop else (price, None))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("GTC", TimeInForce.GOOD_TILL_CANCELLED),
        ("GTD", TimeInForce.GOOD_TILL_DATE),
        ("GFD", TimeInForce.GOOD_FOR_DAY),
        ("FOK", TimeInForce.FILL_OR_KILL),
        ("IOC", TimeInForce.IMMEDIATE_OR_CANCEL),
    ],
)
def test_the_times_in_force(word: str, expected: TimeInForce) -> None:
    """All five."""
    assert report(but(PENDING, timeInForce=word)).time_in_force is expected


@pytest.mark.parametrize(
    "fields",
    [
        {"timeInForce": "GTX"},
        {"timeInForce": 5},
        {"units": "0"},
        {"units": "ten"},
        {"price": 1.091},
        {"clientExtensions": "x"},
        {"id": "x"},
    ],
)
def test_a_malformed_order_is_an_error(fields: dict[str, Any]) -> None:
    """An unknown time in force above all."""
    with pytest.raises(RemoteProtocolError):
        read(but(PENDING, **fields))


def test_an_exit_has_its_trade_and_nothing_of_its_own() -> None:
    """Neither instrument nor side nor quantity: those are the trade's."""
    body = payload("rest_exits_changed")
    profit = report(body["takeProfitOrderTransaction"])
    stop = report(body["stopLossOrderTransaction"])
    trailing = report(payload("transaction_trailing_stop"))

    for told in (profit, stop, trailing):
        assert told.trade_id == "6402"
        assert (told.instrument, told.side, told.quantity) == ("", None, None)
    assert (profit.type, profit.price) == (OrderType.TAKE_PROFIT, D("1.09500"))
    assert (stop.type, stop.stop_price) == (OrderType.STOP_LOSS, D("1.08425"))
    assert (trailing.type, trailing.price, trailing.stop_price) == (
        OrderType.TRAILING_STOP,
        None,
        None,
    )
    assert trailing.client_order_id == "eng-s-1"


def test_a_refused_order_is_rejected_and_has_no_number() -> None:
    """The refusal's own number is no order's."""
    told = report(payload("rest_order_rejected")["orderRejectTransaction"])

    assert told.status is OrderStatus.REJECTED
    assert told.exchange_order_id == ""
    assert told.reason == "PRICE_PRECISION_EXCEEDED"
    assert (told.side, told.quantity, told.price) == (Side.BUY, D(10000), D("1.0800001"))


def test_a_refusal_repeats_whatever_was_wrong() -> None:
    """Which is not held against the message."""
    refused = payload("rest_order_rejected")["orderRejectTransaction"]
    told = report(but(refused, units="0", timeInForce="NEVER", clientExtensions={"id": "c1"}))

    assert told.client_order_id == "c1"
    assert (told.side, told.quantity, told.time_in_force) == (None, None, None)


def test_a_refused_closing_names_its_instrument_where_it_can() -> None:
    """In what was asked for, if nowhere else."""
    refused = payload("rest_position_refused")["longOrderRejectTransaction"]

    assert report(refused).instrument == EUR_USD
    assert report(but(refused, instrument=None)).instrument == EUR_USD
    lost = but(refused, instrument=None, longPositionCloseout=None, tradeClose={"tradeID": "@x"})
    assert report(lost).instrument == ""
    assert recorded(lost).trade_id == "@x"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("CLIENT_REQUEST", OrderStatus.CANCELLED),
        ("CLIENT_REQUEST_REPLACED", OrderStatus.CANCELLED),
        ("DIVIDEND_ADJUSTMENT_REPLACED", OrderStatus.CANCELLED),
        ("LINKED_TRADE_CLOSED", OrderStatus.CANCELLED),
        ("MIGRATION", OrderStatus.CANCELLED),
        ("TIME_IN_FORCE_EXPIRED", OrderStatus.EXPIRED),
        ("MARKET_HALTED", OrderStatus.REJECTED),
        ("INSUFFICIENT_MARGIN", OrderStatus.REJECTED),
        ("SOMETHING_NEW", OrderStatus.REJECTED),
    ],
)
def test_why_an_order_ended_says_how(reason: str, status: OrderStatus) -> None:
    """Of one that was created in the same batch; the reason is kept."""
    told = report(but(HALTED["orderCancelTransaction"], reason=reason))

    assert (told.status, told.reason) == (status, reason)
    assert told.exchange_order_id == "6412"


@pytest.mark.parametrize(
    ("order", "batch", "status"),
    [
        ("6412", "6412", OrderStatus.REJECTED),
        # The new order of a replacement, and the second of a closing of both sides.
        ("6413", "6412", OrderStatus.REJECTED),
        # By number: 999 was long before 1000.
        ("999", "1000", OrderStatus.CANCELLED),
        ("6407", "6412", OrderStatus.CANCELLED),
        ("6407", None, OrderStatus.CANCELLED),
    ],
)
def test_only_an_order_of_the_same_batch_was_never_there(
    order: str, batch: str | None, status: OrderStatus
) -> None:
    """One that waited and could not be executed at last has been open: it was cancelled."""
    cancel = but(HALTED["orderCancelTransaction"], orderID=order, batchID=batch)

    assert report(cancel).status is status


def test_a_replacement_ends_one_order_and_begins_another() -> None:
    """With an id of its own, and the same words of the client's."""
    old, new = (
        report(REPLACED["orderCancelTransaction"]),
        report(REPLACED["orderCreateTransaction"]),
    )

    assert (old.exchange_order_id, old.status) == ("6407", OrderStatus.CANCELLED)
    assert (new.exchange_order_id, new.status) == ("6409", OrderStatus.OPEN)
    assert old.client_order_id == new.client_order_id == "eng-0008"


@pytest.mark.parametrize(
    "name", ["rest_cancel_refused", "rest_extensions_written", "rest_configured"]
)
def test_what_changes_no_order_is_recorded_and_nothing_more(name: str) -> None:
    """Though it speaks of one."""
    (transaction,) = [value for value in payload(name).values() if isinstance(value, dict)]

    (only,) = read(transaction)
    assert isinstance(only, TransactionRecorded)
    assert only.kind == transaction["type"]
