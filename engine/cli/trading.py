"""Orders from a shell: `place`, `cancel`, `cancel-all`, `close-position` and their like."""

import uuid
from argparse import Namespace
from collections.abc import Awaitable, Callable
from decimal import Decimal

import anyio

from venuetree import limit_order, market_if_touched_order, market_order, stop_order
from venuetree.cli.exits import ExitCode, UsageError
from venuetree.cli.json_output import plain
from venuetree.cli.printing import show
from venuetree.cli.running import ONLY_QUESTIONS, exchange_of
from venuetree.cli.tables import fills_table, order_table, orders_table
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.errors import (
    AuthRefused,
    CancelRefused,
    ExchangeRefused,
    ExchangeUnavailable,
    OrderNotFound,
    PermissionRefused,
    ReplyLost,
    TransportError,
)
from venuetree.protocol.models import (
    Exit,
    Exits,
    MarginTerms,
    Order,
    OrderKey,
    OrderRequest,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from venuetree.protocol.numbers import multiply
from venuetree.supervisors.wiring import Part

__all__ = [
    "cancel",
    "cancel_all",
    "close_position",
    "close_trade",
    "fills",
    "order",
    "orders",
    "place",
    "requested_order",
]

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
    async with exchange_of(options, Part.ORDERS) as exchange:
        request = requested_order(options, await _pip(options, exchange))
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


def requested_order(options: Namespace, pip: Decimal | None = None) -> OrderRequest:
    """The order that the command line describes; `pip` is needed where it speaks of pips."""
    common = {"quantity": options.quantity, "client_order_id": options.client_order_id}
    if options.time_in_force is not None:
        common["time_in_force"] = options.time_in_force
    exits = _exits(options, pip)
    if exits != Exits():
        common["margin"] = MarginTerms(exits=exits)
    what = (options.instrument, options.side)
    if options.price is not None:
        return limit_order(*what, price=options.price, **common)
    if options.stop_price is not None:
        return stop_order(*what, stop_price=options.stop_price, **common)
    if options.touch_price is not None:
        return market_if_touched_order(*what, stop_price=options.touch_price, **common)
    return market_order(*what, **common)


def _exits(options: Namespace, pip: Decimal | None) -> Exits:
    """A stop-loss is given by its price, or by a distance in pips; a trailing stop has none."""
    profit, loss, trailing = options.take_profit, options.stop_loss, options.trailing_stop
    stop_loss = None
    if loss is not None:
        amount, is_in_pips = loss
        stop_loss = Exit(distance=_in_price(amount, pip)) if is_in_pips else Exit(price=amount)
    trailing_stop = None
    if trailing is not None:
        amount, is_in_pips = trailing
        trailing_stop = Exit(distance=_in_price(amount, pip) if is_in_pips else amount)
    return Exits(
        take_profit=None if profit is None else Exit(price=profit),
        stop_loss=stop_loss,
        trailing_stop=trailing_stop,
    )


def _in_price(pips: Decimal, pip: Decimal | None) -> Decimal:
    if pip is None:
        message = "prices of this instrument have no pips; give the distance as a price"
        raise UsageError(message)
    return multiply(pips, pip)


async def _pip(options: Namespace, exchange: ExchangeHandle) -> Decimal | None:
    """The instrument's pip, where the command line speaks of pips."""
    levels = (options.stop_loss, options.trailing_stop)
    if not any(level is not None and level[1] for level in levels):
        return None
    found = await exchange.instruments(options.instrument)
    return next((one.pip for one in found if one.name == options.instrument), None)


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


async def close_position(options: Namespace) -> ExitCode:
    """Close a position and print the orders that did it; refused, if one of them was."""
    async with exchange_of(options, Part.ORDERS) as exchange:
        closed = await exchange.close_position(
            options.instrument, long=options.long, short=options.short, timeout=options.timeout
        )
    show(options, plain(closed), orders_table(closed))
    is_refused = any(order.status is OrderStatus.REJECTED for order in closed)
    return ExitCode.REFUSED if is_refused else ExitCode.DONE


async def close_trade(options: Namespace) -> ExitCode:
    """Close a margin trade and print the order that did it."""
    async with exchange_of(options, Part.ORDERS) as exchange:
        closed = await exchange.close_trade(
            options.trade_id, options.quantity, timeout=options.timeout
        )
    show(options, plain(closed), order_table(closed))
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
    """Ask by the id that `--by` says; without it by the exchange's, then by ours.

    An exchange may call an id of ours malformed where it expects one of its own.
    """
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
            except ExchangeRefused as error:
                if isinstance(error, AuthRefused | PermissionRefused | CancelRefused):
                    raise
                return await ask(by_client)
