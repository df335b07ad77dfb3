"""The life of orders and listen keys on a simulated Binance.US, as python-binance lives them.

Run by the interpreter of the SDK's own environment:
``python binance_us_life_cycle.py < endpoints``. The endpoints object comes on
stdin. Every step prints one line; the exit status is 0 only if all did what
they should.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

from binance import AsyncClient  # type: ignore[import-not-found, unused-ignore]
from binance.base_client import BaseClient  # type: ignore[import-not-found, unused-ignore]
from binance.exceptions import (  # type: ignore[import-not-found, unused-ignore]
    BinanceAPIException,
)

SYMBOL = "BTCUSD"


def check(name: str, *, holds: bool, seen: object = "") -> None:
    """Print one step; stop everything if it failed."""
    print(f"{'ok' if holds else 'FAILED'}: {name} {seen}".rstrip(), flush=True)  # noqa: T201 - its report
    if not holds:
        sys.exit(1)


async def refused(name: str, call: Awaitable[Any], *, status: int, code: int) -> None:
    """Check that a call is refused with this status and code."""
    try:
        await call
    except BinanceAPIException as error:
        seen = (error.status_code, error.code)
        check(name, holds=seen == (status, code), seen=f"{seen} {error.message}")
    else:
        check(name, holds=False, seen="it was not refused")


async def read_market(client: Any) -> Decimal:
    """The exchange, its rules and its market data; the best bid."""
    check("ping", holds=await client.ping() == {})
    check("time", holds=(await client.get_server_time())["serverTime"] > 0)
    info = await client.get_exchange_info()
    check("exchange info", holds=len(info["symbols"]) >= 3, seen=len(info["symbols"]))
    rules = await client.get_symbol_info(SYMBOL)
    names = {each["filterType"] for each in rules["filters"]}
    wanted = {"PRICE_FILTER", "LOT_SIZE", "MIN_NOTIONAL"}
    check("filters", holds=wanted <= names and rules["status"] == "TRADING")
    book = await client.get_order_book(symbol=SYMBOL, limit=5)
    check("book", holds=len(book["bids"]) == len(book["asks"]) == 5)
    trades = await client.get_recent_trades(symbol=SYMBOL, limit=3)
    check("trades", holds=len(trades) == 3)
    old = await client.get_historical_trades(symbol=SYMBOL, fromId=trades[0]["id"], limit=1)
    check("historical trades", holds=old == trades[:1])
    aggregates = await client.get_aggregate_trades(symbol=SYMBOL, limit=2)
    check("aggregate trades", holds=len(aggregates) == 2)
    klines = await client.get_klines(symbol=SYMBOL, interval="1h", limit=24)
    check("klines", holds=[len(row) for row in klines] == [12] * 24)
    average = await client.get_avg_price(symbol=SYMBOL)
    check("average price", holds=average["mins"] == 5, seen=average["price"])
    day = await client.get_ticker(symbol=SYMBOL)
    check("24 hours", holds=day["count"] > 0, seen=day["lastPrice"])
    check("all tickers", holds=len(await client.get_all_tickers()) == len(info["symbols"]))
    check("book tickers", holds=len(await client.get_orderbook_tickers()) == len(info["symbols"]))
    best = await client.get_orderbook_ticker(symbol=SYMBOL)
    check("book ticker", holds=Decimal(best["bidPrice"]) < Decimal(best["askPrice"]))
    return Decimal(best["bidPrice"])


async def read_account(client: Any) -> None:
    """Balances and permissions."""
    account = await client.get_account()
    check("account", holds=account["canTrade"] and account["accountType"] == "SPOT")
    usd = await client.get_asset_balance(asset="USD")
    check("a million to trade with", holds=Decimal(usd["free"]) >= 10**6, seen=usd["free"])
    check("nothing open", holds=await client.get_open_orders() == [])


async def live_an_order(client: Any, low: str) -> None:
    """A limit order by both of its ids, until it is cancelled and renamed."""
    order = {"symbol": SYMBOL, "quantity": "0.01000", "price": low}
    await client.create_test_order(side="BUY", type="LIMIT", timeInForce="GTC", **order)
    made = await client.order_limit_buy(**order, newClientOrderId="mine")
    check("limit order", holds=made["status"] == "NEW" and made["clientOrderId"] == "mine")
    again = client.order_limit_buy(**order, newClientOrderId="mine")
    await refused("the same client id", again, status=400, code=-2010)
    by_id = await client.get_order(symbol=SYMBOL, orderId=made["orderId"])
    by_name = await client.get_order(symbol=SYMBOL, origClientOrderId="mine")
    check("asked for by both ids", holds=by_id == by_name and by_id["status"] == "NEW")
    resting = await client.get_open_orders(symbol=SYMBOL)
    check("open orders", holds=resting == [by_id])
    gone = await client.cancel_order(symbol=SYMBOL, origClientOrderId="mine")
    renamed = gone["origClientOrderId"] == "mine" != gone["clientOrderId"]
    check("cancel", holds=gone["status"] == "CANCELED" and renamed)
    second = client.cancel_order(symbol=SYMBOL, orderId=made["orderId"])
    await refused("cancel it again", second, status=400, code=-2011)
    lost = client.get_order(symbol=SYMBOL, origClientOrderId="mine")
    await refused("ask by the old id", lost, status=400, code=-2013)
    over = await client.get_order(symbol=SYMBOL, origClientOrderId=gone["clientOrderId"])
    check("ask by the new id", holds=over["orderId"] == made["orderId"])


async def fill_orders(client: Any, low: str) -> None:
    """Market orders both ways, their fills, and what is refused."""
    bought = await client.order_market_buy(symbol=SYMBOL, quoteOrderQty="250.00")
    check("market order by quote", holds=bought["status"] == "FILLED" and bool(bought["fills"]))
    sold = await client.order_market_sell(symbol=SYMBOL, quantity="0.00200")
    check("market order by base", holds=sold["executedQty"] == "0.00200000")
    trades = await client.get_my_trades(symbol=SYMBOL, orderId=bought["orderId"])
    quantities = [(fill["qty"], fill["commission"]) for fill in bought["fills"]]
    same = [(trade["qty"], trade["commission"]) for trade in trades] == quantities
    check("its fills", holds=same, seen=len(trades))
    orders = await client.get_all_orders(symbol=SYMBOL)
    states = [order["status"] for order in orders]
    check("all orders", holds=states == ["CANCELED", "FILLED", "FILLED"], seen=states)
    rich = client.order_market_sell(symbol=SYMBOL, quantity="90")
    await refused("no funds", rich, status=400, code=-2010)
    fine = client.order_limit_buy(symbol=SYMBOL, quantity="0.0000001", price=low)
    await refused("a filter", fine, status=400, code=-1013)
    counts = await client.get_current_order_count()
    check("order counts", holds=counts[0]["count"] >= 3, seen=counts[0]["count"])


async def pair_orders(client: Any, low: str, high: str) -> None:
    """A pair of which one cancels the other."""
    pair = await client.create_oco_order(
        symbol=SYMBOL, side="SELL", quantity="0.01000", aboveType="LIMIT_MAKER", abovePrice=high,
        belowType="STOP_LOSS_LIMIT", belowStopPrice=low, belowPrice=low, belowTimeInForce="GTC",
    )  # fmt: skip
    check("pair", holds=pair["listOrderStatus"] == "EXECUTING" and len(pair["orders"]) == 2)
    lists = await client.get_open_oco_orders()
    check("open pairs", holds=[each["orderListId"] for each in lists] == [pair["orderListId"]])
    leg = pair["orders"][0]["orderId"]
    gone = await client.cancel_order(symbol=SYMBOL, orderId=leg)
    check("cancel a leg", holds=gone["listOrderStatus"] == "ALL_DONE")
    check("nothing open", holds=await client.get_open_orders() == [])


async def keep_listen_key(client: Any) -> None:
    """Created, the same again, kept alive, closed, unknown."""
    key = await client.stream_get_listen_key()
    check("listen key", holds=len(key) > 20)
    check("the same again", holds=await client.stream_get_listen_key() == key)
    await client.stream_keepalive(key)
    check("kept alive", holds=True)
    await client.stream_close(key)
    await refused("it is gone", client.stream_keepalive(key), status=400, code=-1125)


async def main() -> None:
    """All of it, at the addresses that stdin names."""
    endpoints = json.load(sys.stdin)["binance_us"]
    BaseClient.API_URL = endpoints["rest"] + "/api"
    credentials = endpoints["credentials"]
    client = await AsyncClient.create(credentials["api_key"], credentials["api_secret"], tld="us")
    stranger = AsyncClient("x" * 64, "y" * 64, tld="us")
    try:
        bid = await read_market(client)
        low, high = (f"{bid * part:.2f}" for part in (Decimal("0.8"), Decimal("1.2")))
        await read_account(client)
        await live_an_order(client, low)
        await fill_orders(client, low)
        await pair_orders(client, low, high)
        await keep_listen_key(client)
        await refused("a strange key", stranger.get_account(), status=401, code=-2015)
        used = client.response.headers["x-mbx-used-weight-1m"]
        check("the weight is told", holds=int(used) > 0, seen=used)
    finally:
        await client.close_connection()
        await stranger.close_connection()
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
