"""The life of orders, trades and positions on a simulated OANDA, as oandapyV20 lives them.

Run by the interpreter of the SDK's own environment:
``python oanda_life_cycle.py < endpoints``. The endpoints object comes on
stdin. Every step prints one line; the exit status is 0 only if all did what
they should.
"""

import json
import sys
from decimal import Decimal
from typing import Any

from oandapyV20 import API  # type: ignore[import-not-found, unused-ignore]
from oandapyV20.contrib.requests import (  # type: ignore[import-not-found, unused-ignore]
    LimitOrderRequest,
    MarketOrderRequest,
    StopLossDetails,
    TakeProfitDetails,
)
from oandapyV20.endpoints import (  # type: ignore[import-not-found, unused-ignore]
    accounts,
    instruments,
    orders,
    positions,
    pricing,
    trades,
    transactions,
)
from oandapyV20.exceptions import V20Error  # type: ignore[import-not-found, unused-ignore]
from oandapyV20.oandapyV20 import (  # type: ignore[import-not-found, unused-ignore]
    TRADING_ENVIRONMENTS,
)

INSTRUMENT = "EUR_USD"


def check(name: str, *, holds: bool, seen: object = "") -> None:
    """Print one step; stop everything if it failed."""
    print(f"{'ok' if holds else 'FAILED'}: {name} {seen}".rstrip(), flush=True)  # noqa: T201 - its report
    if not holds:
        sys.exit(1)


class Client:
    """The SDK's client of one account."""

    def __init__(self, api: Any, account: str) -> None:
        """Beside the account's id."""
        self.api = api
        self.account = account

    def ask(self, endpoint: Any, **arguments: Any) -> Any:
        """The answer of an endpoint of the account; the SDK checks the status."""
        return self.api.request(endpoint(self.account, **arguments))

    def refused(self, name: str, endpoint: Any, *, status: int, code: str, **more: Any) -> Any:
        """The answer of a request that must fail with this status and code."""
        try:
            self.ask(endpoint, **more)
        except V20Error as error:
            told = json.loads(error.msg)
            seen = (error.code, told.get("errorCode"))
            check(name, holds=seen == (status, code), seen=f"{seen} {told['errorMessage']}")
            return told
        check(name, holds=False, seen="it was not refused")
        return None


def read_account(client: Client) -> None:
    """Accounts, the summary, the rules, the configuration."""
    listed = client.api.request(accounts.AccountList())["accounts"]
    check("accounts", holds=client.account in [each["id"] for each in listed], seen=len(listed))
    summary = client.ask(accounts.AccountSummary)["account"]
    check("a million to trade with", holds=Decimal(summary["balance"]) >= 10**6)
    details = client.ask(accounts.AccountDetails)["account"]
    check("nothing open", holds=details["orders"] == details["trades"] == [])
    rules = client.ask(accounts.AccountInstruments)["instruments"]
    names = {each["name"] for each in rules}
    check("instruments", holds={"EUR_USD", "USD_JPY", "XAU_USD"} <= names, seen=len(names))
    some = client.ask(accounts.AccountInstruments, params={"instruments": "EUR_USD,USD_JPY"})
    check("some of them", holds=len(some["instruments"]) == 2)
    named = client.ask(accounts.AccountConfiguration, data={"alias": "sdk"})
    check("alias", holds=named["clientConfigureTransaction"]["alias"] == "sdk")


def read_market(client: Client) -> Decimal:
    """Prices, candles, books; the bid."""
    told = client.ask(pricing.PricingInfo, params={"instruments": "EUR_USD,USD_JPY"})
    bid, ask = (Decimal(told["prices"][0][side][0]["price"]) for side in ("bids", "asks"))
    check("prices", holds=bid < ask and len(told["prices"]) == 2, seen=f"{bid} {ask}")
    wanted = {"granularity": "M5", "count": 6, "price": "MBA"}
    request = instruments.InstrumentsCandles(instrument=INSTRUMENT, params=wanted)
    candles = client.api.request(request)["candles"]
    check("candles", holds=len(candles) == 6 and not candles[-1]["complete"])
    for endpoint, key in (
        (instruments.InstrumentsOrderBook, "orderBook"),
        (instruments.InstrumentsPositionBook, "positionBook"),
    ):
        book = client.api.request(endpoint(instrument=INSTRUMENT, params={}))[key]
        check(key, holds=len(book["buckets"]) > 10)
    return bid


def live_an_order(client: Client, bid: Decimal) -> None:
    """A limit order with take profit and stop loss: made, found, changed, replaced, cancelled."""
    wanted = LimitOrderRequest(
        instrument=INSTRUMENT,
        units=1000,
        price=f"{bid * Decimal('0.9'):.5f}",
        takeProfitOnFill=TakeProfitDetails(price=f"{bid:.5f}").data,
        stopLossOnFill=StopLossDetails(price=f"{bid * Decimal('0.8'):.5f}").data,
        clientExtensions={"id": "sdk-1", "tag": "sdk"},
    ).data
    made = client.ask(orders.OrderCreate, data=wanted)
    order_id = made["orderCreateTransaction"]["id"]
    check("limit order", holds="orderFillTransaction" not in made, seen=order_id)
    found = client.ask(orders.OrderDetails, orderID=order_id)["order"]
    same = client.ask(orders.OrderDetails, orderID="@sdk-1")["order"]
    check("found by both ids", holds=found == same and found["state"] == "PENDING")
    pending = client.ask(orders.OrdersPending)["orders"]
    check("pending", holds=[each["id"] for each in pending] == [order_id])
    twice = client.refused(
        "the same client id", orders.OrderCreate, data=wanted,
        status=400, code="CLIENT_ORDER_ID_ALREADY_EXISTS",
    )  # fmt: skip
    check("a reject is a transaction", holds="id" in twice["orderRejectTransaction"])
    extended = client.ask(
        orders.OrderClientExtensions,
        orderID=order_id,
        data={"clientExtensions": {"id": "sdk-2", "comment": "renamed"}},
    )
    check("extensions", holds="orderClientExtensionsModifyTransaction" in extended)
    wanted["order"]["units"] = "2000"
    del wanted["order"]["clientExtensions"]
    replaced = client.ask(orders.OrderReplace, orderID="@sdk-2", data=wanted)
    new_id = replaced["orderCreateTransaction"]["id"]
    check("replaced", holds=replaced["orderCancelTransaction"]["replacedByOrderID"] == new_id)
    gone = client.ask(orders.OrderCancel, orderID=new_id)
    check("cancelled", holds=gone["orderCancelTransaction"]["orderID"] == new_id)
    client.refused(
        "cancel it again", orders.OrderCancel, orderID=new_id,
        status=404, code="ORDER_DOESNT_EXIST",
    )  # fmt: skip
    every = client.ask(orders.OrderList, params={"state": "ALL", "instrument": INSTRUMENT})
    check("all orders", holds=len(every["orders"]) == 2)


def trade(client: Client) -> None:
    """A market order with both stops; its trade is changed, closed in part, then for good."""
    before = int(client.ask(accounts.AccountSummary)["lastTransactionID"])
    wanted = MarketOrderRequest(
        instrument=INSTRUMENT,
        units=10000,
        takeProfitOnFill=TakeProfitDetails(price="1.50000").data,
        stopLossOnFill=StopLossDetails(price="0.90000").data,
        tradeClientExtensions={"id": "trade-1"},
    ).data
    made = client.ask(orders.OrderCreate, data=wanted)
    fill = made["orderFillTransaction"]
    trade_id = fill["tradeOpened"]["tradeID"]
    check("market order", holds=fill["units"] == "10000" and trade_id == fill["id"])
    opened = client.ask(trades.OpenTrades)["trades"]
    check("open trades", holds=[each["id"] for each in opened] == [trade_id])
    details = client.ask(trades.TradeDetails, tradeID="@trade-1")["trade"]
    stops = {details["takeProfitOrder"]["price"], details["stopLossOrder"]["price"]}
    check("with its stops", holds=stops == {"1.50000", "0.90000"})
    changed = client.ask(
        trades.TradeCRCDO,
        tradeID=trade_id,
        data={"takeProfit": None, "stopLoss": {"price": "0.95000"}},
    )
    holds = {"takeProfitOrderCancelTransaction", "stopLossOrderTransaction"} <= set(changed)
    check("stops changed", holds=holds)
    listed = client.ask(trades.TradesList, params={"instrument": INSTRUMENT, "state": "OPEN"})
    check("trades", holds=len(listed["trades"]) == 1)
    part = client.ask(trades.TradeClose, tradeID=trade_id, data={"units": "4000"})
    check("closed in part", holds=part["orderFillTransaction"]["tradeReduced"]["units"] == "-4000")
    held = client.ask(positions.PositionDetails, instrument=INSTRUMENT)["position"]
    check("position", holds=held["long"]["units"] == "6000", seen=held["long"]["averagePrice"])
    check("open positions", holds=len(client.ask(positions.OpenPositions)["positions"]) == 1)
    closed = client.ask(positions.PositionClose, instrument=INSTRUMENT, data={"longUnits": "ALL"})
    check("position closed", holds="longOrderFillTransaction" in closed)
    client.refused(
        "close it again", positions.PositionClose, instrument=INSTRUMENT,
        data={"longUnits": "ALL"}, status=404, code="CLOSEOUT_POSITION_DOESNT_EXIST",
    )  # fmt: skip
    check("positions", holds=len(client.ask(positions.PositionList)["positions"]) == 1)
    client.ask(trades.TradesList, params={"state": "CLOSED"})
    read_transactions(client, before)


def read_transactions(client: Client, before: int) -> None:
    """What was written down since: without gap, and in the changes too."""
    since = client.ask(transactions.TransactionsSinceID, params={"id": before})
    ids = [int(each["id"]) for each in since["transactions"]]
    last = int(since["lastTransactionID"])
    check("no gap", holds=ids == list(range(before + 1, last + 1)), seen=len(ids))
    ranged = client.ask(transactions.TransactionIDRange, params={"from": ids[0], "to": last})
    check("range", holds=ranged["transactions"] == since["transactions"])
    one = client.ask(transactions.TransactionDetails, transactionID=str(last))
    check("one of them", holds=one["transaction"] == since["transactions"][-1])
    pages = client.ask(transactions.TransactionList, params={"pageSize": 10})
    check("pages", holds=pages["count"] == last and len(pages["pages"]) == -(-last // 10))
    changes = client.ask(accounts.AccountChanges, params={"sinceTransactionID": before})
    check("changes", holds=changes["changes"]["transactions"] == since["transactions"])
    client.refused(
        "no such transaction", transactions.TransactionDetails, transactionID="999999",
        status=404, code="NO_SUCH_TRANSACTION",
    )  # fmt: skip


def stay_out(endpoints: Any) -> None:
    """A wrong token, and an account that is somebody else's."""
    token, account = (endpoints["credentials"][name] for name in ("token", "account_id"))
    for name, who, whose, status in (
        ("a wrong token", "x", account, 401),
        ("a foreign account", token, "101-004-1-001", 403),
    ):
        with API(access_token=who, environment="sim") as api:
            try:
                api.request(accounts.AccountSummary(whose))
            except V20Error as error:
                check(name, holds=error.code == status, seen=error.code)
            else:
                check(name, holds=False)


def main() -> None:
    """All of it, at the addresses that stdin names."""
    endpoints = json.load(sys.stdin)["oanda"]
    TRADING_ENVIRONMENTS["sim"] = {"api": endpoints["rest"], "stream": endpoints["stream"]}
    credentials = endpoints["credentials"]
    with API(access_token=credentials["token"], environment="sim") as api:
        client = Client(api, credentials["account_id"])
        read_account(client)
        bid = read_market(client)
        live_an_order(client, bid)
        trade(client)
    stay_out(endpoints)
    print("done", flush=True)  # noqa: T201 - its report


if __name__ == "__main__":
    main()
