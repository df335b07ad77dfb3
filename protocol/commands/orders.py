"""Commands about orders: placing, changing and ending them, and asking what became of them."""

from enum import Enum

from attrs import frozen

from venuetree.protocol.commands.rest import Rest
from venuetree.protocol.errors import EngineError
from venuetree.protocol.messages import Request
from venuetree.protocol.models import (
    Fill,
    OcoRequest,
    OrderKey,
    OrderPreview,
    OrderReport,
    OrderRequest,
)

__all__ = [
    "Absent",
    "CancelOpenOrders",
    "CancelOrder",
    "EditOrder",
    "FetchFills",
    "FetchOpenOrders",
    "FetchOrder",
    "FetchOrders",
    "Found",
    "PlaceOco",
    "PlaceOrder",
    "PreviewOrder",
    "ReplaceOrder",
    "Replaced",
    "Resend",
    "Resolution",
    "ResolveOrder",
    "Undecided",
]


@frozen
class PlaceOrder(Request[Rest, OrderReport]):
    """Place an order; its `client_order_id` is set. Never sent twice by itself."""

    order: OrderRequest


@frozen
class PlaceOco(Request[Rest, tuple[OrderReport, OrderReport]]):
    """Place two orders of which one cancels the other; both `client_order_id` are set.

    The exchange takes both or neither. Replies with the limit order's state and the stop's.
    Never sent twice by itself.
    """

    oco: OcoRequest


@frozen
class Replaced:
    """An order was cancelled, and another was to take its place.

    Attributes:
        cancelled: the old order's state, None if the exchange did not tell it.
        placed: the new order's state; or why there is none, or `OutcomeUnknown`.
    """

    cancelled: OrderReport | None
    placed: OrderReport | EngineError


@frozen
class ReplaceOrder(Request[Rest, Replaced]):
    """Cancel a resting order and place another in its stead, whose `client_order_id` is set.

    An error means that the new order was not placed, unless it is `OutcomeUnknown`.

    Attributes:
        key: the order to cancel.
        order: the new one, with its whole quantity whatever was executed of the old one.
        if_partially_filled: whether to do so if something of the old one was executed.
    """

    key: OrderKey
    order: OrderRequest
    if_partially_filled: bool = False


@frozen
class PreviewOrder(Request[Rest, OrderPreview]):
    """Ask what an order would cost; nothing is placed."""

    order: OrderRequest


@frozen
class EditOrder(Request[Rest, None]):
    """Change price and total quantity of a resting order. Returns when the exchange accepts it."""

    key: OrderKey
    order: OrderRequest


@frozen
class CancelOrder(Request[Rest, None]):
    """Ask for an order's end. Returning means accepted: the order may still fill first."""

    key: OrderKey


@frozen
class CancelOpenOrders(Request[Rest, tuple[OrderReport, ...]]):
    """Ask for the end of every open order; of all instruments if it is `""`.

    Replies with what the exchange says of those that were open, as far as it does; nothing where
    none was. Which have ended is to be looked at.
    """

    instrument: str = ""


@frozen
class FetchOrder(Request[Rest, OrderReport]):
    """One order's state; `OrderNotFound` if the exchange does not know it (yet)."""

    key: OrderKey


@frozen
class FetchOpenOrders(Request[Rest, tuple[OrderReport, ...]]):
    """Orders that are not final, pending ones included; all instruments if it is `""`."""

    instrument: str = ""


@frozen
class FetchOrders(Request[Rest, tuple[OrderReport, ...]]):
    """Orders created in a window of time (start inclusive, end exclusive), newest first."""

    instrument: str = ""
    start_time_ns: int | None = None
    end_time_ns: int | None = None
    limit: int | None = None


@frozen
class FetchFills(Request[Rest, tuple[Fill, ...]]):
    """Executions of one order, of an instrument, or since a time; newest first."""

    key: OrderKey | None = None
    instrument: str = ""
    start_time_ns: int | None = None
    limit: int | None = None


class Resend(Enum):
    """Whether resolving an order may send the same bytes again, where the exchange allows it."""

    #: Somebody still waits for the order: an identical body may be sent again.
    ALLOWED = "allowed"
    #: Nobody waits any more: only ask.
    FORBIDDEN = "forbidden"


@frozen
class Found:
    """The order exists: this is its state."""

    report: OrderReport


@frozen
class Absent:
    """The exchange has proved that the order does not exist and never will."""

    reason: str


@frozen
class Undecided:
    """No proof either way yet: ask again later."""

    reason: str


Resolution = Found | Absent | Undecided


@frozen
class ResolveOrder(Request[Rest, Resolution]):
    """Find out what became of an order that was sent without a verdict.

    Attributes:
        order: the request exactly as sent.
        sent_time_ns: when its first byte may have left.
        resend: whether an identical body may be sent, on exchanges where that is safe.
        known_order_ids: the exchange's ids of the instrument's other orders that we know, but for
            those without a client order id: none of these is the one sought.
        log_position: of the exchange's log of the account, noted before it was sent; `""` if none
            was known.
    """

    order: OrderRequest
    sent_time_ns: int
    resend: Resend
    known_order_ids: frozenset[str] = frozenset()
    log_position: str = ""
