"""REST: reading what a client wants placed or edited, and previewing it."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

from venuetree.scenarios.simulated.coinbase.desk import ACCOUNT
from venuetree.scenarios.simulated.coinbase.keys import seeded_uuid
from venuetree.scenarios.simulated.coinbase.market import Market
from venuetree.scenarios.simulated.coinbase.order_entry import Quote, read_ticket
from venuetree.scenarios.simulated.coinbase.orders import (
    BadRequestError,
    RejectedError,
    Ticket,
)
from venuetree.scenarios.simulated.coinbase.rest_common import BASE, Access, Call, Route
from venuetree.scenarios.simulated.coinbase.rules import check_post_only
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import parse_decimal, plain
from venuetree.scenarios.simulated.wire import Response


def read_order(call: Call, body: dict[str, Any]) -> tuple[Ticket, Market]:
    """The ticket of a create or preview body, and its market.

    Raises:
        BadRequestError: malformed.
        RejectedError: against a rule.
    """
    product_id = body.get("product_id")
    if not isinstance(product_id, str) or "-" not in product_id:
        raise BadRequestError("ProductID is invalid")
    market = call.venue.market(product_id)
    if market is None:
        raise RejectedError("INVALID_PRODUCT_ID", f"Product {product_id} not supported")
    quote = Quote(
        last=market.last.price,
        best_bid=market.book.best(Side.BUY),
        best_ask=market.book.best(Side.SELL),
    )
    ticket = read_ticket(body, product=market.product, quote=quote, now_ns=call.venue.now_ns())
    return ticket, market


def read_edit(call: Call, body: dict[str, Any]) -> tuple[str, Decimal, Decimal]:
    """Order id, price and size of an edit.

    Raises:
        BadRequestError: no order id.
        RejectedError: no such order.
    """
    order_id = body.get("order_id")
    if not isinstance(order_id, str) or not order_id:
        raise BadRequestError("order_id is required")
    order = call.venue.desk.orders.get(order_id)
    if order is None:
        raise RejectedError("ORDER_NOT_FOUND")
    # What is left out counts as zero, a trap of the real exchange.
    size = parse_decimal(body.get("size")) or Decimal(0)
    price = parse_decimal(body.get("price")) if body.get("price") else order.price
    return order_id, price or Decimal(0), size


def edit_error(refusal: RejectedError) -> dict[str, str]:
    """How a refused edit is told."""
    if refusal.code == "INVALID_LIMIT_PRICE_POST_ONLY":
        return {
            "edit_failure_reason": "UNKNOWN_EDIT_ORDER_FAILURE_REASON",
            "preview_failure_reason": f"PREVIEW_{refusal.code}",
        }
    return {
        "edit_failure_reason": refusal.code,
        "preview_failure_reason": "UNKNOWN_PREVIEW_FAILURE_REASON",
    }


def preview(call: Call) -> Response:
    """POST /orders/preview: problems are told in `errs`, with status 200."""
    venue, body = call.venue, call.body()
    errors: list[str] = []
    size = value = Decimal(0)
    market = venue.market(body.get("product_id"))
    if market is None:
        raise BadRequestError("ProductID is invalid")
    try:
        ticket, _ = read_order(call, body)
        check_post_only(ticket, market.book)
        size, value = _estimate(market, ticket, venue.settings.rates.taker)
        buying = ticket.side is Side.BUY
        currency = market.product.quote if buying else market.product.base
        need = value * (1 + venue.settings.rates.taker) if buying else size
        if need > venue.ledger.balance(ACCOUNT, currency).available:
            errors.append("PREVIEW_INSUFFICIENT_FUND")
    except RejectedError as refusal:
        errors.append(f"PREVIEW_{refusal.code}")
    fee = value * venue.settings.rates.taker
    total = value + fee if body.get("side") == "BUY" else value - fee
    best = {side: market.book.best(side) for side in Side}
    return Response.of_json(
        {
            "order_total": _cents(total),
            "commission_total": _cents(fee),
            "errs": errors,
            "warning": [],
            "quote_size": _cents(value),
            "base_size": plain(size),
            "best_bid": plain(best[Side.BUY] or Decimal(0)),
            "best_ask": plain(best[Side.SELL] or Decimal(0)),
            "is_max": False,
            "order_margin_total": "0",
            "leverage": "1",
            "long_leverage": "0",
            "short_leverage": "0",
            "slippage": "0",
            "preview_id": seeded_uuid(venue.rng),
            "current_liquidation_buffer": "0",
            "projected_liquidation_buffer": "",
            "max_leverage": "",
            "pnl_configuration": None,
            "twap_bucket_metadata": None,
            "position_notional_limit": "",
            "max_notional_at_requested_leverage": "",
            "est_average_filled_price": plain(value / size) if size else "0",
            "commission_detail_total": {
                "total_commission": _cents(fee),
                "gst_commission": "0",
                "withholding_commission": "0",
                "client_commission": _cents(fee),
                "venue_commission": "",
                "regulatory_commission": "",
                "clearing_commission": "",
            },
        }
    )


def _estimate(market: Market, ticket: Ticket, taker: Decimal) -> tuple[Decimal, Decimal]:
    """(base size, value without fees) that the order would come to."""
    if ticket.base_size is not None and ticket.limit_price is not None:
        return ticket.base_size, ticket.base_size * ticket.limit_price
    if ticket.base_size is not None:
        return market.book.cost(ticket.side, ticket.base_size)
    value = (ticket.quote_size or Decimal(0)) / (1 + taker)
    best = market.book.best(ticket.side.opposite) or market.last.price
    return (value / best).quantize(market.product.base_increment, ROUND_DOWN), value


def _cents(amount: Decimal) -> str:
    return plain(amount.quantize(Decimal("0.00000001")))


def edit_preview(call: Call) -> Response:
    """POST /orders/edit_preview."""
    venue, body = call.venue, call.body()
    errors = []
    size = value = Decimal(0)
    order = venue.desk.orders.get(str(body.get("order_id")))
    try:
        order_id, price, size = read_edit(call, body)
        venue.desk.check_edit(order_id, price=price, size=size)
        value = price * size
    except RejectedError as refusal:
        errors.append(edit_error(refusal))
    fee = value * venue.settings.rates.taker
    best = {
        side: None if order is None else venue.markets[order.ticket.product_id].book.best(side)
        for side in Side
    }
    return Response.of_json(
        {
            "errors": errors,
            "slippage": "0",
            "order_total": _cents(value + fee),
            "commission_total": _cents(fee),
            "quote_size": _cents(value),
            "base_size": plain(size),
            "best_bid": plain(best[Side.BUY] or Decimal(0)),
            "best_ask": plain(best[Side.SELL] or Decimal(0)),
            "average_filled_price": "0" if order is None else plain(order.average_price),
            "order_margin_total": "0",
            "commission_detail_total": None,
            "pnl_configuration": None,
        }
    )


ROUTES = (
    Route("POST", f"{BASE}/orders/preview", Access.VIEW, preview),
    Route("POST", f"{BASE}/orders/edit_preview", Access.VIEW, edit_preview),
)
