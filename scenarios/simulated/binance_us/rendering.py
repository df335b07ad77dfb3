"""How replies spell orders, order lists, fills and prevented matches."""

from typing import Any

from venuetree.scenarios.simulated.binance_us.filters import Profile, wire
from venuetree.scenarios.simulated.binance_us.orders import (
    ZERO,
    Fill,
    Order,
    OrderList,
    PreventedMatch,
)


def acknowledged(order: Order) -> dict[str, Any]:
    """A placement's reply of type ACK."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": order.updated_ms,
    }


def placed(order: Order, response_type: str, profile: Profile) -> dict[str, Any]:
    """A placement's reply of type ACK, RESULT or FULL."""
    reply = acknowledged(order)
    if response_type == "ACK":
        return reply
    reply |= _amounts(order, profile) | _kind(order) | {"workingTime": order.working_ms}
    if response_type == "FULL":
        reply["fills"] = [
            {
                "price": wire(fill.price),
                "qty": wire(fill.quantity),
                "commission": wire(fill.commission),
                "commissionAsset": fill.commission_asset,
                "tradeId": fill.trade_id,
            }
            for fill in order.fills
        ]
    return reply | _mode(order) | _prevention(order)


def cancelled(order: Order, profile: Profile) -> dict[str, Any]:
    """The reply to a cancel: under its new client id, with the client's own beside it."""
    reply: dict[str, Any] = {
        "symbol": order.symbol,
        "origClientOrderId": order.original_client_id,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
    }
    if profile is Profile.LIVE:
        reply["transactTime"] = order.updated_ms
    return reply | _amounts(order, profile) | _kind(order) | _mode(order) | _prevention(order)


def queried(order: Order) -> dict[str, Any]:
    """The order as queries and lists tell it; it has no fills."""
    ticket = order.ticket
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        "price": wire(ticket.price or ZERO),
        "origQty": wire(order.quantity),
        "executedQty": wire(order.executed),
        "cummulativeQuoteQty": wire(order.executed_quote),
        "status": order.status.value,
        "timeInForce": ticket.time_in_force.value,
        "type": ticket.order_type.value,
        "side": ticket.side.value,
        "stopPrice": wire(ticket.stop_price or ZERO),
        "icebergQty": wire(ticket.iceberg_quantity or ZERO),
        "time": order.created_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working_ms >= 0,
        "workingTime": order.working_ms,
        "origQuoteOrderQty": wire(ticket.quote_quantity or ZERO),
        **_mode(order),
        **_prevention(order),
    }


def _amounts(order: Order, profile: Profile) -> dict[str, Any]:
    amounts = {
        "price": wire(order.ticket.price or ZERO),
        "origQty": wire(order.quantity),
        "executedQty": wire(order.executed),
    }
    if profile is Profile.LIVE:
        amounts["origQuoteOrderQty"] = wire(order.ticket.quote_quantity or ZERO)
    return {**amounts, "cummulativeQuoteQty": wire(order.executed_quote)}


def _kind(order: Order) -> dict[str, Any]:
    ticket = order.ticket
    kind: dict[str, Any] = {
        "status": order.status.value,
        "timeInForce": ticket.time_in_force.value,
        "type": ticket.order_type.value,
        "side": ticket.side.value,
    }
    if ticket.stop_price is not None:
        kind["stopPrice"] = wire(ticket.stop_price)
    if ticket.strategy_id is not None:
        kind["strategyId"] = ticket.strategy_id
    if ticket.strategy_type is not None:
        kind["strategyType"] = ticket.strategy_type
    return kind


def _mode(order: Order) -> dict[str, Any]:
    return {"selfTradePreventionMode": order.ticket.self_trade.value}


def _prevention(order: Order) -> dict[str, Any]:
    if not order.prevented_matches:
        return {}
    return {
        "preventedMatchId": order.prevented_matches[-1].prevented_match_id,
        "preventedQuantity": wire(order.prevented),
    }


def order_list(
    listed: OrderList, reports: list[dict[str, Any]] | None, time_ms: int
) -> dict[str, Any]:
    """An order list; a query tells it without `reports`."""
    status_type, order_status = listed.status.value
    told: dict[str, Any] = {
        "orderListId": listed.list_id,
        "contingencyType": "OCO",
        "listStatusType": status_type,
        "listOrderStatus": order_status,
        "listClientOrderId": listed.client_list_id,
        "transactionTime": time_ms,
        "symbol": listed.symbol,
        "orders": [
            {
                "symbol": leg.symbol,
                "orderId": leg.order_id,
                "clientOrderId": leg.original_client_id or leg.client_order_id,
            }
            for leg in listed.legs
        ],
    }
    return told if reports is None else {**told, "orderReports": reports}


def trade_of_account(order: Order, fill: Fill) -> dict[str, Any]:
    """A fill in ``myTrades``."""
    return {
        "symbol": order.symbol,
        "id": fill.trade_id,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "price": wire(fill.price),
        "qty": wire(fill.quantity),
        "quoteQty": wire(fill.quote_quantity),
        "commission": wire(fill.commission),
        "commissionAsset": fill.commission_asset,
        "time": fill.time_ms,
        "isBuyer": order.side.value == "BUY",
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def prevented_match(match: PreventedMatch) -> dict[str, Any]:
    """A match that did not happen, with what either side lost by it."""
    told: dict[str, Any] = {
        "symbol": match.symbol,
        "preventedMatchId": match.prevented_match_id,
        "takerOrderId": match.taker_order_id,
        "makerOrderId": match.maker_order_id,
        "tradeGroupId": -1,
        "selfTradePreventionMode": match.mode.value,
        "price": wire(match.price),
    }
    if match.taker_quantity:
        told["takerPreventedQuantity"] = wire(match.taker_quantity)
    if match.maker_quantity:
        told["makerPreventedQuantity"] = wire(match.maker_quantity)
    return {**told, "transactTime": match.time_ms}
