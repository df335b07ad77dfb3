"""Calls that place and cancel single orders."""

from collections.abc import Callable, Mapping
from typing import Any

from venuetree.scenarios.simulated.binance_us import parameters as of
from venuetree.scenarios.simulated.binance_us.errors import (
    ApiError,
    bad_combination,
    missing_both,
    not_cancelled,
)
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.market import Market
from venuetree.scenarios.simulated.binance_us.operations import Call, Operation, Security
from venuetree.scenarios.simulated.binance_us.order_rules import (
    check_counts,
    check_filters,
    check_form,
    check_precision,
    check_symbol,
)
from venuetree.scenarios.simulated.binance_us.orders import (
    Order,
    OrderList,
    OrderType,
    SelfTradeMode,
    Status,
    Ticket,
    TimeInForceName,
)
from venuetree.scenarios.simulated.binance_us.parameters import Reader, Values
from venuetree.scenarios.simulated.binance_us.rendering import cancelled, order_list, placed
from venuetree.scenarios.simulated.binance_us.weights import flat

ORDER: Mapping[str, Reader] = {
    "symbol": of.symbol,
    "side": of.side,
    "type": of.order_type,
    "timeInForce": of.time_in_force,
    "quantity": of.decimal,
    "quoteOrderQty": of.decimal,
    "price": of.decimal,
    "stopPrice": of.decimal,
    "icebergQty": of.decimal,
    "trailingDelta": of.whole,
    "newClientOrderId": of.client_id,
    "newOrderRespType": of.response_type,
    "selfTradePreventionMode": of.self_trade,
    "strategyId": of.whole,
    "strategyType": of.whole,
}
CANCEL: Mapping[str, Reader] = {
    "symbol": of.symbol,
    "orderId": of.whole,
    "origClientOrderId": of.client_id,
    "newClientOrderId": of.client_id,
    "cancelRestrictions": of.cancel_restrictions,
}
_IN_FULL = {OrderType.LIMIT, OrderType.MARKET}
_RESTRICTED_TO = {
    "ONLY_NEW": Status.NEW,
    "ONLY_PARTIALLY_FILLED": Status.PARTIALLY_FILLED,
}


def read_ticket(values: Values) -> Ticket:
    """What a client asks for in one order."""
    return Ticket(
        symbol=values.need("symbol"),
        side=values.need("side"),
        order_type=values.need("type"),
        time_in_force=values.get("timeInForce", TimeInForceName.GTC),
        quantity=values.get("quantity"),
        quote_quantity=values.get("quoteOrderQty"),
        price=values.get("price"),
        stop_price=values.get("stopPrice"),
        iceberg_quantity=values.get("icebergQty"),
        trailing_delta=values.get("trailingDelta"),
        self_trade=values.get("selfTradePreventionMode", SelfTradeMode.EXPIRE_MAKER),
        strategy_id=values.get("strategyId"),
        strategy_type=values.get("strategyType"),
    )


def check_tickets(call: Call, market: Market, *tickets: Ticket) -> None:
    """Refuse orders that the exchange does not hand to its engine.

    Raises:
        ApiError: so it is.
    """
    venue = call.venue
    check_precision(call.values, market, call.profile)
    average = market.average_price(venue.now_ms())
    for ticket in tickets:
        check_symbol(ticket, market, call.profile)
    for ticket in tickets:
        check_filters(ticket, market, average)
    position = venue.ledger.balance(call.account, market.instrument.base).total
    check_counts(call.account, tickets, market, venue.store, position=position)


def _place(call: Call) -> Any:
    market, ticket = call.market(), read_ticket(call.values)
    check_tickets(call, market, ticket)
    call.reach_engine()
    return place(call, ticket)


def place(call: Call, ticket: Ticket) -> dict[str, Any]:
    """Hand a checked order to the engine; the reply in the form that is wanted.

    Raises:
        ApiError: the engine does not take it.
    """
    order = call.venue.desk.place(call.account, ticket, call.values.get("newClientOrderId"))
    usual = "FULL" if ticket.order_type in _IN_FULL else "ACK"
    return placed(order, call.values.get("newOrderRespType", usual), call.profile)


def _test(call: Call) -> Any:
    check_tickets(call, call.market(), read_ticket(call.values))
    return {}


def need_order_id(values: Values, profile: Profile) -> None:
    """Refuse a call that names no order.

    Raises:
        ApiError: so it is.
    """
    values.need("symbol")
    if "orderId" not in values and "origClientOrderId" not in values:
        raise (
            bad_combination()
            if profile is Profile.DOC
            else missing_both("origClientOrderId", "orderId")
        )


def find_order(
    call: Call,
    order_id: int | None,
    client_order_id: str | None,
    error: Callable[[], ApiError],
) -> Order:
    """The account's order of these ids; live, both must mean the same one.

    Raises:
        ApiError: there is none.
    """
    store, symbol = call.venue.store, call.market().symbol
    named = None
    if client_order_id is not None:
        named = store.find_by_client_id(call.account, client_order_id, symbol)
    if order_id is None:
        found = named
    else:
        found = store.find(call.account, symbol, order_id)
        both = client_order_id is not None and call.profile is Profile.LIVE
        if both and found is not named:
            found = None
    if found is None:
        raise error()
    return found


def cancel_order(
    call: Call,
    order_id: int | None,
    client_order_id: str | None,
    *,
    new_id: str | None,
    restrictions: str | None,
) -> dict[str, Any]:
    """Cancel one open order, and with a leg its whole list; the reply.

    Raises:
        ApiError: it is unknown or over, or `restrictions` keep it.
    """
    order = find_order(call, order_id, client_order_id, not_cancelled)
    if order.status.over:
        raise not_cancelled()
    if restrictions is not None and order.status is not _RESTRICTED_TO[restrictions]:
        raise not_cancelled("Order was not canceled due to cancel restrictions.")
    return cancel_and_tell(call, order, new_id)


def cancel_and_tell(call: Call, order: Order, new_id: str | None = None) -> dict[str, Any]:
    """Cancel an open order, and with a leg its whole list; the reply."""
    call.venue.desk.cancel(order, new_id)
    listed = call.venue.store.list_of(order)
    if listed is None:
        return cancelled(order, call.profile)
    return cancelled_list(call, listed)


def cancelled_list(call: Call, listed: OrderList) -> dict[str, Any]:
    """The reply to the cancel of a list."""
    reports = [cancelled(leg, call.profile) for leg in listed.legs]
    return order_list(listed, reports, call.venue.now_ms())


def _cancel(call: Call) -> Any:
    values = call.values
    return cancel_order(
        call,
        values.get("orderId"),
        values.get("origClientOrderId"),
        new_id=values.get("newClientOrderId"),
        restrictions=values.get("cancelRestrictions"),
    )


def _cancel_all(call: Call) -> Any:
    market = call.market()
    resting = call.venue.store.open(call.account, market.symbol)
    if not resting:
        raise not_cancelled()
    # A leg takes its list along, which then is not open any more.
    return [cancel_and_tell(call, order) for order in resting if not order.status.over]


def _need_symbol(values: Values, profile: Profile) -> None:
    del profile
    values.need("symbol")


OPERATIONS: Mapping[str, Operation] = {
    "order.place": Operation(
        Security.TRADE, flat(1, 1), _place, ORDER, check_form, orders=1, free_when_done=True
    ),
    "order.test": Operation(Security.TRADE, flat(1, 1), _test, ORDER, check_form),
    "order.cancel": Operation(
        Security.TRADE, flat(1, 1), _cancel, CANCEL, need_order_id, free_when_done=True
    ),
    "openOrders.cancelAll": Operation(
        Security.TRADE,
        flat(1, 1),
        _cancel_all,
        {"symbol": of.symbol},
        _need_symbol,
        free_when_done=True,
    ),
}
