"""Commands to conversations with OANDA's v20 REST API.

Followed: "REST-v20" (account, instrument, order, trade, position, transaction and pricing
endpoints).
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from venuetree.protocol import commands as c
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.oanda import account_flows as account
from venuetree.protocol.exchanges.oanda import asking
from venuetree.protocol.exchanges.oanda import exit_flows as exits
from venuetree.protocol.exchanges.oanda import market_flows as market
from venuetree.protocol.exchanges.oanda import order_flows as trading
from venuetree.protocol.exchanges.oanda.closing_flows import close_position, place_closing
from venuetree.protocol.exchanges.oanda.fill_flows import fills
from venuetree.protocol.exchanges.oanda.log_flows import fetch_log
from venuetree.protocol.exchanges.oanda.placing_flows import place, replace
from venuetree.protocol.exchanges.oanda.reading import NAME
from venuetree.protocol.exchanges.oanda.resolving import resolve
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderReport, OrderRequest
from venuetree.protocol.port import FlowContext, LimitReport, RestFlow, RestReply

__all__ = ["OandaRest"]

R = TypeVar("R")


class OandaRest:
    """The `RestCodec` of OANDA; it has no state."""

    def flow(self, command: Request[Any, R], context: FlowContext) -> RestFlow[R]:
        """The conversation that answers `command`.

        Raises:
            NotSupported: at once, if the exchange has no such thing.
            OrderInvalid: an order lacks what its type needs, or contradicts itself.
        """
        return _flow(command, context)

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        """Nothing: the exchange tells no counts."""
        return asking.limits(reply)

    def retry_after_ns(self, reply: RestReply) -> int | None:
        """The silence that a 429 asks for; 0 if it is not said for how long."""
        return asking.retry_after_ns(reply)


def _place(order: OrderRequest, context: FlowContext) -> RestFlow[OrderReport]:
    closing = None if order.margin is None else order.margin.closing
    return place(order, context) if closing is None else place_closing(order, closing, context)


def _flow(  # noqa: C901 - a table of commands
    command: Request[Any, Any], context: FlowContext
) -> RestFlow[Any]:
    match command:
        case c.PlaceOrder(order):
            return _place(order, context)
        case c.ReplaceOrder():
            return replace(command, context)
        case c.CancelOrder(key):
            return trading.cancel(key)
        case c.CancelOpenOrders(instrument):
            return trading.cancel_open(instrument)
        case c.ClosePosition(orders):
            return close_position(orders, context)
        case c.ResolveOrder():
            return resolve(command, context)
        case c.FetchOrder(key):
            return trading.order(key, context)
        case c.FetchOpenOrders(instrument):
            return trading.open_orders(instrument)
        case c.FetchOrders(instrument, start_ns, end_ns, limit):
            return trading.orders(
                instrument, context, start_time_ns=start_ns, end_time_ns=end_ns, limit=limit
            )
        case c.FetchFills(key_or_none, instrument, start_ns, limit):
            return fills(
                context, key=key_or_none, instrument=instrument, start_time_ns=start_ns, limit=limit
            )
        case c.FetchLog(after):
            return fetch_log(after)
        case _:
            return _margin(command, context)


def _margin(command: Request[Any, Any], context: FlowContext) -> RestFlow[Any]:
    """Commands about margin trades and the account."""
    match command:
        case c.ChangeExits(trade_id, changes, instrument):
            return exits.change_exits(trade_id, changes, context.instruments.get(instrument))
        case c.WriteOrderExtensions(key, of_order, of_trade):
            return exits.write_order_extensions(key, of_order, of_trade)
        case c.WriteTradeExtensions(trade_id, extensions):
            return exits.write_trade_extensions(trade_id, extensions)
        case c.FetchMarginTrade(trade_id):
            return account.trade(trade_id)
        case c.FetchMarginTrades(instrument, is_open_only, limit):
            return account.trades(instrument, context, is_open_only=is_open_only, limit=limit)
        case c.FetchPositions(instrument):
            return account.positions(instrument, context)
        case c.ConfigureAccount(alias, margin_rate):
            return account.configure(alias, margin_rate)
        case c.FetchAccountChanges(since_transaction_id):
            return account.changes(since_transaction_id)
        case _:
            return _question(command, context)


def _question(  # noqa: C901 - a table of commands
    command: Request[Any, Any], context: FlowContext
) -> RestFlow[Any]:
    """Commands about the account's money and the market."""
    match command:
        case c.FetchBalances():
            return account.balances()
        case c.FetchAccountSummary():
            return account.summary()
        case c.FetchKeyPermissions():
            return account.key_permissions()
        case c.FetchLogState():
            return account.log_state()
        case c.FetchInstruments(names):
            return market.instruments(names)
        case c.FetchServerTime():
            return market.server_time(context)
        case c.FetchBook(instrument, depth):
            return market.book(instrument, depth, context)
        case c.FetchTickers(names):
            return market.tickers(names, context)
        case c.FetchCandles(instrument, interval_ns, start_ns, end_ns, priced_by):
            return market.candles(
                instrument, interval_ns, start_ns, end_ns, context, priced_by=priced_by
            )
        case c.FetchConversions(names):
            return market.conversions(names, context)
        case c.FetchSentiment(instrument, kind, time_ns):
            return market.sentiment(instrument, kind, time_ns, context)
        case _:
            message = f"no such request on this exchange: {type(command).__name__}"
            raise NotSupported(message, exchange=NAME, operation=type(command).__name__)
