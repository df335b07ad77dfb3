"""Orders of the simulated Binance.US: how they rest, trade and end, their money and events."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.binance_us_thin_market import thin_market
from tests.scenarios.plain_binance_us import PlainClient
from venuetree.scenarios.simulated.matching import Side

D = Decimal


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
