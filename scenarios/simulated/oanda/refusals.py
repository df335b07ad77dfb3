"""Why orders are rejected: the exchange's reasons, and what it says about them."""

from typing import Any

from venuetree.scenarios.simulated.oanda.answers import Answered
from venuetree.scenarios.simulated.oanda.transactions import Batch

__all__ = ["FillRefusedError", "reject_body", "reject_message", "rejected"]

_MESSAGES = {
    "ORDER_DOESNT_EXIST": "The Order specified does not exist",
    "TRADE_DOESNT_EXIST": "The Trade specified does not exist",
    "CLOSEOUT_POSITION_DOESNT_EXIST": "The Position requested to be closed out does not exist",
    "UNITS_INVALID": "Order units specified are invalid",
    "UNITS_LIMIT_EXCEEDED": "The units specified exceeds the maximum number of units allowed",
    "UNITS_PRECISION_EXCEEDED": (
        "The units specified contain more precision than is allowed for the Order's instrument"
    ),
    "UNITS_MINIMUM_NOT_MET": "The units specified are less than the minimum number of units",
    "PRICE_PRECISION_EXCEEDED": (
        "The price specified contains more precision than is allowed for the instrument"
    ),
    "TIME_IN_FORCE_INVALID": "The TimeInForce specified is invalid",
    "MARGIN_RATE_INVALID": "The margin rate provided is invalid",
    "CLIENT_ORDER_ID_INVALID": "The client Order ID specified is invalid",
    "CLIENT_ORDER_ID_ALREADY_EXISTS": "The client Order ID specified is already in use",
    "CLIENT_TRADE_ID_ALREADY_EXISTS": "The client Trade ID specified is already in use",
    "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE": "The units to close exceed the size of the Trade",
    "CLIENT_EXTENSIONS_DATA_MISSING": "No client extensions were provided",
    "CLIENT_CONFIGURE_DATA_MISSING": "No configuration was provided",
}
_ON_FILL_PRECISION = "_ON_FILL_PRICE_PRECISION_EXCEEDED"


class FillRefusedError(Exception):
    """An order cannot be filled now.

    Args:
        reason: of the cancellation.
        waits: whether an order that may rest rests on instead.
    """

    def __init__(self, reason: str, *, waits: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.waits = reason, waits


def reject_message(reason: str) -> str:
    """The text that goes with a reason; made of the reason itself where none was ever seen."""
    if reason.endswith(_ON_FILL_PRECISION):
        words = reason.removesuffix(_ON_FILL_PRECISION).replace("_", " ").title()
        return (
            f"The {words} on fill specified contains a price with more precision than is "
            "allowed by the Order's instrument"
        )
    return _MESSAGES.get(reason, f"The request was rejected: {reason.replace('_', ' ').lower()}")


def reject_body(batch: Batch, reason: str) -> dict[str, Any]:
    """What the body of every rejection ends with."""
    return {
        "relatedTransactionIDs": batch.ids,
        "lastTransactionID": str(batch.log.last_id),
        "errorMessage": reject_message(reason),
        "errorCode": reason,
    }


def rejected(status: int, batch: Batch, reason: str, **parts: Any) -> Answered:
    """The answer to a rejected request; the parts are its transactions by their keys."""
    return Answered(status, {**parts, **reject_body(batch, reason)})
