"""The conversations that end orders, one or all. The exchange has one request for both."""

from typing import Final

from venuetree.protocol.errors import EngineError, OutcomeUnknown
from venuetree.protocol.exchanges.coinbase import wire
from venuetree.protocol.exchanges.coinbase.asking import ask
from venuetree.protocol.exchanges.coinbase.order_flows import exchange_id, open_orders
from venuetree.protocol.exchanges.coinbase.reading import NAME
from venuetree.protocol.exchanges.coinbase.refusals import cancel_refusal
from venuetree.protocol.exchanges.coinbase.requests import post
from venuetree.protocol.models import OrderKey, OrderReport
from venuetree.protocol.port import FlowContext, Lane, RestFlow

__all__ = ["cancel", "cancel_open"]

#: "Cancel Orders": so many at once.
_BATCH: Final = 100


def cancel(key: OrderKey, context: FlowContext) -> RestFlow[None]:
    """Ask for an order's end; by its client id it is looked up first."""
    order_id = yield from exchange_id(key, context, Lane.CANCEL)
    request = post(
        "cancel",
        "/orders/batch_cancel",
        {"order_ids": [order_id]},
        lane=Lane.CANCEL,
        client_order_id=key.client_order_id,
    )
    answer, _ = yield from ask(request, wire.CancelResults)
    for result in answer.results:
        if result.order_id != order_id:
            continue
        # A second cancel while the first is under way: it is being cancelled, as asked.
        if result.success or result.failure_reason == "DUPLICATE_CANCEL_REQUEST":
            return
        raise cancel_refusal(result.failure_reason, request.operation)
    message = "the answer to the cancel does not name the order"
    raise OutcomeUnknown(
        message,
        client_order_id=request.client_order_id,
        exchange=NAME,
        operation=request.operation,
    )


def cancel_open(instrument: str, context: FlowContext) -> RestFlow[tuple[OrderReport, ...]]:
    """Ask for the end of all open orders, as they are listed before; accepted is not ended.

    A batch that fails keeps none of the others; its error comes when all have been asked for.
    """
    listed = yield from open_orders(instrument, context, lane=Lane.CANCEL)
    ids = [report.exchange_order_id for report in listed]
    errors: list[EngineError] = []
    for start in range(0, len(ids), _BATCH):
        batch = {"order_ids": ids[start : start + _BATCH]}
        request = post("cancel_all", "/orders/batch_cancel", batch, lane=Lane.CANCEL)
        try:
            yield from ask(request, wire.CancelResults)
        except EngineError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return listed
