"""Commands to conversations with Coinbase's REST API.

Followed: the Advanced Trade API reference; "Rate Limiting".
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from venuetree.protocol import commands as c
from venuetree.protocol.errors import NotSupported
from venuetree.protocol.exchanges.coinbase import account_flows as account
from venuetree.protocol.exchanges.coinbase import market_flows as market
from venuetree.protocol.exchanges.coinbase import order_flows as trading
from venuetree.protocol.exchanges.coinbase.asking import retry_after_ns
from venuetree.protocol.exchanges.coinbase.cancel_flows import cancel, cancel_open
from venuetree.protocol.exchanges.coinbase.fill_flows import fills
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.resolving import resolve
from venuetree.protocol.messages import Request
from venuetree.protocol.models import CandlePrice
from venuetree.protocol.port import FlowContext, LimitReport, RestFlow, RestReply

__all__ = ["CoinbaseRest"]

R = TypeVar("R")

#: A capacity above this is that of the hour's window.
_LARGEST_OF_A_SECOND: Final = 1000


class CoinbaseRest:
    """The `RestCodec` of Coinbase; it has no state."""

    def flow(self, command: Request[Any, R], context: FlowContext) -> RestFlow[R]:
        """The conversation that answers `command`.

        Raises:
            NotSupported: at once, if the exchange has no such thing.
            OrderInvalid: at once, if an order lacks what its type needs.
        """
        return _flow(command, context)

    def limits(self, reply: RestReply) -> Sequence[LimitReport]:
        """The `x-ratelimit-*` headers, where there are any.

        Their reset's unit is not documented, and neither is the window they tell of: by its
        size, the second's or the hour's.
        """
        remaining = _count(reply.headers.get("x-ratelimit-remaining"))
        capacity = _count(reply.headers.get("x-ratelimit-limit"))
        if remaining is None:
            return ()
        is_hour = max(capacity or 0, remaining) > _LARGEST_OF_A_SECOND
        return (
            LimitReport("hour" if is_hour else "private", remaining=remaining, capacity=capacity),
        )

    def retry_after_ns(self, reply: RestReply) -> int | None:
        """The silence that a 429 asks for, whatever its body; 0 if it does not say how long."""
        return retry_after_ns(reply)


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _flow(  # noqa: C901 - a table of commands
    command: Request[Any, Any], context: FlowContext
) -> RestFlow[Any]:
    match command:
        case c.PlaceOrder(order):
            return trading.place(order, trading.place_request(order, context))
        case c.CancelOrder(key):
            return cancel(key, context)
        case c.CancelOpenOrders(instrument):
            return cancel_open(instrument, context)
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
        case c.EditOrder(key, order):
            return trading.edit(key, order, context)
        case c.ClosePosition(orders):
            return trading.close_position(orders, context)
        case _:
            return _question(command, context)


def _question(  # noqa: C901 - a table of commands
    command: Request[Any, Any], context: FlowContext
) -> RestFlow[Any]:
    """Commands about the account and the market."""
    match command:
        case c.FetchBalances():
            return account.balances()
        case c.FetchPositions(instrument):
            return account.positions(instrument, context)
        case c.FetchKeyPermissions():
            return account.key_permissions()
        case c.FetchFees():
            return account.fees()
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
