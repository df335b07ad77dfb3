"""Trades and positions of a simulated OANDA account: reducing, closing, dependent orders."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.oanda_account_bench import Bench, code, reason
from venuetree.scenarios.simulated.oanda.account import GuaranteedMode

GUARANTEED = {
    "guaranteed_stop_loss_order_mode": "ALLOWED",
    "minimum_guaranteed_stop_loss_distance": Decimal("0.00200"),
}


@pytest.fixture
def bench() -> Bench:
    """A netting account in US dollars; EUR_USD at 1.10000 / 1.10010."""
    return Bench()


def flat(position: dict[str, Any]) -> tuple[str, str]:
    """Units of both sides."""
    return position["long"]["units"], position["short"]["units"]


def position(bench: Bench, name: str = "EUR_USD") -> dict[str, Any]:
    """A position as a read tells it."""
    found: dict[str, Any] = bench.account.position(name).body["position"]
    return found


def test_an_opposite_order_takes_the_oldest_trades_first_and_opens_the_rest(bench: Bench) -> None:
    """Closed, reduced and opened in one fill, each with its own share of the result."""
    first, second, third = (bench.opened(units) for units in (100, 200, 300))
    bench.at("1.10500", "1.10510")
    fill = bench.filled(-250)
    assert [each["tradeID"] for each in fill["tradesClosed"]] == [first]
    assert fill["tradesClosed"][0]["units"] == "-100"
    assert fill["tradeReduced"]["tradeID"] == second
    assert fill["tradeReduced"]["units"] == "-150"
    assert "tradeOpened" not in fill
    assert fill["pl"] == "1.2250"
    assert fill["quotePL"] == "1.22500"
    assert fill["accountBalance"] == "100001.2250"
    assert bench.trade(second)["currentUnits"] == "50"
    flipped = bench.filled(-1000)
    assert [each["tradeID"] for each in flipped["tradesClosed"]] == [second, third]
    assert flipped["tradeOpened"]["units"] == "-650"
    assert flat(position(bench)) == ("0", "-650")
    closed = bench.trade(second)
    assert closed["state"] == "CLOSED"
    assert closed["closingTransactionIDs"] == [fill["id"], flipped["id"]]
    assert closed["averageClosePrice"] == "1.10500"
    assert "unrealizedPL" not in closed
    order = bench.order(flipped["orderID"])
    assert order["tradeOpenedID"] == flipped["id"]
    assert order["tradeClosedIDs"] == [second, third]


def test_gains_and_losses_are_converted_at_different_rates(bench: Bench) -> None:
    """Each at the factor that the fill itself tells."""
    bench.at("150.000", "150.010", "USD_JPY")
    trade = bench.opened(1000, instrument="USD_JPY")
    bench.at("150.510", "150.520", "USD_JPY")
    gained = bench.call("close_trade", trade, {}).body["orderFillTransaction"]
    factor = bench.prices.factors("JPY", "USD")
    assert Decimal(gained["gainQuoteHomeConversionFactor"]) == factor.gain
    assert gained["quotePL"] == "500.000"
    assert gained["pl"] == str((500 * factor.gain).quantize(Decimal("0.0001")))
    other = bench.opened(-1000, instrument="USD_JPY")
    lost = bench.call("close_trade", other, {}).body["orderFillTransaction"]
    factor = bench.prices.factors("JPY", "USD")
    assert lost["pl"] == str((-10 * factor.loss).quantize(Decimal("0.0001")))


def test_a_hedging_account_holds_both_sides() -> None:
    """By default it only opens; margin is bound by the larger side."""
    bench = Bench(hedging=True)
    bench.opened(100)
    assert "tradeOpened" in bench.filled(-40)
    assert flat(position(bench)) == ("100", "-40")
    assert Decimal(position(bench)["marginUsed"]) == Decimal("2.2001")  # of the larger side
    assert bench.filled(-30, positionFill="REDUCE_FIRST")["tradeReduced"]["units"] == "-30"
    assert bench.filled(-10, positionFill="REDUCE_ONLY")["tradeReduced"]["units"] == "-10"
    both = bench.call("close_position", "EUR_USD", {"longUnits": "ALL", "shortUnits": "30"})
    assert both.status == 200
    assert both.body["longOrderFillTransaction"]["units"] == "-60"
    assert both.body["shortOrderFillTransaction"]["units"] == "30"
    assert flat(position(bench)) == ("0", "-10")


def test_a_netting_account_never_holds_both_sides(bench: Bench) -> None:
    """An order that may only open, or may only close more than there is, is cancelled."""
    bench.opened(100)
    assert reason(bench.post(units="-40", positionFill="OPEN_ONLY")) == "FIFO_VIOLATION"
    assert (
        reason(bench.post(units="-140", positionFill="REDUCE_ONLY")) == "POSITION_CLOSEOUT_FAILED"
    )
    answered = bench.post(units="-140", positionFill="REDUCE_ONLY", timeInForce="IOC")
    assert answered.body["orderFillTransaction"]["units"] == "-100"
    assert answered.body["orderCancelTransaction"]["reason"] == "POSITION_CLOSEOUT_FAILED"


def test_a_trade_is_closed_in_part_and_then_wholly_with_its_orders(bench: Bench) -> None:
    """Closed units have the closing order's sign; linked orders name trade and fill."""
    trade = bench.opened(
        10000,
        tradeClientExtensions={"id": "mine"},
        takeProfitOnFill={"price": "1.2"},
        stopLossOnFill={"price": "1.0"},
    )
    bench.at("1.10197", "1.10207")
    part = bench.call("close_trade", trade, {"units": "4000"}).body
    created, fill = part["orderCreateTransaction"], part["orderFillTransaction"]
    assert created["reason"] == "TRADE_CLOSE"
    assert created["units"] == "-4000"
    assert created["positionFill"] == "REDUCE_ONLY"
    assert created["tradeClose"] == {"units": "4000", "tradeID": trade, "clientTradeID": "mine"}
    assert fill["reason"] == "MARKET_ORDER_TRADE_CLOSE"
    assert fill["tradeReduced"]["realizedPL"] == fill["pl"] == "7.4800"
    assert fill["quotePL"] == "7.48000"
    assert fill["tradeReduced"]["clientTradeID"] == "mine"
    rest = bench.call("close_trade", "@mine", None)
    ids = rest.body["relatedTransactionIDs"]
    assert len(ids) == 4
    for number in ids[2:]:
        cancelled = bench.account.transactions.get(int(number))
        assert cancelled is not None
        assert cancelled["reason"] == "LINKED_TRADE_CLOSED"
        assert cancelled["closedTradeID"] == trade
        assert cancelled["tradeCloseTransactionID"] == ids[1]
    assert bench.trade(trade)["takeProfitOrder"]["state"] == "CANCELLED"
    assert code(bench.call("close_trade", trade, {}), 404) == "TRADE_DOESNT_EXIST"


@pytest.mark.parametrize(
    ("units", "why"),
    [
        ("101", "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE"),
        ("0", "UNITS_INVALID"),
        ("-5", "UNITS_INVALID"),
        ("1.5", "UNITS_PRECISION_EXCEEDED"),
    ],
)
def test_a_trade_is_not_closed_by_wrong_units(bench: Bench, units: str, why: str) -> None:
    """The rejection repeats them."""
    trade = bench.opened(100)
    answered = bench.call("close_trade", trade, {"units": units})
    assert code(answered) == why
    assert answered.body["orderRejectTransaction"]["tradeClose"]["units"] == units
    assert bench.trade(trade)["currentUnits"] == "100"


def test_closing_in_a_market_at_rest_answers_200_and_closes_nothing(bench: Bench) -> None:
    """The cancellation in the body is the only sign."""
    trade = bench.opened(100)
    bench.halt()
    assert reason(bench.call("close_trade", trade, None)) == "MARKET_HALTED"
    answered = bench.call("close_position", "EUR_USD", {"longUnits": "ALL"})
    assert reason(answered, "longOrderCancelTransaction") == "MARKET_HALTED"
    assert bench.trade(trade)["state"] == "OPEN"


def test_an_account_under_the_fifo_rule_closes_the_oldest_first() -> None:
    """And no order may be put on one of several equal trades."""
    bench = Bench(fifo=True)
    first, second = bench.opened(100), bench.opened(200)
    assert reason(bench.call("close_trade", second, None)) == "FIFO_VIOLATION"
    assert bench.call("close_trade", first, None).status == 200
    assert "orderFillTransaction" in bench.call("close_trade", second, None).body
    trade = bench.opened(100)
    bench.opened(100)
    answered = bench.call("trade_orders", trade, {"stopLoss": {"price": "1.0"}})
    assert code(answered, 400, "stopLossOrderRejectTransaction") == (
        "STOP_LOSS_ORDER_WOULD_VIOLATE_FIFO_VIOLATION_SAFEGUARD"
    )
    again = bench.post(units="100", takeProfitOnFill={"price": "2"})
    assert reason(again) == "FIFO_VIOLATION_SAFEGUARD_VIOLATION"


def test_dependent_orders_are_created_replaced_and_cancelled(bench: Bench) -> None:
    """Null cancels, an object creates or replaces, and what it omits is inherited."""
    trade = bench.opened(100)
    made = bench.call(
        "trade_orders",
        trade,
        {
            "takeProfit": {"price": "1.2"},
            "stopLoss": {
                "price": "1.05",
                "timeInForce": "GTD",
                "gtdTime": "2027-01-01T00:00:00Z",
                "clientExtensions": {"id": "stop"},
            },
            "trailingStopLoss": {"distance": "0.01"},
        },
    ).body
    assert made["takeProfitOrderTransaction"]["reason"] == "CLIENT_ORDER"
    stop = made["stopLossOrderTransaction"]["id"]
    changed = bench.call(
        "trade_orders", trade, {"takeProfit": None, "stopLoss": {"price": "1.06"}}
    ).body
    assert changed["takeProfitOrderCancelTransaction"]["reason"] == "CLIENT_REQUEST"
    cancelled, created = (
        changed["stopLossOrderCancelTransaction"],
        changed["stopLossOrderTransaction"],
    )
    assert cancelled["reason"] == "CLIENT_REQUEST_REPLACED"
    assert cancelled["replacedByOrderID"] == created["id"]
    assert created["reason"] == "REPLACEMENT"
    assert created["replacesOrderID"] == stop
    assert created["cancellingTransactionID"] == cancelled["id"]
    assert created["price"] == "1.06000"
    assert created["gtdTime"] == "2027-01-01T00:00:00.000000000Z"  # inherited
    assert created["clientExtensions"] == {"id": "stop"}
    told = bench.trade(trade)
    assert "takeProfitOrder" not in told
    assert told["stopLossOrder"]["id"] == created["id"]
    assert told["trailingStopLossOrder"]["trailingStopValue"] == "1.09000"
    # Nothing is asked for, nothing happens.
    nothing = bench.account.trade_orders(trade, {"takeProfit": None}, "1")
    assert (nothing.status, nothing.body["relatedTransactionIDs"]) == (200, [])


def test_dependent_orders_change_together_or_not_at_all(bench: Bench) -> None:
    """One that breaks a rule keeps the others from being created."""
    trade = bench.opened(100)
    answered = bench.call(
        "trade_orders", trade, {"takeProfit": {"price": "1.2"}, "stopLoss": {"price": "1.0000001"}}
    )
    assert code(answered, 400, "stopLossOrderRejectTransaction") == "PRICE_PRECISION_EXCEEDED"
    assert bench.account.pending_orders().body["orders"] == []
    unknown = bench.call("trade_orders", "999", {"takeProfit": {"price": "1.2"}})
    assert code(unknown, 404, "takeProfitOrderRejectTransaction") == "TRADE_DOESNT_EXIST"
    assert bench.account.trade_orders("999", {}, "1").body["errorCode"] == "NO_SUCH_TRADE"


def test_a_stop_that_is_through_the_market_fills_at_once(bench: Bench) -> None:
    """A change of a trade's orders may end the trade."""
    trade = bench.opened(100, takeProfitOnFill={"price": "1.2"})
    answered = bench.call("trade_orders", trade, {"stopLoss": {"price": "1.1"}})
    assert answered.status == 200
    fill = answered.body["stopLossOrderFillTransaction"]
    assert fill["reason"] == "STOP_LOSS_ORDER"
    assert fill["tradesClosed"][0]["tradeID"] == trade
    assert len(answered.body["relatedTransactionIDs"]) == 3  # the take profit is cancelled
    assert bench.trade(trade)["state"] == "CLOSED"


def test_a_trade_has_one_dependent_order_of_a_kind(bench: Bench) -> None:
    """A stop's distance is measured from the price at which the trade would be opened anew."""
    trade = bench.opened(100, tradeClientExtensions={"id": "mine"})
    stop = {"type": "STOP_LOSS", "tradeID": trade, "distance": "0.01"}
    made = bench.call("create_order", stop).body["orderCreateTransaction"]
    assert made["price"] == "1.09010"  # measured from the ask
    assert made["distance"] == "0.01000"
    assert made["clientTradeID"] == "mine"
    assert code(bench.call("create_order", stop)) == "STOP_LOSS_ORDER_ALREADY_EXISTS"
    by_client = {"type": "TAKE_PROFIT", "clientTradeID": "mine", "price": "1.2"}
    assert bench.call("create_order", by_client).status == 201
    mixed = {**by_client, "tradeID": trade, "clientTradeID": "other"}
    assert code(bench.call("create_order", mixed)) == "TRADE_IDENTIFIER_INCONSISTENCY"
    moved = bench.call("replace_order", made["id"], {**stop, "distance": "0.02"})
    assert moved.body["orderCreateTransaction"]["price"] == "1.08010"
    assert bench.trade(trade)["stopLossOrder"]["id"] == moved.body["orderCreateTransaction"]["id"]


def test_guaranteed_stops_follow_the_account_s_mode() -> None:
    """Required at the opening, not to be taken away, filled at its very price in a gap."""
    bench = Bench(GUARANTEED, guaranteed=GuaranteedMode.REQUIRED)
    assert reason(bench.post(units="100")) == "GUARANTEED_STOP_LOSS_ON_FILL_REQUIRED"
    near = bench.post(units="100", guaranteedStopLossOnFill={"price": "1.09900"})
    assert reason(near) == "GUARANTEED_STOP_LOSS_ON_FILL_MINIMUM_DISTANCE_NOT_MET"
    trade = bench.opened(100, guaranteedStopLossOnFill={"price": "1.09000"})
    number = bench.trade(trade)["guaranteedStopLossOrder"]["id"]
    kept = bench.call("cancel_order", number)
    key = "orderCancelRejectTransaction"
    assert code(kept, 400, key) == "GUARANTEED_STOP_LOSS_ORDER_NOT_CANCELABLE"
    plain = {"type": "STOP_LOSS", "tradeID": trade, "price": "1.08"}
    assert code(bench.call("create_order", plain)) == ("GUARANTEED_STOP_LOSS_ORDER_ALREADY_EXISTS")
    bench.at("1.05000", "1.05010")  # a gap
    fill = bench.told[-1]
    assert fill["reason"] == "GUARANTEED_STOP_LOSS_ORDER"
    assert (fill["price"], fill["fullVWAP"]) == ("1.09000", "1.05000")
    assert fill["pl"] == "-1.0100"


def test_one_request_turns_a_stop_into_a_guaranteed_one_but_never_into_both() -> None:
    """What the request cancels makes room for what it creates."""
    bench = Bench(GUARANTEED, guaranteed=GuaranteedMode.ALLOWED)
    trade = bench.opened(100, stopLossOnFill={"price": "1.09"})
    wanted = {"stopLoss": None, "guaranteedStopLoss": {"price": "1.09"}}
    both = bench.call("trade_orders", trade, {**wanted, "stopLoss": {"price": "1.08"}})
    key = "guaranteedStopLossOrderRejectTransaction"
    assert code(both, 400, key) == "STOP_LOSS_ORDER_ALREADY_EXISTS"
    turned = bench.call("trade_orders", trade, wanted)
    assert turned.status == 200
    told = bench.trade(trade)
    assert "stopLossOrder" not in told
    assert told["guaranteedStopLossOrder"]["price"] == "1.09000"
    same = {"price": "1.2", "clientExtensions": {"id": "x"}}
    twins = {"takeProfit": same, "trailingStopLoss": {**same, "distance": "0.01"}}
    assert code(
        bench.call("trade_orders", trade, twins), 400, "trailingStopLossOrderRejectTransaction"
    ) == ("CLIENT_ORDER_ID_ALREADY_EXISTS")
    both_on_fill = {"price": "1.0"}
    refused = bench.post(
        units="1", stopLossOnFill=both_on_fill, guaranteedStopLossOnFill=both_on_fill
    )
    assert code(refused) == "STOP_LOSS_ORDER_ALREADY_EXISTS"


def test_extensions_of_a_trade_change_where_they_are_mentioned(bench: Bench) -> None:
    """An id that another open trade has is refused."""
    trade = bench.opened(100, tradeClientExtensions={"id": "old", "tag": "a"})
    other = bench.opened(100, tradeClientExtensions={"id": "other"})
    answered = bench.call("trade_extensions", trade, {"clientExtensions": {"id": "new"}})
    changed = answered.body["tradeClientExtensionsModifyTransaction"]
    assert changed["clientTradeID"] == "old"
    assert bench.trade("@new")["clientExtensions"] == {"id": "new", "tag": "a"}
    key = "tradeClientExtensionsModifyRejectTransaction"
    taken = bench.call("trade_extensions", other, {"clientExtensions": {"id": "new"}})
    assert code(taken, 400, key) == "CLIENT_TRADE_ID_ALREADY_EXISTS"
    unknown = bench.call("trade_extensions", "999", {"clientExtensions": {"id": "x"}})
    assert code(unknown, 404, key) == "TRADE_DOESNT_EXIST"


def test_one_flat_side_rejects_the_whole_close(bench: Bench) -> None:
    """The side that could have been closed says how many units it has."""
    bench.opened(-5000)
    answered = bench.call("close_position", "EUR_USD", {"longUnits": "ALL", "shortUnits": "ALL"})
    long_key = "longOrderRejectTransaction"
    assert code(answered, 400, long_key) == "CLOSEOUT_POSITION_DOESNT_EXIST"
    assert "units" not in answered.body[long_key]
    other = answered.body["shortOrderRejectTransaction"]
    assert other["rejectReason"] == "CLOSEOUT_POSITION_REJECT"
    assert other["units"] == "5000"
    assert other["shortPositionCloseout"] == {"instrument": "EUR_USD", "units": "ALL"}
    assert flat(position(bench)) == ("0", "-5000")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ({}, 400, "CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION"),
        ({"longUnits": "NONE"}, 400, "CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION"),
        ({"longUnits": "301"}, 400, "CLOSEOUT_POSITION_UNITS_EXCEED_POSITION_SIZE"),
        ({"longUnits": "0"}, 400, "UNITS_INVALID"),
    ],
)
def test_a_position_is_not_closed_by_a_wrong_request(
    bench: Bench, body: dict[str, Any], status: int, why: str
) -> None:
    """A request that names no side is one."""
    bench.opened(300)
    answered = bench.call("close_position", "EUR_USD", body)
    assert code(answered, status, "longOrderRejectTransaction") == why


def test_part_of_a_position_takes_the_oldest_trades(bench: Bench) -> None:
    """The client extensions are the order's."""
    first, second = bench.opened(100), bench.opened(200)
    answered = bench.call(
        "close_position",
        "EUR_USD",
        {"longUnits": "150", "longClientExtensions": {"id": "mine"}},
    )
    created = answered.body["longOrderCreateTransaction"]
    assert created["reason"] == "POSITION_CLOSEOUT"
    assert created["clientExtensions"] == {"id": "mine"}
    assert created["longPositionCloseout"] == {"instrument": "EUR_USD", "units": "150"}
    fill = answered.body["longOrderFillTransaction"]
    assert fill["reason"] == "MARKET_ORDER_POSITION_CLOSEOUT"
    assert fill["tradesClosed"][0]["tradeID"] == first
    assert fill["tradeReduced"]["tradeID"] == second
    assert flat(position(bench)) == ("150", "0")


def test_positions_exist_once_they_were_traded(bench: Bench) -> None:
    """A flat one goes on telling what it has earned."""
    unknown = bench.account.position("EUR_USD")
    assert (unknown.status, unknown.body["errorCode"]) == (404, "NO_SUCH_POSITION")
    assert bench.account.position("EUR_UDS").status == 400
    trade = bench.opened(100)
    told = position(bench)
    assert told["long"]["averagePrice"] == "1.10010"
    assert told["long"]["tradeIDs"] == [trade]
    assert told["unrealizedPL"] == "-0.0100"
    bench.call("close_trade", trade, None)
    told = position(bench)
    assert told["pl"] == told["long"]["pl"] == "-0.0100"
    assert "marginUsed" not in told
    assert "averagePrice" not in told["long"]
    assert bench.account.open_positions().body["positions"] == []
    assert len(bench.account.positions().body["positions"]) == 1


def test_trades_are_listed_newest_first(bench: Bench) -> None:
    """By default the open ones."""
    trades = [bench.opened(each) for each in (1, 2, 3)]
    bench.call("close_trade", trades[0], None)
    page = bench.account.trades(count="1")
    assert [each["id"] for each in page.body["trades"]] == [trades[2]]
    assert page.next_before_id == trades[1]
    closed = bench.account.trades(state="CLOSED")
    assert [each["id"] for each in closed.body["trades"]] == [trades[0]]
    assert len(bench.account.trades(state="ALL").body["trades"]) == 3
    assert len(bench.account.open_trades().body["trades"]) == 2
    assert bench.account.trade("999").body["errorCode"] == "NO_SUCH_TRADE"
