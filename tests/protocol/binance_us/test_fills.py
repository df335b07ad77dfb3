"""Executions: how they are read, and which are asked for."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.binance_us import NOW_MS, NOW_NS, payload, reply, talk
from tests.support.binance_us_orders import DAY_MS, TRADE, asked, numbers, trades, weighing
from venuetree.protocol.commands import FetchFills
from venuetree.protocol.errors import NotSupported, RemoteProtocolError
from venuetree.protocol.models import Fill, Liquidity, OrderKey, Side
from venuetree.protocol.port import RestRequest

D = Decimal
MS = 1_000_000
BUY, SELL = Side.BUY, Side.SELL


def test_an_execution_is_read_whole() -> None:
    """That of the documents."""
    conversation = talk(reply([TRADE]))

    assert conversation.ask(FetchFills(instrument="BTC-USD")) == (
        Fill(
            exchange="binance_us",
            instrument="BTC-USD",
            fill_id="88685101",
            exchange_order_id="2281896601",
            side=BUY,
            price=D("116999.50"),
            quantity=D("0.003"),
            fee=D("0.00000060"),
            fee_currency="BTC",
            liquidity=Liquidity.TAKER,
            exchange_time_ns=1788540330101 * MS,
            client_order_id="",
            trade_id="88685101",
        ),
    )
    assert conversation.requests == [
        RestRequest(
            operation="fills",
            method="GET",
            path="/api/v3/myTrades",
            query="symbol=BTCUSD&limit=1000",
            costs=weighing(20),
        )
    ]


def test_the_other_side_and_the_other_part_of_an_execution() -> None:
    """Seller and maker."""
    told = {**TRADE, "isBuyer": False, "isMaker": True}
    (fill,) = talk(reply([told])).ask(FetchFills(instrument="BTC-USD"))

    assert (fill.side, fill.liquidity) == (SELL, Liquidity.MAKER)


@pytest.mark.parametrize(
    "fields",
    [
        {"isBuyer": "true"},
        {"isMaker": None},
        {"qty": 1.0},
        {"id": "1"},
        {"commissionAsset": None},
        {"time": None},
    ],
)
def test_an_execution_that_cannot_be_read_is_an_error(fields: dict[str, Any]) -> None:
    """Money hangs on it."""
    with pytest.raises(RemoteProtocolError):
        talk(reply([{**TRADE, **fields}])).ask(FetchFills(instrument="BTC-USD"))


def test_executions_of_an_order_are_asked_for_by_its_number() -> None:
    """Newest first, under our own name for it; the larger of two weights is counted."""
    conversation = talk(reply(trades(1, 3)))
    found = conversation.ask(FetchFills(OrderKey("BTC-USD", "c1", "2281896601"), limit=2))

    assert numbers(found) == [3, 2]
    assert {fill.client_order_id for fill in found} == {"c1"}
    assert asked(conversation.requests[0]) == {
        "symbol": "BTCUSD",
        "orderId": "2281896601",
        "limit": "1000",
    }
    assert conversation.requests[0].costs == weighing(10)


def test_executions_of_an_order_known_by_our_name_need_its_number_first() -> None:
    """The exchange lists by its own ids."""
    conversation = talk(reply(payload("rest_order")), reply(trades(1, 1)))
    conversation.ask(FetchFills(OrderKey("BTC-USD", "eng-7f3a91c2-0002")))

    assert conversation.asked == ["fills.order", "fills"]
    assert asked(conversation.requests[0])["origClientOrderId"] == "eng-7f3a91c2-0002"
    assert asked(conversation.requests[1])["orderId"] == "2281896640"


def test_an_order_with_many_executions_is_read_page_by_page() -> None:
    """`orderId` with `fromId` is allowed."""
    conversation = talk(reply(trades(1, 1000)), reply(trades(1001, 2)))
    found = conversation.ask(FetchFills(OrderKey("BTC-USD", "c1", "2281896601")))

    assert numbers(found) == list(range(1002, 0, -1))
    assert asked(conversation.requests[1]) == {
        "symbol": "BTCUSD",
        "orderId": "2281896601",
        "fromId": "1001",
        "limit": "1000",
    }


@pytest.mark.parametrize("command", [FetchFills(), FetchFills(OrderKey("", "c1", "1"))])
def test_executions_are_listed_by_instrument_only(command: FetchFills) -> None:
    """An order's too."""
    with pytest.raises(NotSupported):
        talk().ask(command)


def test_executions_since_a_time_are_asked_for_day_by_day() -> None:
    """To a minute from now, by the exchange's clock."""
    start_ms = NOW_MS - DAY_MS - 3_600_000
    conversation = talk(reply(trades(1, 1)), reply(trades(2, 2)), clock_offset_ns=-5000 * MS)
    found = conversation.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ms * MS))
    spans = [
        (int(asked(request)["startTime"]) + 5000, int(asked(request)["endTime"]) + 5000)
        for request in conversation.requests
    ]

    assert numbers(found) == [3, 2, 1]
    assert spans == [
        (start_ms, start_ms + DAY_MS - 1),
        (start_ms + DAY_MS, NOW_MS + 60_000 - 1),
    ]


def test_executions_since_long_ago_are_read_by_number_and_cut_to_that_time() -> None:
    """Those before it are left out."""
    start_ms = TRADE["time"]
    old = {**TRADE, "id": 1, "time": start_ms - 1}
    conversation = talk(reply([old, {**TRADE, "id": 2}]), now_ns=(start_ms + 31 * DAY_MS) * MS)
    found = conversation.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ms * MS))

    assert numbers(found) == [2]
    assert asked(conversation.requests[0]) == {"symbol": "BTCUSD", "fromId": "1", "limit": "1000"}


def test_a_day_with_many_executions_goes_on_by_number() -> None:
    """To the last of all: `fromId` goes with no time."""
    start_ns = NOW_NS - 3 * DAY_MS * MS
    conversation = talk(reply(trades(1, 1000)), reply(trades(1001, 1000)), reply(trades(2001, 1)))
    found = conversation.ask(FetchFills(instrument="BTC-USD", start_time_ns=start_ns))

    assert numbers(found) == list(range(2001, 0, -1))
    assert [asked(request).get("fromId") for request in conversation.requests] == [
        None,
        "1001",
        "2001",
    ]
    assert set(asked(conversation.requests[1])) == {"symbol", "fromId", "limit"}
