"""Executions that are asked for, of an order or of a time."""

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
    refusal,
)
from tests.support.oanda_waiting import BY_ID, UNKNOWN, days_ago
from venuetree.protocol.commands import FetchFills
from venuetree.protocol.errors import AuthRefused, ExchangeRefused, OrderNotFound
from venuetree.protocol.models import Fill, Liquidity, OrderKey, Side
from venuetree.protocol.port import Effect, Lane
from venuetree.protocol.timestamps import SECOND

D = Decimal


def test_executions_of_an_order_are_what_comes_after_it() -> None:
    """No more of the log than that is read."""
    log = MemoryLog([created(6401, "c1"), created(6402), filled(6403, 6402), filled(6404, 6401)])
    asked = Asked()
    found = converse(FetchFills(OrderKey("EUR-USD", "c1", "6401")), log, asked=asked)

    assert asked.paths == ["/transactions/sinceid?id=6401"]
    assert found == (
        Fill(
            exchange="oanda",
            instrument="EUR-USD",
            fill_id="6404",
            exchange_order_id="6401",
            side=Side.BUY,
            price=D("1.08425"),
            quantity=D(10000),
            fee=D("0.0000"),
            fee_currency="",
            liquidity=Liquidity.UNKNOWN,
            exchange_time_ns=NOW_NS,
            client_order_id="c1",
            trade_id="6404",
        ),
    )


def test_executions_of_an_order_of_ours_are_found_by_its_number() -> None:
    """Which is looked up first."""
    log = MemoryLog([created(6407, "c1"), filled(6408, 6407, "c1")], {"/orders/@c1": UNKNOWN})
    (found,) = converse(FetchFills(BY_ID), log)

    assert found.fill_id == "6408"


@pytest.mark.parametrize("number", ["x", "-1", "٣"])
def test_what_is_no_number_is_no_order(number: str) -> None:
    """Nothing is asked for it."""
    with pytest.raises(OrderNotFound):
        converse(FetchFills(OrderKey(exchange_order_id=number)), MemoryLog([]))


def test_a_position_that_the_log_does_not_have_is_no_order() -> None:
    """But a refused key is a refused key."""
    key = FetchFills(OrderKey(exchange_order_id="5"))
    with pytest.raises(OrderNotFound):
        converse(key, MemoryLog([], is_position_refused=True))
    with pytest.raises(AuthRefused):
        converse(key, lambda _: refusal("", status=401))


FILLS = [
    created(1, time_ns=days_ago(9)),
    filled(2, 1, time_ns=days_ago(9)),
    created(3, time_ns=days_ago(3), units="-5"),
    filled(4, 3, units="-5", time_ns=days_ago(3)),
    created(5, time_ns=days_ago(2)),
    filled(6, 5, instrument="USD_JPY", time_ns=days_ago(2)),
    created(7),
    filled(8, 7, time_ns=NOW_NS - SECOND),
    cancelled(9, 1),
]


@pytest.mark.parametrize(
    ("command", "ids"),
    [
        (FetchFills(), ["8", "6", "4"]),
        (FetchFills(instrument="EUR-USD"), ["8", "4"]),
        (FetchFills(start_time_ns=days_ago(10)), ["8", "6", "4", "2"]),
        (FetchFills(start_time_ns=days_ago(2)), ["8", "6"]),
        (FetchFills(start_time_ns=days_ago(2) + 1), ["8"]),
        (FetchFills(instrument="EUR-USD", limit=1), ["8"]),
        (FetchFills(instrument="USD-JPY", limit=5), ["6"]),
        (FetchFills(instrument="GBP-USD"), []),
        (FetchFills(OrderKey(exchange_order_id="3"), start_time_ns=days_ago(3)), ["4"]),
        (FetchFills(OrderKey(exchange_order_id="3"), start_time_ns=days_ago(2)), []),
    ],
)
@pytest.mark.parametrize("cut", [1, 2, 1000])
def test_executions_are_told_newest_first(command: FetchFills, ids: list[str], cut: int) -> None:
    """Of an instrument, of a time, or both."""
    asked = Asked()
    found = converse(command, MemoryLog(FILLS, cut=cut), asked=asked)

    assert [fill.fill_id for fill in found] == ids
    assert all(request.effect is Effect.READ for request in asked.requests)
    assert all(request.lane is Lane.DATA for request in asked.requests)
    if ids and ids[-1] == "4":
        assert found[-1].side is Side.SELL


def test_executions_alone_are_asked_for() -> None:
    """But of a time that one answer cannot bound everything is: nothing else tells its end."""
    asked, long = Asked(), Asked()
    converse(FetchFills(), MemoryLog(FILLS), asked=asked)
    converse(FetchFills(start_time_ns=days_ago(500)), MemoryLog(FILLS), asked=long)

    assert asked.paths[1:] == [
        "/transactions/idrange?from=1&to=9&type=ORDER_FILL",
        "/transactions/idrange?from=9&to=9&type=ORDER_FILL",
    ]
    assert long.paths[1:] == ["/transactions/idrange?from=1&to=9"]


def test_an_exchange_that_refuses_the_time_is_told() -> None:
    """As what it is."""
    with pytest.raises(ExchangeRefused):
        converse(FetchFills(), lambda _: refusal("", "Invalid value specified for 'to'"))
