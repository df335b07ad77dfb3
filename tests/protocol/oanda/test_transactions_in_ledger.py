"""Transactions as the ledger takes them: rejected, cancelled, or of no order."""

from decimal import Decimal
from typing import Any

from tests.support.oanda_reading import NOW_NS, payload
from tests.support.oanda_transactions import EUR_USD, FILLED, HALTED, PENDING, X, but, read, report
from venuetree.protocol.builders import limit_order
from venuetree.protocol.events import FillReported, OrderReported
from venuetree.protocol.ledger import Ledger
from venuetree.protocol.models import OrderReport, OrderStatus, Side

D = Decimal


def reports(transaction: dict[str, Any]) -> list[OrderReport]:
    """The same, where it may say nothing."""
    return [event.report for event in read(transaction) if isinstance(event, OrderReported)]


def placed(client_order_id: str) -> Ledger:
    """A ledger with an order that was sent."""
    ledger = Ledger(X)
    order = limit_order(
        EUR_USD, Side.BUY, quantity="10000", price="1.08", client_order_id=client_order_id
    )
    ledger.intend(order, NOW_NS)
    ledger.sent(client_order_id, NOW_NS)
    return ledger


def test_an_order_that_was_created_and_could_not_be_executed_ends_rejected() -> None:
    """After the stream has told that it was open, so that nobody takes it for placed."""
    ledger = placed("c1")
    extensions = {"clientExtensions": {"id": "c1"}}
    ledger.report(report(but(HALTED["orderCreateTransaction"], **extensions)))
    ledger.report(report(but(HALTED["orderCancelTransaction"], clientOrderID="c1")))
    order = ledger.order("c1")

    assert order is not None
    assert (order.status, order.reason) == (OrderStatus.REJECTED, "MARKET_HALTED")
    assert order.exchange_order_id == "6412"


def test_the_rest_of_a_partly_executed_order_was_cancelled_not_rejected() -> None:
    """Though its cancel looks the same."""
    ledger = placed("c1")
    fill = but(FILLED["orderFillTransaction"], orderID="6412", clientOrderID="c1", units="4000")
    for event in read(fill):
        if isinstance(event, OrderReported):
            ledger.report(event.report)
        if isinstance(event, FillReported):
            ledger.fill(event.fill, NOW_NS)
    ledger.report(report(but(HALTED["orderCancelTransaction"], clientOrderID="c1")))
    order = ledger.order("c1")

    assert order is not None
    assert order.status is OrderStatus.CANCELLED
    assert order.filled_quantity == D(4000)


def test_a_refusal_of_a_repeated_id_does_not_touch_the_order_that_is_there() -> None:
    """It is of another request."""
    ledger = placed("c1")
    extensions = {"clientExtensions": {"id": "c1"}}
    ledger.report(report(but(PENDING, units="10000", price="1.08", **extensions)))
    refused = payload("rest_order_rejected")["orderRejectTransaction"]
    ledger.report(report(but(refused, rejectReason="CLIENT_ORDER_ID_ALREADY_EXISTS", **extensions)))
    order = ledger.order("c1")

    assert order is not None
    assert order.status is OrderStatus.OPEN


def test_a_refusal_that_names_no_order_is_of_no_order() -> None:
    """Nothing is adopted by it."""
    ledger = placed("c1")
    told = report(payload("rest_order_rejected")["orderRejectTransaction"])

    assert ledger.report(told) == ()
    assert not reports(payload("rest_configured")["clientConfigureTransaction"])
