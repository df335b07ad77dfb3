"""Commands to conversations with Binance.US's REST API.

Followed: the exchange's REST API reference.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from venuetree.protocol import commands as c
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.binance_us import account_flows as account
from venuetree.protocol.exchanges.binance_us import asking
from venuetree.protocol.exchanges.binance_us import market_flows as market
from venuetree.protocol.exchanges.binance_us import order_flows as trading
from venuetree.protocol.exchanges.binance_us.fill_flows import fills
from venuetree.protocol.exchanges.binance_us.list_flows import place_oco, replace
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.resolving import resolve
from venuetree.protocol.messages import Request
from venuetree.protocol.models import CandlePrice
from venuetree.protocol.port import FlowContext, LimitReport, RestFlow, RestReply

__all__ = ["BinanceUsRest"]

R = TypeVar("R")


class BinanceUsRest:
    """The `RestCodec` of Binance.US; it has no state."""

    def flow(self, command: Request[Any, R], context: FlowContext) -> RestFlow[R]:
        """The conversation that answers `command`.

        Raises:
            NotSupported: at once, if the exchange has no such thing.
            OrderInvalid: an order lacks what its type needs, or breaks a rule.
        """
        return _flow(command, context)

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        """The `x-mbx-*` counts, and a window that was found full."""
        return asking.limits(reply)

    def retry_after_ns(self, reply: RestReply) -> int | None:
        """The silence that 403, 418 and 429 ask for; 0 if it is not said for how long."""
        return asking.retry_after_ns(reply)


def _flow(  # noqa: C901 - a table of commands
    command: Request[Any, Any], context: FlowContext
) -> RestFlow[Any]:
    match command:
        case c.PlaceOrder(order):
            return trading.place(order, context)
        case c.CancelOrder(key):
            return trading.cancel(key, context)
        case c.CancelOpenOrders(instrument):
            return trading.cancel_open(instrument, context)
        case c.PlaceOco(oco):
            return place_oco(oco, context)
        case c.ReplaceOrder():
            return replace(command, context)
        case c.ResolveOrder():
            return resolve(command, context)
        case c.FetchOrder(key):
            return trading.order(key, context)
        case c.FetchOpenOrders(instrument):
            return trading.open_orders(instrument, context)
        case c.FetchOrders(instrument, start_ns, end_ns, limit):
            return trading.orders(
                instrument, context, start_time_ns=start_ns, end_time_ns=end_ns, limit=limit
            )
        case c.FetchFills(key_or_none, instrument, start_ns, limit):
            return fills(
                context, key=key_or_none, instrument=instrument, start_time_ns=start_ns, limit=limit
            )
        case c.PreviewOrder(order):
            return trading.preview(order, context)
        case _:
            return _question(command, context)


def _question(  # noqa: C901, PLR0912 - a table of commands
    command: Request[Any, Any], context: FlowContext
) -> RestFlow[Any]:
    """Commands about the account and the market."""
    match command:
        case c.FetchBalances():
            return account.balances()
        case c.FetchKeyPermissions():
            return account.key_permissions()
        case c.FetchFees():
            return account.fees()
        case c.OpenAccountStream():
            return account.open_stream()
        case c.KeepAccountStream(stream_key):
            return account.keep_stream(stream_key)
        case c.FetchServerTime():
            return market.server_time()
        case c.FetchInstruments(names):
            return market.instruments(names)
        case c.FetchBook(instrument, depth):
            return market.book(instrument, depth, context)
        case c.FetchTickers(names):
            return market.tickers(names, context)
        case c.FetchCandles(instrument, interval_ns, start_ns, end_ns, priced_by=CandlePrice.USUAL):
            return market.candles(instrument, interval_ns, start_ns, end_ns, context)
        case c.FetchCandles(priced_by=price):
            message = f"candles of the {price.value}: there are those of trades"
            raise NotSupported(message, exchange=NAME, operation="candles")
        case c.FetchTrades(instrument, limit):
            return market.trades(instrument, limit, context)
        case _:
            message = f"no such request on this exchange: {type(command).__name__}"
            raise NotSupported(message, exchange=NAME, operation=type(command).__name__)
