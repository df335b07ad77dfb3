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
    StopDirection,
    TimeInForce,
    bracket_order,
    market_if_touched_order,
    market_order,
    oco,
    stop_limit_order,
    stop_order,
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


# ---------------------------------------------------------------- waiting for a price


async def waits_and_is_cancelled(desk: Desk, order: Order | None, kind: OrderType) -> str:
    """An order of a kind rests, as that kind, and can be cancelled."""
    if order is None:
        return NOT_SUPPORTED
    desk.is_status(order, OrderStatus.OPEN)
    read = await desk.exchange.order("a1")
    desk.expect(order.type is kind and read.type is kind, f"{order.type}, read {read.type}")
    cancelled = await desk.exchange.cancel("a1")
    desk.is_status(cancelled, OrderStatus.CANCELLED)
    return YES


@case(
    Heading.LATER,
    "A stop-limit order waits for its price and can be cancelled.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def stop_limit(stage: Stage) -> str:
    """Above the market."""
    async with stage.trading() as desk:
        order = await desk.place_if_supported(
            stop_limit_order(
                desk.instrument,
                Side.BUY,
                quantity=desk.small,
                price=desk.near("1.06"),
                stop_price=desk.near("1.05"),
                stop_direction=StopDirection.UP,
                client_order_id="a1",
            )
        )
        return await waits_and_is_cancelled(desk, order, OrderType.STOP_LIMIT)


@case(
    Heading.LATER,
    "A stop order waits for its price and can be cancelled.",
    outcomes=(YES, NOT_SUPPORTED),
    advice="A stop-limit order whose limit leaves room.",
)
async def stop(stage: Stage) -> str:
    """Above the market."""
    async with stage.trading() as desk:
        order = await desk.place_if_supported(
            stop_order(
                desk.instrument,
                Side.BUY,
                quantity=desk.small,
                stop_price=desk.near("1.05"),
                client_order_id="a1",
            )
        )
        return await waits_and_is_cancelled(desk, order, OrderType.STOP)


@case(
    Heading.LATER,
    "A market-if-touched order waits for its price and can be cancelled.",
    outcomes=(YES, NOT_SUPPORTED),
    advice="A limit order at that price.",
)
async def market_if_touched(stage: Stage) -> str:
    """Below the market."""
    async with stage.trading() as desk:
        order = await desk.place_if_supported(
            market_if_touched_order(
                desk.instrument,
                Side.BUY,
                quantity=desk.small,
                stop_price=desk.near("0.95"),
                client_order_id="a1",
            )
        )
        return await waits_and_is_cancelled(desk, order, OrderType.MARKET_IF_TOUCHED)


@case(
    Heading.LATER,
    "A bracket order waits for either price and can be cancelled.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def bracket(stage: Stage) -> str:
    """Around the market."""
    async with stage.trading() as desk:
        order = await desk.place_if_supported(
            bracket_order(
                desk.instrument,
                Side.SELL,
                quantity=desk.small,
                take_profit_price=desk.near("1.05"),
                stop_price=desk.near("0.95"),
                client_order_id="a1",
            )
        )
        return await waits_and_is_cancelled(desk, order, OrderType.BRACKET)


@case(
    Heading.LATER,
    "Two orders of which one cancels the other: cancelling one ends both.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def one_cancels_the_other(stage: Stage) -> str:
    """A sell above the market, a stop below it."""
    async with stage.trading() as desk:
        pair = oco(
            desk.instrument,
            Side.SELL,
            quantity=desk.small,
            price=desk.near("1.05"),
            stop_price=desk.near("0.95"),
            stop_limit_price=desk.near("0.94"),
            client_order_ids=("a1", "a2"),
        )
        placed = await stage.if_supported(lambda: desk.exchange.place_oco(pair))
        if placed is None:
            return NOT_SUPPORTED
        desk.expect(placed[0].list_id == placed[1].list_id != "", f"{placed}")
        await desk.exchange.cancel("a1")
        await desk.becomes("a2", OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    return YES


# ---------------------------------------------------------------- changing


@case(
    Heading.CHANGING,
    "`replace` cancels an order and places another in one request.",
    outcomes=(YES, NOT_SUPPORTED),
    advice="`cancel`, look at how the order ended, then `place`.",
)
async def replace(stage: Stage) -> str:
    """A lower bid takes the place of a bid."""
    async with stage.trading() as desk:
        old = await desk.exchange.place(desk.rests("a1"))
        price = desk.near("0.85")
        new = await stage.if_supported(
            lambda: desk.exchange.replace(old.key, desk.limit("a2", price))
        )
        if new is None:
            return NOT_SUPPORTED
        desk.is_status(new, OrderStatus.OPEN)
        ended = await desk.becomes("a1", OrderStatus.CANCELLED)
        desk.expect(ended.filled_quantity == 0 and new.price == price, f"{ended}, {new}")
    return YES


@case(
    Heading.CHANGING,
    "`edit` changes price and quantity of an order, which keeps its ids.",
    outcomes=(YES, NOT_SUPPORTED),
    advice="`cancel`, look at how the order ended, then `place`.",
)
async def edit(stage: Stage) -> str:
    """To a lower price and twice the quantity."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        wanted = desk.limit("a1", desk.near("0.85"), desk.small * 2)
        edited = await stage.if_supported(lambda: desk.exchange.edit("a1", wanted))
        if edited is None:
            return NOT_SUPPORTED
        read = await desk.exchange.order("a1")
        told = [(each.price, each.quantity) for each in (edited, read)]
        desk.expect(told == [(wanted.price, wanted.quantity)] * 2, f"{told}")
    return YES


@case(
    Heading.CHANGING,
    "`preview` tells whether an order would be taken and what it would cost; nothing is placed.",
    outcomes=(YES, "whether it is taken", NOT_SUPPORTED),
)
async def preview(stage: Stage) -> str:
    """Of a market order."""
    async with stage.trading() as desk:
        found = await stage.if_supported(lambda: desk.exchange.preview(desk.market("a1")))
        desk.expect(not desk.far.orders("a1"), "it was placed")
        if found is None:
            return NOT_SUPPORTED
        desk.expect(not found.problems, f"{found}")
    return YES if found.total else "whether it is taken"
