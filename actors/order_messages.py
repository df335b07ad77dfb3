"""What can be said to the orders actor."""

from collections.abc import Mapping

from attrs import frozen

from venuetree.protocol.events import AccountReport
from venuetree.protocol.messages import Message, Request
from venuetree.protocol.models import OcoRequest, Order, OrderKey, OrderRequest

__all__ = [
    "Cancel",
    "CancelAll",
    "CloseBy",
    "Edit",
    "Known",
    "Orders",
    "OrdersDetail",
    "Place",
    "PlacePair",
    "Query",
    "Replace",
    "Reported",
]


class Orders:
    """The protocol that the orders actor speaks."""


@frozen
class Place(Request[Orders, Order]):
    """Place an order with a client order id; replies when the exchange has acknowledged it.

    A lost reply is resolved while the asker waits; when its time ends first: `OutcomeUnknown`,
    and the resolving goes on.
    """

    order: OrderRequest


@frozen
class PlacePair(Request[Orders, tuple[Order, Order]]):
    """Place two orders, with client order ids, of which one cancels the other; as `Place`."""

    oco: OcoRequest


@frozen
class CloseBy(Request[Orders, tuple[Order, ...]]):
    """Close a position by these orders, with client order ids, in one request; as `Place`."""

    orders: tuple[OrderRequest, ...]


@frozen
class Replace(Request[Orders, Order]):
    """Cancel an order and place another, with a client order id, in its stead; as `Place`."""

    key: OrderKey
    order: OrderRequest
    if_partially_filled: bool = False


@frozen
class Cancel(Request[Orders, Order]):
    """Cancel an order and reply with its final state, or, time ending, as it is by then."""

    key: OrderKey


@frozen
class CancelAll(Request[Orders, tuple[Order, ...]]):
    """Cancel every open order, of one instrument unless it is `""`; replies with their ends.

    Those of others in the account too. What still was on its way is waited for and cancelled.
    """

    instrument: str = ""


@frozen
class Edit(Request[Orders, Order]):
    """Change price and quantity of a resting order; replies with its state afterwards."""

    key: OrderKey
    order: OrderRequest


@frozen
class Query(Request[Orders, Order]):
    """Ask the exchange for an order's state."""

    key: OrderKey


@frozen
class Known(Request[Orders, tuple[Order, ...]]):
    """The orders as they are known here, nothing asked."""


@frozen
class Reported(Message[Orders]):
    """What a user stream said."""

    reports: tuple[AccountReport, ...]


@frozen
class OrdersDetail:
    """What the snapshot shows: how many orders are in each state, by its name."""

    states: Mapping[str, int]
    unknown: tuple[str, ...]
