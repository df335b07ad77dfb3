"""All operations, by their names in the WebSocket API, and where REST has them."""

from collections.abc import Mapping

from venuetree.scenarios.simulated.binance_us import (
    account_calls,
    list_calls,
    market_calls,
    order_calls,
    query_calls,
    replace_calls,
)
from venuetree.scenarios.simulated.binance_us.operations import Operation

OPERATIONS: Mapping[str, Operation] = {
    **market_calls.OPERATIONS,
    **order_calls.OPERATIONS,
    **replace_calls.OPERATIONS,
    **list_calls.OPERATIONS,
    **query_calls.OPERATIONS,
    **account_calls.OPERATIONS,
}

PREFIX = "/api/v3/"

REST: Mapping[tuple[str, str], str] = {
    ("GET", "ping"): "ping",
    ("GET", "time"): "time",
    ("GET", "exchangeInfo"): "exchangeInfo",
    ("GET", "depth"): "depth",
    ("GET", "trades"): "trades.recent",
    ("GET", "historicalTrades"): "trades.historical",
    ("GET", "aggTrades"): "trades.aggregate",
    ("GET", "klines"): "klines",
    ("GET", "avgPrice"): "avgPrice",
    ("GET", "ticker/24hr"): "ticker.24hr",
    ("GET", "ticker/price"): "ticker.price",
    ("GET", "ticker/bookTicker"): "ticker.book",
    ("GET", "ticker"): "ticker",
    ("POST", "order"): "order.place",
    ("POST", "order/test"): "order.test",
    ("GET", "order"): "order.status",
    ("DELETE", "order"): "order.cancel",
    ("POST", "order/cancelReplace"): "order.cancelReplace",
    ("GET", "openOrders"): "openOrders.status",
    ("DELETE", "openOrders"): "openOrders.cancelAll",
    ("GET", "allOrders"): "allOrders",
    ("POST", "order/oco"): "orderList.place",
    ("POST", "orderList/oco"): "orderList.place.oco",
    ("GET", "orderList"): "orderList.status",
    ("DELETE", "orderList"): "orderList.cancel",
    ("GET", "openOrderList"): "openOrderLists.status",
    ("GET", "allOrderList"): "allOrderLists",
    ("GET", "account"): "account.status",
    ("GET", "account/commission"): "account.commission",
    ("GET", "myTrades"): "myTrades",
    ("GET", "rateLimit/order"): "account.rateLimits.orders",
    ("GET", "myPreventedMatches"): "myPreventedMatches",
    ("POST", "userDataStream"): "userDataStream.start",
    ("PUT", "userDataStream"): "userDataStream.ping",
    ("DELETE", "userDataStream"): "userDataStream.stop",
}
"""(method, path below the prefix) of each operation that REST has."""
