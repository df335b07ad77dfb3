"""Calls about order lists (OCO): place, cancel, query."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from venuetree.scenarios.simulated.binance_us import parameters as of
from venuetree.scenarios.simulated.binance_us.errors import (
    bad_combination,
    missing,
    missing_both,
    no_such_order,
    not_cancelled,
    not_required,
    rejected,
)
from venuetree.scenarios.simulated.binance_us.filters import Profile
from venuetree.scenarios.simulated.binance_us.operations import Call, Operation, Security
from venuetree.scenarios.simulated.binance_us.order_calls import cancelled_list, check_tickets
from venuetree.scenarios.simulated.binance_us.order_pairs import place_pair
from venuetree.scenarios.simulated.binance_us.orders import (
    ListStatus,
    OrderList,
    OrderType,
    SelfTradeMode,
    Ticket,
    TimeInForceName,
)
from venuetree.scenarios.simulated.binance_us.parameters import Reader, Values
from venuetree.scenarios.simulated.binance_us.rendering import order_list, placed
from venuetree.scenarios.simulated.binance_us.weights import flat
from venuetree.scenarios.simulated.matching import Side

_AT_MOST, _USUAL = 1000, 500

_COMMON: Mapping[str, Reader] = {
    "symbol": of.symbol,
    "side": of.side,
    "quantity": of.decimal,
    "listClientOrderId": of.client_id,
    "newOrderRespType": of.response_type,
    "selfTradePreventionMode": of.self_trade,
}
_OCO: Mapping[str, Reader] = {
    **_COMMON,
    "price": of.decimal,
    "stopPrice": of.decimal,
    "limitClientOrderId": of.client_id,
    "stopClientOrderId": of.client_id,
    "stopLimitPrice": of.decimal,
    "stopLimitTimeInForce": of.time_in_force,
    "limitIcebergQty": of.decimal,
    "stopIcebergQty": of.decimal,
    "trailingDelta": of.whole,
}
_LEG: Mapping[str, Reader] = {
    "Type": of.order_type,
    "ClientOrderId": of.client_id,
    "Price": of.decimal,
    "StopPrice": of.decimal,
    "TimeInForce": of.time_in_force,
    "IcebergQty": of.decimal,
    "TrailingDelta": of.whole,
}
_SIDES = ("above", "below")
_NEW_OCO: Mapping[str, Reader] = {
    **_COMMON,
    **{f"{which}{name}": reader for which in _SIDES for name, reader in _LEG.items()},
}
_WAITING_LEGS = {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT}


def _check_oco(values: Values, profile: Profile) -> None:
    del profile
    for name in ("symbol", "side", "quantity", "price", "stopPrice"):
        values.need(name)
    if ("stopLimitPrice" in values) is not ("stopLimitTimeInForce" in values):
        raise bad_combination()


def _oco(call: Call) -> Any:
    values = call.values
    limited = "stopLimitPrice" in values
    stop = Ticket(
        symbol=values.need("symbol"),
        side=values.need("side"),
        order_type=OrderType.STOP_LOSS_LIMIT if limited else OrderType.STOP_LOSS,
        time_in_force=values.get("stopLimitTimeInForce", TimeInForceName.GTC),
        quantity=values.need("quantity"),
        price=values.get("stopLimitPrice"),
        stop_price=values.need("stopPrice"),
        iceberg_quantity=values.get("stopIcebergQty"),
        trailing_delta=values.get("trailingDelta"),
        self_trade=_mode(values),
    )
    limit = _limit_maker(values, values.need("price"), values.get("limitIcebergQty"))
    ids = (values.get("stopClientOrderId"), values.get("limitClientOrderId"))
    return _placed(call, stop, limit, ids)


def _mode(values: Values) -> SelfTradeMode:
    mode: SelfTradeMode = values.get("selfTradePreventionMode", SelfTradeMode.EXPIRE_MAKER)
    return mode


def _limit_maker(values: Values, price: Decimal, iceberg_quantity: Decimal | None) -> Ticket:
    return Ticket(
        symbol=values.need("symbol"),
        side=values.need("side"),
        order_type=OrderType.LIMIT_MAKER,
        quantity=values.need("quantity"),
        price=price,
        iceberg_quantity=iceberg_quantity,
        self_trade=_mode(values),
    )


def _check_new_oco(values: Values, profile: Profile) -> None:
    del profile
    for name in ("symbol", "side", "quantity", "aboveType", "belowType"):
        values.need(name)
    for which in _SIDES:
        order_type = values.need(f"{which}Type")
        for name, wanted in (
            ("Price", order_type.priced),
            ("StopPrice", order_type.waits),
            ("TimeInForce", order_type is OrderType.STOP_LOSS_LIMIT),
        ):
            there = f"{which}{name}" in values
            if wanted and not there:
                raise missing(f"{which}{name}")
            if there and not wanted:
                raise not_required(f"{which}{name}")


def _new_oco(call: Call) -> Any:
    values = call.values
    # A sell has its limit leg above the market and its stop below it; a buy the reverse.
    limit_at, stop_at = _SIDES if values.need("side") is Side.SELL else _SIDES[::-1]
    stop_type = values.need(f"{stop_at}Type")
    limit_type = values.need(f"{limit_at}Type")
    if stop_type not in _WAITING_LEGS or limit_type is not OrderType.LIMIT_MAKER:
        raise rejected("Unsupported order combination")
    stop = Ticket(
        symbol=values.need("symbol"),
        side=values.need("side"),
        order_type=stop_type,
        time_in_force=values.get(f"{stop_at}TimeInForce", TimeInForceName.GTC),
        quantity=values.need("quantity"),
        price=values.get(f"{stop_at}Price"),
        stop_price=values.get(f"{stop_at}StopPrice"),
        iceberg_quantity=values.get(f"{stop_at}IcebergQty"),
        trailing_delta=values.get(f"{stop_at}TrailingDelta"),
        self_trade=_mode(values),
    )
    limit = _limit_maker(
        values, values.need(f"{limit_at}Price"), values.get(f"{limit_at}IcebergQty")
    )
    ids = (values.get(f"{stop_at}ClientOrderId"), values.get(f"{limit_at}ClientOrderId"))
    return _placed(call, stop, limit, ids)


def _placed(call: Call, stop: Ticket, limit: Ticket, ids: tuple[str | None, str | None]) -> Any:
    market = call.market()
    if not market.instrument.oco_allowed:
        raise rejected("OCO orders are not supported for this symbol")
    check_tickets(call, market, stop, limit)
    call.reach_engine()
    listed = place_pair(
        call.venue.desk,
        call.account,
        stop,
        limit,
        stop_id=ids[0],
        limit_id=ids[1],
        list_id=call.values.get("listClientOrderId"),
    )
    kind = call.values.get("newOrderRespType", "RESULT")
    reports = [placed(leg, kind, call.profile) for leg in listed.legs]
    return order_list(listed, reports, listed.created_ms)


def _find(call: Call, client_name: str) -> OrderList | None:
    """The account's list of the id or client id that is given; the id wins."""
    lists, values = call.venue.store.lists, call.values
    if "orderListId" in values:
        listed = lists.get(values.need("orderListId"))
        return listed if listed is not None and listed.account == call.account else None
    wanted = values.get(client_name)
    mine = [each for each in lists.values() if each.account == call.account]
    return next((each for each in reversed(mine) if each.client_list_id == wanted), None)


def _cancel(call: Call) -> Any:
    listed = _find(call, "listClientOrderId")
    market = call.market()
    if listed is None or listed.symbol != market.symbol or listed.status is ListStatus.ALL_DONE:
        raise not_cancelled()
    still_open = next(leg for leg in listed.legs if not leg.status.over)
    call.venue.desk.cancel(still_open, call.values.get("newClientOrderId"))
    return cancelled_list(call, listed)


def _need_list(client_name: str, *also: str) -> Any:
    def check(values: Values, profile: Profile) -> None:
        del profile
        for name in also:
            values.need(name)
        if "orderListId" not in values and client_name not in values:
            raise missing_both("orderListId", client_name)

    return check


def _status(call: Call) -> Any:
    listed = _find(call, "origClientOrderId")
    if listed is None:
        raise no_such_order()
    return order_list(listed, None, listed.created_ms)


def _open(call: Call) -> Any:
    lists = call.venue.store.open_lists(call.account)
    return [order_list(listed, None, listed.created_ms) for listed in lists]


def _all(call: Call) -> Any:
    values = call.values
    if "fromId" in values and ("startTime" in values or "endTime" in values):
        raise bad_combination()
    limit = min(values.get("limit", _USUAL), _AT_MOST)
    lists = [
        listed
        for listed in call.venue.store.lists.values()
        if listed.account == call.account
        and listed.list_id >= values.get("fromId", 0)
        and values.get("startTime", 0) <= listed.created_ms
        and listed.created_ms <= values.get("endTime", listed.created_ms)
    ]
    from_the_oldest = "fromId" in values or "startTime" in values
    chosen = lists[:limit] if from_the_oldest else lists[-limit:]
    return [order_list(listed, None, listed.created_ms) for listed in chosen]


OPERATIONS: Mapping[str, Operation] = {
    "orderList.place": Operation(
        Security.TRADE, flat(1, 1), _oco, _OCO, _check_oco, orders=2, free_when_done=True
    ),
    "orderList.place.oco": Operation(
        Security.TRADE,
        flat(1, 1),
        _new_oco,
        _NEW_OCO,
        _check_new_oco,
        orders=2,
        free_when_done=True,
    ),
    "orderList.cancel": Operation(
        Security.TRADE,
        flat(1, 1),
        _cancel,
        {
            "symbol": of.symbol,
            "orderListId": of.whole,
            "listClientOrderId": of.client_id,
            "newClientOrderId": of.client_id,
        },
        _need_list("listClientOrderId", "symbol"),
        free_when_done=True,
    ),
    "orderList.status": Operation(
        Security.USER_DATA,
        flat(2, 4),
        _status,
        {"orderListId": of.whole, "origClientOrderId": of.client_id},
        _need_list("origClientOrderId"),
    ),
    "openOrderLists.status": Operation(Security.USER_DATA, flat(3, 6), _open),
    "allOrderLists": Operation(
        Security.USER_DATA,
        flat(10, 20),
        _all,
        {
            "fromId": of.whole,
            "startTime": of.milliseconds,
            "endTime": of.milliseconds,
            "limit": of.count,
        },
    ),
}
