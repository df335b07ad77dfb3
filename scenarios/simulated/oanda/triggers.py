"""When the price of a waiting order has come."""

from decimal import Decimal
from typing import assert_never

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.orders import Order, OrderKind, TriggerCondition
from venuetree.scenarios.simulated.oanda.prices import Quote

__all__ = ["buys", "fires", "follow", "stop_level", "watched_price"]

_LIMITS = frozenset({OrderKind.LIMIT, OrderKind.TAKE_PROFIT})


def buys(state: AccountState, order: Order) -> bool:
    """Whether the order buys when it fills; a dependent one trades against its trade."""
    if order.ticket.units is not None:
        return order.ticket.units > ZERO
    trade = state.trades.get(order.ticket.trade_id or 0)
    return trade is not None and trade.initial_units < ZERO


def watched_price(quote: Quote, condition: TriggerCondition, *, buying: bool) -> Decimal:
    """The price that an order watches: by default, the one at which it would fill."""
    match condition:
        case TriggerCondition.DEFAULT:
            return quote.ask if buying else quote.bid
        case TriggerCondition.INVERSE:
            return quote.bid if buying else quote.ask
        case TriggerCondition.BID:
            return quote.bid
        case TriggerCondition.ASK:
            return quote.ask
        case TriggerCondition.MID:
            return quote.mid
        case _:
            assert_never(condition)


def stop_level(order: Order) -> Decimal | None:
    """The price at which the order acts, a trailing stop's as it stands now."""
    return order.trailing_value if order.trailing_value is not None else order.ticket.price


def follow(state: AccountState, order: Order, quote: Quote) -> None:
    """Let a trailing stop follow the best price that there was."""
    distance = order.ticket.distance
    if order.kind is not OrderKind.TRAILING_STOP_LOSS or distance is None:
        return
    buying = buys(state, order)
    watched = watched_price(quote, order.ticket.trigger_condition, buying=buying)
    level = watched + distance if buying else watched - distance
    if order.trailing_value is None:
        order.trailing_value = level
    else:
        better = min if buying else max
        order.trailing_value = better(order.trailing_value, level)


def fires(state: AccountState, order: Order, quote: Quote) -> bool:
    """Whether the order's price has come; never while its instrument does not trade."""
    level = stop_level(order)
    if not quote.tradeable or level is None:
        return False
    buying = buys(state, order)
    watched = watched_price(quote, order.ticket.trigger_condition, buying=buying)
    return watched >= level if _rises(order, level, buying=buying) else watched <= level


def _rises(order: Order, level: Decimal, *, buying: bool) -> bool:
    """Whether the order waits for the price to rise to its level, or to fall to it."""
    if order.kind in _LIMITS:
        return not buying
    if order.kind is OrderKind.MARKET_IF_TOUCHED and order.initial_market_price is not None:
        return level >= order.initial_market_price
    return buying
