"""Orders of the simulated Binance.US: their lives, their money, their events, their refusals."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.plain_binance_us import PlainClient, bad, good, order
from venuetree.scenarios.faults import DelayFills, LaggingOpenOrders, SlowEngine, StaleReplica
from venuetree.scenarios.simulated.binance_us import Profile, Settings
from venuetree.scenarios.simulated.matching import BookOrder, Side

D = Decimal
NO_FUNDS = (-2010, "Account has insufficient balance for requested action.")
UNKNOWN_CANCEL = (-2011, "Unknown order sent.")
NO_ORDER = (-2013, "Order does not exist.")


def thin_market() -> PlainClient:
    """BTCUSD with one bid and three offers, last trade somewhere near 64,283."""
    client = PlainClient()
    client.empty_book()
    client.offer(Side.BUY, "0.5", "64000.00")
    for price in ("64500.00", "64600.00", "64700.00"):
        client.offer(Side.SELL, "0.1", price)
    return client


def test_the_account_begins_as_promised() -> None:
    """Enough of everything, nothing worth ten million, nothing locked, no open order."""
    client = PlainClient()
    prices = {"USD": D(1), "USDT": D(1), "BTC": D("64283.25"), "ETH": D("3120.55")}

    balances = {b["asset"]: b for b in client.get("account", omitZeroBalances="true")["balances"]}

    worth = {name: D(balance["free"]) * prices[name] for name, balance in balances.items()}
    assert worth.keys() == prices.keys()
    assert all(10**6 <= value < 10**7 for value in worth.values()), worth
    assert D(balances["BTC"]["free"]) >= 10
    assert {balance["locked"] for balance in balances.values()} == {"0.00000000"}
    assert client.get("openOrders") == []
    everything = {b["asset"] for b in client.get("account")["balances"]}
    assert everything > balances.keys()


def test_a_limit_order_rests_with_its_money_locked_and_gives_it_back_when_cancelled() -> None:
    """A buy locks price times quantity: the fee comes from what is received."""
    client = PlainClient()

    reply = client.place(newClientOrderId="mine", quantity="0.5", price="60000.10")
    locked = client.balances("USD")
    told = client.get("order", symbol="BTCUSD", orderId=reply["orderId"])
    client.now_ms += 1500
    over = client.cancel(origClientOrderId="mine", newClientOrderId="the-cancel")

    assert locked == (D(2000000) - D("30000.05"), D("30000.05"))
    assert client.balances("USD") == (D(2000000), D(0))
    assert reply == {
        "symbol": "BTCUSD",
        "orderId": 2281896601,
        "orderListId": -1,
        "clientOrderId": "mine",
        "transactTime": client.now_ms - 1500,
        "price": "60000.10000000",
        "origQty": "0.50000000",
        "executedQty": "0.00000000",
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "workingTime": client.now_ms - 1500,
        "fills": [],
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }
    assert told == {
        **{key: value for key, value in reply.items() if key not in {"transactTime", "fills"}},
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": client.now_ms - 1500,
        "updateTime": client.now_ms - 1500,
        "isWorking": True,
    }
    assert over == {
        **{key: value for key, value in reply.items() if key not in {"workingTime", "fills"}},
        "origClientOrderId": "mine",
        "clientOrderId": "the-cancel",
        "transactTime": client.now_ms,
        "status": "CANCELED",
    }


def test_an_events_objects_have_exactly_the_keys_that_were_seen() -> None:
    """Accepted, filled, cancelled: the order told, then the balances that moved."""
    client = thin_market()
    client.place(newClientOrderId="taker", side="SELL", price="64000.00", quantity="0.2")
    accepted, locked, filled, paid = client.take_events()
    client.place(newClientOrderId="mine", price="60000.00")
    client.take_events()
    client.cancel(origClientOrderId="mine", newClientOrderId="cancel")
    cancelled, freed = client.take_events()

    now = client.now_ms
    usual = {
        "e": "executionReport",
        "E": now,
        "s": "BTCUSD",
        "c": "taker",
        "S": "SELL",
        "o": "LIMIT",
        "f": "GTC",
        "q": "0.20000000",
        "p": "64000.00000000",
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": 2281896601,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": now,
        "t": -1,
        "I": 4644490001,
        "w": True,
        "m": False,
        "M": False,
        "O": now,
        "Z": "0.00000000",
        "Y": "0.00000000",
        "Q": "0.00000000",
        "W": now,
        "V": "EXPIRE_MAKER",
    }
    assert accepted == usual
    assert filled == {
        **usual,
        "x": "TRADE",
        "X": "FILLED",
        "l": "0.20000000",
        "z": "0.20000000",
        "L": "64000.00000000",
        "n": "2.56000000",
        "N": "USD",
        "I": 4644490002,
        "t": client.sim.market("BTCUSD").last.trade_id,
        "w": False,
        "M": True,
        "Z": "12800.00000000",
        "Y": "12800.00000000",
    }
    assert list(filled) == list(usual)
    assert locked["B"] == [
        {"a": "BTC", "f": "49.80000000", "l": "0.20000000"},
        {"a": "USD", "f": "2000000.00000000", "l": "0.00000000"},
    ]
    assert paid == {
        "e": "outboundAccountPosition",
        "E": now,
        "u": now,
        "B": [
            {"a": "BTC", "f": "49.80000000", "l": "0.00000000"},
            {"a": "USD", "f": "2012797.44000000", "l": "0.00000000"},
        ],
    }
    assert (cancelled["c"], cancelled["C"]) == ("cancel", "mine")
    assert (cancelled["x"], cancelled["X"], cancelled["w"]) == ("CANCELED", "CANCELED", False)
    assert freed["e"] == "outboundAccountPosition"


def test_a_market_order_fills_at_the_makers_prices_with_its_fee_from_what_is_received() -> None:
    """A buy pays in base currency, cut to eight decimals; NEW is told even for it."""
    client = thin_market()

    reply = client.place(type="MARKET", quantity="0.15", newClientOrderId="buy")

    assert [(f["price"], f["qty"], f["commission"]) for f in reply["fills"]] == [
        ("64500.00000000", "0.10000000", "0.00002000"),
        ("64600.00000000", "0.05000000", "0.00001000"),
    ]
    assert {f["commissionAsset"] for f in reply["fills"]} == {"BTC"}
    assert (reply["price"], reply["timeInForce"], reply["status"]) == (
        "0.00000000",
        "GTC",
        "FILLED",
    )
    assert reply["cummulativeQuoteQty"] == "9680.00000000"
    assert client.reports() == [
        ("buy", "NEW", "NEW"),
        ("buy", "TRADE", "PARTIALLY_FILLED"),
        ("buy", "TRADE", "FILLED"),
    ]
    assert client.balances("USD") == (D(2000000) - 9680, D(0))
    assert client.balances("BTC") == (D(50) + D("0.15") - D("0.00003"), D(0))


@pytest.mark.parametrize(
    ("side", "executed", "quote"),
    [
        # 0.1 at 64,500, then as many lots of 0.00001 at 64,600 as 3,550 pay.
        ("BUY", D("0.1") + D("0.05495"), 6450 + D("0.05495") * 64600),
        ("SELL", D("0.15625"), D(10000)),
    ],
)
def test_a_market_order_by_quote_amount_keeps_to_lots(
    side: str, executed: Decimal, quote: Decimal
) -> None:
    """What buys no lot any more stays unspent, and the order is FILLED."""
    client = thin_market()

    reply = client.place(type="MARKET", side=side, quantity=None, quoteOrderQty="10000")

    assert (D(reply["executedQty"]), D(reply["cummulativeQuoteQty"])) == (executed, quote)
    assert (reply["status"], reply["origQty"]) == ("FILLED", reply["executedQty"])
    assert reply["origQuoteOrderQty"] == "10000.00000000"
    assert client.balances("USD")[1] == client.balances("BTC")[1] == 0


def test_what_may_not_rest_expires_with_http_200() -> None:
    """IOC and MARKET keep what they got, FOK gets all or nothing."""
    client = thin_market()

    taken = client.place(timeInForce="IOC", price="64550", quantity="0.3", newClientOrderId="ioc")
    killed = client.place(timeInForce="FOK", price="64600", quantity="0.2", newClientOrderId="fok")
    whole = client.place(timeInForce="FOK", price="64600", quantity="0.1", newClientOrderId="all")
    market = client.place(type="MARKET", quantity="0.3", newClientOrderId="market")

    assert [
        (reply["status"], reply["executedQty"]) for reply in (taken, killed, whole, market)
    ] == [
        ("EXPIRED", "0.10000000"),
        ("EXPIRED", "0.00000000"),
        ("FILLED", "0.10000000"),
        ("EXPIRED", "0.10000000"),
    ]
    assert client.reports() == [
        *(("ioc", "NEW", "NEW"), ("ioc", "TRADE", "PARTIALLY_FILLED")),
        ("ioc", "EXPIRED", "EXPIRED"),
        *(("fok", "NEW", "NEW"), ("fok", "EXPIRED", "EXPIRED")),
        *(("all", "NEW", "NEW"), ("all", "TRADE", "FILLED")),
        *(("market", "NEW", "NEW"), ("market", "TRADE", "PARTIALLY_FILLED")),
        ("market", "EXPIRED", "EXPIRED"),
    ]  # fmt: skip
    assert client.balances("USD")[1] == 0
    assert client.refused(type="MARKET", quantity=None, quoteOrderQty="100") == (
        -2010,
        "Order book liquidity is less than LOT_SIZE filter minimum quantity.",
    )


def test_a_resting_order_is_filled_in_parts_at_its_own_price_without_a_fee() -> None:
    """The maker's events come as the fills do; what is locked shrinks with them."""
    client = thin_market()
    client.place(newClientOrderId="maker", price="64100", quantity="0.2")

    client.sim.trade("BTCUSD", Side.SELL, D("0.05"))
    half = (client.get("order", symbol="BTCUSD", origClientOrderId="maker"), client.balances("USD"))
    client.now_ms += 1
    client.sim.trade("BTCUSD", Side.SELL, D("0.15"))

    assert (half[0]["status"], half[0]["executedQty"]) == ("PARTIALLY_FILLED", "0.05000000")
    assert half[1][1] == D("0.15") * 64100
    assert client.reports() == [
        ("maker", "NEW", "NEW"),
        ("maker", "TRADE", "PARTIALLY_FILLED"),
        ("maker", "TRADE", "FILLED"),
    ]
    fills = client.get("myTrades", symbol="BTCUSD")
    assert [(f["qty"], f["price"], f["commission"], f["isMaker"]) for f in fills] == [
        ("0.05000000", "64100.00000000", "0.00000000", True),
        ("0.15000000", "64100.00000000", "0.00000000", True),
    ]
    assert client.balances("BTC") == (D("50.2"), D(0))


def test_a_cancel_renames_the_order() -> None:
    """Only the new id finds it; the client's own can be used again, and cancelled no more."""
    client = PlainClient()
    client.place(newClientOrderId="mine")

    over = client.cancel(origClientOrderId="mine")
    by_new = client.get("order", symbol="BTCUSD", origClientOrderId=over["clientOrderId"])
    by_old = client.signed("GET", "order", {"symbol": "BTCUSD", "origClientOrderId": "mine"})
    again = client.signed("DELETE", "order", {"symbol": "BTCUSD", "orderId": over["orderId"]})
    client.place(newClientOrderId="mine")

    assert len(over["clientOrderId"]) == 22
    assert (by_new["orderId"], by_new["status"]) == (over["orderId"], "CANCELED")
    assert bad(by_old) == NO_ORDER
    assert bad(again) == UNKNOWN_CANCEL
    assert client.status("mine") == "NEW"


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    """So it protects a retry only while the first order rests."""
    client = thin_market()
    client.place(newClientOrderId="mine")

    refused = client.refused(newClientOrderId="mine", price="59000")
    first = client.place(newClientOrderId="twice", type="MARKET")
    second = client.place(newClientOrderId="twice", type="MARKET")

    assert refused == (-2010, "Duplicate order sent.")
    assert client.reports()[0] == ("mine", "NEW", "NEW")
    assert first["orderId"] != second["orderId"]
    found = client.get("order", symbol="BTCUSD", origClientOrderId="twice")
    assert found["orderId"] == second["orderId"]


@pytest.mark.parametrize(
    ("profile", "both", "neither"),
    [
        (Profile.LIVE, NO_ORDER[0], -1102),
        (Profile.DOC, None, -1128),
    ],
)
def test_two_ids_must_mean_the_same_order_by_the_newer_rules(
    profile: Profile, both: int | None, neither: int
) -> None:
    """By the documents the order id wins."""
    client = PlainClient(Settings(profile=profile))
    one, other = client.place(newClientOrderId="a"), client.place(newClientOrderId="b")
    ids = {"symbol": "BTCUSD", "orderId": one["orderId"], "origClientOrderId": "b"}

    response = client.signed("GET", "order", ids)

    assert one["orderId"] != other["orderId"]
    if both is None:
        assert good(response)["clientOrderId"] == "a"
    else:
        assert bad(response)[0] == both
    assert bad(client.signed("GET", "order", {"symbol": "BTCUSD"}))[0] == neither


def test_cancel_restrictions_keep_orders_in_another_state() -> None:
    """ONLY_NEW, ONLY_PARTIALLY_FILLED; anything else is refused."""
    client = thin_market()
    client.place(newClientOrderId="mine", price="64100", quantity="0.2")
    kept = (-2011, "Order was not canceled due to cancel restrictions.")

    def cancel(restrictions: str) -> Any:
        params = {"symbol": "BTCUSD", "origClientOrderId": "mine"}
        return client.signed("DELETE", "order", params | {"cancelRestrictions": restrictions})

    assert bad(cancel("ONLY_PARTIALLY_FILLED")) == kept
    assert bad(cancel("ONLY_OLD")) == (-1145, "Invalid cancelRestrictions")
    client.sim.trade("BTCUSD", Side.SELL, D("0.05"))
    assert bad(cancel("ONLY_NEW")) == kept
    assert good(cancel("ONLY_PARTIALLY_FILLED"))["executedQty"] == "0.05000000"


def test_cancelling_all_of_a_symbol_leaves_the_others_and_fails_on_nothing() -> None:
    """With no open order it is -2011."""
    client = PlainClient()
    for number in range(3):
        client.place(newClientOrderId=f"btc-{number}")
    client.place(newClientOrderId="eth", symbol="ETHUSD", price="3000")
    symbol = {"symbol": "BTCUSD"}

    over = good(client.signed("DELETE", "openOrders", symbol))
    nothing = client.signed("DELETE", "openOrders", symbol)

    assert [(each["origClientOrderId"], each["status"]) for each in over] == [
        (f"btc-{number}", "CANCELED") for number in range(3)
    ]
    assert bad(nothing) == UNKNOWN_CANCEL
    assert [each["clientOrderId"] for each in client.get("openOrders")] == ["eth"]


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"quantity": "34", "price": "60000"}, id="limit buy"),
        pytest.param({"side": "SELL", "quantity": "51", "price": "70000"}, id="limit sell"),
        pytest.param({"side": "SELL", "type": "MARKET", "quantity": "51"}, id="market sell"),
        pytest.param(
            {"type": "MARKET", "quantity": None, "quoteOrderQty": "2000001"}, id="market, quote"
        ),
        pytest.param(
            {"type": "STOP_LOSS", "quantity": "30", "stopPrice": "70000"}, id="stop, stop price"
        ),
    ],
)
def test_want_of_funds_refuses_an_order_without_a_trace(params: dict[str, Any]) -> None:
    """No order, no event, nothing locked."""
    client = PlainClient()

    assert client.refused(**params) == NO_FUNDS
    assert client.take_events() == []
    assert client.get("allOrders", symbol="BTCUSD") == []
    assert client.balances("USD")[1] == client.balances("BTC")[1] == 0


def test_a_maker_only_order_that_would_take_is_refused() -> None:
    """At the best price of the other side it would; one tick off it rests."""
    client = thin_market()

    assert client.refused(type="LIMIT_MAKER", price="64500.00") == (
        -2010,
        "Order would immediately match and take.",
    )
    assert client.take_events() == []
    assert "status" not in client.place(type="LIMIT_MAKER", price="64499.99", newClientOrderId="m")
    assert client.status("m") == "NEW"


@pytest.mark.parametrize(
    ("params", "usual"),
    [
        ({"type": "LIMIT"}, "FULL"),
        ({"type": "MARKET"}, "FULL"),
        ({"type": "LIMIT_MAKER"}, "ACK"),
        ({"type": "STOP_LOSS", "side": "SELL", "stopPrice": "60000"}, "ACK"),
    ],
)
def test_replies_are_as_long_as_the_type_or_the_client_wants(
    params: dict[str, Any], usual: str
) -> None:
    """FULL for LIMIT and MARKET, ACK for all others, unless asked otherwise."""
    client = PlainClient()
    kinds = {
        kind: client.place(**params, newOrderRespType=kind) for kind in ("ACK", "RESULT", "FULL")
    }

    def shape(reply: dict[str, Any]) -> tuple[bool, bool]:
        return "status" in reply, "fills" in reply

    assert {kind: shape(reply) for kind, reply in kinds.items()} == {
        "ACK": (False, False),
        "RESULT": (True, False),
        "FULL": (True, True),
    }
    assert shape(client.place(**params)) == shape(kinds[usual])


def test_stops_wait_for_the_last_price_and_then_act() -> None:
    """A second NEW is told when one does; until then it is not on the book."""
    client = thin_market()
    client.sim.trade("BTCUSD", Side.BUY, D("0.00001"))  # the last price is 64,500
    client.place(type="STOP_LOSS", stopPrice="64600", quantity="0.05", newClientOrderId="stop")
    client.place(
        type="TAKE_PROFIT_LIMIT",
        side="SELL",
        stopPrice="64600",
        price="64650",
        quantity="0.02",
        newClientOrderId="profit",
    )
    waiting = client.get("order", symbol="BTCUSD", origClientOrderId="stop")
    accepted = [event for event in client.take_events() if event["e"] == "executionReport"]

    client.sim.trade("BTCUSD", Side.BUY, D("0.09999"))
    before = client.reports()
    client.sim.trade("BTCUSD", Side.BUY, D("0.00001"))

    assert (waiting["isWorking"], waiting["workingTime"]) == (False, -1)
    assert [(event["w"], "W" in event) for event in accepted] == [(False, False)] * 2
    assert before == []
    assert client.reports() == [
        *(("stop", "NEW", "NEW"), ("stop", "TRADE", "FILLED")),
        ("profit", "NEW", "NEW"),
    ]
    working = client.get("order", symbol="BTCUSD", origClientOrderId="profit")
    assert (working["isWorking"], working["workingTime"]) == (True, client.now_ms)


@pytest.mark.parametrize(
    ("side", "kind", "immediate", "waits"),
    [
        ("BUY", "STOP_LOSS", "64500.00", "64500.01"),
        ("SELL", "TAKE_PROFIT", "64500.00", "64500.01"),
        ("SELL", "STOP_LOSS", "64500.00", "64499.99"),
        ("BUY", "TAKE_PROFIT", "64500.00", "64499.99"),
    ],
)
def test_a_stop_on_the_wrong_side_of_the_last_price_is_refused(
    side: str, kind: str, immediate: str, waits: str
) -> None:
    """At the last price it would trigger at once; a tick away it waits."""
    client = thin_market()
    client.sim.trade("BTCUSD", Side.BUY, D("0.001"))
    params = {"side": side, "type": kind, "newClientOrderId": "stop"}

    assert client.refused(**params, stopPrice=immediate) == (
        -2010,
        "Order would trigger immediately.",
    )
    client.place(**params, stopPrice=waits)
    assert client.status("stop") == "NEW"


def test_a_stop_that_cannot_pay_when_it_triggers_expires() -> None:
    """It was accepted at its stop price; the book asks more."""
    client = PlainClient()
    client.empty_book()
    client.offer(Side.SELL, "1", "64500.00")
    client.offer(Side.SELL, "100", "100000.00")
    client.sim.trade("BTCUSD", Side.BUY, D("0.001"))
    client.place(type="STOP_LOSS", stopPrice="64600", quantity="30", newClientOrderId="stop")
    client.take_events()

    client.sim.trade("BTCUSD", Side.BUY, D(2))

    (report, freed) = client.take_events()
    assert (report["x"], report["X"], report["eR"]) == ("EXPIRED", "EXPIRED", "REJECTED")
    assert freed["B"][1] == {"a": "USD", "f": "2000000.00000000", "l": "0.00000000"}


def test_lists_of_orders_and_fills_can_be_narrowed() -> None:
    """By id from the oldest; by time; without anything the newest."""
    client = thin_market()
    for number in range(3):
        client.place(type="MARKET", quantity="0.01", newClientOrderId=f"o-{number}")
        client.now_ms += 1000
    everything = client.get("allOrders", symbol="BTCUSD")
    fills = client.get("myTrades", symbol="BTCUSD")
    ids, trades = [o["orderId"] for o in everything], [f["id"] for f in fills]
    times = [o["time"] for o in everything]

    def orders(**params: Any) -> list[int]:
        return [o["orderId"] for o in client.get("allOrders", symbol="BTCUSD", **params)]

    def fill_ids(**params: Any) -> list[int]:
        return [f["id"] for f in client.get("myTrades", symbol="BTCUSD", **params)]

    assert ids == sorted(ids) and trades == sorted(trades) and len(ids) == len(trades) == 3  # noqa: PT018
    assert orders(limit=2) == ids[1:]
    assert orders(orderId=ids[1]) == ids[1:]
    assert orders(orderId=ids[0], limit=1) == ids[:1]
    assert orders(startTime=times[1], endTime=times[1]) == ids[1:2]
    assert fill_ids(orderId=ids[2]) == trades[2:]
    assert fill_ids(fromId=trades[1]) == trades[1:]
    assert fill_ids(fromId=trades[0], limit=1) == trades[:1]
    assert fill_ids(limit=1) == trades[2:]
    assert fill_ids(endTime=times[0]) == trades[:1]
    day = 86_400_000
    too_long = {"symbol": "BTCUSD", "startTime": 1, "endTime": 1 + day + 1}
    assert bad(client.signed("GET", "myTrades", too_long)) == (
        -1127,
        "More than 24 hours between startTime and endTime.",
    )
    assert fill_ids(startTime=1, endTime=1 + day) == []
    mixed = {"symbol": "BTCUSD", "fromId": trades[0], "startTime": 1}
    assert bad(client.signed("GET", "myTrades", mixed)) == (
        -1128,
        "Combination of optional parameters invalid.",
    )


def test_a_test_order_is_checked_and_goes_nowhere() -> None:
    """Filters are looked at, the balance is not."""
    client = PlainClient()

    fine = client.signed("POST", "order/test", order(quantity="1000"))
    refused = client.signed("POST", "order/test", order(quantity="0.000001"))

    assert good(fine) == {}
    assert bad(refused) == (-1013, "Filter failure: LOT_SIZE")
    assert client.take_events() == []
    assert client.get("rateLimit/order")[0]["count"] == 0


def test_a_symbol_that_is_halted_takes_cancels_only() -> None:
    """And one that nobody knows takes nothing."""
    client = PlainClient()
    client.place(newClientOrderId="mine")
    client.sim.change_instrument("BTCUSD", status="HALT")

    assert client.refused() == (-2010, "Market is closed.")
    assert client.cancel(origClientOrderId="mine")["status"] == "CANCELED"
    assert client.refused(symbol="NOSUCH") == (-1121, "Invalid symbol.")


def test_a_stale_replica_knows_nothing_of_an_order_for_a_while() -> None:
    """Neither alone nor in lists; cancelling it works."""
    client = PlainClient()
    fault = client.sim.faults.add(StaleReplica(for_s=2))
    client.place(newClientOrderId="mine")
    one = {"symbol": "BTCUSD", "origClientOrderId": "mine"}

    early = client.signed("GET", "order", one)
    lists = [client.get("openOrders"), client.get("allOrders", symbol="BTCUSD")]
    client.now_ms += 2000

    assert bad(early) == NO_ORDER
    assert lists == [[], []]
    assert fault.fired == 3
    assert good(client.signed("GET", "order", one))["status"] == "NEW"


def test_a_lagging_list_of_open_orders_shows_the_past() -> None:
    """An order that is filled is still there, one that is new is not."""
    client = thin_market()
    client.place(newClientOrderId="old", price="64100", quantity="0.05")
    client.now_ms += 5000
    client.sim.trade("BTCUSD", Side.SELL, D("0.05"))
    client.place(newClientOrderId="new")
    client.sim.faults.add(LaggingOpenOrders(for_s=3, times=1))

    stale, fresh = client.get("openOrders"), client.get("openOrders")

    assert [(o["clientOrderId"], o["status"]) for o in stale] == [("old", "NEW")]
    assert [(o["clientOrderId"], o["status"]) for o in fresh] == [("new", "NEW")]


def test_fills_can_be_late_in_their_list() -> None:
    """The order says FILLED before the list of fills does."""
    client = thin_market()
    client.sim.faults.add(DelayFills(for_s=1, times=1))
    client.place(type="MARKET", newClientOrderId="mine")

    late = client.get("myTrades", symbol="BTCUSD")

    assert late == []
    assert len(client.get("myTrades", symbol="BTCUSD")) == 1
    assert client.status("mine") == "FILLED"


def test_an_order_that_ended_unfilled_is_archived_after_ninety_days() -> None:
    """Which is another answer than that there is none; one with a fill is kept."""
    client = thin_market()
    client.place(newClientOrderId="gone")
    client.cancel(origClientOrderId="gone", newClientOrderId="cancel")
    client.place(timeInForce="IOC", price="64500", quantity="0.3", newClientOrderId="filled")
    gone = {"symbol": "BTCUSD", "origClientOrderId": "cancel"}

    client.now_ms += 90 * 86_400_000
    kept = client.signed("GET", "order", gone)
    client.now_ms += 1
    archived = client.signed("GET", "order", gone)

    assert good(kept)["status"] == "CANCELED"
    assert bad(archived)[0] == -2026
    filled = client.get("order", symbol="BTCUSD", origClientOrderId="filled")
    assert (filled["status"], filled["executedQty"]) == ("EXPIRED", "0.10000000")


@pytest.mark.parametrize(("window", "placed"), [("5000", True), ("2999", False)])
def test_the_engine_looks_at_the_age_of_an_order_once_more(window: str, placed: bool) -> None:  # noqa: FBT001
    """An order that is slow to reach it is refused, and counted all the same."""
    client = PlainClient()
    client.sim.faults.add(SlowEngine(for_s=3))

    answer = client.answer("POST", "order", order(recvWindow=window))

    assert answer.delay_ns == 3_000_000_000
    if placed:
        assert good(answer.response)["status"] == "NEW"
    else:
        assert bad(answer.response) == (
            -1021,
            "Timestamp for this request is outside of the recvWindow.",
        )
    assert client.get("rateLimit/order")[0]["count"] == 1
    assert len(client.get("openOrders")) == placed


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("LMSXO"), st.integers(0, 1), st.integers(1, 40))))
def test_no_sequence_of_orders_makes_or_loses_money(steps: list[tuple[str, int, int]]) -> None:
    """What is locked is what open orders need, and the supply of each asset stays."""
    client = PlainClient(Settings(levels=5, limits_enforced=False))
    assets = ("BTC", "USD")
    before = {asset: client.sim.venue.ledger.supply(asset) for asset in assets}

    for kind, which, number in steps:
        side, quantity = ("BUY", "SELL")[which], f"0.{number:02}"
        price = str(64283 + (number - 20) * 2)
        match kind:
            case "L":
                client.signed("POST", "order", order(side=side, quantity=quantity, price=price))
            case "M":
                client.signed("POST", "order", order(side=side, type="MARKET", quantity=quantity))
            case "S":
                stop = order(side=side, type="STOP_LOSS", quantity=quantity, stopPrice=price)
                client.signed("POST", "order", stop)
            case "O":
                far = {"BUY": ("64000", "64600"), "SELL": ("64600", "64000")}[side]
                pair = {"symbol": "BTCUSD", "side": side, "quantity": quantity}
                pair |= {"price": far[0], "stopPrice": far[1]}
                client.signed("POST", "order/oco", pair)
            case _:
                client.signed("DELETE", "openOrders", {"symbol": "BTCUSD"})
        client.sim.trade("BTCUSD", Side(side), D(quantity))

    assert {asset: client.sim.venue.ledger.supply(asset) for asset in assets} == before
    client.signed("DELETE", "openOrders", {"symbol": "BTCUSD"})
    assert [client.balances(asset)[1] for asset in assets] == [0, 0]


def test_the_house_may_meet_itself_and_no_account_is_told() -> None:
    """Its walk may cross what it has left at the other side: that match is nobody's business."""
    client = thin_market()
    market = client.sim.market("BTCUSD")
    crossing = BookOrder(
        order_id="hff", owner="house-maker", side=Side.BUY, remaining=D("0.1"), price=D("64500.00")
    )

    execution = market.book.submit(crossing)
    client.sim.venue.desk.settle(market, execution)

    assert len(execution.prevented) == 1
    assert client.sim.venue.desk.store.prevented == []
