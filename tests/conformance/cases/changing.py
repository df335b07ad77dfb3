"""Orders that are changed, and orders that are only asked about."""

from tests.conformance.case import NOT_SUPPORTED, YES, Heading, case
from tests.conformance.stage import Stage
from venuetree import OrderStatus


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
