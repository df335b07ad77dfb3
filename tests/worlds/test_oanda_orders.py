"""Orders, trades and positions at OANDA through the whole engine, on virtual time."""

from decimal import Decimal

import anyio
import orjson
import pytest
from attrs import evolve

from tests.support.oanda_world import (
    CLOSES,
    ORDERS,
    asked,
    buy,
    far_bid,
    fills_of,
    hearing,
    orders_of,
    settled,
    trading,
)
from tests.support.virtual_exchange import BASE_NS
from venuetree.protocol.builders import (
    limit_order,
    market_if_touched_order,
    market_order,
    stop_order,
)
from venuetree.protocol.errors import (
    EngineError,
    ExitOnWrongSide,
    InsufficientFunds,
    MarketHalted,
    NotSupported,
    OrderInvalid,
    PositionNotFound,
    PriceOutOfBounds,
)
from venuetree.protocol.events import FillReceived, MarginTradeChanged, TransactionRecorded
from venuetree.protocol.models import (
    Exit,
    ExitChanges,
    Exits,
    MarginTerms,
    MarginTradeChange,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.oanda import SimulatedOanda
from venuetree.scenarios.simulated.oanda.account_settings import ShortLadder
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

#: Without the account's stream: only replies and questions tell.
DEAF = Part.ALL & ~Part.USER_STREAM


# ---------------------------------------------------------------- orders


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
@pytest.mark.parametrize("how", list(faults.Loss))
async def test_an_order_whose_reply_is_lost_is_known_and_is_one(
    how: faults.Loss, parts: Part
) -> None:
    """A repeated id would fill a second time here: nothing is ever sent again."""
    async with trading(parts=parts) as (sim, _, exchange):
        fault = sim.faults.add(faults.LoseReply(to=ORDERS, how=how))
        order = await exchange.place(buy("m1"))

        assert fault.fired == 1
        assert order.status is OrderStatus.FILLED
        assert order.filled_quantity == 100
        assert len(fills_of(sim, "m1")) == 1
        assert len(asked(sim, "POST")) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 504])
async def test_a_fault_after_the_order_was_applied_leaves_one_order(status: int) -> None:
    """504 comes with an order that was executed."""
    async with trading(parts=DEAF) as (sim, _, exchange):
        sim.faults.add(faults.Respond(to=ORDERS, status=status, applied=True))
        order = await exchange.place(buy("m1"), timeout=60)

        assert order.status is OrderStatus.FILLED
        assert len(fills_of(sim, "m1")) == 1


async def test_an_order_that_never_arrived_is_proved_absent_in_the_end() -> None:
    """Not before a late copy of it could no longer land."""
    async with trading(parts=DEAF, tick_s=0.5, simulator={"move_every_s": 30.0}) as (
        sim,
        _,
        exchange,
    ):
        sim.faults.add(faults.LoseRequest(to=ORDERS))
        began = anyio.current_time()
        with pytest.raises(EngineError):
            await exchange.place(buy("m1"), timeout=600)
        took = anyio.current_time() - began

        assert orders_of(sim, "m1") == 0
        assert took >= 60


async def test_an_order_that_lands_late_is_found() -> None:
    """The worst of all losses: asked too early, the exchange knows nothing of it."""
    async with trading(parts=DEAF, tick_s=0.2) as (sim, _, exchange):
        sim.faults.add(faults.DelayRequest(to=ORDERS, delay_s=25))
        order = await exchange.place(buy("m1"), timeout=120)

        assert order.status is OrderStatus.FILLED
        assert len(fills_of(sim, "m1")) == 1


async def test_finished_orders_that_the_exchange_forgets_are_found_in_its_log() -> None:
    """As seen in 2026: by their number too they are no more."""
    async with trading(parts=DEAF, simulator={"finished_orders_vanish": True}) as (
        sim,
        _,
        exchange,
    ):
        sim.faults.add(faults.LoseReply(to=ORDERS))
        order = await exchange.place(buy("m1"))
        again = await exchange.order(order.key)
        (fill,) = await exchange.fills(order=order.key)

        assert again.status is OrderStatus.FILLED
        assert (fill.quantity, fill.exchange_order_id) == (Decimal(100), order.exchange_order_id)


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
async def test_a_market_order_accepted_and_cancelled_is_a_typed_refusal(parts: Part) -> None:
    """201, and nothing was executed."""
    async with trading(parts=parts) as (sim, _, exchange):
        sim.prices.halt("EUR_USD")
        with pytest.raises(MarketHalted) as halted:
            await exchange.place(buy("m1"))
        (order,) = [o for o in await exchange.known_orders() if o.client_order_id == "m1"]
        sim.prices.resume("EUR_USD")
        with pytest.raises(InsufficientFunds):
            await exchange.place(buy("m2", quantity="90000000"))
        bound = MarginTerms(price_bound=Decimal("0.5"))
        with pytest.raises(PriceOutOfBounds):
            await exchange.place(market_order("EUR-USD", Side.BUY, quantity="10", margin=bound))
        above = MarginTerms(exits=Exits(stop_loss=Exit(price=Decimal("1.9"))))
        with pytest.raises(ExitOnWrongSide):
            await exchange.place(market_order("EUR-USD", Side.BUY, quantity="10", margin=above))
        held = await exchange.positions()

    assert halted.value.code == "MARKET_HALTED"
    assert order.status is OrderStatus.REJECTED
    assert held == ()


async def test_a_halt_whose_reply_is_lost_is_the_same_refusal() -> None:
    """Learned from the log, and typed all the same."""
    async with trading(parts=DEAF) as (sim, _, exchange):
        sim.prices.halt("EUR_USD")
        sim.faults.add(faults.LoseReply(to=ORDERS))
        with pytest.raises(MarketHalted):
            await exchange.place(buy("m1"))


async def test_what_breaks_a_rule_is_refused_here() -> None:
    """Nothing is rounded, and nothing sent."""
    async with trading() as (sim, _, exchange):
        wrong = [
            limit_order("EUR-USD", Side.BUY, quantity="100", price="1.080001"),
            limit_order("EUR-USD", Side.BUY, quantity="100.5", price="1.08"),
            limit_order("EUR-USD", Side.BUY, quantity="200000000", price="1.08"),
        ]
        not_had = [
            market_order(
                "EUR-USD",
                Side.BUY,
                quantity="1",
                time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
            ),
            market_order("EUR-USD", Side.BUY, quote_quantity="100"),
        ]
        await exchange.instruments()
        for request in wrong:
            with pytest.raises(OrderInvalid):
                await exchange.place(request)
        for request in not_had:
            with pytest.raises(NotSupported):
                await exchange.place(request)

        assert asked(sim, "POST") == []


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
async def test_an_order_is_replaced_by_another_and_a_lost_reply_changes_nothing(
    parts: Part,
) -> None:
    """The new one has an id of its own, and there is one of it."""
    async with trading(parts=parts) as (sim, _, exchange):
        old = await exchange.place(far_bid("c1"))
        sim.faults.add(faults.LoseReply(to="PUT */orders/*"))
        new = await exchange.replace(old.key, far_bid("c2", quantity="200"))
        await settled(lambda: orders_of(sim, "c2") == 1, seconds=10)
        before = await exchange.order(old.key)
        open_orders = await exchange.open_orders()

    assert (new.status, new.quantity) == (OrderStatus.OPEN, Decimal(200))
    assert before.status is OrderStatus.CANCELLED
    assert [order.client_order_id for order in open_orders] == ["c2"]


# ---------------------------------------------------------------- trades and positions


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
@pytest.mark.parametrize("lost", [None, faults.Loss.CLOSED, faults.Loss.HANGING])
async def test_a_trade_is_closed_in_part_once(lost: faults.Loss | None, parts: Part) -> None:
    """Closing a part twice would close twice as much.

    The order that closes it bears no id of ours; the stream may tell of it before it is known
    to be ours.
    """
    async with trading(parts=parts) as (sim, _, exchange):
        await exchange.place(buy("m1", quantity="1000"))
        (trade,) = await exchange.margin_trades()
        if lost is not None:
            sim.faults.add(faults.LoseReply(to=CLOSES, how=lost))
        order = await exchange.close_trade(trade.trade_id, "400")
        (left,) = await exchange.margin_trades()
        known = [each for each in await exchange.known_orders() if each.side is Side.SELL]

    assert order.status is OrderStatus.FILLED
    assert (order.side, order.filled_quantity) == (Side.SELL, Decimal(400))
    assert left.quantity == 600
    assert known == [order]


@pytest.mark.parametrize("is_lost", [False, True], ids=["told", "lost"])
async def test_both_sides_of_a_hedging_account_are_closed_in_one_request(
    is_lost: bool,  # noqa: FBT001
) -> None:
    """Two orders, each with a verdict; a flat side fails the whole."""

    def hedge(sim: SimulatedOanda) -> None:
        sim.account = next(a for a in sim.accounts.values() if a.settings.hedging)

    async with trading(prepare=hedge) as (sim, _, exchange):
        await exchange.place(buy("m1", quantity="300"))
        with pytest.raises(PositionNotFound):
            await exchange.close_position("EUR-USD", long="all", short="all")
        (still,) = await exchange.positions()
        await exchange.place(market_order("EUR-USD", Side.SELL, quantity="200"))
        held = await exchange.positions()
        if is_lost:
            sim.faults.add(faults.LoseReply(to=CLOSES))
        orders = await exchange.close_position("EUR-USD")
        left = await exchange.positions()

    assert still.quantity == 300
    assert sorted(position.quantity for position in held) == [-200, 300]
    assert [(o.side, o.filled_quantity) for o in orders] == [
        (Side.SELL, Decimal(300)),
        (Side.BUY, Decimal(200)),
    ]
    assert left == ()


async def test_exits_are_set_changed_removed_and_fire() -> None:
    """Absent, None and an exit are three different things."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        sim.prices.set_price("EUR_USD", Decimal("1.10000"), Decimal("1.10010"))
        async with exchange.account_events() as feed, hearing(feed) as heard:
            terms = MarginTerms(exits=Exits(take_profit=Exit(price=Decimal("1.12"))))
            await exchange.place(
                market_order(
                    "EUR-USD", Side.BUY, quantity="100", margin=terms, client_order_id="m1"
                )
            )
            (trade,) = await exchange.margin_trades()
            stop = ExitChanges(stop_loss=Exit(price=Decimal("1.09")))
            changed = await exchange.change_exits(trade.trade_id, stop)
            removed = await exchange.change_exits(trade.trade_id, ExitChanges(take_profit=None))
            await anyio.sleep(1)
            sim.prices.set_price("EUR_USD", Decimal("1.08990"), Decimal("1.09000"))
            await settled(lambda: len(heard.fills) == 2)
            closed = heard.of(MarginTradeChanged)[-1]
            fill = heard.of(FillReceived)[-1].fill

    kinds = {e.type for e in changed.exits if e.status is OrderStatus.OPEN}
    assert kinds == {OrderType.TAKE_PROFIT, OrderType.STOP_LOSS}
    assert {e.type for e in removed.exits if e.status is OrderStatus.OPEN} == {OrderType.STOP_LOSS}
    assert (closed.change, closed.trade_id) == (MarginTradeChange.CLOSED, trade.trade_id)
    assert (fill.side, fill.quantity) == (Side.SELL, Decimal(100))


async def test_cancelling_everything_leaves_the_exits_of_trades_alone() -> None:
    """A stop-loss is not taken away in passing."""
    async with trading() as (_, _, exchange):
        terms = MarginTerms(exits=Exits(stop_loss=Exit(price=Decimal("0.9"))))
        await exchange.place(market_order("EUR-USD", Side.BUY, quantity="100", margin=terms))
        await exchange.place(far_bid("c1"))
        await exchange.place(far_bid("c2"))
        ended = await exchange.cancel_all()
        left = await exchange.open_orders()

    assert sorted(order.client_order_id for order in ended) == ["c1", "c2"]
    assert [order.type for order in left] == [OrderType.STOP_LOSS]


# ---------------------------------------------------------------- what else befalls an account


async def test_orders_that_wait_for_a_price_trigger_and_fill() -> None:
    """A stop at its price or worse, an order that is touched at its price or better."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        sim.prices.set_price("EUR_USD", Decimal("1.10000"), Decimal("1.10010"))
        async with exchange.account_events() as feed, hearing(feed) as heard:
            stop = await exchange.place(
                stop_order("EUR-USD", Side.BUY, quantity="100", stop_price="1.10100")
            )
            touched = await exchange.place(
                market_if_touched_order("EUR-USD", Side.SELL, quantity="40", stop_price="1.10200")
            )
            sim.prices.set_price("EUR_USD", Decimal("1.10095"), Decimal("1.10105"))
            await settled(lambda: len(heard.fills) == 1)
            sim.prices.set_price("EUR_USD", Decimal("1.10210"), Decimal("1.10220"))
            await settled(lambda: len(heard.fills) == 2)
            fills = [event.fill for event in heard.of(FillReceived)]
            (held,) = await exchange.positions()

    assert [order.status for order in (stop, touched)] == [OrderStatus.OPEN, OrderStatus.OPEN]
    assert [fill.exchange_order_id for fill in fills] == [
        stop.exchange_order_id,
        touched.exchange_order_id,
    ]
    assert (fills[0].price, fills[1].price) == (Decimal("1.10105"), Decimal("1.10210"))
    assert held.quantity == 60


async def test_an_order_till_a_date_expires() -> None:
    """Told as expired, not as cancelled."""
    async with trading() as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            ends_ns = BASE_NS + 60 * 10**9
            request = limit_order(
                "EUR-USD",
                Side.BUY,
                quantity="100",
                price="0.9",
                time_in_force=TimeInForce.GOOD_TILL_DATE,
                expire_time_ns=ends_ns,
                client_order_id="c1",
            )
            order = await exchange.place(request)
            await settled(lambda: "expired" in heard.statuses("c1"), seconds=90)
            final = await exchange.order(order.key)

    assert order.status is OrderStatus.OPEN
    assert final.status is OrderStatus.EXPIRED


async def test_an_account_without_enough_left_is_closed_out_and_it_is_told() -> None:
    """By the exchange, not by us: orders that nobody here placed."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        sim.prices.set_price("EUR_USD", Decimal("1.10000"), Decimal("1.10010"))
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await exchange.place(buy("m1", quantity="40000000"))
            sim.prices.set_price("EUR_USD", Decimal("1.08000"), Decimal("1.08010"))
            await settled(lambda: len(heard.fills) >= 2)
            reasons = {e.reason for e in heard.of(TransactionRecorded) if e.kind == "ORDER_FILL"}
            left = await exchange.positions()

    assert "MARKET_ORDER_MARGIN_CLOSEOUT" in reasons
    assert left == ()


async def test_an_order_executed_in_part_ends_and_its_rest_is_another_order() -> None:
    """Both bear our id; the rest is known by its number, and can be cancelled."""

    def reissuing(sim: SimulatedOanda) -> None:
        settings = sim.account.settings
        sim.account.state.settings = evolve(settings, short_ladder=ShortLadder.REISSUE)

    async with trading(prepare=reissuing) as (sim, _, exchange):
        sim.paused = True
        bid, ask = Decimal("1.10000"), Decimal("1.10010")
        sim.prices.set_price("EUR_USD", bid, ask, liquidity=60)
        async with exchange.account_events() as feed, hearing(feed) as heard:
            order = await exchange.place(
                limit_order(
                    "EUR-USD", Side.BUY, quantity="100", price="1.10010", client_order_id="c1"
                )
            )
            # Long enough for the account's stream to have caught up.
            await anyio.sleep(5)
            before = await exchange.order(order.key)
            (rest,) = await exchange.open_orders()
            known = {o.exchange_order_id: o.status for o in await exchange.known_orders()}
            cancelled = await exchange.cancel(rest.key)
            fills = heard.fills

    assert before.status is OrderStatus.CANCELLED
    assert before.filled_quantity == 60
    assert (rest.quantity, rest.status) == (Decimal(40), OrderStatus.OPEN)
    assert known[order.exchange_order_id] is OrderStatus.CANCELLED
    assert known[rest.exchange_order_id] is OrderStatus.OPEN
    assert cancelled.status is OrderStatus.CANCELLED
    assert len(fills) == 1


async def test_half_of_a_closing_that_fails_does_not_hide_the_other() -> None:
    """Both were taken, and one could not be executed."""

    def hedge(sim: SimulatedOanda) -> None:
        sim.account = next(a for a in sim.accounts.values() if a.settings.hedging)

    async with trading(prepare=hedge) as (sim, _, exchange):
        await exchange.place(buy("m1", quantity="300"))
        await exchange.place(market_order("EUR-USD", Side.SELL, quantity="200"))
        body = {
            **created_and(sim, "long", "-300", "300"),
            **created_and(sim, "short", "200", None),
            "lastTransactionID": "99",
            "relatedTransactionIDs": [],
        }
        answer = faults.Respond(to=CLOSES, status=200, body_text=orjson.dumps(body).decode())
        sim.faults.add(answer)
        orders = await exchange.close_position("EUR-USD")

    assert [order.status for order in orders] == [OrderStatus.FILLED, OrderStatus.REJECTED]
    assert orders[1].reason == "MARKET_HALTED"


def created_and(
    sim: SimulatedOanda, side: str, units: str, filled: str | None
) -> dict[str, dict[str, str]]:
    """What a reply tells of one of two orders: created, and executed or else cancelled."""
    number = {"long": 90, "short": 92}[side]
    base = {"accountID": sim.account.id, "batchID": "90", "time": "2026-09-12T12:00:00Z"}
    created = {
        **base,
        "id": str(number),
        "type": "MARKET_ORDER",
        "instrument": "EUR_USD",
        "units": units,
        "timeInForce": "FOK",
        "reason": "POSITION_CLOSEOUT",
    }
    end = {**base, "id": str(number + 1), "orderID": str(number)}
    if filled is None:
        cancel = {**end, "type": "ORDER_CANCEL", "reason": "MARKET_HALTED"}
        return {f"{side}OrderCreateTransaction": created, f"{side}OrderCancelTransaction": cancel}
    fill = {
        **end,
        "type": "ORDER_FILL",
        "instrument": "EUR_USD",
        "units": units,
        "price": "1.1",
        "reason": "MARKET_ORDER_POSITION_CLOSEOUT",
    }
    return {f"{side}OrderCreateTransaction": created, f"{side}OrderFillTransaction": fill}
