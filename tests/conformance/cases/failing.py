"""Once and only once; keys that are no good; exchanges that are down."""

from decimal import Decimal

import anyio

from tests.conformance.case import YES, Heading, case
from tests.conformance.stage import Stage
from venuetree import (
    AuthRefused,
    OrderInvalid,
    OrderStatus,
    OutcomeUnknown,
    PermissionRefused,
    Side,
    StreamConnected,
    TickerChanged,
    Topic,
    TransportError,
    market_order,
)
from venuetree.scenarios.faults import LoseReply, LoseRequest
from venuetree.scenarios.operators import Held

ONE_ORDER = "one order"


@case(
    Heading.ONCE,
    "A client order id that one of this engine's orders has or had is `OrderInvalid`.",
    outcomes=("refused before sending",),
)
async def own_id_again(stage: Stage) -> str:
    """Of an open order, and of an ended one."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        before = stage.writes()
        with stage.refused(OrderInvalid):
            await desk.exchange.place(desk.rests("a1"))
        desk.expect(stage.writes() == before, "something was sent")
        desk.held("a1")
        await desk.exchange.cancel("a1")
        before = stage.writes()
        with stage.refused(OrderInvalid):
            await desk.exchange.place(desk.market("a1"))
        desk.expect(stage.writes() == before, "something was sent")
    return "refused before sending"


@case(
    Heading.ONCE,
    "The client order id of an open order that another engine placed is `OrderInvalid`.",
    outcomes=("refused before sending",),
)
async def id_of_another_engines_open_order(stage: Stage) -> str:
    """Once the engine has read which orders are open, moments after it has started."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.rests("a1"))
        async with stage.another_engine() as other:
            await anyio.sleep(2)
            before = stage.writes()
            with stage.refused(OrderInvalid):
                await other.place(desk.limit("a1", desk.near("0.89")))
            desk.expect(stage.writes() == before, "something was sent")
    return "refused before sending"


@case(
    Heading.ONCE,
    "Another engine's order with the client order id of one that has ended.",
    outcomes=("returns the first order", "creates a second"),
    advice="Give each order an id of its own, or none: the engine's are unique.",
)
async def id_of_another_engines_ended_order(stage: Stage) -> str:
    """The exchange alone knows both."""
    async with stage.trading() as desk:
        placed = await desk.exchange.place(desk.rests("a1"))
        await desk.exchange.cancel("a1")
        async with stage.another_engine() as other:
            again = await other.place(desk.rests("a1"))
            is_first = again.exchange_order_id == placed.exchange_order_id
            outcome = "returns the first order" if is_first else "creates a second"
            if not is_first:
                await other.cancel(again.key)
            there = len(desk.far.orders("a1"))
            wanted = 2 if outcome == "creates a second" else 1
            desk.expect(there == wanted, f"the exchange created {there} orders")
            desk.created["a1"] = there
    return outcome


@case(
    Heading.ONCE,
    "An order whose reply is lost is found; there is one of it.",
    outcomes=(ONE_ORDER,),
)
async def order_whose_reply_is_lost(stage: Stage) -> str:
    """One that rests, and one that fills at once."""
    async with stage.trading() as desk:
        lost = desk.inject(LoseReply(to=desk.far.patterns.place))
        order = await desk.exchange.place(desk.rests("a1"))
        desk.is_status(order, OrderStatus.OPEN)
        desk.expect(lost() == 1, "no reply was lost")
        desk.inject(LoseReply(to=desk.far.patterns.place))
        order = await desk.exchange.place(desk.market("a2"))
        await desk.becomes("a2", OrderStatus.FILLED)
    return ONE_ORDER


@case(
    Heading.ONCE,
    "An order that never arrives is placed once, or `OutcomeUnknown` until it is known not to"
    " exist.",
    outcomes=("placed once", "unknown, then rejected"),
    tick_s=0.5,
    advice="Wait for the order's end in `account_events` before you place it anew.",
)
async def order_that_never_arrives(stage: Stage) -> str:
    """The request is lost on its way."""
    async with stage.trading() as desk:
        lost = desk.inject(LoseRequest(to=desk.far.patterns.place))
        try:
            order = await desk.exchange.place(desk.rests("a1"))
        except OutcomeUnknown as error:
            desk.expect(error.client_order_id == "a1", f"{error!r}")
            desk.expect(lost() == 1 and not desk.far.orders("a1"), "it exists")
            with anyio.fail_after(600):
                await desk.becomes("a1", OrderStatus.REJECTED)
            return "unknown, then rejected"
        desk.is_status(order, OrderStatus.OPEN)
        desk.expect(lost() == 1, "nothing was lost")
    return "placed once"


# ---------------------------------------------------------------- keys


@case(
    Heading.KEYS,
    "A key that the exchange does not know is `AuthRefused` at entry.",
    outcomes=("refused at entry",),
)
async def bad_key(stage: Stage) -> str:
    """The host gets the plain error."""
    stage.far.spoil_key()
    with stage.refused(AuthRefused):
        async with stage.world.start_engine():
            stage.world.expect(False, "it entered")  # noqa: FBT003
    return "refused at entry"


@case(
    Heading.KEYS,
    "A key that may not trade is refused: `PermissionRefused`, or `AuthRefused` where the exchange"
    " says no more than that; nothing is placed.",
    outcomes=(
        "`PermissionRefused` at entry",
        "`PermissionRefused` at the order",
        "`AuthRefused` at the order",
    ),
    advice="Catch both, at entry and at the first order.",
)
async def wrong_permission(stage: Stage) -> str:
    """It may look, where a key can be made so; else it is another account's."""
    stage.far.restrict_key()
    where = "entry"
    with stage.refused(PermissionRefused, AuthRefused) as caught:
        async with stage.world.start_engine() as engine:
            exchange = engine[stage.world.name]
            await exchange.balances()
            where = "the order"
            await exchange.place(stage.world.far_bid("a1"))
    stage.world.expect(not stage.far.orders("a1"), "it was placed")
    return f"`{type(caught.error).__name__}` at {where}"


@case(
    Heading.KEYS,
    "A key revoked while the engine runs: `AuthRefused` at every call, and nothing is placed.",
    outcomes=("refused",),
)
async def key_revoked(stage: Stage) -> str:
    """Once the engine has seen it, whatever is asked; subscribers are told."""
    async with stage.world.start_engine() as engine, stage.world.account() as account:
        exchange = engine[stage.world.name]
        await exchange.place(stage.world.far_bid("a1"))
        stage.world.revoke_key()
        with stage.refused(AuthRefused):
            await exchange.balances()
        await stage.world.until(lambda: account.ended is not None, "no subscriber is told")
        stage.world.expect(isinstance(account.ended, AuthRefused), f"{account.ended!r}")
        for name in ("a2", "a3"):
            with stage.refused(AuthRefused):
                await exchange.balances()
            with stage.refused(AuthRefused):
                await exchange.place(stage.world.far_bid(name))
            with stage.refused(AuthRefused):
                await exchange.cancel("a1")
    there = [len(stage.far.orders(name)) for name in ("a1", "a2", "a3")]
    stage.world.expect(there == [1, 0, 0], f"{there} orders were created")
    return "refused"


# ---------------------------------------------------------------- outages


@case(
    Heading.OUTAGES,
    "An exchange that is down at the start: entry succeeds, an order is `TransportError` and not"
    " sent, and all works once it is back.",
)
async def down_at_the_start(stage: Stage) -> str:
    """With the instruments unknown, too."""
    stage.world.take_down()
    async with stage.trading() as desk:
        desk.expect(not desk.exchange.is_reachable, "it is thought reachable")
        with stage.refused(TransportError):
            await desk.exchange.place(desk.rests("a1"))
        with stage.refused(TransportError):
            await desk.exchange.balances()
        desk.expect(stage.requests() == 0, "something arrived")
        stage.world.bring_up()
        with anyio.fail_after(300):
            await desk.exchange.reachable()
            await desk.account.see(StreamConnected)
        order = await desk.exchange.place(desk.rests("a2"))
        desk.is_status(order, OrderStatus.OPEN)
        desk.expect(not desk.far.orders("a1"), "the first order was sent later")
    return YES


@case(
    Heading.OUTAGES,
    "An exchange that goes down with an order in flight: there is one order in the end.",
    outcomes=(ONE_ORDER,),
)
async def down_in_flight(stage: Stage) -> str:
    """The order is applied, its reply lost, and everything is down for half a minute."""
    async with stage.trading() as desk:
        await desk.exchange.instruments(desk.instrument)
        desk.inject(LoseReply(to=desk.far.patterns.place))

        async def fail() -> None:
            await stage.world.until(lambda: bool(desk.far.orders("a1")), "it never arrived")
            stage.world.take_down()
            await anyio.sleep(30)
            stage.world.bring_up()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fail)
            try:
                await desk.exchange.place(desk.rests("a1"), timeout=10)
            except OutcomeUnknown as unknown:
                desk.expect(unknown.client_order_id == "a1", f"{unknown!r}")
        with anyio.fail_after(300):
            await desk.becomes("a1", OrderStatus.OPEN)
        desk.held("a1")
        ended = await desk.exchange.cancel("a1")
        desk.is_status(ended, OrderStatus.CANCELLED)
    return ONE_ORDER


@case(
    Heading.OUTAGES,
    "A fill while the exchange cannot be reached is told once it can, and once only.",
    is_still=True,
)
async def fill_while_down(stage: Stage) -> str:
    """The order rested before."""
    async with stage.trading() as desk:
        order = await desk.exchange.place(desk.next_up("a1"))
        stage.world.take_down()
        desk.far.trade_against(order.side, order.price or Decimal(0), desk.small)
        await anyio.sleep(20)
        stage.world.bring_up()
        with anyio.fail_after(300):
            await desk.exchange.reachable()
            filled = await desk.becomes("a1", OrderStatus.FILLED)
        desk.expect(filled.filled_quantity == desk.small, f"{filled}")
    return YES


@case(
    Heading.OUTAGES,
    "Market streams go on by themselves after an outage.",
)
async def streams_after_an_outage(stage: Stage) -> str:
    """The interruption is told, then what is new."""
    async with stage.trading() as desk, stage.world.market(Topic.TICKER) as market:
        await market.see(TickerChanged)
        stage.world.take_down()
        await anyio.sleep(10)
        stage.world.bring_up()
        since = len(market.events)
        with anyio.fail_after(300):
            _, since = await market.see(StreamConnected, since=since)
            await market.see(TickerChanged, since=since)
            await desk.exchange.reachable()
    return YES


@case(
    Heading.OUTAGES,
    "Of two exchanges in one engine one is down: the other trades on.",
    others=1,
)
async def one_of_two_is_down(stage: Stage) -> str:
    """And the first comes back."""
    (other,) = [name for name in stage.world.operators if name != stage.world.name]
    async with stage.trading() as desk:
        stage.world.take_down()
        with stage.refused(TransportError):
            await desk.exchange.balances()
        beside, theirs = desk.engine[other], stage.world.operators[other]
        placed = await beside.place(
            market_order(
                theirs.instrument, Side.BUY, quantity=theirs.small, client_order_id="beside"
            )
        )
        desk.expect(not placed.status.is_final or placed.status is OrderStatus.FILLED, f"{placed}")
        (there,) = theirs.orders("beside")
        desk.expect(there.status is Held.FILLED, f"the other exchange holds {there}")
        stage.world.bring_up()
        with anyio.fail_after(300):
            await desk.exchange.reachable()
    return YES
