"""An order as the user channel shows it."""

from typing import Any

from venuetree.scenarios.simulated.coinbase.orders import AccountOrder
from venuetree.scenarios.simulated.coinbase.venue import Spelling, Venue
from venuetree.scenarios.simulated.numbers import plain, rfc3339

_NO_TIME = "0001-01-01T00:00:00Z"


def user_order_json(order: AccountOrder, venue: Venue) -> dict[str, Any]:
    """The order as the user channel shows it: cumulative state."""
    ticket = order.ticket
    order_type = ticket.order_type.value
    if venue.settings.spelling is Spelling.OLDER:
        order_type = order_type.replace("_", " ").title()
    return {
        "avg_price": plain(order.average_price),
        "cancel_reason": order.cancel_message,
        "client_order_id": order.client_order_id,
        "completion_percentage": plain(order.completion_percentage),
        "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE",
        "cumulative_quantity": plain(order.filled_size),
        "filled_value": plain(order.filled_value),
        "leaves_quantity": plain(order.leaves),
        "limit_price": "0" if order.price is None else plain(order.price),
        "number_of_fills": str(len(order.fills)),
        "order_id": order.order_id,
        "order_side": ticket.side.value,
        "order_type": order_type,
        "outstanding_hold_amount": plain(order.hold),
        "post_only": "true" if ticket.post_only else "false",
        "product_id": ticket.product_id,
        "product_type": "SPOT",
        "reject_reason": ""
        if order.reject_reason == "REJECT_REASON_UNSPECIFIED"
        else order.reject_reason,
        "retail_portfolio_id": venue.portfolio_id,
        "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
        "status": order.status.value,
        "stop_price": "" if ticket.stop_price is None else plain(ticket.stop_price),
        "time_in_force": ticket.time_in_force.value,
        "total_fees": plain(order.total_fees),
        "total_value_after_fees": plain(order.value_after_fees),
        "trigger_status": order.trigger_status.value,
        "creation_time": rfc3339(order.created_ns, digits=6),
        "end_time": _NO_TIME if ticket.end_ns is None else rfc3339(ticket.end_ns),
        "start_time": _NO_TIME,
    }
