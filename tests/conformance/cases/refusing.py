"""Orders that cannot be: refused by our own check before sending, or by the exchange."""

from decimal import Decimal

from tests.conformance.case import Heading, case
from tests.conformance.stage import Desk, Stage
from venuetree import (
    InstrumentNotFound,
    InstrumentStatus,
    InsufficientFunds,
    MarketHalted,
    OrderInvalid,
    OrderRequest,
    OrderStatus,
    Side,
    limit_order,
)

BEFORE_SENDING = "refused before sending"
BY_THE_EXCHANGE = "refused by the exchange"


async def breaks_a_rule(stage: Stage, desk: Desk, request: OrderRequest) -> str:
    """The order is refused by our own check: it names the rule, and nothing happens."""
    before = stage.writes()
    with stage.refused(OrderInvalid) as caught:
        await desk.exchange.place(request)
    error = caught.error
    desk.expect(error is not None and bool(error.rule and error.value), f"no rule: {error!r}")
    desk.expect(stage.writes() == before, "something was sent")
    desk.expect(await desk.exchange.known_orders() == (), "the engine knows such an order")
    return BEFORE_SENDING


@case(
    Heading.RULES,
    "A price off the tick is `OrderInvalid`; nothing is rounded.",
    outcomes=(BEFORE_SENDING,),
)
async def off_the_tick(stage: Stage) -> str:
    """By a tenth of it."""
    async with stage.trading() as desk:
        price = desk.near("0.9") + desk.far.tick / 10
        return await breaks_a_rule(stage, desk, desk.limit("a1", price))


@case(
    Heading.RULES,
    "A quantity off the lot is `OrderInvalid`; nothing is rounded.",
    outcomes=(BEFORE_SENDING,),
)
async def off_the_lot(stage: Stage) -> str:
    """By what nobody deals in."""
    async with stage.trading() as desk:
        quantity = desk.small + Decimal("0.000000000001")
        return await breaks_a_rule(stage, desk, desk.rests("a1", quantity))


@case(Heading.RULES, "A quantity below the smallest is `OrderInvalid`.", outcomes=(BEFORE_SENDING,))
async def too_small(stage: Stage) -> str:
    """Far less than anybody deals in."""
    async with stage.trading() as desk:
        return await breaks_a_rule(stage, desk, desk.rests("a1", Decimal("0.000000001")))


@case(Heading.RULES, "A quantity above the largest is `OrderInvalid`.", outcomes=(BEFORE_SENDING,))
async def too_large(stage: Stage) -> str:
    """More than there is in the world."""
    async with stage.trading() as desk:
        return await breaks_a_rule(stage, desk, desk.rests("a1", Decimal(10) ** 12))


@case(
    Heading.RULES,
    "A quantity or price that is not positive is `OrderInvalid`.",
    outcomes=(BEFORE_SENDING,),
)
async def not_positive(stage: Stage) -> str:
    """Zero of it, at less than nothing."""
    async with stage.trading() as desk:
        await breaks_a_rule(stage, desk, desk.rests("a1", Decimal(0)))
        return await breaks_a_rule(stage, desk, desk.limit("a1", Decimal(-1)))


@case(
    Heading.RULES,
    "An order that the account cannot pay is `InsufficientFunds`, and leaves nothing behind.",
    outcomes=(BY_THE_EXCHANGE,),
)
async def too_poor(stage: Stage) -> str:
    """A market buy of fifty times what the account is worth, below the exchange's size limits."""
    async with stage.trading() as desk:
        _, ask = desk.far.top()
        quote = (await desk.rules()).quote
        available, _ = desk.far.account().balances[quote]
        lot = desk.small
        quantity = (available * 60 / ask / lot).to_integral_value() * lot
        with stage.refused(InsufficientFunds) as caught:
            await desk.exchange.place(desk.limit("a1", ask, quantity))
        desk.expect(caught.error is not None and bool(caught.error.code), "no code is told")
        there = desk.far.orders("a1")
        desk.expect(not any(order.filled for order in there), "something was traded")
        desk.created["a1"] = len(there)
        (known,) = await desk.exchange.known_orders()
        desk.is_status(known, OrderStatus.REJECTED)
    return BY_THE_EXCHANGE


@case(
    Heading.RULES,
    "An order of an instrument that there is not is `InstrumentNotFound`.",
    outcomes=(BEFORE_SENDING,),
)
async def order_of_an_unknown_instrument(stage: Stage) -> str:
    """No order is sent; the instrument may be asked for."""
    async with stage.trading() as desk:
        before = stage.writes()
        with stage.refused(InstrumentNotFound):
            await desk.exchange.place(
                limit_order("NOPE-NADA", Side.BUY, quantity=1, price=1, client_order_id="a1")
            )
        desk.expect(stage.writes() == before, "something was sent")
        desk.expect(await desk.exchange.known_orders() == (), "the engine knows such an order")
    return BEFORE_SENDING


async def meets_a_halt(stage: Stage, desk: Desk) -> str:
    """The order is refused by the exchange, as it is halted; nothing is traded."""
    with stage.refused(MarketHalted):
        await desk.exchange.place(desk.market("a1"))
    there = desk.far.orders("a1")
    desk.expect(not any(order.filled for order in there), "something was traded")
    desk.created["a1"] = len(there)
    return BY_THE_EXCHANGE


@case(
    Heading.RULES,
    "An order of an instrument read as halted is `OrderInvalid`, or `MarketHalted` where the"
    " list of instruments does not tell.",
    outcomes=(BEFORE_SENDING, BY_THE_EXCHANGE),
    advice="Catch `OrderInvalid` and `MarketHalted` alike.",
)
async def known_to_be_halted(stage: Stage) -> str:
    """The instruments are read while it is halted."""
    async with stage.trading() as desk:
        desk.far.halt()
        if (await desk.rules()).status is InstrumentStatus.HALTED:
            return await breaks_a_rule(stage, desk, desk.market("a1"))
        return await meets_a_halt(stage, desk)


@case(
    Heading.RULES,
    "An order of an instrument halted since it was read is `MarketHalted`.",
    outcomes=(BY_THE_EXCHANGE,),
)
async def halted_since(stage: Stage) -> str:
    """The engine believes that it is traded."""
    async with stage.trading() as desk:
        await desk.exchange.instruments(desk.instrument)
        desk.far.halt()
        return await meets_a_halt(stage, desk)


@case(
    Heading.RULES, "A float for a price or quantity is a `TypeError`.", outcomes=(BEFORE_SENDING,)
)
async def a_float(stage: Stage) -> str:
    """It cannot say what is meant."""
    async with stage.trading() as desk:
        try:
            taken: object = limit_order(
                desk.instrument,
                Side.BUY,
                quantity=0.1,  # type: ignore[arg-type]  # this is what is tried
                price=1,
            )
        except TypeError:
            taken = None
        desk.expect(taken is None, f"it was taken: {taken}")
    return BEFORE_SENDING
