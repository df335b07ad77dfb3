"""Transactions to what they tell: the entry, the order, the execution, the trades, the cash."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.support.oanda_reading import NOW_NS, line, payload
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.events import (
    BalancesChanged,
    Event,
    FillReported,
    MarginTradeChanged,
    OrderReported,
    TransactionRecorded,
    UnknownMessage,
)
from venuetree.protocol.exchanges.oanda.decode import decode
from venuetree.protocol.exchanges.oanda.transaction_reports import PARTLY_EXECUTED
from venuetree.protocol.exchanges.oanda.transactions import events_of, transaction_id
from venuetree.protocol.ledger import Ledger
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
    TimeInForce,
)

D = Decimal
X, EUR_USD = "oanda", "EUR-USD"
FILLED = payload("rest_order_filled")
PENDING = payload("rest_order_pending")["orderCreateTransaction"]
HALTED = payload("rest_order_halted")
STOPPED = payload("transaction_stop_fill")
REPLACED = payload("rest_order_replaced")
AT = 1_718_114_607_118_204_553


def read(transaction: dict[str, Any]) -> tuple[Event, ...]:
    """The events of a transaction."""
    return decode(line(transaction), NOW_NS)


def recorded(transaction: dict[str, Any]) -> TransactionRecorded:
    """The entry itself, which comes first."""
    first = read(transaction)[0]
    assert isinstance(first, TransactionRecorded)
    return first


def report(transaction: dict[str, Any]) -> OrderReport:
    """What it says of an order."""
    (told,) = [event for event in read(transaction) if isinstance(event, OrderReported)]
    return told.report


def reports(transaction: dict[str, Any]) -> list[OrderReport]:
    """The same, where it may say nothing."""
    return [event.report for event in read(transaction) if isinstance(event, OrderReported)]


def but(transaction: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """It with other members; None leaves one out."""
    return {name: value for name, value in {**transaction, **fields}.items() if value is not None}


# ---------------------------------------------------------------- executions


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


# ---------------------------------------------------------------- orders


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


# ---------------------------------------------------------------- money


@pytest.mark.parametrize(
    ("name", "amount", "balance"),
    [
        ("transaction_transfer", "-250.0000", "99766.1459"),
        ("transaction_daily_financing", "-0.6896", "100016.1459"),
        ("transaction_dividend", "1.2345", "99767.3804"),
    ],
)
def test_what_came_in_and_what_is_there_then(name: str, amount: str, balance: str) -> None:
    """With its sign."""
    first, second = read(payload(name))

    assert isinstance(first, TransactionRecorded)
    assert (str(first.amount), str(first.balance)) == (amount, balance)
    assert isinstance(second, BalancesChanged)
    assert second.balances == (Balance(X, "", D(balance), D(0)),)


def test_the_currency_is_the_accounts_where_it_is_known() -> None:
    """Transactions do not name it."""
    transfer = payload("transaction_transfer")
    told = events_of(transfer, "{}", NOW_NS, currency="USD")[-1]

    assert isinstance(told, BalancesChanged)
    assert told.balances[0].currency == "USD"


def test_a_type_that_is_not_known_is_recorded_and_told() -> None:
    """An order of a new type is no report: what it means nobody knows."""
    first, second, third = read(but(STOPPED, type="WONDERFUL_ORDER"))

    assert isinstance(first, TransactionRecorded)
    assert isinstance(second, UnknownMessage)
    assert second.kind == first.kind == "WONDERFUL_ORDER"
    assert isinstance(third, BalancesChanged)


def test_transactions_are_in_order_by_number() -> None:
    """Not by text."""
    assert transaction_id({"id": "999"}) < transaction_id({"id": "1000"})


# ---------------------------------------------------------------- with the ledger


def placed(client_order_id: str) -> Ledger:
    """A ledger with an order that was sent."""
    ledger = Ledger(X)
    order = limit_order(
        EUR_USD, Side.BUY, quantity="10000", price="1.08", client_order_id=client_order_id
    )
    ledger.intend(order, NOW_NS)
    ledger.sent(client_order_id, NOW_NS)
    return ledger


def test_an_order_that_was_created_and_could_not_be_executed_ends_rejected() -> None:
    """After the stream has told that it was open, so that nobody takes it for placed."""
    ledger = placed("c1")
    extensions = {"clientExtensions": {"id": "c1"}}
    ledger.report(report(but(HALTED["orderCreateTransaction"], **extensions)))
    ledger.report(report(but(HALTED["orderCancelTransaction"], clientOrderID="c1")))
    order = ledger.order("c1")

    assert order is not None
    assert (order.status, order.reason) == (OrderStatus.REJECTED, "MARKET_HALTED")
    assert order.exchange_order_id == "6412"


def test_the_rest_of_a_partly_executed_order_was_cancelled_not_rejected() -> None:
    """Though its cancel looks the same."""
    ledger = placed("c1")
    fill = but(FILLED["orderFillTransaction"], orderID="6412", clientOrderID="c1", units="4000")
    for event in read(fill):
        if isinstance(event, OrderReported):
            ledger.report(event.report)
        if isinstance(event, FillReported):
            ledger.fill(event.fill, NOW_NS)
    ledger.report(report(but(HALTED["orderCancelTransaction"], clientOrderID="c1")))
    order = ledger.order("c1")

    assert order is not None
    assert order.status is OrderStatus.CANCELLED
    assert order.filled_quantity == D(4000)


def test_a_refusal_of_a_repeated_id_does_not_touch_the_order_that_is_there() -> None:
    """It is of another request."""
    ledger = placed("c1")
    extensions = {"clientExtensions": {"id": "c1"}}
    ledger.report(report(but(PENDING, units="10000", price="1.08", **extensions)))
    refused = payload("rest_order_rejected")["orderRejectTransaction"]
    ledger.report(report(but(refused, rejectReason="CLIENT_ORDER_ID_ALREADY_EXISTS", **extensions)))
    order = ledger.order("c1")

    assert order is not None
    assert order.status is OrderStatus.OPEN


def test_a_refusal_that_names_no_order_is_of_no_order() -> None:
    """Nothing is adopted by it."""
    ledger = placed("c1")
    told = report(payload("rest_order_rejected")["orderRejectTransaction"])

    assert ledger.report(told) == ()
    assert not reports(payload("rest_configured")["clientConfigureTransaction"])
