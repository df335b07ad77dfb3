"""Which orders a paper exchange takes; the others are refused before they are sent."""

from typing import NoReturn

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.models import MarginTerms, OrderRequest, OrderType, TimeInForce

__all__ = ["check_paper"]


def check_paper(request: OrderRequest, exchange: str) -> None:
    """Return if a paper exchange takes such orders.

    Raises:
        NotSupported: it has a type or terms that are not simulated.
    """
    if request.type not in {OrderType.MARKET, OrderType.LIMIT}:
        _refuse(f"orders of type {request.type.value}", exchange)
    if request.attached is not None:
        _refuse("exits attached to an order", exchange)
    if request.time_in_force is TimeInForce.GOOD_FOR_DAY:
        _refuse("orders that are good for the day", exchange)
    if request.type is OrderType.LIMIT and request.quantity is None:
        _refuse("limit orders that are sized in quote currency", exchange)
    margin = request.margin
    if margin is not None and (
        margin != MarginTerms(closing=margin.closing)
        or (margin.closing and margin.closing.trade_id)
    ):
        _refuse("orders with margin terms", exchange)


def _refuse(what: str, exchange: str) -> NoReturn:
    raise NotSupported(f"paper trading does not have {what}", exchange=exchange, operation="place")
