"""Transactions that execute: the entry, the order, the execution, the trades, the cash."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.oanda_reading import NOW_NS, line, payload
from tests.support.oanda_transactions import (
    EUR_USD,
    FILLED,
    STOPPED,
    X,
    but,
    read,
    recorded,
    report,
)
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    BalancesChanged,
    FillReported,
    MarginTradeChanged,
    OrderReported,
    TransactionRecorded,
)
from venuetree.protocol.exchanges.oanda.transaction_reports import PARTLY_EXECUTED
from venuetree.protocol.models import (
    Balance,
    ClientExtensions,
    Fill,
    Liquidity,
    MarginTradeChange,
    OrderReport,
    OrderStatus,
    OrderType,
    ReportSource,
    Side,
)

D = Decimal
AT = 1_718_114_607_118_204_553


def test_an_execution_tells_everything_that_it_did() -> None:
    """The entry, the order, the fill, the trade that was opened, and the cash, in this order."""
    fill = FILLED["orderFillTransaction"]
    time = {"exchange_time_ns": AT, "received_time_ns": NOW_NS}

    assert read(fill) == (
        TransactionRecorded(
            exchange=X,
            transaction_id="6402",
            batch_id="6401",
            kind="ORDER_FILL",
            reason="MARKET_ORDER",
            reject_reason="",
            order_id="6401",
            client_order_id="eng-0007",
            trade_id="6402",
            units=D(10000),
            price=D("1.08425"),
            realized_profit=D("0.0000"),
            financing=D("0.0000"),
            commission=D("0.0000"),
            amount=D("0.0000"),
            balance=D("100000.0000"),
            detail=line(fill).decode(),
            instrument=EUR_USD,
            **time,
        ),
        OrderReported(
            X,
            OrderReport(
                exchange=X,
                instrument=EUR_USD,
                exchange_order_id="6401",
                status=OrderStatus.FILLED,
                source=ReportSource.STREAM,
                received_time_ns=NOW_NS,
                client_order_id="eng-0007",
                side=Side.BUY,
                type=OrderType.MARKET,
                quantity=D(10000),
                filled_quantity=D(10000),
                average_price=D("1.08425"),
                fees=D("0.0000"),
                exchange_time_ns=AT,
            ),
            AT,
            NOW_NS,
        ),
        FillReported(
            X,
            Fill(
                exchange=X,
                instrument=EUR_USD,
                fill_id="6402",
                exchange_order_id="6401",
                side=Side.BUY,
                price=D("1.08425"),
                quantity=D(10000),
                fee=D("0.0000"),
                fee_currency="",
                liquidity=Liquidity.UNKNOWN,
                exchange_time_ns=AT,
                client_order_id="eng-0007",
                trade_id="6402",
            ),
            AT,
            NOW_NS,
        ),
        MarginTradeChanged(
            exchange=X,
            instrument=EUR_USD,
            trade_id="6402",
            change=MarginTradeChange.OPENED,
            units=D(10000),
            price=D("1.08425"),
            realized_profit=None,
            financing=None,
            order_id="6401",
            transaction_id="6402",
            extensions=ClientExtensions("eng-t-0007", "strat-a"),
            **time,
        ),
        BalancesChanged(X, (Balance(X, "", D("100000.0000"), D(0)),), AT, NOW_NS),
    )


def test_the_digits_are_kept_as_they_came() -> None:
    """Equal decimals may differ in that."""
    told = recorded(STOPPED)

    assert (str(told.units), str(told.price), str(told.balance)) == (
        "-10000",
        "1.08121",
        "99969.5688",
    )
    assert orjson.loads(told.detail) == STOPPED


def test_a_stop_sells_what_its_trade_had_bought() -> None:
    """The trade's end: its id, what was lost, and that the stop was its exit."""
    told = report(STOPPED)
    (change,) = [event for event in read(STOPPED) if isinstance(event, MarginTradeChanged)]

    assert (told.side, told.filled_quantity) == (Side.SELL, D(10000))
    assert (told.type, told.trade_id) == (OrderType.STOP_LOSS, "6402")
    assert change.change is MarginTradeChange.CLOSED
    assert (change.trade_id, change.units) == ("6402", D(-10000))
    assert (change.realized_profit, change.financing) == (D("-30.4000"), D("-0.0312"))
    assert change.extensions == ClientExtensions("eng-t-0007")
    assert recorded(STOPPED).amount == D("-30.4312")


def test_a_trade_that_is_reduced_goes_on() -> None:
    """Units with the sign of what reduced it."""
    body = payload("rest_trade_reduced")
    (change,) = [
        event
        for event in read(body["orderFillTransaction"])
        if isinstance(event, MarginTradeChanged)
    ]

    assert change.change is MarginTradeChange.REDUCED
    assert (change.units, change.realized_profit) == (D(-4000), D("7.4800"))
    assert recorded(body["orderCreateTransaction"]).trade_id == "6402"


def test_one_execution_may_close_reduce_and_open() -> None:
    """Each trade by itself; the entry then names none, the fill the one that was opened."""
    part = {"units": "100", "price": "1.1", "realizedPL": "1.5", "financing": "-0.1"}
    fill = but(
        FILLED["orderFillTransaction"],
        tradesClosed=[{**part, "tradeID": "6301"}, {**part, "tradeID": "6302"}],
        tradeReduced={**part, "tradeID": "6303"},
    )
    changes = [event for event in read(fill) if isinstance(event, MarginTradeChanged)]
    (filled,) = [event.fill for event in read(fill) if isinstance(event, FillReported)]

    assert [(change.trade_id, change.change.value) for change in changes] == [
        ("6301", "closed"),
        ("6302", "closed"),
        ("6303", "reduced"),
        ("6402", "opened"),
    ]
    assert recorded(fill).trade_id == ""
    assert filled.trade_id == "6402"


def test_an_execution_of_a_part_leaves_the_order_unfilled() -> None:
    """What becomes of the rest another transaction says."""
    told = report(but(FILLED["orderFillTransaction"], units="4000"))

    assert told.status is OrderStatus.CANCELLED
    assert told.reason == PARTLY_EXECUTED
    assert (told.quantity, told.filled_quantity) == (D(10000), D(4000))


def test_without_the_units_requested_an_execution_is_whole() -> None:
    """They are not documented, and missing from older executions."""
    told = report(payload("transaction_stop_fill_short"))

    assert told.status is OrderStatus.FILLED
    assert told.quantity == told.filled_quantity == D(10000)


def test_what_an_execution_brings_in_is_exact() -> None:
    """Profit and financing, less commission and the fee of a guarantee, to the last digit."""
    fill = but(
        FILLED["orderFillTransaction"],
        pl="12345678901234567890.12345678901",
        financing="-0.00000000000000000001",
        commission="0.5",
        guaranteedExecutionFee="0.25",
    )
    (filled,) = [event.fill for event in read(fill) if isinstance(event, FillReported)]

    assert recorded(fill).amount == D("12345678901234567889.37345678900999999999")
    assert filled.fee == report(fill).fees == D("0.75")


def test_the_price_of_an_execution_has_two_names() -> None:
    """The older one is deprecated and still sent."""
    fill = but(FILLED["orderFillTransaction"], price=None, fullVWAP="1.08426")
    (filled,) = [event.fill for event in read(fill) if isinstance(event, FillReported)]

    assert filled.price == D("1.08426")
    with pytest.raises(RemoteProtocolError):
        read(but(fill, fullVWAP=None))


@pytest.mark.parametrize(
    "fields",
    [
        {"units": "0"},
        {"units": "1e3"},
        {"units": 10.5},
        {"units": None},
        {"pl": "x"},
        {"commission": 0.5},
        {"accountBalance": "NaN"},
        {"orderID": None},
        {"orderID": "x"},
        {"instrument": None},
        {"tradesClosed": {}},
        {"tradesClosed": [1]},
        {"tradeOpened": [1]},
        {"tradeOpened": {"tradeID": "1"}},
        {"time": None},
        {"id": 6402},
        {"id": ""},
        {"id": "12345678901234567890"},
    ],
)
def test_a_malformed_execution_is_an_error(fields: dict[str, Any]) -> None:
    """Money hangs on it."""
    with pytest.raises(RemoteProtocolError):
        read(but(FILLED["orderFillTransaction"], **fields))
