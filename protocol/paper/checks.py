"""Which orders a paper exchange takes; the others are refused before they are sent."""

from collections.abc import Mapping

from venuetree.protocol.errors import NotSupported
from venuetree.protocol.models import MarginTerms, OrderRequest, OrderType
from venuetree.protocol.port import OrderTerms

__all__ = ["check_paper"]


def check_paper(
    request: OrderRequest, orders: Mapping[OrderType, OrderTerms], exchange: str
) -> None:
    """Return if a paper exchange takes such orders.

    Args:
        request: the order.
        orders: what there is of each type, on paper.
        exchange: whose paper account it is.

    Raises:
        NotSupported: it has a type or terms that are not simulated.
    """
    terms = orders.get(request.type)
    lacking = f"orders of type {request.type.value}" if terms is None else terms.lacks(request)
    if lacking or _has_margin_terms(request):
        raise NotSupported(
            f"paper trading does not have {lacking or 'orders with margin terms'}",
            exchange=exchange,
            operation="place",
        )


def _has_margin_terms(request: OrderRequest) -> bool:
    """Any but that it closes what is held, in one direction."""
    margin = request.margin
    if margin is None:
        return False
    return margin != MarginTerms(closing=margin.closing) or (
        margin.closing is not None and bool(margin.closing.trade_id)
    )
