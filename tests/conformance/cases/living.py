"""An order's life: read back, filled in parts, cancelled, whatever happens meanwhile."""

from decimal import Decimal

import anyio

from tests.conformance.case import YES, Heading, case
from tests.conformance.stage import Desk, Stage
from venuetree import (
    CancelRefused,
    FillReceived,
    Liquidity,
    Order,
    OrderNotFound,
    OrderStatus,
)
from venuetree.scenarios.faults import DelayRequest, LoseReply, SlowReply
from venuetree.scenarios.operators import Held


@case(Heading.READING, "`order` by our id and by the exchange's is the same order.")
async def order_by_either_id(stage: Stage) -> str:
    """As text and as a key."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.rests("a1"))
        read = [
            await desk.exchange.order(each) for each in ("a1", placed.exchange_order_id, placed.key)
        ]
        names = {(each.client_order_id, each.exchange_order_id, each.status) for each in read}
        wanted = {("a1", desk.held("a1").exchange_order_id, OrderStatus.OPEN)}
        desk.expect(names == wanted, f"{names}")
    return YES


@case(Heading.READING, "An order that there is not is `OrderNotFound`.", outcomes=("refused",))
async def order_that_there_is_not(stage: Stage) -> str:
    """By either kind of id."""
    async with stage.trading() as desk:
        with stage.refused(OrderNotFound):
            await desk.exchange.order("never-was", instrument=desk.instrument)
        with stage.refused(OrderNotFound):
            await desk.exchange.order("987654321", instrument=desk.instrument)
    return "refused"


@case(
    Heading.READING,
    "An engine started later reads an open order by the exchange's id and by ours.",
)
async def open_order_of_another_engine(stage: Stage) -> str:
    """And cancels it, which the first one is told."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.rests("a1"))
        async with stage.another_engine() as other:
            for name in (placed.exchange_order_id, "a1"):
                read = await other.order(name, instrument=desk.instrument)
                same = (read.client_order_id, read.exchange_order_id, read.price, read.quantity)
                wanted = ("a1", placed.exchange_order_id, placed.price, placed.quantity)
                desk.expect(same == wanted, f"by {name}: {same}, not {wanted}")
            ended = await other.cancel(placed.exchange_order_id, instrument=desk.instrument)
            desk.is_status(ended, OrderStatus.CANCELLED)
        await desk.becomes("a1", OrderStatus.CANCELLED)
    return YES


@case(
    Heading.READING,
    "An engine started later reads a filled order by the exchange's id.",
)
async def filled_order_of_another_engine(stage: Stage) -> str:
    """To the last digit."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.market("a1"))
        filled = await desk.becomes("a1", OrderStatus.FILLED)
        async with stage.another_engine() as other:
            read = await other.order(placed.exchange_order_id, instrument=desk.instrument)
        same = (read.client_order_id, read.status, read.filled_quantity, read.average_price)
        wanted = ("a1", OrderStatus.FILLED, filled.filled_quantity, filled.average_price)
        desk.expect(same == wanted, f"{same}, not {wanted}")
    return YES


@case(Heading.READING, "`open_orders` lists what is open, of one instrument or of all.")
async def open_orders(stage: Stage) -> str:
    """None, then two, then one."""
    async with stage.trading() as desk:
        desk.expect(await desk.exchange.open_orders() == (), "something is open at the start")
        await desk.exchange.place(desk.rests("a1"))
        await desk.exchange.place(desk.rests("a2"))
        for instrument in ("", desk.instrument):
            found = {each.client_order_id for each in await desk.exchange.open_orders(instrument)}
            desk.expect(found == {"a1", "a2"}, f"{found}")
        await desk.exchange.cancel("a1")
        (left,) = await desk.exchange.open_orders()
        desk.expect(left.client_order_id == "a2", f"{left}")
    return YES


@case(Heading.READING, "`orders` lists open and ended orders, newest first.")
async def orders(stage: Stage) -> str:
    """A cancelled one and an open one."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        await desk.exchange.cancel("a1")
        await anyio.sleep(1)
        await desk.exchange.place(desk.rests("a2"))
        found = await desk.exchange.orders(desk.instrument)
        told = [(each.client_order_id, each.status) for each in found]
        wanted = [("a2", OrderStatus.OPEN), ("a1", OrderStatus.CANCELLED)]
        desk.expect(told == wanted, f"{told}")
    return YES


@case(Heading.READING, "`fills` lists executions with price, quantity and fee, to the last digit.")
async def fills(stage: Stage) -> str:
    """Those that the exchange made, and the events told."""
    async with stage.trading() as desk:
        order = await desk.exchange.place(desk.market("a1"))
        await desk.becomes("a1", OrderStatus.FILLED)
        found = await desk.exchange.fills(desk.instrument, order=order.key)
        ours = sorted((fill.price, fill.quantity, fill.fee) for fill in found)
        theirs = sorted((fill.price, fill.quantity, fill.fee) for fill in desk.held("a1").fills)
        desk.expect(bool(ours) and ours == theirs, f"{ours}, not {theirs}")
        await desk.patient(
            lambda: len(desk.account.of(FillReceived)) == len(found), "fills are not all told"
        )
        ids = {fill.fill_id for fill in found}
        told = {event.fill.fill_id for event in desk.account.of(FillReceived)}
        desk.expect(ids == told, f"other ids: {ids}, {told}")
    return YES


# ---------------------------------------------------------------- fills


async def filled_in_part(desk: Desk, quantity: Decimal) -> Order:
    """An order of which `desk.small` has been executed, of a larger quantity."""
    order = await desk.exchange.place(desk.next_up("a1", quantity))
    price = order.price or Decimal(0)
    desk.far.trade_against(order.side, price, desk.small)
    await anyio.sleep(2)
    if not desk.held("a1").filled:
        # It takes all or nothing.
        desk.far.trade_against(order.side, price, quantity)
    await desk.patient(lambda: desk.held("a1").filled > 0, "nothing was traded")
    return order


@case(
    Heading.LIFE,
    "An order at the best price fills in part and waits with its rest.",
    outcomes=("rests for the remainder", "waits until it can be filled whole"),
    advice="Look at `status.is_final` and `remaining_quantity`, whatever comes in between.",
    is_still=True,
)
async def partial_fill(stage: Stage) -> str:
    """A third of it."""
    async with stage.trading() as desk:
        await filled_in_part(desk, desk.small * 3)
        with anyio.fail_after(30):
            told = await desk.becomes("a1", OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
        if told.status is OrderStatus.FILLED:
            desk.expect(len(desk.held("a1").fills) == 1, "it was filled in parts after all")
            return "waits until it can be filled whole"
        desk.expect(told.filled_quantity == desk.small, f"{told}")
        desk.expect(told.remaining_quantity == desk.small * 2, f"{told}")
    return "rests for the remainder"


@case(
    Heading.LIFE,
    "Fills of a resting order are the maker's, at its own price.",
    outcomes=(YES, "not told"),
    is_still=True,
)
async def fill_of_a_resting_order(stage: Stage) -> str:
    """All of it at once."""
    async with stage.trading() as desk:
        order = await desk.exchange.place(desk.next_up("a1"))
        desk.far.trade_against(order.side, order.price or Decimal(0), desk.small)
        filled = await desk.becomes("a1", OrderStatus.FILLED)
        event, _ = await desk.account.see(FillReceived)
        desk.expect(event.fill.price == order.price, f"{event.fill} of {order}")
        desk.expect(filled.average_price == order.price, f"{filled}")
        if event.fill.liquidity is Liquidity.UNKNOWN:
            return "not told"
        desk.expect(event.fill.liquidity is Liquidity.MAKER, f"{event.fill}")
    return YES


# ---------------------------------------------------------------- cancelling


@case(Heading.CANCELLING, "An open order is cancelled by our id.", outcomes=("cancelled",))
async def cancel(stage: Stage) -> str:
    """Nothing of it was executed."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        ended = await desk.exchange.cancel("a1")
        desk.is_status(ended, OrderStatus.CANCELLED)
        desk.expect(desk.held("a1").status is Held.CANCELLED, "it lives on")
        await desk.becomes("a1", OrderStatus.CANCELLED)
    return "cancelled"


@case(
    Heading.CANCELLING, "An open order is cancelled by the exchange's id.", outcomes=("cancelled",)
)
async def cancel_by_the_exchanges_id(stage: Stage) -> str:
    """The same order."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.rests("a1"))
        ended = await desk.exchange.cancel(placed.exchange_order_id)
        desk.is_status(ended, OrderStatus.CANCELLED)
        desk.expect(ended.client_order_id == "a1", f"{ended}")
    return "cancelled"


@case(
    Heading.CANCELLING,
    "Of an order that is filled in part the rest is cancelled; what was executed stays.",
    outcomes=("cancelled", "no order is filled in part"),
    is_still=True,
)
async def cancel_of_a_partly_filled_order(stage: Stage) -> str:
    """A third was executed."""
    async with stage.trading() as desk:
        await filled_in_part(desk, desk.small * 3)
        told = await desk.becomes("a1", OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED)
        if told.status is OrderStatus.FILLED:
            return "no order is filled in part"
        ended = await desk.exchange.cancel("a1")
        desk.is_status(ended, OrderStatus.CANCELLED)
        desk.expect(ended.filled_quantity == desk.small, f"{ended}")
    return "cancelled"


@case(Heading.CANCELLING, "Cancelling a filled order is `CancelRefused`.", outcomes=("refused",))
async def cancel_of_a_filled_order(stage: Stage) -> str:
    """It stays filled, to this engine and to one that never saw it."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.market("a1"))
        await desk.becomes("a1", OrderStatus.FILLED)
        for name in ("a1", placed.exchange_order_id):
            with stage.refused(CancelRefused):
                await desk.exchange.cancel(name)
        async with stage.another_engine() as other:
            with stage.refused(CancelRefused):
                await other.cancel(placed.exchange_order_id, instrument=desk.instrument)
    return "refused"


@case(
    Heading.CANCELLING,
    "Cancelling a cancelled order returns it as it ended; nothing is sent.",
    outcomes=("returns it",),
)
async def cancel_of_a_cancelled_order(stage: Stage) -> str:
    """It is cancelled already."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.rests("a1"))
        await desk.exchange.cancel("a1")
        before = stage.writes()
        for name in ("a1", placed.exchange_order_id):
            again = await desk.exchange.cancel(name)
            desk.is_status(again, OrderStatus.CANCELLED)
        desk.expect(stage.writes() == before, "something was sent")
    return "returns it"


@case(
    Heading.CANCELLING,
    "Cancelling an order that there is not is `OrderNotFound`.",
    outcomes=("refused",),
)
async def cancel_of_an_unknown_order(stage: Stage) -> str:
    """By either kind of id."""
    async with stage.trading() as desk:
        for name in ("never-was", "987654321"):
            with stage.refused(OrderNotFound):
                await desk.exchange.cancel(name, instrument=desk.instrument)
    return "refused"


async def cancel_and_fill(desk: Desk, after_s: float) -> str:
    """Cancel an order that is filled so long after the cancel was asked for."""
    order = await desk.exchange.place(desk.next_up("a1"))

    async def cancel_it() -> None:
        with desk.stage.refused(CancelRefused):
            await desk.exchange.cancel("a1")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel_it)
        await anyio.sleep(after_s)
        desk.far.trade_against(order.side, order.price or Decimal(0), desk.small)
    await desk.becomes("a1", OrderStatus.FILLED)
    desk.expect(desk.held("a1").status is Held.FILLED, "it was cancelled after all")
    return "refused"


@case(
    Heading.CANCELLING,
    "An order that fills just before its cancel arrives is filled, and told so.",
    outcomes=("refused",),
    is_still=True,
)
async def cancel_after_an_unseen_fill(stage: Stage) -> str:
    """The engine does not know of the fill when it sends the cancel."""
    async with stage.trading() as desk:
        return await cancel_and_fill(desk, 0)


@case(
    Heading.CANCELLING,
    "An order that fills while its cancel is under way is filled, and told so.",
    outcomes=("refused",),
    is_still=True,
)
async def cancel_while_it_fills(stage: Stage) -> str:
    """The cancel is a moment under way, and its answer is lost."""
    async with stage.trading() as desk:
        late = desk.inject(DelayRequest(to=desk.far.patterns.cancel, delay_s=0.2))
        outcome = await cancel_and_fill(desk, 0.02)
        desk.expect(late() == 1, "the cancel was not late")
        return outcome


@case(
    Heading.CANCELLING,
    "`cancel_all` ends every open order, and returns each.",
    outcomes=("cancelled",),
)
async def cancel_all(stage: Stage) -> str:
    """Three of them, of which another engine placed one."""
    async with stage.trading() as desk, stage.another_engine() as other:
        await desk.exchange.place(desk.rests("a1"))
        await desk.exchange.place(desk.rests("a2"))
        await other.place(desk.rests("a3"))
        ended = await desk.exchange.cancel_all()
        names = {each.client_order_id: each.status for each in ended}
        wanted = dict.fromkeys(("a1", "a2", "a3"), OrderStatus.CANCELLED)
        desk.expect(names == wanted, f"{names}")
        desk.expect(await desk.exchange.cancel_all(desk.instrument) == (), "something is left")
    return "cancelled"


@case(
    Heading.CANCELLING,
    "A cancel whose reply is lost is resolved by asking.",
    outcomes=("cancelled",),
)
async def cancel_whose_reply_is_lost(stage: Stage) -> str:
    """The exchange has cancelled it."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        lost = desk.inject(LoseReply(to=desk.far.patterns.cancel))
        ended = await desk.exchange.cancel("a1")
        desk.is_status(ended, OrderStatus.CANCELLED)
        desk.expect(lost() == 1, "no reply was lost")
    return "cancelled"


@case(
    Heading.CANCELLING,
    "Cancelling the same order twice at once ends it once.",
    outcomes=("cancelled",),
)
async def cancel_twice_at_once(stage: Stage) -> str:
    """Both are told of the same end."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        desk.inject(SlowReply(to=desk.far.patterns.cancel, delay_s=0.5))
        ended: list[OrderStatus] = []

        async def cancel_it() -> None:
            try:
                ended.append((await desk.exchange.cancel("a1")).status)
            except CancelRefused:
                ended.append((await desk.exchange.order("a1")).status)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cancel_it)
            tasks.start_soon(cancel_it)
        desk.expect(ended == [OrderStatus.CANCELLED] * 2, f"{ended}")
    return "cancelled"
