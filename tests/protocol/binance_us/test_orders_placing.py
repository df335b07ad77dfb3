"""An order is placed: what each answer means. Driven by literal replies."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import NOW_NS, listed, reply, talk
from tests.support.binance_us_orders import CLIENT_ID, ORDER, PLACED, TRADE, limit, market, stop
from venuetree.protocol.commands import FetchFills, FetchOpenOrders, PlaceOrder
from venuetree.protocol.errors import OutcomeUnknown
from venuetree.protocol.models import (
    OrderReport,
    OrderRequest,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import RestReply

D = Decimal
MS = 1_000_000
GTC, IOC, FOK = (
    TimeInForce.GOOD_TILL_CANCELLED,
    TimeInForce.IMMEDIATE_OR_CANCEL,
    TimeInForce.FILL_OR_KILL,
)
BUY = Side.BUY
UP = StopDirection.UP


def test_a_reply_is_the_orders_state() -> None:
    """That of the documents, filled at once at two prices."""
    assert talk(reply(PLACED)).ask(PlaceOrder(ORDER)) == OrderReport(
        exchange="binance_us",
        instrument="BTC-USD",
        exchange_order_id="2281896601",
        status=OrderStatus.FILLED,
        source=ReportSource.REPLY,
        received_time_ns=NOW_NS,
        client_order_id=CLIENT_ID,
        side=BUY,
        type=OrderType.LIMIT,
        time_in_force=GTC,
        quantity=D("0.005"),
        price=D(117000),
        filled_quantity=D("0.005"),
        average_price=D("116999.7"),
        created_time_ns=1788540330101 * MS,
        exchange_time_ns=1788540330101 * MS,
    )


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        (
            limit(time_in_force=IOC, client_order_id=CLIENT_ID),
            {"timeInForce": "IOC", "type": "LIMIT"},
        ),
        (
            limit(time_in_force=FOK, client_order_id=CLIENT_ID),
            {"timeInForce": "FOK", "type": "LIMIT", "executedQty": "0.00000000"},
        ),
        (
            evolve(market(), client_order_id=CLIENT_ID),
            {"timeInForce": "GTC", "type": "MARKET", "price": "0.00000000"},
        ),
    ],
)
def test_an_order_that_could_not_fill_is_expired_and_no_error(
    order: OrderRequest, fields: dict[str, str]
) -> None:
    """With what it got; a market order has no price."""
    told = {**PLACED, "status": "EXPIRED", "executedQty": "0.00200000", **fields}
    report = talk(reply(told)).ask(PlaceOrder(order))

    assert report.status is OrderStatus.EXPIRED
    assert report.filled_quantity == D(told["executedQty"])
    assert (report.price is None) is (order.type is OrderType.MARKET)
    assert (report.average_price is None) is (not report.filled_quantity)


def test_a_waiting_stop_has_its_prices_and_was_not_at_work_yet() -> None:
    """`workingTime` is negative."""
    told = {
        **PLACED,
        "type": "STOP_LOSS_LIMIT",
        "status": "NEW",
        "stopPrice": "64200.10000000",
        "workingTime": -1,
    }
    del told["origQuoteOrderQty"]
    report = talk(reply(told)).ask(PlaceOrder(evolve(stop(BUY, UP), client_order_id=CLIENT_ID)))

    assert report.stop_price == D("64200.10")
    assert report.created_time_ns is None
    assert (report.type, report.quote_quantity) == (OrderType.STOP_LIMIT, None)


@pytest.mark.parametrize(
    "told",
    [
        {**PLACED, "clientOrderId": "another"},
        {**PLACED, "side": "SELL"},
        {**PLACED, "symbol": "ETHUSD"},
    ],
)
def test_an_answer_about_another_order_leaves_ours_unknown(told: dict[str, Any]) -> None:
    """Ours may exist all the same."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(reply(told)).ask(PlaceOrder(ORDER))

    assert caught.value.client_order_id == CLIENT_ID


def test_an_instrument_that_only_we_can_split_keeps_its_name() -> None:
    """Without the list: an answer about it must not look like one about another order."""
    order = evolve(ORDER, instrument="XYB-USD")
    report = talk(reply({**PLACED, "symbol": "XYBUSD"})).ask(PlaceOrder(order))
    (listed_one,) = talk(reply([listed(symbol="XYBUSD")])).ask(FetchOpenOrders("XYB-USD"))
    (fill,) = talk(reply([{**TRADE, "symbol": "XYBUSD"}])).ask(FetchFills(instrument="XYB-USD"))

    assert {report.instrument, listed_one.instrument, fill.instrument} == {"XYB-USD"}


ACK = {key: PLACED[key] for key in ("symbol", "orderId", "clientOrderId", "transactTime")}


@pytest.mark.parametrize(
    "answer",
    [
        *(reply(body) for body in (b"", b"{", b"[]", b"<html>", {}, ACK)),
        *(
            reply({**PLACED, name: value})
            for name, value in {
                "status": "MAYBE",
                "timeInForce": "GTX",
                "side": "SHORT",
                "executedQty": "1e-3",
                "price": 117000.0,
                "orderId": "2281896601",
            }.items()
        ),
        reply(PLACED, 302),
        reply(PLACED, 500),
    ],
)
@pytest.mark.parametrize("command", [PlaceOrder(ORDER)])
def test_an_answer_that_cannot_be_read_leaves_the_order_unknown(
    answer: RestReply, command: PlaceOrder
) -> None:
    """It was accepted, perhaps."""
    with pytest.raises(OutcomeUnknown) as caught:
        talk(answer).ask(command)

    assert caught.value.client_order_id == CLIENT_ID
    assert caught.value.operation == "place"


def test_a_reply_of_an_unknown_type_is_read() -> None:
    """No money hangs on it."""
    report = talk(reply({**PLACED, "type": "SOMETHING_NEW"})).ask(PlaceOrder(ORDER))

    assert report.type is OrderType.OTHER
