"""Orders against what an account may have open or hold, before anything is sent.

Beside `checks`, which judges an order by itself.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Final

from venuetree.protocol.checks import refuse, refuse_number
from venuetree.protocol.models import (
    Counted,
    Instrument,
    OpenOrderLimit,
    Order,
    OrderRequest,
    OrderType,
    PositionLimit,
    Side,
)
from venuetree.protocol.numbers import add

__all__ = ["check_open_orders", "check_position"]


def check_open_orders(
    requests: Sequence[OrderRequest], instrument: Instrument, orders: Callable[[], Iterable[Order]]
) -> None:
    """Return if these orders may be open too.

    Args:
        requests: an order, or those of one list.
        instrument: of them, with its rules.
        orders: gives ours, whatever their state and instrument, if there is such a rule.

    Raises:
        OrderInvalid: the orders that are not final, and these, are more than a rule allows.
    """
    limits = [rule for rule in instrument.rules if isinstance(rule, OpenOrderLimit)]
    if not limits:
        return
    live = [order for order in orders() if not order.status.is_final]
    own = [order for order in live if order.instrument == instrument.name]
    for rule in limits:
        added = _counted(rule.counted, requests)
        found = _open(rule.counted, live if rule.is_account_wide else own)
        if added and found + added > rule.maximum:
            where = "the account" if rule.is_account_wide else instrument.name
            refuse(
                rule.name,
                f"{found} {_COUNTED[rule.counted]} of {where} are open, of at most {rule.maximum}",
                str(found + added),
                str(rule.maximum),
            )


_COUNTED: Final = {
    Counted.ALL: "orders",
    Counted.STOP: "orders with a stop price",
    Counted.LIST: "lists of orders",
}


def _counted(counted: Counted, requests: Sequence[OrderRequest]) -> int:
    """How many of what is counted these would add."""
    if counted is Counted.LIST:
        return 1 if len(requests) > 1 else 0
    if counted is Counted.STOP:
        return sum(request.type is OrderType.STOP_LIMIT for request in requests)
    return len(requests)


def _open(counted: Counted, live: Iterable[Order]) -> int:
    if counted is Counted.LIST:
        return len({(order.instrument, order.list_id) for order in live if order.list_id})
    if counted is Counted.STOP:
        return sum(order.type is OrderType.STOP_LIMIT for order in live)
    return sum(1 for _ in live)


def check_position(
    request: OrderRequest,
    instrument: Instrument,
    *,
    held: Decimal,
    on_order: Decimal,
) -> None:
    """Return if a buy keeps within what may be held of its base currency.

    Args:
        request: the order; one that is sized in quote currency is left to the exchange.
        instrument: of it, with its rules.
        held: what the account has of the base currency, available or not.
        on_order: what its open orders would buy of it yet.

    Raises:
        OrderInvalid: all of it together is more than the exchange allows.
    """
    if request.side is not Side.BUY or request.quantity is None:
        return
    for rule in instrument.rules:
        if isinstance(rule, PositionLimit):
            total = add(add(held, on_order), request.quantity)
            if total > rule.maximum:
                what = f"what is held, on order and bought now of {instrument.base}"
                refuse_number(rule.name, what, total, "above", rule.maximum)
