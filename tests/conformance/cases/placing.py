"""Placing orders: each kind, and what the exchange makes of it."""

from decimal import Decimal

import anyio

from tests.conformance.case import NOT_SUPPORTED, YES, Heading, case
from tests.conformance.stage import Desk, Stage
from venuetree import (
    LiquidityPreference,
    Order,
    OrderRejected,
    OrderStatus,
    OrderType,
    PostOnlyWouldTake,
    Side,
    TimeInForce,
    market_order,
)
from venuetree.scenarios.operators import Held

FILLED = "fills"
RESTS = "rests"
REFUSED = "refused"


async def fills(desk: Desk, order: Order, quantity: Decimal) -> None:
    """Go on once the order is filled with exactly so much."""
    filled = await desk.becomes(order.client_order_id, OrderStatus.FILLED)
    desk.expect(filled.filled_quantity == quantity, f"{filled}")
    desk.expect(desk.held(order.client_order_id).filled == quantity, "the exchange holds less")


@case(
    Heading.PLACING, "A market order buys so much of the base currency at once.", outcomes=(FILLED,)
)
async def market_buy(stage: Stage) -> str:
    """At the best ask, where there is enough."""
    async with stage.trading() as desk:
        order = await desk.exchange.place(desk.market("a1"))
        desk.expect(order.type is OrderType.MARKET and order.side is Side.BUY, f"{order}")
        await fills(desk, order, desk.small)
    return FILLED


@case(
    Heading.PLACING,
    "A market order sells so much of the base currency at once.",
    outcomes=(FILLED,),
)
async def market_sell(stage: Stage) -> str:
    """At the best bid."""
    async with stage.trading() as desk:
        order = await desk.exchange.place(desk.market("a1", side=Side.SELL))
        await fills(desk, order, desk.small)
    return FILLED


@case(
    Heading.PLACING,
    "A market order spends so much of the quote currency (`quote_quantity`), never more.",
    outcomes=(FILLED, NOT_SUPPORTED),
    advice="Give `quantity`: every exchange takes it.",
)
async def market_by_quote_quantity(stage: Stage) -> str:
    """What was paid and its fee are at most what was to be spent."""
    async with stage.trading() as desk:
        spend = Decimal(1000)
        order = await desk.place_if_supported(
            market_order(desk.instrument, Side.BUY, quote_quantity=spend, client_order_id="a1")
        )
        if order is None:
            return NOT_SUPPORTED
        await desk.becomes("a1", OrderStatus.FILLED)
        paid = sum((fill.price * fill.quantity for fill in desk.held("a1").fills), Decimal(0))
        desk.expect(spend * Decimal("0.95") < paid <= spend, f"{paid} was paid")
    return FILLED


@case(Heading.PLACING, "A limit order below the market waits, at its price.", outcomes=(RESTS,))
async def limit_that_rests(stage: Stage) -> str:
    """Nothing of it is executed."""
    async with stage.trading() as desk:
        request = desk.rests("a1")
        order = await desk.exchange.place(request)
        desk.is_status(order, OrderStatus.OPEN)
        told = (order.price, order.quantity, order.side, order.type, order.time_in_force)
        asked = (request.price, request.quantity, request.side, request.type, request.time_in_force)
        desk.expect(told == asked, f"{told}, and asked was {asked}")
        desk.expect(desk.held("a1").status is Held.OPEN, "it is not open there")
    return RESTS


@case(Heading.PLACING, "An order without a client order id is given one.", outcomes=(YES,))
async def order_without_an_id(stage: Stage) -> str:
    """Which the exchange knows it by."""
    async with stage.trading() as desk:
        order = await desk.exchange.place(desk.rests(""))
        desk.expect(bool(order.client_order_id), "it has none")
        desk.held(order.client_order_id)
    return YES


@case(
    Heading.PLACING,
    "A limit order at the ask fills at once, at no worse price.",
    outcomes=(FILLED,),
)
async def limit_that_takes(stage: Stage) -> str:
    """All of it."""
    async with stage.trading() as desk:
        _, ask = desk.far.top()
        order = await desk.exchange.place(desk.limit("a1", ask))
        await fills(desk, order, desk.small)
        desk.expect(all(fill.price <= ask for fill in desk.held("a1").fills), "a worse price")
    return FILLED


@case(
    Heading.PLACING,
    "A post-only order below the market waits.",
    outcomes=(RESTS, NOT_SUPPORTED),
    advice="Where there is no post-only order, a limit order away from the market does the same.",
)
async def post_only_that_rests(stage: Stage) -> str:
    """As any limit order."""
    async with stage.trading() as desk:
        request = desk.limit("a1", desk.near("0.9"), liquidity=LiquidityPreference.MAKER_ONLY)
        order = await desk.place_if_supported(request)
        if order is None:
            return NOT_SUPPORTED
        desk.is_status(order, OrderStatus.OPEN)
    return RESTS


@case(
    Heading.PLACING,
    "A post-only order that would trade at once is `PostOnlyWouldTake`.",
    outcomes=(REFUSED, NOT_SUPPORTED),
)
async def post_only_that_would_take(stage: Stage) -> str:
    """Nothing is executed, nothing is left."""
    async with stage.trading() as desk:
        _, ask = desk.far.top()
        request = desk.limit("a1", ask, liquidity=LiquidityPreference.MAKER_ONLY)
        try:
            order = await desk.place_if_supported(request)
        except PostOnlyWouldTake as error:
            refused_whole(desk, error)
            return REFUSED
        desk.expect(order is None, "it was placed")
    return NOT_SUPPORTED


def refused_whole(desk: Desk, error: OrderRejected) -> None:
    """Go on if nothing of `a1` was traded, and the exchange's code is told."""
    desk.expect(bool(error.code), "the exchange's code is missing")
    there = desk.far.orders("a1")
    desk.expect(not any(each.filled for each in there), "it traded")
    # Some exchanges write it down before they refuse it.
    desk.created["a1"] = len(there)


async def beyond_the_depth(stage: Stage, time: TimeInForce) -> str:
    """A limit order at the ask for ten times what is there."""
    async with stage.trading() as desk:
        desk.far.thin_out(desk.small)
        _, ask = desk.far.top()
        request = desk.limit("a1", ask, desk.small * 10, time_in_force=time)
        try:
            order = await desk.place_if_supported(request)
        except OrderRejected as error:
            refused_whole(desk, error)
            return f"`{type(error).__name__}`"
        if order is None:
            return NOT_SUPPORTED
        ended = await desk.becomes("a1", OrderStatus.CANCELLED, OrderStatus.EXPIRED)
        if not ended.filled_quantity:
            return f"ends as `{ended.status.name}`, nothing fills"
        desk.expect(ended.filled_quantity == desk.small, f"{ended}")
        return f"fills what is there, ends as `{ended.status.name}`"


@case(
    Heading.PLACING,
    "An immediate-or-cancel order beyond the depth fills what is there; its rest ends.",
    outcomes=("fills what is there, ends as `EXPIRED`", "fills what is there, ends as `CANCELLED`"),
    advice="Look at `status.is_final` and `filled_quantity`, not at the word for the end.",
)
async def ioc_beyond_the_depth(stage: Stage) -> str:
    """Nothing of it waits."""
    return await beyond_the_depth(stage, TimeInForce.IMMEDIATE_OR_CANCEL)


@case(
    Heading.PLACING,
    "A fill-or-kill order beyond the depth trades nothing.",
    outcomes=(
        "ends as `CANCELLED`, nothing fills",
        "ends as `EXPIRED`, nothing fills",
        "`InsufficientLiquidity`",
    ),
    advice="Catch `OrderRejected`, and look at `filled_quantity` where an order is returned.",
)
async def fok_beyond_the_depth(stage: Stage) -> str:
    """All or nothing."""
    return await beyond_the_depth(stage, TimeInForce.FILL_OR_KILL)


@case(
    Heading.PLACING,
    "A fill-or-kill order within the depth fills whole.",
    outcomes=(FILLED, NOT_SUPPORTED),
)
async def fok_within_the_depth(stage: Stage) -> str:
    """At once."""
    async with stage.trading() as desk:
        _, ask = desk.far.top()
        request = desk.limit("a1", ask, time_in_force=TimeInForce.FILL_OR_KILL)
        order = await desk.place_if_supported(request)
        if order is None:
            return NOT_SUPPORTED
        await fills(desk, order, desk.small)
    return FILLED


@case(
    Heading.PLACING,
    "A good-till-date order waits, and ends at its time.",
    outcomes=("ends as `EXPIRED`", NOT_SUPPORTED),
    advice="Cancel it yourself when its time has come.",
    tick_s=0.5,
)
async def good_till_date(stage: Stage) -> str:
    """A minute and a half from now."""
    async with stage.trading() as desk:
        expires_ns = stage.world.clock.now_ns() + 90 * 1_000_000_000
        order = await desk.place_if_supported(
            desk.limit(
                "a1",
                desk.near("0.9"),
                time_in_force=TimeInForce.GOOD_TILL_DATE,
                expire_time_ns=expires_ns,
            )
        )
        if order is None:
            return NOT_SUPPORTED
        desk.is_status(order, OrderStatus.OPEN)
        with anyio.fail_after(300):
            ended = await desk.becomes("a1", OrderStatus.EXPIRED, OrderStatus.CANCELLED)
        desk.expect(stage.world.clock.now_ns() >= expires_ns, "it ended too early")
    return f"ends as `{ended.status.name}`"


@case(
    Heading.PLACING,
    "A good-for-day order waits.",
    outcomes=(RESTS, NOT_SUPPORTED),
    advice="A good-till-date order to the end of your day.",
)
async def good_for_day(stage: Stage) -> str:
    """Until the exchange's day ends."""
    async with stage.trading() as desk:
        request = desk.limit("a1", desk.near("0.9"), time_in_force=TimeInForce.GOOD_FOR_DAY)
        order = await desk.place_if_supported(request)
        if order is None:
            return NOT_SUPPORTED
        desk.is_status(order, OrderStatus.OPEN)
        desk.expect(order.time_in_force is TimeInForce.GOOD_FOR_DAY, f"{order.time_in_force}")
    return RESTS
