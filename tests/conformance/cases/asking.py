"""Connecting, and asking about the market and the account."""

from decimal import Decimal

import anyio

from tests.conformance.case import NOT_SUPPORTED, YES, Heading, case
from tests.conformance.stage import Stage
from venuetree import (
    FillReceived,
    InstrumentNotFound,
    InstrumentStatus,
    OrderStatus,
    OrderUpdated,
)

MINUTE_NS = 60 * 1_000_000_000


@case(Heading.CONNECTION, "`async with Engine(…)` starts, and the exchange is reachable.")
async def connect(stage: Stage) -> str:
    """Enter, wait for an answer, leave."""
    async with stage.trading() as desk:
        await desk.exchange.reachable()
        desk.expect(desk.exchange.is_reachable, "it is not reachable")
        desk.expect(desk.exchange in desk.engine.exchanges, "the engine does not list it")
    return YES


@case(Heading.CONNECTION, "`server_time` tells the exchange's clock in nanoseconds.")
async def server_time(stage: Stage) -> str:
    """The world has one clock."""
    async with stage.trading() as desk:
        told = await desk.exchange.server_time()
        off = abs(told - stage.world.clock.now_ns())
        desk.expect(off < 2_000_000_000, f"the clock is off by {off} ns")
    return YES


@case(Heading.CONNECTION, "`instruments` tells tick, status and currencies of what is traded.")
async def instruments(stage: Stage) -> str:
    """One by name, and the same among all."""
    async with stage.trading() as desk:
        one = await desk.rules()
        found = await desk.exchange.instruments()
        desk.expect(one in found, f"{one.name} is not among all")
        desk.expect(one.name == f"{one.base}-{one.quote}", f"{one.name} is {one.base}-{one.quote}")
        desk.expect(one.status is InstrumentStatus.TRADING, one.status.value)
        steps = [getattr(rule, "step", Decimal(0)) for rule in one.rules]
        desk.expect(desk.far.tick in steps, f"no tick of {desk.far.tick} in {steps}")
    return YES


@case(
    Heading.CONNECTION,
    "An instrument that there is not is `InstrumentNotFound`.",
    outcomes=("refused",),
)
async def unknown_instrument_is_asked_for(stage: Stage) -> str:
    """By the name that nobody trades."""
    async with stage.trading() as desk:
        with stage.refused(InstrumentNotFound):
            await desk.exchange.instruments("NOPE-NADA")
    return "refused"


@case(
    Heading.CONNECTION,
    "`book_snapshot` is the exchange's book.",
)
async def book_snapshot(stage: Stage) -> str:
    """Its best levels, exactly."""
    async with stage.trading() as desk:
        book = await desk.exchange.book_snapshot(desk.instrument, depth=5)
        bids, asks = desk.far.book()
        for ours, theirs in ((book.bids, bids), (book.asks, asks)):
            wanted = [tuple(level) for level in theirs[: len(ours)]]
            desk.expect([tuple(each) for each in ours] == wanted, f"{ours} against {wanted}")
            desk.expect(bool(ours), "a side is empty")
    return YES


@case(Heading.CONNECTION, "`tickers` tells best bid and ask.")
async def tickers(stage: Stage) -> str:
    """Of one instrument."""
    async with stage.trading() as desk:
        found = await desk.exchange.tickers(desk.instrument)
        told = [(each.instrument, each.bid, each.ask) for each in found]
        desk.expect(told == [(desk.instrument, *desk.far.top())], f"{told}")
    return YES


@case(
    Heading.CONNECTION,
    "`trades` tells the latest public trades, newest first.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def trades(stage: Stage) -> str:
    """After some have happened."""
    async with stage.trading() as desk:
        await anyio.sleep(10)
        found = await stage.if_supported(lambda: desk.exchange.trades(desk.instrument, limit=3))
        if found is None:
            return NOT_SUPPORTED
        times = [each.exchange_time_ns or 0 for each in found]
        desk.expect(0 < len(found) <= 3, f"{len(found)} trades")
        desk.expect(times == sorted(times, reverse=True), f"not newest first: {times}")
    return YES


@case(Heading.CONNECTION, "`candles` of a window come oldest first and lie within it.")
async def candles(stage: Stage) -> str:
    """Ten minutes of one minute each."""
    async with stage.trading() as desk:
        end_ns = stage.world.clock.now_ns() // MINUTE_NS * MINUTE_NS
        start_ns = end_ns - 10 * MINUTE_NS
        found = await desk.exchange.candles(desk.instrument, MINUTE_NS, start_ns, end_ns)
        starts = [candle.start_time_ns for candle in found]
        desk.expect(bool(found) and starts == sorted(set(starts)), f"out of order: {starts}")
        desk.expect(start_ns <= starts[0] and starts[-1] <= end_ns, f"outside: {starts}")
        for candle in found:
            is_whole = candle.low <= min(candle.open, candle.close)
            desk.expect(is_whole and max(candle.open, candle.close) <= candle.high, f"{candle}")
    return YES


@case(
    Heading.CONNECTION,
    "Candles of a length that the exchange does not have are `NotSupported`.",
    outcomes=("refused before sending",),
)
async def candles_of_an_odd_length(stage: Stage) -> str:
    """Seven seconds is nobody's interval."""
    async with stage.trading() as desk:
        found = await stage.if_supported(
            lambda: desk.exchange.candles(desk.instrument, 7 * 1_000_000_000, 0, MINUTE_NS)
        )
        desk.expect(found is None, f"it has them: {found}")
    return "refused before sending"


@case(Heading.ACCOUNT, "`balances` equal the exchange's, to the last digit.")
async def balances(stage: Stage) -> str:
    """Every currency that the account holds; the audit compares all."""
    async with stage.trading() as desk:
        found = await desk.exchange.balances()
        desk.expect(bool(found), "there are no balances")
        currencies = [balance.currency for balance in found]
        desk.expect(len(currencies) == len(set(currencies)), f"one is told twice: {currencies}")
    return YES


@case(
    Heading.ACCOUNT,
    "An open order's money is `hold`, and back in `available` when it is cancelled.",
    outcomes=("held", "nothing is held"),
    advice="Reckon from `open_orders` what they may cost: a margin account reserves at the fill.",
)
async def hold_of_an_open_order(stage: Stage) -> str:
    """Of the quote currency, price times quantity at least."""
    async with stage.trading() as desk:
        before = {b.currency: b for b in await desk.exchange.balances()}
        order = await desk.exchange.place(desk.rests("a1"))
        during = {b.currency: b for b in await desk.exchange.balances()}
        await desk.exchange.cancel("a1")
        after = {b.currency: b for b in await desk.exchange.balances()}
        quote = (await desk.rules()).quote
        totals = [each[quote].total for each in (before, during, after)]
        desk.expect(len(set(totals)) == 1, f"money came or went: {totals}")
        desk.expect(before[quote] == after[quote], "the hold was not given back")
        held = during[quote].hold - before[quote].hold
        if not held:
            return "nothing is held"
        cost = (order.price or Decimal(0)) * desk.small
        desk.expect(cost <= held <= cost * Decimal("1.02"), f"{held} is held for {cost}")
    return "held"


@case(
    Heading.ACCOUNT,
    "`positions` tells what is held of an instrument.",
    outcomes=(YES, "of futures only", NOT_SUPPORTED),
    advice="On a spot exchange what is held of an instrument is its base currency's balance.",
)
async def positions(stage: Stage) -> str:
    """None at first; after a buy, what was bought."""
    async with stage.trading() as desk:
        before = await stage.if_supported(desk.exchange.positions)
        if before is None:
            return NOT_SUPPORTED
        await desk.exchange.place(desk.market("a1"))
        held = await desk.exchange.positions(desk.instrument)
        if not held and not desk.far.account().positions:
            return "of futures only"
        told = [(each.instrument, each.quantity) for each in held]
        desk.expect(before == () and told == [(desk.instrument, desk.small)], f"{held}")
    return YES


@case(Heading.ACCOUNT, "`fees` tells the account's rates.", outcomes=(YES, NOT_SUPPORTED))
async def fees(stage: Stage) -> str:
    """As fractions."""
    async with stage.trading() as desk:
        found = await stage.if_supported(desk.exchange.fees)
        if found is None:
            return NOT_SUPPORTED
        for rate in (found.maker_rate, found.taker_rate):
            desk.expect(rate is not None and 0 <= rate < Decimal("0.1"), f"{found}")
    return YES


@case(Heading.ACCOUNT, "`key_permissions` tells that a full key may look and trade.")
async def key_permissions(stage: Stage) -> str:
    """Asked, not assumed."""
    async with stage.trading() as desk:
        found = await desk.exchange.key_permissions()
        desk.expect(found.can_view and found.can_trade, f"{found}")
    return YES


@case(
    Heading.ACCOUNT,
    "`account_events` tells an order's states in order, each once, and each fill once.",
    is_still=True,
)
async def account_events(stage: Stage) -> str:
    """Of an order that rests, then fills."""
    async with stage.trading() as desk:
        quantity = desk.small * 2
        order = await desk.exchange.place(desk.next_up("a1", quantity))
        price = order.price or Decimal(0)
        desk.far.trade_against(order.side, price, quantity)
        filled = await desk.becomes("a1", OrderStatus.FILLED)
        told = [event.order.status for event in desk.account.of(OrderUpdated)]
        desk.expect(OrderStatus.OPEN in told, f"it was never told to be open: {told}")
        desk.expect(told.count(OrderStatus.FILLED) == 1, f"it was told filled: {told}")
        desk.expect(filled.filled_quantity == quantity, f"{filled}")
        await desk.patient(lambda: bool(desk.account.of(FillReceived)), "no fill was told")
        last = desk.account.of(OrderUpdated)[-1].order
        desk.expect(last == await desk.exchange.order("a1"), f"{last} is not what the order is")
    return YES


@case(
    Heading.ACCOUNT,
    "`account_summary` tells what a margin account is worth.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def account_summary(stage: Stage) -> str:
    """Its cash is the balance."""
    async with stage.trading() as desk:
        found = await stage.if_supported(desk.exchange.account_summary)
        if found is None:
            return NOT_SUPPORTED
        (balance,) = await desk.exchange.balances()
        desk.expect(found.balance == balance.total, f"{found} against {balance}")
    return YES


@case(
    Heading.ACCOUNT,
    "`margin_trades` tells the trades that a position is made of.",
    outcomes=(YES, NOT_SUPPORTED),
)
async def margin_trades(stage: Stage) -> str:
    """One, after one buy."""
    async with stage.trading() as desk:
        before = await stage.if_supported(desk.exchange.margin_trades)
        if before is None:
            return NOT_SUPPORTED
        await desk.exchange.place(desk.market("a1"))
        (trade,) = await desk.exchange.margin_trades()
        desk.expect(trade.quantity == desk.small, f"{trade}")
    return YES


@case(
    Heading.ACCOUNT,
    "`close_position` closes all that is held of an instrument.",
    outcomes=(YES, NOT_SUPPORTED),
    advice="On a spot exchange sell the base currency's balance.",
)
async def close_position(stage: Stage) -> str:
    """After a buy, nothing is left."""
    async with stage.trading() as desk:
        await desk.exchange.place(desk.market("a1"))
        closed = await stage.if_supported(lambda: desk.exchange.close_position(desk.instrument))
        if closed is None:
            return NOT_SUPPORTED
        desk.expect([order.status for order in closed] == [OrderStatus.FILLED], f"{closed}")
        desk.expect(await desk.exchange.positions() == (), "something is left")
    return YES
