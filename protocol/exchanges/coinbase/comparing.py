"""Whether an order that the exchange tells of has the terms of the one that was meant.

A repeated `client_order_id` returns the first order, which may be quite another one.
"""

from collections.abc import Mapping
from typing import Any, Final

from venuetree.protocol.exchanges.coinbase.reports import configured
from venuetree.protocol.exchanges.coinbase.requests import order_configuration
from venuetree.protocol.models import OrderRequest

__all__ = ["configuration_difference"]

#: The variants that this engine places; another word in an answer may be a new name of one.
_VARIANTS: Final = frozenset(
    {
        "market_market_ioc",
        "market_market_fok",
        "sor_limit_ioc",
        "limit_limit_gtc",
        "limit_limit_gtd",
        "limit_limit_fok",
        "stop_limit_stop_limit_gtc",
        "stop_limit_stop_limit_gtd",
        "trigger_bracket_gtc",
        "trigger_bracket_gtd",
    }
)


def configuration_difference(order: OrderRequest, told: Mapping[str, Any] | None) -> str:
    """What sets the terms told apart from those meant; `""` if nothing does.

    What is not told (the exchange adds, drops and renames members) is no difference.
    """
    if not told:
        return ""
    meant = order_configuration(order)
    if told == meant:
        return ""  # as nearly always: word for word
    ours, theirs = configured(meant), configured(told)
    pairs = (
        ("quantity", ours.quantity, theirs.quantity),
        ("quote quantity", ours.quote_quantity, theirs.quote_quantity),
        ("price", ours.price, theirs.price),
        ("stop price", ours.stop_price, theirs.stop_price),
    )
    for name, our_value, their_value in pairs:
        if our_value is not None and their_value is not None and our_value != their_value:
            return name
    if not set(meant) & set(told) and set(told) <= _VARIANTS:
        return "kind"
    return ""
