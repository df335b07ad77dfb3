"""Orders of a time, page by page: what is asked, and what is left out."""

from typing import Any

import pytest

from tests.support.binance_us import NOW_MS, NOW_NS, listed, reply, talk
from tests.support.binance_us_orders import DAY_MS, asked, numbers, trades, weighing
from venuetree.protocol.commands import FetchFills, FetchOrders
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.binance_us.rest import BinanceUsRest
from venuetree.protocol.models import OrderReport
from venuetree.protocol.port import FlowContext, RestRequest
from venuetree.protocol.timestamps import SECOND

MS = 1_000_000


def rows(first: int, count: int, time_ms: int) -> list[dict[str, Any]]:
    """So many orders, a millisecond apart."""
    return [
        listed(orderId=first + i, clientOrderId=f"c{first + i}", time=time_ms + i)
        for i in range(count)
    ]


def ids(reports: tuple[OrderReport, ...]) -> list[int]:
    """Their numbers."""
    return [int(report.exchange_order_id) for report in reports]


def test_the_latest_orders_come_newest_first() -> None:
    """Cut to what was asked for."""
    conversation = talk(reply(rows(1, 5, NOW_MS)))

    assert ids(conversation.ask(FetchOrders("BTC-USD", limit=2))) == [5, 4]
    assert conversation.requests == [
        RestRequest(
            operation="orders",
            method="GET",
            path="/api/v3/allOrders",
            query="symbol=BTCUSD&limit=1000",
            costs=weighing(20),
        )
    ]


def test_orders_are_listed_by_instrument_only() -> None:
    """The exchange needs to know which."""
    with pytest.raises(NotSupported):
        talk().ask(FetchOrders())


def test_an_end_alone_is_asked_for_too() -> None:
    """The latest of all might all be later."""
    end_ns = NOW_NS - 3600 * SECOND
    conversation = talk(reply(rows(1, 3, end_ns // MS - 2)), clock_offset_ns=0)

    assert ids(conversation.ask(FetchOrders("BTC-USD", end_time_ns=end_ns))) == [2, 1]
    assert asked(conversation.requests[0])["endTime"] == str(end_ns // MS - 1)


def test_a_window_is_asked_for_day_by_day() -> None:
    """Inclusive over there, by the exchange's clock; nothing is asked twice or left out."""
    offset_ms = 5000
    start_ms, end_ms = NOW_MS - 2 * DAY_MS - 3_600_000, NOW_MS - 7
    pages = [reply(rows(1, 1, start_ms)), reply([]), reply(rows(3, 2, NOW_MS - 100))]
    conversation = talk(*pages, clock_offset_ns=offset_ms * MS)
    found = conversation.ask(
        FetchOrders("BTC-USD", start_time_ns=start_ms * MS, end_time_ns=end_ms * MS)
    )
    spans = [
        (int(asked(request)["startTime"]) - offset_ms, int(asked(request)["endTime"]) - offset_ms)
        for request in conversation.requests
    ]

    assert ids(found) == [4, 3, 1]
    assert spans == [
        (start_ms, start_ms + DAY_MS - 1),
        (start_ms + DAY_MS, start_ms + 2 * DAY_MS - 1),
        (start_ms + 2 * DAY_MS, end_ms - 1),
    ]
    assert all(asked(request)["limit"] == "1000" for request in conversation.requests)


def test_orders_after_the_end_are_left_out() -> None:
    """Pages by number go beyond it."""
    start_ms, end_ms = NOW_MS - 10_000, NOW_MS - 5_000
    pages = [reply(rows(1, 1000, start_ms)), reply(rows(1001, 2, end_ms - 1))]
    found = talk(*pages).ask(
        FetchOrders("BTC-USD", start_time_ns=start_ms * MS, end_time_ns=end_ms * MS)
    )

    assert ids(found) == [1001, *range(1000, 0, -1)]


def test_a_full_page_goes_on_by_number_to_the_end_of_all() -> None:
    """Whatever day that is: nothing more is asked by time."""
    start_ms = NOW_MS - 3 * DAY_MS
    pages = [
        reply(rows(1, 1000, start_ms)),
        reply(rows(1001, 1000, start_ms + DAY_MS)),
        reply(rows(2001, 1, NOW_MS - 1)),
    ]
    conversation = talk(*pages)
    found = conversation.ask(FetchOrders("BTC-USD", start_time_ns=start_ms * MS))

    assert ids(found) == list(range(2001, 0, -1))
    assert [asked(request).get("orderId") for request in conversation.requests] == [
        None,
        "1001",
        "2001",
    ]
    assert "startTime" not in asked(conversation.requests[1])


def test_a_long_time_is_read_by_number_and_cut_to_it() -> None:
    """Day by day, years would take hundreds of requests, most of them for nothing."""
    start_ms, end_ms = NOW_MS - 31 * DAY_MS, NOW_MS - 5
    pages = [
        reply(rows(1, 1000, start_ms - 999)),
        reply(rows(1001, 2, end_ms - 1)),
    ]
    conversation = talk(*pages)
    found = conversation.ask(
        FetchOrders("BTC-USD", start_time_ns=start_ms * MS, end_time_ns=end_ms * MS)
    )

    assert ids(found) == [1001, 1000]
    assert [asked(request) for request in conversation.requests] == [
        {"symbol": "BTCUSD", "orderId": "1", "limit": "1000"},
        {"symbol": "BTCUSD", "orderId": "1001", "limit": "1000"},
    ]


@pytest.mark.parametrize("start_ns", [0, 1])
def test_all_orders_and_executions_of_all_time_are_a_few_pages(start_ns: int) -> None:
    """Since 1970."""
    orders = talk(reply(rows(1, 3, 1_600_000_000_000)))
    executions = talk(reply(trades(1, 3)))

    assert ids(orders.ask(FetchOrders("BTC-USD", start_time_ns=start_ns))) == [3, 2, 1]
    found = executions.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ns))
    assert numbers(found) == [3, 2, 1]
    assert [request.query for request in executions.requests] == [
        "symbol=BTCUSD&fromId=1&limit=1000"
    ]


def test_an_end_in_the_future_is_not_asked_for() -> None:
    """There is nothing a minute from now, and a day costs a request."""
    conversation = talk(reply([]))
    conversation.ask(
        FetchOrders(
            "BTC-USD",
            start_time_ns=NOW_NS - SECOND,
            end_time_ns=NOW_NS + 10**6 * DAY_MS * MS,
        )
    )

    assert len(conversation.requests) == 1


def test_a_window_without_an_inside_asks_nothing() -> None:
    """The end is not in it."""
    command = FetchOrders("BTC-USD", start_time_ns=NOW_NS, end_time_ns=NOW_NS)
    flow = BinanceUsRest().flow(command, FlowContext(NOW_NS))
    with pytest.raises(StopIteration) as done:
        next(flow)

    assert done.value.value == ()
