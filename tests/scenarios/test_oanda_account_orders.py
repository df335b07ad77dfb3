"""Creating, replacing, cancelling and reading orders of a simulated OANDA account."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.oanda_account_bench import HOUR, MILLION, SECOND, Bench, code, reason
from venuetree.scenarios.simulated.oanda.account import ShortLadder

PLAIN_CODE = "oanda::rest::core::InvalidParameterException"


@pytest.fixture
def bench() -> Bench:
    """A netting account in US dollars; EUR_USD at 1.10000 / 1.10010."""
    return Bench()


def test_a_market_order_fills_and_attaches_what_it_was_told_to(bench: Bench) -> None:
    """What it attaches is in the batch, not in the answer: profit, then stop, then trailing."""
    before = bench.account.last_transaction_id
    answered = bench.post(
        units="10000",
        clientExtensions={"id": "eng-0007", "tag": "strat-a"},
        tradeClientExtensions={"id": "eng-t-0007"},
        takeProfitOnFill={"price": "1.11"},
        stopLossOnFill={"distance": "0.00300", "timeInForce": "GFD"},
        trailingStopLossOnFill={"distance": "0.00250"},
    )
    assert answered.status == 201
    news = bench.since(before)
    assert [each["type"] for each in news] == [
        "MARKET_ORDER",
        "ORDER_FILL",
        "TAKE_PROFIT_ORDER",
        "STOP_LOSS_ORDER",
        "TRAILING_STOP_LOSS_ORDER",
    ]
    created, fill, profit, stop, trailing = news
    assert answered.body["orderCreateTransaction"] is created
    assert answered.body["orderFillTransaction"] is fill
    assert created["takeProfitOnFill"] == {"price": "1.11000", "timeInForce": "GTC"}
    assert fill["units"] == "10000"
    assert fill["price"] == fill["tradeOpened"]["price"] == "1.10010"
    assert fill["tradeOpened"]["clientExtensions"] == {"id": "eng-t-0007"}
    assert fill["tradeOpened"]["halfSpreadCost"] == "0.5000"
    assert fill["tradeOpened"]["initialMarginRequired"] == "220.0100"
    assert fill["accountBalance"] == "100000.0000"
    assert profit["reason"] == "ON_FILL"
    assert profit["tradeID"] == fill["id"] == profit["orderFillTransactionID"]
    assert profit["clientTradeID"] == "eng-t-0007"
    assert stop["price"] == "1.09710"  # measured from the trade's price
    assert stop["timeInForce"] == "GFD"
    assert trailing["distance"] == "0.00250"
    trade = bench.trade(fill["id"])
    assert trade["takeProfitOrder"]["state"] == "PENDING"
    assert trade["stopLossOrder"]["price"] == "1.09710"
    assert trade["trailingStopLossOrder"]["trailingStopValue"] == "1.09750"
    assert bench.told == news


def test_a_big_order_walks_the_ladder() -> None:
    """It pays the average of the prices that it takes, or is cancelled."""
    rich = Bench(balance=100 * MILLION)
    fill = rich.filled(2 * MILLION)
    assert fill["price"] == fill["fullVWAP"] == "1.10015"
    assert reason(rich.post(units=str(5 * MILLION))) == "INSUFFICIENT_LIQUIDITY"


def test_fill_or_kill_keeps_within_its_bound(bench: Bench) -> None:
    """A bound at the price itself is kept."""
    assert reason(bench.post(units="1000", priceBound="1.10009")) == "BOUNDS_VIOLATION"
    assert bench.filled(1000, priceBound="1.10010")["units"] == "1000"


def test_immediate_or_cancel_fills_what_there_is_within_its_bound(bench: Bench) -> None:
    """A fill and a cancellation in one answer."""
    answered = bench.post(units=str(2 * MILLION), timeInForce="IOC", priceBound="1.10015")
    fill, cancelled = (
        answered.body["orderFillTransaction"],
        answered.body["orderCancelTransaction"],
    )
    assert fill["units"] == "1000000"
    assert fill["requestedUnits"] == "2000000"
    assert cancelled["reason"] == "BOUNDS_VIOLATION"
    order = bench.order(fill["orderID"])
    assert order["state"] == "FILLED"
    assert order["cancellingTransactionID"] == cancelled["id"]


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"stopLossOnFill": {"price": "1.10010"}}, "STOP_LOSS_ON_FILL_LOSS"),
        ({"takeProfitOnFill": {"price": "1.10000"}}, "TAKE_PROFIT_ON_FILL_LOSS"),
        ({"units": "-1", "stopLossOnFill": {"price": "1.09"}}, "STOP_LOSS_ON_FILL_LOSS"),
        (
            {"guaranteedStopLossOnFill": {"price": "1.09000"}},
            "GUARANTEED_STOP_LOSS_ON_FILL_NOT_ALLOWED",
        ),
        ({"units": "50000000"}, "INSUFFICIENT_MARGIN"),
        ({"units": "3000001", "instrument": "USD_JPY"}, "INSUFFICIENT_MARGIN"),
        # Margin is checked before bounds are.
        ({"units": "50000000", "priceBound": "1.00000"}, "INSUFFICIENT_MARGIN"),
        ({"positionFill": "REDUCE_ONLY"}, "POSITION_CLOSEOUT_FAILED"),
        ({"type": "LIMIT", "price": "1.09", "timeInForce": "FOK"}, "TIME_IN_FORCE_EXPIRED"),
    ],
)
def test_a_created_order_is_cancelled_at_once(
    bench: Bench, order: dict[str, Any], why: str
) -> None:
    """The answer is 201 all the same: nothing was executed."""
    answered = bench.post(**{"units": "1000", **order})
    assert reason(answered) == why
    created = answered.body["orderCreateTransaction"]
    assert bench.order(created["id"])["state"] == "CANCELLED"
    assert bench.account.balance == 100000


def test_a_halted_market_cancels_and_lets_orders_wait(bench: Bench) -> None:
    """Even a limit that would be marketable waits."""
    bench.halt()
    assert reason(bench.post(units="1")) == "MARKET_HALTED"
    limit = bench.resting(price="1.20000")
    assert bench.call("cancel_order", limit).status == 200


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"units": "0"}, "UNITS_INVALID"),
        ({"units": "100.0"}, "UNITS_PRECISION_EXCEEDED"),
        ({"units": 0.5}, "UNITS_PRECISION_EXCEEDED"),
        ({"units": "0.001", "instrument": "BTC_USD"}, "UNITS_PRECISION_EXCEEDED"),
        ({"units": "100000001"}, "UNITS_LIMIT_EXCEEDED"),
        ({"type": "LIMIT", "price": "1.0800001"}, "PRICE_PRECISION_EXCEEDED"),
        ({"type": "LIMIT", "price": 1.12247999999999}, "PRICE_PRECISION_EXCEEDED"),
        ({"type": "LIMIT", "price": "-1"}, "PRICE_INVALID"),
        ({"priceBound": "1.100001"}, "PRICE_BOUND_PRECISION_EXCEEDED"),
        ({"timeInForce": "GTC"}, "TIME_IN_FORCE_INVALID"),
        (
            {"type": "MARKET_IF_TOUCHED", "price": "1", "timeInForce": "FOK"},
            "TIME_IN_FORCE_INVALID",
        ),
        (
            {"type": "LIMIT", "price": "1", "timeInForce": "GTD"},
            "TIME_IN_FORCE_GTD_TIMESTAMP_MISSING",
        ),
        (
            {
                "type": "LIMIT",
                "price": "1",
                "timeInForce": "GTD",
                "gtdTime": "2018-07-02T00:00:00Z",
            },
            "TIME_IN_FORCE_GTD_TIMESTAMP_IN_PAST",
        ),
        ({"clientExtensions": {"id": "x" * 129}}, "CLIENT_ORDER_ID_INVALID"),
        ({"clientExtensions": {"tag": ""}}, "CLIENT_ORDER_TAG_INVALID"),
        ({"tradeClientExtensions": {"id": ""}}, "CLIENT_TRADE_ID_INVALID"),
        (
            {"takeProfitOnFill": {"price": "1.2000001"}},
            "TAKE_PROFIT_ON_FILL_PRICE_PRECISION_EXCEEDED",
        ),
        ({"takeProfitOnFill": {}}, "TAKE_PROFIT_ON_FILL_PRICE_MISSING"),
        (
            {"stopLossOnFill": {"price": "1", "distance": "1"}},
            "STOP_LOSS_ON_FILL_PRICE_AND_DISTANCE_BOTH_SPECIFIED",
        ),
        (
            {"stopLossOnFill": {"price": "1", "timeInForce": "FOK"}},
            "STOP_LOSS_ON_FILL_TIME_IN_FORCE_INVALID",
        ),
        (
            {"trailingStopLossOnFill": {"distance": "0.00049"}},
            "TRAILING_STOP_LOSS_ON_FILL_PRICE_DISTANCE_MINIMUM_NOT_MET",
        ),
        (
            {
                "clientExtensions": {"id": "same"},
                "takeProfitOnFill": {"price": "2", "clientExtensions": {"id": "same"}},
            },
            "ORDERS_ON_FILL_DUPLICATE_CLIENT_ORDER_IDS",
        ),
        ({"type": "TAKE_PROFIT", "tradeID": "7", "price": "2"}, "TRADE_DOESNT_EXIST"),
    ],
)
def test_a_broken_rule_rejects_the_order_with_a_transaction(
    bench: Bench, order: dict[str, Any], why: str
) -> None:
    """It takes an id and is told on the stream, but no order exists."""
    answered = bench.post(**{"units": "1000", **order})
    assert code(answered, 404 if why == "TRADE_DOESNT_EXIST" else 400) == why
    rejected = answered.body["orderRejectTransaction"]
    assert rejected["reason"] == "CLIENT_ORDER"
    assert bench.told == [rejected]
    assert bench.account.pending_orders().body["orders"] == []


def test_a_rejection_repeats_the_request_as_it_was_sent(bench: Bench) -> None:
    """The broken price with all its digits, the defaults filled in."""
    answered = bench.post(type="LIMIT", units="10000", price="1.0800001")
    transaction = answered.body["orderRejectTransaction"]
    for name in ("accountID", "batchID", "id", "requestID", "time", "userID"):
        del transaction[name]
    assert transaction == {
        "type": "LIMIT_ORDER_REJECT",
        "rejectReason": "PRICE_PRECISION_EXCEEDED",
        "instrument": "EUR_USD",
        "units": "10000",
        "price": "1.0800001",
        "timeInForce": "GTC",
        "triggerCondition": "DEFAULT",
        "partialFill": "DEFAULT",
        "positionFill": "DEFAULT",
        "reason": "CLIENT_ORDER",
    }
    assert answered.body["errorMessage"] == (
        "The price specified contains more precision than is allowed for the instrument"
    )


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (None, "The request was missing required data"),
        ([], "Invalid value specified for 'order'"),
        ({}, "The request was missing required data"),
        ({"type": "MARKET"}, "The request was missing required data"),
        ({"type": "MARKET", "instrument": "EUR_USD"}, "The request was missing required data"),
        ({"type": ["MARKET"]}, "Invalid value specified for 'order.type'"),
        (
            {"type": "MARKET", "instrument": "EUR_UDS"},
            "Invalid value specified for 'order.instrument'",
        ),
        (
            {"type": "MARKET", "instrument": "EUR_USD", "units": "1e3"},
            "Invalid value specified for 'order.units'",
        ),
        (
            {"type": "MARKET", "instrument": "EUR_USD", "units": "1", "timeInForce": "SOON"},
            "Invalid value specified for 'order.timeInForce'",
        ),
        (
            {
                "type": "MARKET",
                "instrument": "EUR_USD",
                "units": "1",
                "stopLossOnFill": {"price": {}},
            },
            "Invalid value specified for 'order.stopLossOnFill.price'",
        ),
        ({"type": "STOP_LOSS", "price": "1"}, "The request was missing required data"),
    ],
)
def test_what_cannot_be_read_leaves_no_trace(bench: Bench, order: Any, text: str) -> None:
    """No transaction, no ids in the answer."""
    answered = bench.account.create_order(order, "1")
    assert answered.status == 400
    assert answered.body == {"errorMessage": text, "errorCode": PLAIN_CODE}
    assert bench.told == []


def test_json_numbers_are_read_like_text(bench: Bench) -> None:
    """The exchange takes them where it documents text."""
    limit = bench.resting(units=100, price=1.05)
    assert bench.order(limit)["price"] == "1.05000"


def test_a_client_id_is_taken_only_while_its_order_waits(bench: Bench) -> None:
    """It does not make a repeated order safe: a filled order's id fills again."""
    mine = {"id": "mine"}
    first = bench.filled(1, clientExtensions=mine)
    second = bench.filled(1, clientExtensions=mine)
    assert first["id"] != second["id"]
    limit = bench.resting(clientExtensions=mine)
    assert code(bench.post(units="1", clientExtensions=mine)) == "CLIENT_ORDER_ID_ALREADY_EXISTS"
    assert bench.order("@mine")["id"] == limit
    assert bench.call("cancel_order", "@mine").status == 200
    gone = bench.account.order("@mine")
    assert (gone.status, gone.body["errorCode"]) == (404, "NO_SUCH_ORDER")
    assert gone.body["lastTransactionID"] == str(bench.account.last_transaction_id)
    bench.resting(clientExtensions=mine)


def test_a_trade_id_is_taken_only_while_its_trade_is_open(bench: Bench) -> None:
    """A second trade of the name is a cancellation at the fill."""
    mine = {"id": "mine"}
    bench.opened(1, tradeClientExtensions=mine)
    again = bench.post(units="1", tradeClientExtensions=mine)
    assert reason(again) == "CLIENT_TRADE_ID_ALREADY_EXISTS"
    assert bench.call("close_trade", "@mine", None).status == 200
    bench.opened(1, tradeClientExtensions=mine)


def test_finished_orders_may_vanish() -> None:
    """As on a real practice account; a scenario may switch it at any time."""
    bench = Bench(finished_orders_vanish=True)
    order_id = bench.filled(1)["orderID"]
    assert bench.account.order(order_id).status == 404
    bench.account.settings.finished_orders_vanish = False
    assert bench.order(order_id)["state"] == "FILLED"


def test_a_cancel_of_what_is_not_pending_is_rejected_by_the_name_that_was_given(
    bench: Bench,
) -> None:
    """By number or by the client's id, never both."""
    for specifier, named in (("999", "orderID"), ("@x", "clientOrderID")):
        answered = bench.call("cancel_order", specifier)
        key = "orderCancelRejectTransaction"
        assert code(answered, 404, key) == "ORDER_DOESNT_EXIST"
        assert answered.body[key][named] == specifier.removeprefix("@")
        assert not {"orderID", "clientOrderID"} - {named} & set(answered.body[key])
    assert bench.account.cancel_order("nonsense", "1").status == 400


def test_a_replacement_is_one_batch_and_keeps_the_client_extensions(bench: Bench) -> None:
    """Whatever else it omits falls back to the default."""
    old = bench.resting(clientExtensions={"id": "mine"}, timeInForce="GFD")
    wanted = {"type": "LIMIT", "instrument": "EUR_USD", "units": "500", "price": "1.06000"}
    answered = bench.call("replace_order", "@mine", wanted)
    assert answered.status == 201
    cancelled, created = (
        answered.body["orderCancelTransaction"],
        answered.body["orderCreateTransaction"],
    )
    assert cancelled["reason"] == "CLIENT_REQUEST_REPLACED"
    assert cancelled["replacedByOrderID"] == created["id"]
    assert created["reason"] == "REPLACEMENT"
    assert created["replacesOrderID"] == old
    assert created["clientExtensions"] == {"id": "mine"}
    assert created["timeInForce"] == "GTC"  # nothing else is inherited
    assert bench.order(old)["replacedByOrderID"] == created["id"]
    assert bench.order(created["id"])["replacesOrderID"] == old


def test_a_replacement_may_fill_or_be_cancelled_at_once(bench: Bench) -> None:
    """Its own cancellation has a key of its own beside the old order's."""
    wanted = {"type": "LIMIT", "instrument": "EUR_USD", "units": "500", "price": "1.20000"}
    filled = bench.call("replace_order", bench.resting(), wanted)
    assert filled.body["orderFillTransaction"]["price"] == "1.10010"
    huge = {**wanted, "units": "50000000"}
    cancelled = bench.call("replace_order", bench.resting(), huge)
    assert cancelled.body["replacingOrderCancelTransaction"]["reason"] == "INSUFFICIENT_MARGIN"


def test_a_replacement_of_another_kind_leaves_the_old_order(bench: Bench) -> None:
    """The rejection says which order it would have replaced."""
    old = bench.resting()
    wanted = {"type": "STOP", "instrument": "EUR_USD", "units": "500", "price": "1.20000"}
    answered = bench.call("replace_order", old, wanted)
    assert code(answered) == "REPLACING_ORDER_INVALID"
    assert answered.body["orderRejectTransaction"]["intendedReplacesOrderID"] == old
    assert bench.order(old)["state"] == "PENDING"
    unknown = bench.call("replace_order", "999", wanted)
    assert code(unknown, 404, "orderCancelRejectTransaction") == "ORDER_DOESNT_EXIST"


def test_extensions_of_an_order_change_where_they_are_mentioned(bench: Bench) -> None:
    """The transaction still names the order by its old id."""
    order_id = bench.resting(clientExtensions={"id": "old", "tag": "a"})
    body = {"clientExtensions": {"id": "new"}, "tradeClientExtensions": {"tag": "b"}}
    answered = bench.call("order_extensions", order_id, body)
    changed = answered.body["orderClientExtensionsModifyTransaction"]
    assert changed["clientOrderID"] == "old"
    assert changed["clientExtensionsModify"] == {"id": "new"}
    order = bench.order("@new")
    assert order["clientExtensions"] == {"id": "new", "tag": "a"}
    assert order["tradeClientExtensions"] == {"tag": "b"}
    key = "orderClientExtensionsModifyRejectTransaction"
    assert code(bench.call("order_extensions", order_id, {}), 400, key) == (
        "CLIENT_EXTENSIONS_DATA_MISSING"
    )
    assert code(bench.call("order_extensions", "999", body), 404, key) == "ORDER_DOESNT_EXIST"


def test_lists_are_filtered_paged_and_newest_first(bench: Bench) -> None:
    """The next page begins with its first item, which is included."""
    orders = [bench.resting() for _ in range(5)]
    filled = bench.filled(1)["orderID"]
    first = bench.account.orders(count="2")
    assert [each["id"] for each in first.body["orders"]] == orders[:2:-1]
    assert first.next_before_id == orders[2]
    second = bench.account.orders(count="3", before_id=first.next_before_id)
    assert [each["id"] for each in second.body["orders"]] == orders[2::-1]
    assert second.next_before_id is None
    done = bench.account.orders(state="FILLED")
    assert [each["id"] for each in done.body["orders"]] == [filled]
    chosen = bench.account.orders(ids=[orders[1], filled], state="ALL", instrument="EUR_USD")
    assert [each["id"] for each in chosen.body["orders"]] == [filled, orders[1]]
    assert bench.account.orders(count="501").body["errorMessage"] == (
        "Maximum value for 'count' exceeded"
    )
    for wrong in ({"state": "OPEN"}, {"instrument": "X"}, {"before_id": "x"}, {"ids": ["x"]}):
        assert bench.account.orders(**wrong).status == 400


def test_times_without_a_zone_are_new_york_s(bench: Bench) -> None:
    """And seconds since the epoch are read too."""
    order_id = bench.resting(timeInForce="GTD", gtdTime="2026-10-02T00:00:00")
    assert bench.order(order_id)["gtdTime"] == "2026-10-02T04:00:00.000000000Z"
    other = bench.resting(timeInForce="GTD", gtdTime="1790900000.5")
    assert bench.order(other)["gtdTime"] == "2026-10-02T00:13:20.500000000Z"


def test_orders_expire_at_their_date_and_at_the_end_of_the_day(bench: Bench) -> None:
    """By the server: no request id, user 0, a batch for each."""
    dated = bench.resting(timeInForce="GTD", gtdTime="2026-09-21T14:13:21Z")
    daily = bench.resting(timeInForce="GFD", clientExtensions={"id": "day"})
    for_good = bench.resting()
    bench.account.tick()
    before = bench.account.last_transaction_id
    bench.now_ns += SECOND
    bench.account.tick()
    bench.now_ns += 7 * HOUR  # past 17:00
    bench.account.tick()
    first, second = bench.since(before)
    assert (first["orderID"], second["orderID"]) == (dated, daily)
    assert second["clientOrderID"] == "day"
    for each in (first, second):
        assert each["reason"] == "TIME_IN_FORCE_EXPIRED"
        assert each["userID"] == 0
        assert "requestID" not in each
        assert each["batchID"] == each["id"]
    assert bench.order(for_good)["state"] == "PENDING"


def test_limits_of_the_account_and_the_instrument() -> None:
    """Trades that the same fill closes make room."""
    bench = Bench(
        {"maximum_position_size": Decimal(1500)}, maximum_pending_orders=1, maximum_open_trades=1
    )
    bench.resting()
    crowded = bench.post(type="LIMIT", units="1", price="1.05000")
    assert code(crowded) == "PENDING_ORDERS_ALLOWED_EXCEEDED"
    attached = bench.post(units="1", takeProfitOnFill={"price": "2"})
    assert reason(attached) == "PENDING_ORDERS_ALLOWED_EXCEEDED"
    assert reason(bench.post(units="1501")) == "POSITION_SIZE_EXCEEDED"
    bench.opened(1000)
    assert reason(bench.post(units="1")) == "OPEN_TRADES_ALLOWED_EXCEEDED"
    bench.filled(-2000)  # closes one, opens one


def test_a_limit_order_waits_for_enough_units_or_lives_on_as_another() -> None:
    """As the account is set up."""
    for mode in ShortLadder:
        bench = Bench(short_ladder=mode, balance=10 * MILLION)
        order_id = bench.resting(units=str(2 * MILLION), clientExtensions={"id": "mine"})
        before = bench.account.last_transaction_id
        bench.at("1.04980", "1.04995", liquidity=(MILLION,))
        news = bench.since(before)
        if mode is ShortLadder.WAIT:
            assert news == []
            continue
        fill, reissued = news
        assert fill["units"] == "1000000"
        assert reissued["units"] == "1000000"
        assert reissued["replacesOrderID"] == order_id
        assert bench.order("@mine")["id"] == reissued["id"]
