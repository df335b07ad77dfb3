"""Pairs of orders of which one cancels the other (OCO)."""

from decimal import Decimal

from venuetree.scenarios.simulated.binance_us.desk import Desk
from venuetree.scenarios.simulated.binance_us.errors import rejected
from venuetree.scenarios.simulated.binance_us.funds import required
from venuetree.scenarios.simulated.binance_us.keys import seeded_client_id
from venuetree.scenarios.simulated.binance_us.orders import OrderList, Ticket
from venuetree.scenarios.simulated.matching import Side


def check_prices(side: Side, last: Decimal, limit_price: Decimal, stop_price: Decimal) -> None:
    """Refuse a pair whose prices do not lie on both sides of the market.

    Raises:
        ApiError: they do not.
    """
    low, high = (stop_price, limit_price) if side is Side.SELL else (limit_price, stop_price)
    if not low < last < high:
        raise rejected("The relationship of the prices for the orders is not correct.")


def place_pair(
    desk: Desk,
    account: str,
    stop: Ticket,
    limit: Ticket,
    *,
    stop_id: str | None = None,
    limit_id: str | None = None,
    list_id: str | None = None,
) -> OrderList:
    """Accept a stop order and a limit order of which one cancels the other.

    The money is set aside once, the larger of what either needs.

    Raises:
        ApiError: the engine does not take them; nothing happened.
    """
    market = desk.markets[stop.symbol]
    if limit.price is not None and stop.stop_price is not None:
        check_prices(stop.side, market.last.price, limit.price, stop.stop_price)
    same_id = stop_id is not None and stop_id == limit_id
    if same_id or any(each.client_list_id == list_id for each in desk.store.open_lists(account)):
        raise rejected("Duplicate order sent.")
    stop_leg = desk.draft(account, stop, stop_id)
    limit_leg = desk.draft(account, limit, limit_id)
    limit_leg.order_id = stop_leg.order_id + 1
    legs = (stop_leg, limit_leg)
    for leg in legs:
        desk.check(leg)
    listed = OrderList(
        list_id=desk.store.next_list_id(),
        account=account,
        symbol=stop.symbol,
        client_list_id=list_id or seeded_client_id(desk.rng),
        created_ms=desk.now_ms(),
        legs=legs,
    )
    amount = max(required(leg, market.book) for leg in legs)
    desk.till.hold_list(listed, market.instrument, amount)
    desk.store.lists[listed.list_id] = listed
    for leg in legs:
        leg.list_id = listed.list_id
        desk.accept(leg)
    desk.events.list_changed(listed)
    for leg in legs:
        desk.start(leg)
    return listed
