"""One order, or a list of them: what is asked, and what each answer means."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.coinbase import NOW_NS, Conversation, payload, reply
from tests.support.coinbase_orders import CLIENT_ID, HTML, KEY, ORDER_ID, REPORT, listed, wire_order
from venuetree.protocol.commands import FetchOpenOrders, FetchOrder, FetchOrders
from venuetree.protocol.errors import (
    EngineError,
    ExchangeRefused,
    ExchangeUnavailable,
    OrderNotFound,
    RateLimited,
    RemoteProtocolError,
)
from venuetree.protocol.models import OrderKey, OrderStatus
from venuetree.protocol.timestamps import SECOND

D = Decimal


def test_an_order_is_read_by_either_of_its_names() -> None:
    """The whole report, from the spec's envelope."""
    by_id = Conversation([reply(payload("rest_order"))])
    by_client_id = Conversation([listed(wire_order())])

    assert by_id.ask(FetchOrder(KEY)) == REPORT
    assert by_id.requests[0].path == f"/api/v3/brokerage/orders/historical/{ORDER_ID}"
    assert by_client_id.ask(FetchOrder(OrderKey(client_order_id=CLIENT_ID))) == REPORT


def test_odd_ids_are_encoded() -> None:
    """Neither path nor query can be broken out of."""
    talk = Conversation([reply(status=404)])
    with pytest.raises(OrderNotFound):
        talk.ask(FetchOrder(OrderKey(exchange_order_id="../é?a=b&c #")))

    assert talk.requests[0].path.endswith("/historical/..%2F%C3%A9%3Fa%3Db%26c%20%23")


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": "NOT_FOUND", "message": "order with this orderID was not found"}, 404),
        reply({"error": "unknown", "error_details": "order with this orderID was not found"}, 400),
        reply({"error": "INVALID_ARGUMENT", "message": "invalid OrderId X passed"}, 400),
        reply({"errors": [{"id": "not_found", "message": "Not found"}]}, 404),
        reply({"order": None}),
    ],
)
def test_an_order_that_is_not_there_is_told_as_such(answer: Any) -> None:
    """In every spelling; null too, as just after a create."""
    with pytest.raises(OrderNotFound):
        Conversation([answer]).ask(FetchOrder(KEY))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(HTML, 429), RateLimited),
        (reply(HTML, 502), ExchangeUnavailable),
        (reply(b"", 500), ExchangeUnavailable),
        (reply(HTML), RemoteProtocolError),
        (reply({"order": {"order_id": 5}}), RemoteProtocolError),
        (reply({"order": wire_order(filled_size="1e5")}), RemoteProtocolError),
        (reply({"order": wire_order(created_time="yesterday")}), RemoteProtocolError),
        (reply(b"", 302), RemoteProtocolError),
        (reply({"error": "INVALID_ARGUMENT", "message": "x"}, 400), ExchangeRefused),
    ],
)
def test_a_question_that_is_not_answered_may_be_asked_again(
    answer: Any, error: type[EngineError]
) -> None:
    """It changed nothing."""
    with pytest.raises(error) as caught:
        Conversation([answer]).ask(FetchOrder(KEY))

    assert type(caught.value) is error


def test_an_unknown_status_is_an_unknown_order() -> None:
    """Strict where money moves, and the list lives on."""
    (report, other) = Conversation(
        [listed(wire_order(status="PONDERING"), wire_order(side="BOTH"))]
    ).ask(FetchOrders())

    assert report.status is OrderStatus.UNKNOWN
    assert "PONDERING" in report.reason
    assert (other.status, other.side) == (OrderStatus.UNKNOWN, None)


def test_orders_are_listed_page_by_page_up_to_the_limit() -> None:
    """Newest first, in a window of creation times."""
    talk = Conversation([listed(wire_order(), cursor="c2"), listed(wire_order(order_id="2"))])
    command = FetchOrders("BTC-USD", NOW_NS, NOW_NS + SECOND, limit=2)

    assert [report.exchange_order_id for report in talk.ask(command)] == [ORDER_ID, "2"]
    assert talk.requests[1].query == (
        "product_ids=BTC-USD&start_date=2026-10-05T09%3A00%3A00Z"
        "&end_date=2026-10-05T09%3A00%3A01Z&limit=250&cursor=c2"
    )
    first = Conversation([listed(wire_order(), cursor="c2")])
    assert len(first.ask(FetchOrders(limit=1))) == 1


def test_pages_that_repeat_are_an_error_not_a_loop() -> None:
    """A cursor that was followed before is not followed again."""
    talk = Conversation([listed(wire_order(), cursor="c")] * 3)
    with pytest.raises(RemoteProtocolError):
        talk.ask(FetchOrders())

    assert len(talk.requests) == 2


def test_open_orders_include_those_that_the_open_filter_hides() -> None:
    """Pending, queued and being cancelled: listed before and after the open ones."""
    talk = Conversation(
        [
            listed(wire_order(order_id="a", status="PENDING", filled_size="0")),
            listed(wire_order(order_id="a", filled_size="0"), wire_order(order_id="b")),
            listed(
                wire_order(order_id="c", status="CANCEL_QUEUED"),
                wire_order(order_id="d", status="FILLED"),
            ),
        ]
    )
    found = talk.ask(FetchOpenOrders("BTC-USD"))

    assert [(r.exchange_order_id, r.status, r.is_cancelling) for r in found] == [
        ("a", OrderStatus.OPEN, False),
        ("b", OrderStatus.PARTIALLY_FILLED, False),
        ("c", OrderStatus.PARTIALLY_FILLED, True),
    ]
    assert "order_status=OPEN" in talk.requests[1].query
    assert "order_status=PENDING&order_status=QUEUED" in talk.requests[0].query
