"""Orders as reads tell them."""

from typing import Any

from venuetree.scenarios.simulated.oanda.account_state import AccountState
from venuetree.scenarios.simulated.oanda.amounts import price_text
from venuetree.scenarios.simulated.oanda.answers import Answered, BadRequestError
from venuetree.scenarios.simulated.oanda.clock_times import time_text
from venuetree.scenarios.simulated.oanda.order_fields import present, ticket_fields
from venuetree.scenarios.simulated.oanda.orders import Order, OrderState
from venuetree.scenarios.simulated.oanda.specifiers import (
    Page,
    read_specifier,
    read_state,
)

__all__ = ["list_orders", "one_order", "order_object"]


def order_object(order: Order) -> dict[str, Any]:
    """One order."""
    ticket, instrument = order.ticket, order.instrument
    level, market_price = order.trailing_value, order.initial_market_price
    return present(
        {
            "id": str(order.id),
            "createTime": time_text(order.created_ns),
            "type": order.kind.value,
            **ticket_fields(ticket, partial_fill="DEFAULT_FILL"),
            "trailingStopValue": None if level is None else price_text(instrument, level),
            "initialMarketPrice": None
            if market_price is None
            else price_text(instrument, market_price),
            "state": order.state.value,
            **order.filled,
            **order.cancelled,
            "replacesOrderID": _id(order.replaces_id),
            "replacedByOrderID": _id(order.replaced_by_id),
        }
    )


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)


def one_order(state: AccountState, specifier: str) -> Answered:
    """An order by the exchange's id; by the client's only while it is pending.

    Raises:
        BadRequestError: there is none.
    """
    key = read_specifier(specifier, "orderSpecifier")
    order = state.orders.find_pending(key)
    if order is None and isinstance(key, int) and not state.settings.finished_orders_vanish:
        order = state.orders.get(key)
    if order is None:
        raise BadRequestError(
            "The order ID specified does not exist",
            status=404,
            code="NO_SUCH_ORDER",
            last_id=state.last_id,
        )
    return Answered(200, {"order": order_object(order), "lastTransactionID": state.last_id})


def list_orders(state: AccountState, page: Page, wanted_state: str | None) -> Answered:
    """Orders, newest first; by default the pending ones.

    Raises:
        BadRequestError: there is no such state.
    """
    wanted = read_state(wanted_state, OrderState.PENDING)
    found = [
        order
        for order in _candidates(state, wanted, page)
        if page.wants(order.id, order.instrument.name)
    ]
    shown, following = page.cut(found)
    return Answered(
        200,
        {"orders": [order_object(order) for order in shown], "lastTransactionID": state.last_id},
        None if following is None else str(following.id),
    )


def _candidates(state: AccountState, wanted: OrderState | None, page: Page) -> list[Order]:
    if wanted is OrderState.PENDING:
        return state.orders.pending(page.instrument)[::-1]
    return [order for order in state.orders.newest_first() if wanted in {None, order.state}]
