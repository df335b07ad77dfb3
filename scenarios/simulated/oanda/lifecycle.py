"""The beginning and the end of orders, each with its transaction."""

from typing import Any

import attrs

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.hours import next_day_end_ns
from venuetree.scenarios.simulated.oanda.order_fields import present, ticket_fields
from venuetree.scenarios.simulated.oanda.orders import (
    Order,
    OrderKind,
    OrderState,
    Ticket,
    TimeInForce,
)
from venuetree.scenarios.simulated.oanda.trades import Trade
from venuetree.scenarios.simulated.oanda.transactions import Batch, Transaction
from venuetree.scenarios.simulated.oanda.triggers import buys, follow, watched_price

__all__ = ["accept", "cancel", "cancel_linked", "filled", "priced", "reject"]


def priced(state: AccountState, ticket: Ticket, trade: Trade) -> Ticket:
    """A dependent ticket whose distance has become a price, where it has one.

    It is measured from the current price: of a long trade's stop from the ask,
    of a short one's from the bid; a take profit's the other way, from the price
    at which it would fill.
    """
    if ticket.distance is None or ticket.kind is OrderKind.TRAILING_STOP_LOSS:
        return ticket
    quote, long = state.prices.quote(trade.instrument.name), trade.initial_units > 0
    if ticket.kind is OrderKind.TAKE_PROFIT:
        price = quote.bid + ticket.distance if long else quote.ask - ticket.distance
    else:
        price = quote.ask - ticket.distance if long else quote.bid + ticket.distance
    return attrs.evolve(ticket, price=price)


def accept(
    state: AccountState,
    batch: Batch,
    ticket: Ticket,
    reason: str,
    *,
    replaces: Order | None = None,
    **more: Any,
) -> tuple[Order, Transaction]:
    """Let an order exist; it is pending until it fills or is cancelled.

    Args:
        state: the account.
        batch: to which its transaction belongs.
        ticket: what was asked for.
        reason: why it was created.
        replaces: the order in whose place it comes.
        more: fields of the transaction that only some orders have.
    """
    replaced = None if replaces is None else str(replaces.id)
    transaction = batch.add(
        ticket.kind.transaction,
        **ticket_fields(ticket),
        reason=reason,
        replacesOrderID=replaced,
        **more,
    )
    order = Order(
        id=int(transaction["id"]),
        ticket=ticket,
        created_ns=batch.time_ns,
        expires_ns=_expiry(ticket, batch.time_ns),
        fill_reason=ticket.kind.transaction,
        replaces_id=None if replaces is None else replaces.id,
    )
    _start_watching(state, order)
    state.orders.add(order)
    if ticket.kind.dependent and ticket.trade_id is not None:
        trade = state.trades.get(ticket.trade_id)
        if trade is not None:
            trade.orders[ticket.kind] = order.id
    return order, transaction


def _expiry(ticket: Ticket, now_ns: int) -> int | None:
    match ticket.time_in_force:
        case TimeInForce.GTD:
            return ticket.gtd_ns
        case TimeInForce.GFD:
            return next_day_end_ns(now_ns)
        case _:
            return None


def _start_watching(state: AccountState, order: Order) -> None:
    quote = state.prices.quote(order.instrument.name)
    follow(state, order, quote)
    if order.kind is OrderKind.MARKET_IF_TOUCHED:
        condition = order.ticket.trigger_condition
        order.initial_market_price = watched_price(quote, condition, buying=buys(state, order))


def reject(batch: Batch, kind: OrderKind, reason: str, fields: dict[str, Any]) -> Transaction:
    """Write down an order that never came to exist; `fields` is the request as it was sent."""
    return batch.add(f"{kind.transaction}_REJECT", rejectReason=reason, **fields)


def cancel(
    state: AccountState,
    batch: Batch,
    order: Order,
    reason: str,
    *,
    replaced_by: str | None = None,
    **more: Any,
) -> Transaction:
    """End an order, or what is left of it after a fill."""
    transaction = batch.add(
        "ORDER_CANCEL",
        orderID=str(order.id),
        clientOrderID=order.client_id,
        replacedByOrderID=replaced_by,
        reason=reason,
        **more,
    )
    if order.state is not OrderState.FILLED:
        order.state = OrderState.CANCELLED
    order.cancelled = {"cancellingTransactionID": transaction["id"], "cancelledTime": batch.time}
    if replaced_by is not None:
        order.replaced_by_id = int(replaced_by)
    state.orders.close(order)
    _forget_dependent(state, order)
    return transaction


def _forget_dependent(state: AccountState, order: Order) -> None:
    """Free the place of a dependent order, unless its trade is over and keeps it as a memory."""
    trade = state.trades.find_open(order.ticket.trade_id)
    if trade is not None and trade.orders.get(order.kind) == order.id:
        del trade.orders[order.kind]


def cancel_linked(state: AccountState, batch: Batch, trade: Trade, fill_id: str) -> None:
    """End the dependent orders of a trade that a fill has closed."""
    for number in sorted(trade.orders.values()):
        order = state.orders.find_pending(number)
        if order is not None:
            cancel(
                state,
                batch,
                order,
                "LINKED_TRADE_CLOSED",
                closedTradeID=str(trade.id),
                tradeCloseTransactionID=fill_id,
            )


def filled(state: AccountState, order: Order, transaction: Transaction) -> None:
    """Note on an order that it was filled."""
    opened, reduced = transaction.get("tradeOpened"), transaction.get("tradeReduced")
    closed = transaction.get("tradesClosed")
    order.state = OrderState.FILLED
    order.filled = present(
        {
            "fillingTransactionID": transaction["id"],
            "filledTime": transaction["time"],
            "tradeOpenedID": opened and opened["tradeID"],
            "tradeReducedID": reduced and reduced["tradeID"],
            "tradeClosedIDs": closed and [each["tradeID"] for each in closed],
        }
    )
    state.orders.close(order)
