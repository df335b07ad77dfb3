"""An order is placed: what each answer means, and what it tells of the log."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.oanda_acting import (
    NOW_NS,
    cancelled,
    created,
    filled,
    refusal,
    refused,
    reply,
    talk,
    told,
)
from tests.support.oanda_orders import ID, limit, market
from venuetree.protocol.commands import PlaceOrder
from venuetree.protocol.errors import (
    EngineError,
    InsufficientFunds,
    MarketHalted,
    OrderRejected,
    OutcomeUnknown,
    PriceOutOfBounds,
)
from venuetree.protocol.models import (
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.port import LogTold
from venuetree.protocol.verdict import Verdict, placing_verdict

D = Decimal
SELL = Side.SELL
GTC, IOC = TimeInForce.GOOD_TILL_CANCELLED, TimeInForce.IMMEDIATE_OR_CANCEL


# ---------------------------------------------------------------- what came of it


def test_an_order_that_waits_is_open() -> None:
    """Nothing but its creation is told."""
    order = limit(SELL)
    made = created(
        6407, ID, kind="LIMIT_ORDER", units="-10000", price="1.09100", time_ns=NOW_NS - 5
    )
    conversation = talk(reply(told(orderCreateTransaction=made), 201))

    assert conversation.ask(PlaceOrder(order)) == OrderReport(
        exchange="oanda",
        instrument="EUR-USD",
        exchange_order_id="6407",
        status=OrderStatus.OPEN,
        source=ReportSource.REPLY,
        received_time_ns=NOW_NS,
        client_order_id=ID,
        side=SELL,
        type=OrderType.LIMIT,
        time_in_force=GTC,
        quantity=D(10000),
        price=D("1.09100"),
        filled_quantity=D(0),
        created_time_ns=NOW_NS - 5,
        exchange_time_ns=NOW_NS - 5,
    )


def place(*transactions: Any, order: OrderRequest | None = None, **named: Any) -> OrderReport:
    """What an answer of creation, execution and cancel means."""
    names = ("orderCreateTransaction", "orderFillTransaction", "orderCancelTransaction")
    body = told(**dict(zip(names, transactions, strict=False)), **named)
    return talk(reply(body, 201)).ask(PlaceOrder(order or market()))


def test_an_executed_order_is_filled_at_its_price_with_its_fees() -> None:
    """What was bought is what the execution says, whatever trades it opened or closed."""
    fill = filled(
        6402,
        6401,
        ID,
        commission="0.5000",
        guaranteedExecutionFee="0.2500",
        tradeOpened={"tradeID": "6402", "units": "4000", "price": "1.08425"},
    )
    report = place(created(6401, ID), fill)

    assert report.status is OrderStatus.FILLED
    assert report.filled_quantity == D(10000)
    assert report.average_price == D("1.08425")
    assert report.fees == D("0.7500")


def test_a_sale_is_a_sale() -> None:
    """Negative units."""
    report = place(
        created(6401, ID, units="-10000"),
        filled(6402, 6401, ID, units="-10000"),
        order=market(SELL),
    )

    assert (report.side, report.filled_quantity) == (SELL, D(10000))


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("MARKET_HALTED", MarketHalted),
        ("INSUFFICIENT_MARGIN", InsufficientFunds),
        ("BOUNDS_VIOLATION", PriceOutOfBounds),
        ("SOMETHING_NEW", OrderRejected),
    ],
)
def test_an_order_that_was_taken_and_not_executed_is_refused(
    reason: str, kind: type[EngineError]
) -> None:
    """The answer is a success: what it holds decides."""
    with pytest.raises(kind) as caught:
        place(created(6412, ID), None, cancelled(6413, 6412, reason, batch=6412))
    assert caught.value.code == reason
    assert placing_verdict(caught.value) is Verdict.NOT_PLACED


def test_what_was_executed_of_an_order_that_was_cancelled_counts() -> None:
    """Immediate or cancel, in part."""
    report = place(
        created(6401, ID, timeInForce="IOC"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000"),
        cancelled(6403, 6401, "INSUFFICIENT_LIQUIDITY", batch=6401),
        order=market(time_in_force=IOC),
    )

    assert report.status is OrderStatus.CANCELLED
    assert report.filled_quantity == D(4000)
    assert report.reason == "INSUFFICIENT_LIQUIDITY"


def test_an_order_executed_in_part_has_ended_even_without_a_cancel() -> None:
    """Nothing of it waits under its number."""
    report = place(created(6401, ID), filled(6402, 6401, ID, units="4000", requestedUnits="10000"))

    assert report.status is OrderStatus.CANCELLED
    assert report.filled_quantity == D(4000)
    assert "in part" in report.reason


def test_the_rest_of_an_order_that_goes_on_under_another_number_is_told() -> None:
    """The order itself has ended; the other one is told by the log."""
    report = place(
        created(6401, ID, kind="LIMIT_ORDER", price="1.09100"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000"),
        order=limit(),
        orderReissueTransaction=created(
            6403, ID, kind="LIMIT_ORDER", units="6000", price="1.09100", batch=6401
        ),
    )

    assert report.exchange_order_id == "6401"
    assert report.status is OrderStatus.CANCELLED
    assert "6403" in report.reason


def test_a_rest_that_was_refused_says_why() -> None:
    """And is no order."""
    report = place(
        created(6401, ID, kind="LIMIT_ORDER", price="1.09100"),
        filled(6402, 6401, ID, units="4000", requestedUnits="10000"),
        order=limit(),
        orderReissueRejectTransaction=refused(
            6403, ID, "UNITS_MINIMUM_NOT_MET", kind="LIMIT_ORDER"
        ),
    )

    assert report.status is OrderStatus.CANCELLED
    assert report.reason == "UNITS_MINIMUM_NOT_MET"


@pytest.mark.parametrize(
    "made",
    [
        created(6401, "another"),
        created(6401),
        created(6401, ID, units="-10000"),
        created(6401, ID, units="1"),
        created(6401, ID, instrument="USD_JPY"),
    ],
)
def test_an_answer_about_another_order_leaves_ours_open(made: dict[str, Any]) -> None:
    """It may exist all the same."""
    with pytest.raises(OutcomeUnknown) as caught:
        place(made, filled(6402, 6401, ID))
    assert caught.value.client_order_id == ID


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b"[]",
        b"{}",
        orjson.dumps({"orderCreateTransaction": {"id": "6401"}}),
        orjson.dumps({"orderCreateTransaction": cancelled(1, 2)}),
        orjson.dumps({"orderCreateTransaction": created(6401, ID, units="a")}),
    ],
)
def test_a_success_that_cannot_be_read_leaves_the_order_open(body: bytes) -> None:
    """Never called refused."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(reply(body, 201)).ask(PlaceOrder(market()))
    assert caught.value.client_order_id == ID


def test_a_page_of_the_network_s_is_no_answer() -> None:
    """Though it says that all is well, and even if it can be read."""
    page = reply(told(orderCreateTransaction=created(6401, ID)), 201, {"content-type": "text/html"})
    with pytest.raises(OutcomeUnknown):
        talk(page).ask(PlaceOrder(market()))


# ---------------------------------------------------------------- what it tells of the log


def test_transactions_of_an_answer_are_told_before_anything_else() -> None:
    """Ascending, each as the stream would send it."""
    made, fill = created(6401, ID), filled(6402, 6401, ID)
    body = {**told(orderFillTransaction=fill, orderCreateTransaction=made)}
    body["lastTransactionID"] = "6404"
    conversation = talk(reply(body, 201))
    conversation.ask(PlaceOrder(market()))

    assert conversation.news == [LogTold("6404", (orjson.dumps(made), orjson.dumps(fill)), NOW_NS)]


def test_refusals_tell_of_the_log_too() -> None:
    """A refused order is a transaction."""
    no = refused(6411, ID)
    conversation = talk(refusal("UNITS_INVALID", **told(orderRejectTransaction=no)))
    with pytest.raises(OrderRejected):
        conversation.ask(PlaceOrder(market()))

    assert conversation.news == [LogTold("6411", (orjson.dumps(no),), NOW_NS)]


def test_an_answer_without_a_position_tells_nothing() -> None:
    """Nor one whose position is none."""
    for body in ({}, {"lastTransactionID": "x"}, {"lastTransactionID": 5}):
        conversation = talk(refusal("X", **body))
        with pytest.raises(OrderRejected):
            conversation.ask(PlaceOrder(market()))
        assert not conversation.news
