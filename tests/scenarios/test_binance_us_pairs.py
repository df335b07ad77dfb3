"""Orders in pairs on the simulated Binance.US: OCO, cancel-replace, self-trade prevention."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_binance_us import PlainClient, bad, good, order
from venuetree.scenarios.simulated.binance_us import Profile, Settings
from venuetree.scenarios.simulated.matching import Side

D = Decimal
LAST = D("64500.00")
OLD_WAY = {"price": "65000.00", "stopPrice": "63000.00"}
BAD_PRICES = (-2010, "The relationship of the prices for the orders is not correct.")


def at_last(profile: Profile = Profile.LIVE) -> PlainClient:
    """BTCUSD whose last trade was at 64,500, with a bid far below and offers up to 65,000."""
    client = PlainClient(Settings(profile=profile))
    client.empty_book()
    client.offer(Side.BUY, "10", "62900.00")
    client.offer(Side.SELL, "0.1", "64500.00")
    client.offer(Side.SELL, "10", "66000.00")
    client.sim.trade("BTCUSD", Side.BUY, D("0.1"))
    return client


def oco(**params: Any) -> dict[str, Any]:
    """A pair that sells 0.2 at 65,000, or from 63,000 downwards."""
    ids = {"limitClientOrderId": "limit", "stopClientOrderId": "stop", "listClientOrderId": "pair"}
    usual = {"symbol": "BTCUSD", "side": "SELL", "quantity": "0.2", **OLD_WAY, **ids}
    return {name: value for name, value in (usual | params).items() if value is not None}


def placed(client: PlainClient, **params: Any) -> Any:
    """The reply to a pair that must be accepted."""
    return good(client.signed("POST", "order/oco", oco(**params)))


def kinds(events: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The events in short."""
    short: list[tuple[str, ...]] = []
    for event in events:
        match event["e"]:
            case "executionReport":
                short.append((event["c"], event["x"], event["X"]))
            case "listStatus":
                short.append((event["C"], event["l"], event["L"]))
            case _:
                short.append(("position",))
    return short


def test_a_pair_locks_its_money_once_and_is_told_as_a_list() -> None:
    """The stop leg comes first; both belong to the list."""
    client = at_last()

    reply = placed(client)

    assert client.balances("BTC") == (D("49.8"), D("0.2"))
    assert {k: v for k, v in reply.items() if k not in {"orders", "orderReports"}} == {
        "orderListId": 27104,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED",
        "listOrderStatus": "EXECUTING",
        "listClientOrderId": "pair",
        "transactionTime": client.now_ms,
        "symbol": "BTCUSD",
    }
    assert [(leg["clientOrderId"], leg["orderId"]) for leg in reply["orders"]] == [
        ("stop", 2281896601),
        ("limit", 2281896602),
    ]
    assert [
        (leg["type"], leg["status"], leg["workingTime"], leg.get("stopPrice"))
        for leg in reply["orderReports"]
    ] == [
        ("STOP_LOSS", "NEW", -1, "63000.00000000"),
        ("LIMIT_MAKER", "NEW", client.now_ms, None),
    ]
    assert kinds(client.take_events()) == [
        *(("stop", "NEW", "NEW"), ("position",), ("limit", "NEW", "NEW")),
        ("pair", "EXEC_STARTED", "EXECUTING"),
    ]
    queried = client.get("orderList", orderListId=27104)
    assert queried == {k: v for k, v in reply.items() if k != "orderReports"}
    assert client.get("openOrderList") == client.get("allOrderList") == [queried]
    assert client.get("orderList", origClientOrderId="pair") == queried


def test_a_limit_leg_that_trades_ends_its_stop_leg() -> None:
    """At its first fill; the list is done when the limit leg is."""
    client = at_last()
    placed(client)
    client.take_events()

    client.sim.trade("BTCUSD", Side.BUY, D("0.05"))
    partly = client.take_events()
    client.sim.trade("BTCUSD", Side.BUY, D("0.15"))

    assert kinds(partly) == [
        *(("limit", "TRADE", "PARTIALLY_FILLED"), ("position",), ("stop", "EXPIRED", "EXPIRED")),
    ]
    assert kinds(client.take_events()) == [
        *(("limit", "TRADE", "FILLED"), ("position",), ("pair", "ALL_DONE", "ALL_DONE")),
    ]
    assert client.balances("BTC") == (D("49.8"), D(0))


def test_a_stop_leg_that_triggers_takes_its_limit_leg_away_first() -> None:
    """Then it is on the book, and trades."""
    client = at_last()
    placed(client, stopLimitPrice="62900", stopLimitTimeInForce="GTC")
    client.take_events()

    client.sim.trade("BTCUSD", Side.SELL, D("0.1"))

    assert kinds(client.take_events()) == [
        *(("limit", "EXPIRED", "EXPIRED"), ("stop", "NEW", "NEW"), ("stop", "TRADE", "FILLED")),
        *(("position",), ("pair", "ALL_DONE", "ALL_DONE")),
    ]
    assert client.balances("BTC") == (D("49.8"), D(0))


@pytest.mark.parametrize("by", ["leg", "list", "all"])
def test_cancelling_a_leg_cancels_the_pair(by: str) -> None:
    """Both legs get the cancel's id; the money is free again."""
    client = at_last()
    placed(client)
    client.take_events()

    match by:
        case "leg":
            reply = client.cancel(origClientOrderId="limit", newClientOrderId="gone")
        case "list":
            params = {"symbol": "BTCUSD", "listClientOrderId": "pair", "newClientOrderId": "gone"}
            reply = good(client.signed("DELETE", "orderList", params))
        case _:
            (reply,) = good(client.signed("DELETE", "openOrders", {"symbol": "BTCUSD"}))

    new_ids = {leg["clientOrderId"] for leg in reply["orderReports"]}
    assert (reply["listStatusType"], reply["listOrderStatus"]) == ("ALL_DONE", "ALL_DONE")
    assert [(leg["origClientOrderId"], leg["status"]) for leg in reply["orderReports"]] == [
        ("stop", "CANCELED"),
        ("limit", "CANCELED"),
    ]
    assert len(new_ids) == 1
    assert by == "all" or new_ids == {"gone"}
    assert client.balances("BTC") == (D(50), D(0))
    assert kinds(client.take_events())[-2:] == [("pair", "ALL_DONE", "ALL_DONE"), ("position",)]
    again = client.signed("DELETE", "orderList", {"symbol": "BTCUSD", "orderListId": 27104})
    assert bad(again) == (-2011, "Unknown order sent.")


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        pytest.param({"price": "64500.00"}, BAD_PRICES, id="limit at the last price"),
        pytest.param({"stopPrice": "64500.00"}, BAD_PRICES, id="stop at the last price"),
        pytest.param({"side": "BUY"}, BAD_PRICES, id="the wrong way round"),
        pytest.param(
            {"stopLimitPrice": "62900"},
            (-1128, "Combination of optional parameters invalid."),
            id="no time in force for the stop limit",
        ),
        pytest.param(
            {"limitClientOrderId": "stop"}, (-2010, "Duplicate order sent."), id="one id twice"
        ),
        pytest.param(
            {"quantity": "50.00001"},
            (-2010, "Account has insufficient balance for requested action."),
            id="want of funds",
        ),
        pytest.param({"quantity": "0.000001"}, (-1013, "Filter failure: LOT_SIZE"), id="a filter"),
    ],
)
def test_a_pair_that_cannot_be_is_refused_without_a_trace(
    params: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """Neither leg exists then."""
    client = at_last()

    assert bad(client.signed("POST", "order/oco", oco(**params))) == refusal
    assert client.take_events() == []
    assert client.balances("BTC") == (D(50), D(0))


def test_a_pair_that_buys_locks_the_larger_of_what_its_legs_need() -> None:
    """Price below, stop above; the limit leg's fill gives the difference back."""
    client = at_last()
    placed(client, side="BUY", price="64000", stopPrice="65000")

    locked = client.balances("USD")[1]
    client.sim.trade("BTCUSD", Side.SELL, D("0.1"))

    assert locked == D("0.2") * 65000
    assert client.balances("USD")[1] == D("0.1") * 64000
    assert client.status("stop") == "EXPIRED"


def test_the_newer_way_names_its_legs_above_and_below() -> None:
    """The same pair comes of it; other types do not go together."""
    client = at_last()
    params = {
        "symbol": "BTCUSD",
        "side": "SELL",
        "quantity": "0.2",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "65000",
        "aboveClientOrderId": "limit",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "63000",
        "belowPrice": "62900",
        "belowTimeInForce": "GTC",
        "belowClientOrderId": "stop",
    }

    reply = good(client.signed("POST", "orderList/oco", params))
    no_price = client.signed("POST", "orderList/oco", {**params, "aboveStopPrice": "1"})
    swapped = {**params, "side": "BUY"}

    assert [leg["clientOrderId"] for leg in reply["orders"]] == ["stop", "limit"]
    assert bad(no_price) == (-1106, "Parameter 'aboveStopPrice' sent when not required.")
    assert bad(client.signed("POST", "orderList/oco", swapped)) == (
        -2010,
        "Unsupported order combination",
    )


def replaced(client: PlainClient, status: int, **params: Any) -> Any:
    """The body of a cancel-replace with this status."""
    asked = {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "old"}
    asked = {name: v for name, v in (asked | order(**params)).items() if v is not None}
    response = client.signed("POST", "order/cancelReplace", asked)
    assert response.status == status, response
    return json.loads(response.body)


def test_an_order_is_replaced_by_another() -> None:
    """Both succeed: 200, and one order is counted."""
    client = PlainClient()
    client.place(newClientOrderId="old")

    done = replaced(client, 200, newClientOrderId="new", cancelNewClientOrderId="cancel")

    assert (done["cancelResult"], done["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert done["cancelResponse"]["origClientOrderId"] == "old"
    assert done["cancelResponse"]["clientOrderId"] == "cancel"
    assert done["newOrderResponse"]["status"] == "NEW"
    assert client.get("rateLimit/order")[0]["count"] == 2
    assert [o["clientOrderId"] for o in client.get("openOrders")] == ["new"]


def test_a_replacement_can_fail_in_halves() -> None:
    """409 when one half succeeded, 400 when none did; `data` tells which."""
    client = PlainClient()
    client.place(newClientOrderId="old")
    no_funds = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    unknown = {"code": -2011, "msg": "Unknown order sent."}

    half = replaced(client, 409, quantity="1000", newClientOrderId="new")
    rejected = client.take_events()[-1]
    not_tried = replaced(client, 400)
    other_half = replaced(client, 409, cancelReplaceMode="ALLOW_FAILURE")
    nothing = replaced(client, 400, cancelReplaceMode="ALLOW_FAILURE", quantity="1000")

    assert (half["code"], half["data"]["newOrderResponse"]) == (-2021, no_funds)
    assert half["data"]["cancelResponse"]["status"] == "CANCELED"
    assert (rejected["c"], rejected["x"], rejected["X"], rejected["r"]) == (
        "new",
        "REJECTED",
        "REJECTED",
        "INSUFFICIENT_BALANCES",
    )
    assert not_tried == {
        "code": -2022,
        "msg": "Order cancel-replace failed.",
        "data": {
            "cancelResult": "FAILURE",
            "newOrderResult": "NOT_ATTEMPTED",
            "cancelResponse": unknown,
            "newOrderResponse": None,
        },
    }
    assert (other_half["code"], other_half["data"]["newOrderResult"]) == (-2021, "SUCCESS")
    assert (nothing["code"], nothing["data"]["cancelResult"]) == (-2022, "FAILURE")
    assert client.get("rateLimit/order")[0]["count"] == 5


def test_the_new_orders_filters_are_tried_before_the_cancel() -> None:
    """So the old order counts, and stays."""
    client = PlainClient()
    client.sim.change_filters("BTCUSD", max_orders=1)
    client.place(newClientOrderId="old")

    body = replaced(client, 400)

    assert body == {"code": -1013, "msg": "Filter failure: MAX_NUM_ORDERS"}
    assert client.status("old") == "NEW"


# (maker, taker) as (status, executed, prevented); trades with others.
MEETINGS = {
    "EXPIRE_MAKER": (("EXPIRED_IN_MATCH", "0", "0.3"), ("FILLED", "0.5", "0"), 1),
    "EXPIRE_TAKER": (("NEW", "0", "0"), ("EXPIRED_IN_MATCH", "0", "0.5"), 0),
    "EXPIRE_BOTH": (("EXPIRED_IN_MATCH", "0", "0.3"), ("EXPIRED_IN_MATCH", "0", "0.5"), 0),
    "DECREMENT": (("EXPIRED_IN_MATCH", "0", "0.3"), ("FILLED", "0.2", "0.3"), 1),
    "TRANSFER": (("EXPIRED_IN_MATCH", "0", "0.3"), ("FILLED", "0.2", "0.3"), 1),
}


@pytest.mark.parametrize("mode", MEETINGS)
def test_the_takers_mode_decides_what_happens_when_an_account_meets_itself(mode: str) -> None:
    """The account sells 0.3 at 65,000 and buys 0.5 up to 66,000, where others sell."""
    client = at_last()
    client.place(side="SELL", quantity="0.3", price="65000", newClientOrderId="maker")
    client.take_events()

    reply = client.place(
        quantity="0.5", price="66000", newClientOrderId="taker", selfTradePreventionMode=mode
    )

    maker, taker, trades = MEETINGS[mode]
    for client_id, (status, executed, prevented) in (("maker", maker), ("taker", taker)):
        told = client.get("order", symbol="BTCUSD", origClientOrderId=client_id)
        assert (told["status"], D(told["executedQty"])) == (status, D(executed))
        assert D(told.get("preventedQuantity", "0")) == D(prevented)
    assert len(reply["fills"]) == trades
    events = client.take_events()
    prevented_reports = [event for event in events if event.get("x") == "TRADE_PREVENTION"]
    losers = [name for name, (_, _, lost) in (("maker", maker), ("taker", taker)) if lost != "0"]
    assert [event["c"] for event in prevented_reports] == losers
    (match,) = client.get("myPreventedMatches", symbol="BTCUSD", orderId=reply["orderId"])
    assert {event["v"] for event in prevented_reports} == {match["preventedMatchId"]}
    assert (match["selfTradePreventionMode"], match["price"]) == (mode, "65000.00000000")
    resting = D("0.3") if mode == "EXPIRE_TAKER" else D(0)
    assert client.balances("BTC")[1] == resting
    assert client.balances("USD")[1] == 0


def test_the_resting_side_is_told_as_the_exchange_tells_it() -> None:
    """The default lets the resting order go."""
    client = at_last()
    client.place(side="SELL", quantity="0.3", price="65000", newClientOrderId="maker")
    client.take_events()
    client.place(quantity="0.1", price="65000", newClientOrderId="taker")

    report = next(e for e in client.take_events() if e.get("x") == "TRADE_PREVENTION")

    assert (report["c"], report["X"], report["V"]) == ("maker", "EXPIRED_IN_MATCH", "EXPIRE_MAKER")
    assert (report["l"], report["L"], report["Y"], report["t"]) == (
        *("0.00000000",) * 3,
        -1,
    )
    assert (report["A"], report["B"]) == ("0.30000000", "0.30000000")
    assert (report["u"], report["U"], report["v"]) == (-1, 2281896602, 0)
    assert client.status("taker") == "NEW"


def test_a_maker_that_loses_only_a_part_stays() -> None:
    """DECREMENT takes the overlap from both."""
    client = at_last()
    client.place(side="SELL", quantity="0.3", price="65000", newClientOrderId="maker")
    client.place(quantity="0.1", price="65000", selfTradePreventionMode="DECREMENT")

    told = client.get("order", symbol="BTCUSD", origClientOrderId="maker")
    client.sim.trade("BTCUSD", Side.BUY, D("0.2"))

    assert (told["status"], told["preventedQuantity"]) == ("NEW", "0.10000000")
    assert client.status("maker") == "FILLED"
    assert client.balances("BTC") == (D("49.8"), D(0))


def test_without_prevention_an_account_trades_with_itself() -> None:
    """Only the older documents allow that: both fills are its own, one as the maker."""
    client = at_last(Profile.DOC)
    client.place(side="SELL", quantity="0.3", price="65000", newClientOrderId="maker")
    client.place(quantity="0.3", price="65000", selfTradePreventionMode="NONE")

    fills = client.get("myTrades", symbol="BTCUSD")

    assert [(fill["isBuyer"], fill["isMaker"]) for fill in fills] == [(False, True), (True, False)]
    assert len({fill["id"] for fill in fills}) == 1
    assert client.balances("BTC") == (D(50) - D("0.3") * D("0.0002"), D(0))
    assert client.balances("USD") == (D(2000000), D(0))


def test_two_accounts_trade_with_each_other() -> None:
    """Each hears of its own order only, and one is the maker."""
    client = at_last()
    other = client.sim.add_account("other", {"BTC": D(1)})
    client.place(quantity="0.1", price="64000", newClientOrderId="mine")
    client.take_events()

    sold = good(
        client.signed("POST", "order", order(side="SELL", quantity="0.1", price="64000"), key=other)
    )

    assert sold["status"] == "FILLED"
    assert client.reports() == [("mine", "TRADE", "FILLED")]
    assert good(client.signed("GET", "allOrders", {"symbol": "BTCUSD"}, key=other)) != client.get(
        "allOrders", symbol="BTCUSD"
    )
    foreign = {"symbol": "BTCUSD", "orderId": sold["orderId"]}
    assert bad(client.signed("GET", "order", foreign)) == (-2013, "Order does not exist.")
