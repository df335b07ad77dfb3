"""One order, or those that are open: what is asked, and what each answer means."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.binance_us import NOW_NS, error, listed, payload, reply, talk
from tests.support.binance_us_orders import weighing
from venuetree.protocol.commands import FetchFills, FetchOpenOrders, FetchOrder, FetchOrders
from venuetree.protocol.errors import EngineError, OrderNotFound, RemoteProtocolError
from venuetree.protocol.models import (
    OrderKey,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.port import RestRequest

D = Decimal
MS = 1_000_000
GTC = TimeInForce.GOOD_TILL_CANCELLED
BUY = Side.BUY
REPORT = OrderReport(
    exchange="binance_us",
    instrument="BTC-USD",
    exchange_order_id="2281896640",
    status=OrderStatus.PARTIALLY_FILLED,
    source=ReportSource.QUERY,
    received_time_ns=NOW_NS,
    client_order_id="eng-7f3a91c2-0002",
    side=BUY,
    type=OrderType.LIMIT,
    time_in_force=GTC,
    quantity=D("0.01"),
    price=D(116000),
    filled_quantity=D("0.002"),
    average_price=D(116000),
    created_time_ns=1788540380001 * MS,
    exchange_time_ns=1788540385420 * MS,
)


@pytest.mark.parametrize(
    ("key", "query"),
    [
        (OrderKey("BTC-USD", "c1", "2281896640"), "symbol=BTCUSD&orderId=2281896640"),
        (OrderKey("BTC-USD", "c1"), "symbol=BTCUSD&origClientOrderId=c1"),
    ],
)
def test_an_order_is_asked_for_by_either_id(key: OrderKey, query: str) -> None:
    """By the exchange's where it is known."""
    conversation = talk(reply(payload("rest_order")))

    assert conversation.ask(FetchOrder(key)) == REPORT
    assert conversation.requests == [
        RestRequest(
            operation="order",
            method="GET",
            path="/api/v3/order",
            query=query,
            costs=weighing(4),
        )
    ]


@pytest.mark.parametrize(
    ("key", "told", "believed"),
    [
        (OrderKey("BTC-USD", "c1", "2281896640"), "the-cancels", "c1"),
        (OrderKey("BTC-USD", "", "2281896640"), "the-cancels", ""),
        (OrderKey("BTC-USD", "c1"), "c1", "c1"),
    ],
)
def test_the_name_that_a_cancel_gave_is_not_believed(
    key: OrderKey, told: str, believed: str
) -> None:
    """Ours is what was asked for, or not known."""
    report = talk(reply(listed(status="CANCELED", clientOrderId=told))).ask(FetchOrder(key))

    assert report.status is OrderStatus.CANCELLED
    assert report.client_order_id == believed


@pytest.mark.parametrize("status", ["NEW", "FILLED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"])
def test_another_order_than_a_cancelled_one_has_its_own_name(status: str) -> None:
    """Of an order that is not ours, the name is not what was asked for."""
    told = listed(status=status, clientOrderId="theirs")
    report = talk(reply(told)).ask(FetchOrder(OrderKey("BTC-USD", "", "2281896640")))

    assert report.client_order_id == "theirs"


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"cummulativeQuoteQty": "-1.00000000"}, "average_price", None),
        ({"executedQty": "0.00000000"}, "average_price", None),
        ({"origQuoteOrderQty": "25.00000000"}, "quote_quantity", D(25)),
        ({"origQty": "0.00000000"}, "quantity", None),
        ({"stopPrice": "5.00000000"}, "stop_price", D(5)),
        ({"status": "PENDING_CANCEL"}, "is_cancelling", True),
        ({"status": "PENDING_CANCEL"}, "status", OrderStatus.OPEN),
        ({"status": "EXPIRED_IN_MATCH"}, "reason", "EXPIRED_IN_MATCH"),
        ({"expiryReason": "INSUFFICIENT_LIQUIDITY"}, "reason", "INSUFFICIENT_LIQUIDITY"),
    ],
)
def test_what_a_query_says_without_saying_it(
    fields: dict[str, str], name: str, expected: object
) -> None:
    """Zeros and negative amounts stand for nothing."""
    report = talk(reply(listed(**fields))).ask(FetchOrder(OrderKey("BTC-USD", "c1", "1")))

    assert getattr(report, name) == expected


def test_an_archived_order_is_no_missing_one() -> None:
    """-2013 is soon after placing no proof; -2026 is one."""
    key = OrderKey("BTC-USD", "c1", "1")
    with pytest.raises(OrderNotFound):
        talk(error(-2013, "Order does not exist.")).ask(FetchOrder(key))
    with pytest.raises(EngineError) as caught:
        talk(error(-2026, "Order was archived.")).ask(FetchOrder(key))

    assert not isinstance(caught.value, OrderNotFound)
    assert caught.value.code == "-2026"


@pytest.mark.parametrize(
    ("instrument", "query", "weight"), [("BTC-USD", "symbol=BTCUSD", 6), ("", "", 80)]
)
def test_open_orders_of_one_instrument_or_of_all(instrument: str, query: str, weight: int) -> None:
    """All at once weigh much more."""
    conversation = talk(reply([payload("rest_order"), listed(orderId=7, symbol="ETHUSDT")]))
    first, second = conversation.ask(FetchOpenOrders(instrument))

    assert first == REPORT
    assert (second.exchange_order_id, second.instrument) == ("7", "ETH-USDT")
    assert conversation.requests == [
        RestRequest(
            operation="open_orders",
            method="GET",
            path="/api/v3/openOrders",
            query=query,
            costs=weighing(weight),
        )
    ]


@pytest.mark.parametrize("body", [{}, [1], [[]], [None], [{}], b"{"])
def test_a_list_that_is_none_is_an_error(body: Any) -> None:
    """And never an empty list."""
    for command in (
        FetchOpenOrders("BTC-USD"),
        FetchOrders("BTC-USD"),
        FetchFills(instrument="BTC-USD"),
    ):
        with pytest.raises(RemoteProtocolError):
            talk(reply(body)).ask(command)
