"""Cancel-replace: a cancel, then a new order, not atomically."""

from collections.abc import Mapping
from typing import Any

from venuetree.scenarios.simulated.binance_us import parameters as of
from venuetree.scenarios.simulated.binance_us.errors import ApiError, missing_both, rejected
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.operations import Call, Operation, Security
from venuetree.scenarios.simulated.binance_us.order_calls import (
    ORDER,
    cancel_order,
    check_tickets,
    place,
    read_ticket,
)
from venuetree.scenarios.simulated.binance_us.order_rules import check_form
from venuetree.scenarios.simulated.binance_us.parameters import Reader, Values
from venuetree.scenarios.simulated.binance_us.weights import flat

_CONFLICT = 409
_STOP = "STOP_ON_FAILURE"

_REPLACE: Mapping[str, Reader] = {
    **ORDER,
    "cancelReplaceMode": of.one_of(_STOP, "ALLOW_FAILURE"),
    "cancelOrderId": of.whole,
    "cancelOrigClientOrderId": of.client_id,
    "cancelNewClientOrderId": of.client_id,
    "cancelRestrictions": of.cancel_restrictions,
}


def _check_form(values: Values, profile: Profile) -> None:
    check_form(values, profile)
    values.need("cancelReplaceMode")
    if "cancelOrderId" not in values and "cancelOrigClientOrderId" not in values:
        raise missing_both("cancelOrigClientOrderId", "cancelOrderId")


def _replace(call: Call) -> Any:
    market, values = call.market(), call.values
    if not market.instrument.cancel_replace_allowed:
        raise rejected("Order cancel-replace is not supported for this symbol.")
    ticket = read_ticket(values)
    # Before the cancel, so that the old order counts among the open ones.
    check_tickets(call, market, ticket)
    call.reach_engine()
    data: dict[str, Any] = {
        "cancelResult": "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": None,
        "newOrderResponse": None,
    }
    try:
        data["cancelResponse"] = cancel_order(
            call,
            values.get("cancelOrderId"),
            values.get("cancelOrigClientOrderId"),
            new_id=values.get("cancelNewClientOrderId"),
            restrictions=values.get("cancelRestrictions"),
        )
    except ApiError as error:
        data |= {"cancelResult": "FAILURE", "cancelResponse": error.body}
    was_cancelled = data["cancelResult"] == "SUCCESS"
    if was_cancelled or values.need("cancelReplaceMode") != _STOP:
        try:
            data |= {"newOrderResult": "SUCCESS", "newOrderResponse": place(call, ticket)}
        except ApiError as error:
            data |= {"newOrderResult": "FAILURE", "newOrderResponse": error.body}
            if was_cancelled:
                call.venue.desk.tell_rejected(
                    call.account, ticket, values.get("newClientOrderId"), error.text
                )
    was_placed = data["newOrderResult"] == "SUCCESS"
    if was_cancelled and was_placed:
        return data
    if was_cancelled or was_placed:
        raise ApiError(-2021, "Order cancel-replace partially failed.", status=_CONFLICT, data=data)
    raise ApiError(-2022, "Order cancel-replace failed.", data=data)


OPERATIONS: Mapping[str, Operation] = {
    "order.cancelReplace": Operation(
        Security.TRADE,
        flat(1, 1),
        _replace,
        _REPLACE,
        _check_form,
        orders=1,
        free_when_done=True,
    ),
}
