"""What an order must have set aside, and when an order or an edit is refused: pure functions."""

from decimal import Decimal

import attrs

from venuetree.scenarios.simulated.coinbase.market import Market
from venuetree.scenarios.simulated.coinbase.orders import (
    AccountOrder,
    OrderType,
    RejectedError,
    Status,
    Ticket,
    TimeInForceName,
    TriggerStatus,
)
from venuetree.scenarios.simulated.matching import Book, Side
from venuetree.scenarios.simulated.numbers import on_grid

ZERO = Decimal(0)
BRACKET_SLIP = Decimal("0.05")
"""How far beyond its trigger the limit of a fired bracket lies."""


@attrs.frozen
class FeeRates:
    """Parts of a trade's value."""

    maker: Decimal = Decimal("0.005")
    taker: Decimal = Decimal("0.009")


def check_post_only(ticket: Ticket, book: Book) -> None:
    """Refuse a post-only order that would take.

    Raises:
        RejectedError: it would.
    """
    if not ticket.post_only or ticket.limit_price is None:
        return
    best = book.best(ticket.side.opposite)
    if best is None:
        return
    buying = ticket.side is Side.BUY
    if ticket.limit_price >= best if buying else ticket.limit_price <= best:
        raise RejectedError("INVALID_LIMIT_PRICE_POST_ONLY", "Post only order would take")


def required_hold(order: AccountOrder, book: Book, rates: FeeRates) -> Decimal:
    """What an order that rests or is about to match must have set aside.

    Base currency for a sell; for a buy quote currency, with the taker's fee.
    """
    ticket = order.ticket
    left = ZERO if order.size is None else order.size - order.filled_size
    if ticket.side is Side.SELL:
        return left
    fee = 1 + rates.taker
    if order.size is None:
        return (ticket.quote_size or ZERO) - order.filled_value - order.total_fees
    if order.price is None:
        found, cost = book.cost(Side.BUY, left)
        # Beyond what the book holds the order is priced at its last level.
        worst = book.worst(Side.SELL) or ZERO
        return (cost + (left - found) * worst) * fee
    price = order.price
    if ticket.order_type is OrderType.BRACKET and ticket.stop_price is not None:
        price = max(price, ticket.stop_price * (1 + BRACKET_SLIP))
    return left * price * fee


def check_edit(order: AccountOrder, market: Market, *, price: Decimal, size: Decimal) -> None:
    """Refuse an edit that a rule forbids; funds are not looked at.

    Raises:
        RejectedError: with an `edit_failure_reason`.
    """
    if order.pending_cancel and not order.status.over:
        raise RejectedError("CANNOT_EDIT_ORDER_PENDING_CANCEL")
    if order.status is not Status.OPEN:
        raise RejectedError("ONLY_OPEN_ORDERS_CAN_BE_EDITED")
    if order.trigger_status is TriggerStatus.TRIGGERED:
        raise RejectedError("CANNOT_EDIT_TRIGGERED_ORDER")
    if order.ticket.time_in_force is not TimeInForceName.GTC:
        raise RejectedError("ORDER_EDIT_ORDER_TYPE_NOT_SUPPORTED")
    if size <= 0 or not on_grid(size, market.product.base_increment):
        raise RejectedError("INVALID_EDITED_SIZE")
    if price <= 0 or not on_grid(price, market.product.price_increment):
        raise RejectedError("INVALID_EDITED_PRICE")
    if size <= order.filled_size:
        raise RejectedError("CANNOT_EDIT_TO_BELOW_FILLED_SIZE")
    if price == order.price and size == order.size:
        raise RejectedError("EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST")
    check_post_only(attrs.evolve(order.ticket, limit_price=price), market.book)
