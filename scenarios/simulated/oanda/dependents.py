"""What dependent orders ask of the trade that they belong to."""

from collections.abc import Collection
from typing import Any

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.answers import bad_value, missing_data
from venuetree.scenarios.simulated.oanda.opening_rules import guaranteed_allowed
from venuetree.scenarios.simulated.oanda.orders import Order, OrderKind, Ticket
from venuetree.scenarios.simulated.oanda.specifiers import read_id
from venuetree.scenarios.simulated.oanda.trades import Side, Trade

__all__ = ["EXCLUDING", "check_dependent", "find_trade"]

EXCLUDING = {
    OrderKind.STOP_LOSS: OrderKind.GUARANTEED_STOP_LOSS,
    OrderKind.GUARANTEED_STOP_LOSS: OrderKind.STOP_LOSS,
}
"""A trade has a stop loss or a guaranteed one, not both."""


def find_trade(state: AccountState, body: dict[str, Any]) -> tuple[Trade | None, str]:
    """The open trade that a request names by either id; without one, why it is rejected.

    Raises:
        BadRequestError: it names none at all.
    """
    trade_id, client_id = body.get("tradeID"), body.get("clientTradeID")
    if trade_id is None and client_id is None:
        raise missing_data()
    number = read_id(trade_id)
    if trade_id is not None and number is None:
        raise bad_value("order.tradeID")
    if client_id is not None and not isinstance(client_id, str):
        raise bad_value("order.clientTradeID")
    trade = state.trades.find_open(client_id if number is None else number)
    if trade is not None and client_id not in {None, trade.client_id}:
        return None, "TRADE_IDENTIFIER_INCONSISTENCY"
    return trade, "TRADE_DOESNT_EXIST"


def check_dependent(
    state: AccountState, ticket: Ticket, trade: Trade, ending: Collection[Order]
) -> str | None:
    """Why the trade cannot have this order, None if it can.

    Args:
        state: the account.
        ticket: the order, with its distance made a price.
        trade: its trade.
        ending: orders that are cancelled before it is created.
    """
    kind = ticket.kind
    if ticket.price is not None and ticket.price <= ZERO:
        return "PRICE_DISTANCE_INVALID"
    for each in (kind, EXCLUDING.get(kind)):
        other = None if each is None else state.dependent_order(trade.id, each)
        if other is not None and other not in ending:
            return f"{other.kind.transaction}_ALREADY_EXISTS"
    if kind is OrderKind.GUARANTEED_STOP_LOSS:
        reason = _check_guaranteed(state, ticket, trade)
        if reason is not None:
            return reason
    if ticket.guaranteed and not guaranteed_allowed(state, trade.instrument):
        return "STOP_LOSS_ORDER_GUARANTEED_NOT_ALLOWED"
    if not ending and state.settings.fifo and _has_equal(state, trade):
        return f"{kind.transaction}_WOULD_VIOLATE_FIFO_VIOLATION_SAFEGUARD"
    return None


def _check_guaranteed(state: AccountState, ticket: Ticket, trade: Trade) -> str | None:
    instrument = trade.instrument
    if not guaranteed_allowed(state, instrument):
        return "GUARANTEED_STOP_LOSS_ORDER_NOT_ALLOWED"
    quote = state.prices.quote(instrument.name)
    closing = quote.bid if trade.side is Side.LONG else quote.ask
    minimum = instrument.minimum_guaranteed_stop_loss_distance
    if ticket.price is not None and abs(closing - ticket.price) < minimum:
        return "GUARANTEED_STOP_LOSS_ORDER_MINIMUM_DISTANCE_NOT_MET"
    return None


def _has_equal(state: AccountState, trade: Trade) -> bool:
    """Whether another trade of the same size could be closed out of order by such an order."""
    return any(
        other is not trade and other.current_units == trade.current_units
        for other in state.trades.open(trade.instrument.name, trade.side)
    )
