"""Calls that ask for orders, fills and prevented matches of the account."""

from collections.abc import Mapping
from typing import Any

from venuetree.scenarios.faults import DelayFills, LaggingOpenOrders, StaleReplica
from venuetree.scenarios.simulated.binance_us import parameters as of
from venuetree.scenarios.simulated.binance_us.errors import (
    ApiError,
    bad_combination,
    no_such_order,
)
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.operations import Call, Operation, Security
from venuetree.scenarios.simulated.binance_us.order_calls import find_order, need_order_id
from venuetree.scenarios.simulated.binance_us.orders import Order, Status
from venuetree.scenarios.simulated.binance_us.parameters import Values
from venuetree.scenarios.simulated.binance_us.rendering import (
    prevented_match,
    queried,
    trade_of_account,
)
from venuetree.scenarios.simulated.binance_us.weights import by_symbol, flat, with_parameter

_AT_MOST, _USUAL = 1000, 500
_DAY_MS = 86_400_000
_ARCHIVED_AFTER_MS = 90 * _DAY_MS
_TRADE_FILTERS = frozenset({"orderId", "startTime", "endTime", "fromId"})
_TRADE_COMBINATIONS = (
    *(frozenset[str](), frozenset({"orderId"}), frozenset({"startTime"}), frozenset({"endTime"})),
    *(frozenset({"fromId"}), frozenset({"startTime", "endTime"}), frozenset({"orderId", "fromId"})),
)


def check_span(values: Values) -> None:
    """Refuse a stretch of time that is too long, or runs backwards.

    Raises:
        ApiError: so it is.
    """
    start, end = values.get("startTime"), values.get("endTime")
    if start is None or end is None:
        return
    if end < start:
        raise bad_combination()
    if end - start > _DAY_MS:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")


def _is_hidden(call: Call, order: Order) -> bool:
    """Whether a stale replica does not know of an order yet."""
    venue = call.venue
    stale = venue.faults.standing(StaleReplica)
    if stale is None or venue.now_ms() - order.created_ms >= stale.for_s * 1000:
        return False
    hit = f"{order.symbol} {order.order_id}"
    return venue.faults.take(StaleReplica, hit, lambda _: True) is not None


def _order(call: Call) -> Any:
    values = call.values
    order = find_order(call, values.get("orderId"), values.get("origClientOrderId"), no_such_order)
    if _is_hidden(call, order):
        raise no_such_order()
    unfilled = order.status in {Status.CANCELED, Status.EXPIRED} and not order.executed
    if unfilled and call.venue.now_ms() - order.updated_ms > _ARCHIVED_AFTER_MS:
        raise ApiError(
            -2026,
            "Order was canceled or expired with no executed qty over 90 days ago "
            "and has been archived.",
        )
    return queried(order)


def _open_orders(call: Call) -> Any:
    symbol = call.market().symbol if "symbol" in call.values else None
    store = call.venue.store
    lagging = call.venue.faults.take(LaggingOpenOrders, "openOrders", lambda _: True)
    if lagging is not None:
        as_of_ms = call.venue.now_ms() - int(lagging.for_s * 1000)
        then = (_as_of(order, as_of_ms) for order in store.all(call.account, symbol))
        return [told for told in then if told and told["status"] in {"NEW", "PARTIALLY_FILLED"}]
    shown = (order for order in store.open(call.account, symbol) if not _is_hidden(call, order))
    return [queried(order) for order in shown]


def _as_of(order: Order, time_ms: int) -> dict[str, Any] | None:
    """The order as it was told at a moment; None if it did not exist yet."""
    return next((told for when_ms, told in reversed(order.history) if when_ms <= time_ms), None)


def _all_orders(call: Call) -> Any:
    values, market = call.values, call.market()
    check_span(values)
    orders = [
        order
        for order in call.venue.store.all(call.account, market.symbol)
        if order.order_id >= values.get("orderId", 0)
        and order.created_ms >= values.get("startTime", 0)
        and order.created_ms <= values.get("endTime", order.created_ms)
        and not _is_hidden(call, order)
    ]
    limit = min(values.get("limit", _USUAL), _AT_MOST)
    from_the_oldest = "orderId" in values or "startTime" in values
    return [queried(order) for order in (orders[:limit] if from_the_oldest else orders[-limit:])]


def _need_symbol(values: Values, profile: Profile) -> None:
    del profile
    values.need("symbol")


def _my_trades(call: Call) -> Any:
    values, market = call.values, call.market()
    if _TRADE_FILTERS.intersection(values) not in _TRADE_COMBINATIONS:
        raise bad_combination()
    check_span(values)
    delayed = call.venue.faults.standing(DelayFills)
    shown_until_ms = call.venue.now_ms()
    if delayed is not None:
        shown_until_ms -= int(delayed.for_s * 1000)
    wanted_id = values.get("orderId")
    fills = [
        (order, fill)
        for order in call.venue.store.all(call.account, market.symbol)
        if wanted_id in {None, order.order_id}
        for fill in order.fills
        if fill.trade_id >= values.get("fromId", 0)
        and fill.time_ms >= values.get("startTime", 0)
        and fill.time_ms <= values.get("endTime", fill.time_ms)
    ]
    late = [pair for pair in fills if pair[1].time_ms > shown_until_ms]
    if late and call.venue.faults.take(DelayFills, market.symbol, lambda _: True):
        fills = [pair for pair in fills if pair[1].time_ms <= shown_until_ms]
    fills.sort(key=lambda pair: pair[1].trade_id)
    limit = min(values.get("limit", _USUAL), _AT_MOST)
    from_the_oldest = "fromId" in values or "startTime" in values
    chosen = fills[:limit] if from_the_oldest else fills[-limit:]
    return [trade_of_account(order, fill) for order, fill in chosen]


def _need_match(values: Values, profile: Profile) -> None:
    del profile
    values.need("symbol")
    values.need_one("preventedMatchId", "orderId")
    if "preventedMatchId" in values and ("orderId" in values or "fromPreventedMatchId" in values):
        raise bad_combination()


def _prevented_matches(call: Call) -> Any:
    values, market = call.values, call.market()
    store = call.venue.store
    mine = [
        match
        for match in store.prevented
        if match.symbol == market.symbol
        and store.find(call.account, match.symbol, match.maker_order_id) is not None
    ]
    if "preventedMatchId" in values:
        wanted = values.need("preventedMatchId")
        return [prevented_match(match) for match in mine if match.prevented_match_id == wanted]
    order_id = values.need("orderId")
    of_order = [
        match
        for match in mine
        if order_id in {match.maker_order_id, match.taker_order_id}
        and match.prevented_match_id >= values.get("fromPreventedMatchId", 0)
    ]
    limit = min(values.get("limit", _USUAL), _AT_MOST)
    return [prevented_match(match) for match in of_order[:limit]]


OPERATIONS: Mapping[str, Operation] = {
    "order.status": Operation(
        Security.USER_DATA,
        flat(2, 4),
        _order,
        {"symbol": of.symbol, "orderId": of.whole, "origClientOrderId": of.client_id},
        need_order_id,
    ),
    "openOrders.status": Operation(
        Security.USER_DATA,
        by_symbol(one=(3, 6), every=(40, 80)),
        _open_orders,
        {"symbol": of.symbol},
    ),
    "allOrders": Operation(
        Security.USER_DATA,
        flat(10, 20),
        _all_orders,
        {
            "symbol": of.symbol,
            "orderId": of.whole,
            "startTime": of.milliseconds,
            "endTime": of.milliseconds,
            "limit": of.count,
        },
        _need_symbol,
    ),
    "myTrades": Operation(
        Security.USER_DATA,
        with_parameter("orderId", there=(10, 5), absent=(10, 20)),
        _my_trades,
        {
            "symbol": of.symbol,
            "orderId": of.whole,
            "startTime": of.milliseconds,
            "endTime": of.milliseconds,
            "fromId": of.whole,
            "limit": of.count,
        },
        _need_symbol,
    ),
    "myPreventedMatches": Operation(
        Security.USER_DATA,
        with_parameter("preventedMatchId", there=(1, 2), absent=(10, 20)),
        _prevented_matches,
        {
            "symbol": of.symbol,
            "preventedMatchId": of.whole,
            "orderId": of.whole,
            "fromPreventedMatchId": of.whole,
            "limit": of.count,
        },
        _need_match,
    ),
}
