"""Open orders, and orders of a time: what is read for them, and what they became."""

from decimal import Decimal

import pytest

from tests.support.oanda_acting import (
    NOW_NS,
    Asked,
    MemoryLog,
    cancelled,
    converse,
    created,
    filled,
    refused,
    reply,
)
from tests.support.oanda_waiting import STOP_LOSS, TRADE, days_ago, listed
from venuetree.protocol.commands import FetchOpenOrders, FetchOrders
from venuetree.protocol.models import OrderStatus, OrderType, Side
from venuetree.protocol.timestamps import SECOND

D = Decimal


def test_open_orders_are_read_with_the_trades_that_they_leave() -> None:
    """In one question about the account as a whole."""
    body = {
        "account": {
            "currency": "USD",
            "orders": [listed(), STOP_LOSS, listed(id="6500", instrument="USD_JPY")],
            "trades": [TRADE],
            "lastTransactionID": "6500",
        },
        "lastTransactionID": "6500",
    }
    asked = Asked()
    reports = converse(FetchOpenOrders("EUR-USD"), lambda _: reply(body), asked=asked)
    everything = converse(FetchOpenOrders(), lambda _: reply(body))

    assert asked.paths == [""]
    assert [(each.type, each.side, each.quantity) for each in reports] == [
        (OrderType.LIMIT, Side.SELL, D(10000)),
        (OrderType.STOP_LOSS, Side.BUY, D(4000)),
    ]
    assert len(everything) == 3


LOG = [
    created(10, "a", time_ns=days_ago(9)),
    created(11, "b", time_ns=days_ago(6)),
    filled(12, 11, "b", time_ns=days_ago(6)),
    created(13, "c", time_ns=days_ago(5), instrument="USD_JPY"),
    created(14, "d", time_ns=days_ago(4), kind="LIMIT_ORDER", price="1.1"),
    refused(15, "e"),
    created(16, "f", time_ns=days_ago(2), kind="LIMIT_ORDER", price="1.2"),
    cancelled(17, 14, time_ns=days_ago(1), batch=17),
    created(18, "g", time_ns=NOW_NS - SECOND),
]


@pytest.mark.parametrize("cut", [1, 2, 3, 1000])
def test_orders_of_a_time_are_told_as_they_became(cut: int) -> None:
    """Newest first, refusals left out; the last seven days unless more is said."""
    log = MemoryLog(LOG, cut=cut)
    found = converse(FetchOrders(), log)
    named = converse(FetchOrders("EUR-USD"), log)

    assert [(each.client_order_id, each.status) for each in found] == [
        ("g", OrderStatus.OPEN),
        ("f", OrderStatus.OPEN),
        ("d", OrderStatus.CANCELLED),
        ("c", OrderStatus.OPEN),
        ("b", OrderStatus.FILLED),
    ]
    assert [each.client_order_id for each in named] == ["g", "f", "d", "b"]


@pytest.mark.parametrize(
    ("start", "end", "limit", "names"),
    [
        (days_ago(9), None, None, "gfdcba"),
        (days_ago(5), None, None, "gfdc"),
        (days_ago(5) + 1, None, None, "gfd"),
        (days_ago(5), days_ago(2), None, "dc"),
        (days_ago(5), days_ago(2) + 1, None, "fdc"),
        (None, None, 2, "gf"),
        (None, days_ago(2), 2, "dc"),
        (days_ago(800), None, None, "gfdcba"),
        (NOW_NS - 2 * SECOND, None, None, "g"),
        (NOW_NS, None, None, ""),
    ],
)
def test_a_time_is_from_its_start_to_before_its_end(
    start: int | None, end: int | None, limit: int | None, names: str
) -> None:
    """Whatever has become of the orders after it."""
    for cut in (2, 1000):
        found = converse(FetchOrders("", start, end, limit), MemoryLog(LOG, cut=cut))
        assert "".join(each.client_order_id for each in found) == names
        ends = {each.client_order_id: each.status for each in found}
        assert ends.get("d", OrderStatus.CANCELLED) is OrderStatus.CANCELLED


def test_a_limit_leaves_older_entries_unread() -> None:
    """They are read from the newest on."""
    asked = Asked()
    log = MemoryLog([created(5, "a", time_ns=days_ago(6)), created(2000, "b"), created(2001, "c")])
    converse(FetchOrders(limit=2), log, asked=asked)

    assert asked.paths[1:] == ["/transactions/idrange?from=1002&to=2001"]


def test_ids_that_were_left_out_end_nothing() -> None:
    """As long as the exchange says that there is more of the time before them."""
    log = MemoryLog([created(5, "a", time_ns=days_ago(6)), created(9000, "b")])

    assert [each.client_order_id for each in converse(FetchOrders(), log)] == ["b", "a"]


def test_times_are_those_of_the_exchange_s_clock() -> None:
    """Which may differ from ours."""
    log = MemoryLog(LOG)
    found = converse(FetchOrders("", days_ago(5)), log, clock_offset_ns=-SECOND)
    late = converse(FetchOrders("", days_ago(5)), log, clock_offset_ns=SECOND)

    assert [each.client_order_id for each in found][-1] == "c"
    assert [each.client_order_id for each in late][-1] == "d"


def test_exits_are_listed_with_what_the_opening_tells() -> None:
    """From the same pages if it is there, else by a question each."""
    made = created(21, kind="TAKE_PROFIT_ORDER", tradeID="20", price="1.2", reason="ON_FILL")
    also = created(22, kind="STOP_LOSS_ORDER", tradeID="5", price="1.1", reason="CLIENT_ORDER")
    for entry in (made, also):
        del entry["instrument"], entry["units"]
    old = filled(5, 4, units="-300", instrument="USD_JPY", time_ns=days_ago(20))
    log = MemoryLog([old, created(19, "h"), filled(20, 19), made, also])
    asked = Asked()
    found = converse(FetchOrders(), log, asked=asked)

    assert [(each.instrument, each.side, each.quantity) for each in found] == [
        ("USD-JPY", Side.BUY, D(300)),
        ("EUR-USD", Side.SELL, D(10000)),
        ("EUR-USD", Side.BUY, D(10000)),
    ]
    assert asked.paths[-1] == "/transactions/5"
    assert len(converse(FetchOrders("EUR-USD"), log)) == 2
