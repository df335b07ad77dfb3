"""Orders, trades, positions and the account, as replies tell them."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.oanda_reading import NOW_NS, payload
from venuetree.protocol.exchanges.oanda.reports import (
    account_changes,
    account_summary,
    as_exit_of,
    balances_from,
    margin_trades,
    order_reports,
    positions_from,
    report_from_order,
    trade_from,
)
from venuetree.protocol.models import (
    AccountSummary,
    Balance,
    ClientExtensions,
    MarginTrade,
    MarginTradeState,
    OrderReport,
    OrderStatus,
    OrderType,
    Position,
    ReportSource,
    Side,
    TimeInForce,
)
from venuetree.protocol.reading import MALFORMED

D = Decimal
X, EUR_USD = "oanda", "EUR-USD"
ORDER = payload("rest_order")["order"]
TRADE = payload("rest_trade")["trade"]
ACCOUNT = payload("rest_account")["account"]
CHANGES = payload("rest_changes")
OPENED_AT = 1_718_114_607_118_204_553


def but(told: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """It with other members; None leaves one out."""
    return {name: value for name, value in {**told, **fields}.items() if value is not None}


# ---------------------------------------------------------------- orders


def test_an_order_is_read_exactly() -> None:
    """A cancelled one: when it ended, and what it was."""
    assert report_from_order(ORDER, NOW_NS) == OrderReport(
        exchange=X,
        instrument=EUR_USD,
        exchange_order_id="6407",
        status=OrderStatus.CANCELLED,
        source=ReportSource.QUERY,
        received_time_ns=NOW_NS,
        client_order_id="eng-0008",
        side=Side.SELL,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
        quantity=D(10000),
        price=D("1.09100"),
        created_time_ns=1_718_115_609_551_120_003,
        exchange_time_ns=1_718_115_900_000_412_876,
    )


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("PENDING", OrderStatus.OPEN),
        ("TRIGGERED", OrderStatus.OPEN),
        ("FILLED", OrderStatus.FILLED),
        ("CANCELLED", OrderStatus.CANCELLED),
    ],
)
def test_the_states_of_orders(state: str, status: OrderStatus) -> None:
    """One that is triggered has not ended."""
    assert report_from_order(but(ORDER, state=state), NOW_NS).status is status


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "RESTING"},
        {"state": None},
        {"timeInForce": "GTX"},
        {"units": "0"},
        {"units": 1.5},
        {"price": "x"},
        {"id": "@c1"},
        {"createTime": None},
        {"type": None},
    ],
)
def test_an_order_that_cannot_be_read_is_malformed(fields: dict[str, Any]) -> None:
    """An unknown state above all."""
    with pytest.raises(MALFORMED):
        report_from_order(but(ORDER, **fields), NOW_NS)


def test_an_unknown_type_of_order_is_another() -> None:
    """It describes."""
    assert report_from_order(but(ORDER, type="CLEVER"), NOW_NS).type is OrderType.OTHER


def test_a_trailing_stop_has_the_price_that_it_has_followed_to() -> None:
    """Its distance is no price."""
    order = but(
        ORDER,
        type="TRAILING_STOP_LOSS",
        price=None,
        units=None,
        instrument=None,
        tradeID="6402",
        distance="0.00250",
        trailingStopValue="1.08381",
    )
    told = report_from_order(order, NOW_NS)

    assert (told.price, told.stop_price) == (None, D("1.08381"))
    assert (told.side, told.quantity, told.instrument, told.trade_id) == (None, None, "", "6402")


def test_an_exit_is_joined_with_its_trade() -> None:
    """It sells what the trade has bought, all that is open of it."""
    trade = trade_from(TRADE, NOW_NS)
    bare = report_from_order(TRADE["takeProfitOrder"], NOW_NS)
    short = evolve(trade, side=Side.SELL, quantity=D(300))

    assert (bare.instrument, bare.side, bare.quantity) == ("", None, None)
    told = as_exit_of(trade, bare)
    assert (told.instrument, told.side, told.quantity) == (EUR_USD, Side.SELL, D(10000))
    told = as_exit_of(short, bare)
    assert (told.side, told.quantity) == (Side.BUY, D(300))


def test_a_list_joins_the_exits_of_the_trades_that_are_known() -> None:
    """And leaves the others as they are."""
    trade = trade_from(TRADE, NOW_NS)
    exits = {"orders": [ORDER, TRADE["stopLossOrder"], but(TRADE["stopLossOrder"], tradeID="1")]}
    told = order_reports(exits, NOW_NS, trades={"6402": trade}, source=ReportSource.REPLY)

    assert [each.instrument for each in told] == [EUR_USD, EUR_USD, ""]
    assert [each.side for each in told] == [Side.SELL, Side.SELL, None]
    assert {each.source for each in told} == {ReportSource.REPLY}
    assert order_reports({"orders": []}, NOW_NS) == ()


@pytest.mark.parametrize("orders", [None, {}, "x", [1], [[]]])
def test_a_list_of_another_shape_is_malformed(orders: Any) -> None:
    """It must not be taken for empty; nor one that is missing."""
    with pytest.raises(MALFORMED):
        order_reports({"orders": orders}, NOW_NS)
    with pytest.raises(MALFORMED):
        order_reports({}, NOW_NS)


# ---------------------------------------------------------------- trades


def test_a_trade_is_read_exactly_with_its_exits() -> None:
    """Each an order that leaves it."""
    told = trade_from(TRADE, NOW_NS)
    profit, stop = told.exits

    assert evolve(told, exits=()) == MarginTrade(
        exchange=X,
        instrument=EUR_USD,
        trade_id="6402",
        side=Side.BUY,
        state=MarginTradeState.OPEN,
        price=D("1.08425"),
        initial_quantity=D(10000),
        quantity=D(10000),
        realized_profit=D("0.0000"),
        financing=D("0.0000"),
        open_time_ns=OPENED_AT,
        unrealized_profit=D("0.6000"),
        margin_used=D("216.8750"),
        extensions=ClientExtensions("eng-t-0007", "strat-a"),
    )
    assert (profit.exchange_order_id, profit.type, profit.price) == (
        "6403",
        OrderType.TAKE_PROFIT,
        D("1.09025"),
    )
    assert (stop.exchange_order_id, stop.type, stop.stop_price) == (
        "6404",
        OrderType.STOP_LOSS,
        D("1.08125"),
    )
    for exit_order in told.exits:
        assert exit_order.trade_id == "6402"
        assert (exit_order.instrument, exit_order.side) == (EUR_USD, Side.SELL)
        assert (exit_order.quantity, exit_order.status) == (D(10000), OrderStatus.OPEN)


def test_a_closed_trade_tells_how_it_ended() -> None:
    """And has nothing unrealized any more; a short one had negative units."""
    told = trade_from(
        but(
            TRADE,
            state="CLOSED",
            initialUnits="-10000",
            currentUnits="0",
            realizedPL="-30.4000",
            unrealizedPL=None,
            marginUsed=None,
            closeTime="2024-06-11T18:22:41.905511872Z",
            averageClosePrice="1.08121",
        ),
        NOW_NS,
    )

    assert (told.side, told.state) == (Side.SELL, MarginTradeState.CLOSED)
    assert (told.quantity, told.initial_quantity) == (D(0), D(10000))
    assert (told.unrealized_profit, told.margin_used) == (None, None)
    assert (told.close_time_ns, told.average_close_price) == (
        1_718_130_161_905_511_872,
        D("1.08121"),
    )
    assert told.exits[0].quantity == D(10000)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "HALF_OPEN"},
        {"initialUnits": "0"},
        {"currentUnits": None},
        {"price": 1.1},
        {"realizedPL": None},
        {"financing": "x"},
        {"takeProfitOrder": []},
        {"id": None},
        {"clientExtensions": 1},
    ],
)
def test_a_trade_that_cannot_be_read_is_malformed(fields: dict[str, Any]) -> None:
    """An unknown state above all."""
    with pytest.raises(MALFORMED):
        trade_from(but(TRADE, **fields), NOW_NS)


def test_a_summary_names_its_exits_and_they_are_looked_up() -> None:
    """Where their orders are in the same answer."""
    (found,) = margin_trades(ACCOUNT, NOW_NS, orders="orders")
    (trade,) = found

    assert [(each.exchange_order_id, each.type) for each in trade.exits] == [
        ("6403", OrderType.TAKE_PROFIT),
        ("6404", OrderType.STOP_LOSS),
    ]
    assert [each.price or each.stop_price for each in trade.exits] == [D("1.09025"), D("1.08125")]


def test_an_exit_that_is_only_named_waits() -> None:
    """If its trade is open; of one that has ended nobody knows."""
    summary = ACCOUNT["trades"][0]
    named = trade_from(summary, NOW_NS)
    closed = trade_from(but(summary, state="CLOSED", currentUnits="0"), NOW_NS)

    assert [each.status for each in named.exits] == [OrderStatus.OPEN] * 2
    assert [each.type for each in named.exits] == [OrderType.TAKE_PROFIT, OrderType.STOP_LOSS]
    assert [each.quantity for each in named.exits] == [D(10000)] * 2
    assert closed.exits == ()


# ---------------------------------------------------------------- positions


def test_each_side_that_is_not_flat_is_a_position() -> None:
    """Short ones are negative; an account may have both."""
    told = payload("rest_positions")["positions"][0]
    long = Position(X, EUR_USD, D(10000), D("1.08425"), D("0.6000"), ("6402",))
    side = {"units": "-20", "averagePrice": "1.09", "unrealizedPL": "-1.5", "tradeIDs": ["7", "8"]}
    short = Position(X, EUR_USD, D(-20), D("1.09"), D("-1.5"), ("7", "8"))

    assert positions_from([told]) == (long,)
    assert positions_from([{**told, "short": side}]) == (long, short)
    assert positions_from([{**told, "long": {"units": "0"}}]) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"long": {"units": "-5"}},
        {"short": {"units": "5"}},
        {"short": None},
        {"long": {}},
        {"long": {"units": 1.5}},
        {"instrument": None},
    ],
)
def test_a_position_that_cannot_be_read_is_malformed(fields: dict[str, Any]) -> None:
    """A side with the other's sign above all."""
    with pytest.raises(MALFORMED):
        positions_from([but(payload("rest_positions")["positions"][0], **fields)])


# ---------------------------------------------------------------- the account


def test_the_account_is_read_exactly() -> None:
    """What it is worth, and what is in use of it."""
    account = payload("rest_summary")["account"]

    assert account_summary(account, NOW_NS) == AccountSummary(
        exchange=X,
        account_id="101-004-9182736-001",
        currency="USD",
        balance=D("100000.0000"),
        net_asset_value=D("100000.6000"),
        unrealized_profit=D("0.6000"),
        realized_profit=D("0.0000"),
        financing=D("0.0000"),
        margin_used=D("216.8750"),
        margin_available=D("99783.7250"),
        margin_call_percent=D("0.00217"),
        margin_closeout_percent=D("0.00108"),
        open_trades=1,
        open_positions=1,
        pending_orders=2,
        is_hedging=False,
        guaranteed_stops="DISABLED",
        last_transaction_id="6404",
        received_time_ns=NOW_NS,
        alias="Primary",
        margin_rate=D("0.02"),
    )
    assert balances_from(account) == (Balance(X, "USD", D("100000.0000"), D(0)),)


def test_what_an_account_may_lack() -> None:
    """A name, and a margin rate of its own; when its profit was reset is not looked into."""
    account = but(
        payload("rest_summary")["account"], alias=None, marginRate=None, resettablePLTime=0
    )
    told = account_summary(account, NOW_NS)

    assert (told.alias, told.margin_rate) == ("", None)


@pytest.mark.parametrize(
    "fields",
    [{"balance": None}, {"NAV": 1.5}, {"openTradeCount": "1"}, {"hedgingEnabled": 0}, {"id": 1}],
)
def test_an_account_that_cannot_be_read_is_malformed(fields: dict[str, Any]) -> None:
    """Nothing is guessed."""
    with pytest.raises(MALFORMED):
        account_summary(but(payload("rest_summary")["account"], **fields), NOW_NS)


def test_what_has_changed_in_an_account() -> None:
    """Orders by what became of them, trades, and what follows prices."""
    told = account_changes(CHANGES, NOW_NS)
    (filled,), (opened,) = told.orders_filled, told.trades_opened

    assert (filled.exchange_order_id, filled.status) == ("6401", OrderStatus.FILLED)
    assert filled.exchange_time_ns == OPENED_AT
    assert (opened.trade_id, len(opened.exits)) == ("6402", 2)
    assert (told.orders_created, told.orders_cancelled, told.orders_triggered) == ((), (), ())
    assert (told.trades_reduced, told.trades_closed) == ((), ())
    assert (told.net_asset_value, told.unrealized_profit) == (D("100000.6000"), D("0.6000"))
    assert (told.margin_used, told.margin_available) == (D("216.8750"), D("99783.7250"))
    assert told.last_transaction_id == "6405"


def test_figures_that_did_not_change_may_be_left_out() -> None:
    """They are then None; exits of trades in the same answer are joined with them."""
    body = {
        "changes": {
            **CHANGES["changes"],
            "ordersCreated": [TRADE["takeProfitOrder"]],
        },
        "lastTransactionID": "6405",
    }
    told = account_changes(body, NOW_NS)

    assert (told.net_asset_value, told.margin_used) == (None, None)
    assert [each.instrument for each in told.orders_created] == [EUR_USD]
    assert told.trades_opened[0].exits[0].price == D("1.09025")
