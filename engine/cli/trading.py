"""Orders from a shell: `place`, `cancel`, `cancel-all`, `order`, `orders` and `fills`."""

import uuid
from argparse import Namespace
from collections.abc import Awaitable, Callable

import anyio

from venuetree import limit_order, market_order
from venuetree.cli.exits import ExitCode
from venuetree.cli.json_output import plain
from venuetree.cli.printing import show
from venuetree.cli.running import ONLY_QUESTIONS, exchange_of
from venuetree.cli.tables import fills_table, order_table, orders_table
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.errors import ExchangeUnavailable, OrderNotFound, ReplyLost, TransportError
from venuetree.protocol.models import Order, OrderKey, OrderRequest, OrderType, TimeInForce
from venuetree.supervisors.wiring import Part

__all__ = ["cancel", "cancel_all", "fills", "order", "orders", "place", "requested_order"]

#: How long a market order's executions are waited for before it is shown as acknowledged.
_EXECUTION_SECONDS = 5.0
_EXECUTION_POLL_SECONDS = 0.1
_NEVER_RESTING = frozenset({TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL})


async def place(options: Namespace) -> ExitCode:
    """Place an order and print what the exchange made of it.

    Cancelling this leaves an order that may have been sent: the caller reports its id.
    """
    # Known to `options` before anything is sent: an interrupted command can still name it.
    options.client_order_id = options.client_order_id or str(uuid.uuid4())
    request = requested_order(options)
    async with exchange_of(options, Part.ORDERS) as exchange:
        placed = await exchange.place(request, timeout=options.timeout)
        if request.type is OrderType.MARKET or request.time_in_force in _NEVER_RESTING:
            placed = await _ended(exchange, placed)
    show(options, plain(placed), order_table(placed))
    return ExitCode.DONE


async def _ended(exchange: ExchangeHandle, placed: Order) -> Order:
    """What became of an order that never rests; as acknowledged, if that takes too long to show.

    The exchange acknowledges first and tells the executions a moment later.
    """
    latest = placed
    with anyio.move_on_after(_EXECUTION_SECONDS):
        while not latest.status.is_final:
            await anyio.sleep(_EXECUTION_POLL_SECONDS)
            try:
                latest = await exchange.order(placed.key)
            except (TransportError, ReplyLost, ExchangeUnavailable, OrderNotFound):
                continue
    return latest


def requested_order(options: Namespace) -> OrderRequest:
    """The order that the command line describes."""
    common = {"quantity": options.quantity, "client_order_id": options.client_order_id}
    if options.time_in_force is not None:
        common["time_in_force"] = options.time_in_force
    if options.price is None:
        return market_order(options.instrument, options.side, **common)
    return limit_order(options.instrument, options.side, price=options.price, **common)


async def cancel(options: Namespace) -> ExitCode:
    """Cancel an order and print it as it then is."""
    async with exchange_of(options, Part.ORDERS) as exchange:

        async def ask(key: OrderKey) -> Order:
            return await exchange.cancel(key, timeout=options.timeout)

        cancelled = await _by_either_id(options, ask)
    show(options, plain(cancelled), order_table(cancelled))
    return ExitCode.DONE


async def cancel_all(options: Namespace) -> ExitCode:
    """Cancel every open order and print those that ended, each as it did."""
    async with exchange_of(options, Part.ORDERS) as exchange:
        ended = await exchange.cancel_all(options.instrument or "", timeout=options.timeout)
    show(options, plain(ended), orders_table(ended))
    return ExitCode.DONE


async def order(options: Namespace) -> ExitCode:
    """Print one order."""
    async with exchange_of(options, Part.ORDERS) as exchange:
        found = await _by_either_id(options, exchange.order)
    show(options, plain(found), order_table(found))
    return ExitCode.DONE


async def orders(options: Namespace) -> ExitCode:
    """Print the open orders, or all that the exchange still lists."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        ask = exchange.orders if options.all else exchange.open_orders
        found = await ask(options.instrument or "")
    show(options, plain(found), orders_table(found))
    return ExitCode.DONE


async def fills(options: Namespace) -> ExitCode:
    """Print executions, newest first."""
    async with exchange_of(options, ONLY_QUESTIONS) as exchange:
        found = await exchange.fills(options.instrument or "")
    show(options, plain(found), fills_table(found))
    return ExitCode.DONE


async def _by_either_id(options: Namespace, ask: Callable[[OrderKey], Awaitable[Order]]) -> Order:
    """Ask by the id that `--by` says; without it by the exchange's, then by ours."""
    by_exchange = OrderKey(options.instrument, exchange_order_id=options.order_id)
    by_client = OrderKey(options.instrument, client_order_id=options.order_id)
    match options.by:
        case "exchange":
            return await ask(by_exchange)
        case "client":
            return await ask(by_client)
        case _:
            try:
                return await ask(by_exchange)
            except OrderNotFound:
                return await ask(by_client)
