"""Binance.US through the whole engine, on virtual time: clocks, limits, keys, books, orders."""

import os
from collections.abc import Awaitable, Callable
from decimal import Decimal

import anyio
import pytest

from tests.support.binance_us_world import ORDERS, SLOW, asked, far_bid, refused, trading
from tests.support.engines import next_of, settle, until_in_step
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import EngineError, OrderInvalid, RateLimited
from venuetree.protocol.events import (
    BookStale,
    FillReceived,
    OrderUpdated,
    StreamDisconnected,
    TradePrinted,
)
from venuetree.protocol.exchanges.binance_us import OrderWay
from venuetree.protocol.models import OrderStatus, Side, TimeInForce, Topic
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

#: Requests of the burst: enough for several windows; ten thousand take a minute of computing.
BURST = int(os.environ.get("VENUETREE_BURST", "500"))


def is_equal(handle: ExchangeHandle, sim: SimulatedBinanceUs) -> bool:
    """Whether our book's levels are the simulator's, as exact decimals."""
    book = handle.book("BTC-USD")
    if book is None or not book.in_step:
        return False
    ours = ([tuple(level) for level in book.bids()], [tuple(level) for level in book.asks()])
    theirs = tuple(sim.book("BTCUSD", side) for side in (SimulatedSide.BUY, SimulatedSide.SELL))
    return ours == theirs


# ---------------------------------------------------------------- orders


async def test_an_order_whose_reply_is_lost_is_known_and_is_one() -> None:
    """By HTTP: asked for, never sent again."""
    async with trading() as (sim, _, exchange):
        for number in range(10):
            fault = sim.faults.add(faults.LoseReply(to=ORDERS))
            order = await exchange.place(far_bid(f"c{number}"))
            assert order.status is OrderStatus.OPEN
            assert fault.fired == 1
        there = [order.client_order_id for order in sim.orders]

    assert there == [f"c{number}" for number in range(10)]


async def test_a_market_order_whose_reply_is_lost_fills_once() -> None:
    """Sent again it would fill twice here: its id is free as soon as it has filled."""
    async with trading(parts=Part.ALL & ~Part.USER_STREAM) as (sim, _, exchange):
        sim.faults.add(faults.LoseReply(to=ORDERS))
        request = market_order("BTC-USD", Side.BUY, quantity="0.5", client_order_id="m1")
        order = await exchange.place(request)

        assert order.status is OrderStatus.FILLED
        assert len(sim.orders) == 1


async def test_not_found_for_half_a_minute_after_a_successful_order_is_no_absence() -> None:
    """Neither questions nor lists show it, and there is no stream to tell of it."""
    async with trading(parts=Part.ALL & ~Part.USER_STREAM) as (sim, _, exchange):
        sim.faults.add(faults.StaleReplica(for_s=30))
        sim.faults.add(faults.LoseReply(to=ORDERS))
        began = anyio.current_time()
        order = await exchange.place(far_bid("c1"), timeout=120)
        took = anyio.current_time() - began

        assert order.status is OrderStatus.OPEN
        assert 30 <= took < 60
        assert [there.client_order_id for there in sim.orders] == ["c1"]


async def test_an_order_that_never_arrived_is_proved_absent_in_the_end() -> None:
    """Not before a late copy of it would be refused."""
    async with trading(simulator=SLOW, tick_s=0.5) as (sim, _, exchange):
        sim.faults.add(faults.LoseRequest(to=ORDERS))
        began = anyio.current_time()
        with pytest.raises(EngineError, match="would accept it no more"):
            await exchange.place(far_bid("c1"), timeout=600)
        took = anyio.current_time() - began

        assert sim.orders == []
        assert 120 <= took < 180


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_a_fault_after_the_order_was_applied_leaves_one_order(status: int) -> None:
    """All of 5xx say nothing about what happened."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(faults.Respond(to=ORDERS, status=status, applied=True))
        order = await exchange.place(far_bid("c1"))

        assert order.status is OrderStatus.OPEN
        assert len(sim.orders) == 1


async def test_orders_go_by_the_websocket_api_where_that_is_configured() -> None:
    """Placed, read and cancelled by messages; with the connection cut, over HTTP."""
    async with trading(orders_by=OrderWay.WS_API) as (sim, engine, exchange):
        await settle(lambda: engine.snapshot()["binance_us/io/messages"].detail.is_connected)
        order = await exchange.place(far_bid("c1"))
        cancelled = await exchange.cancel(order.key)

        assert order.status is OrderStatus.OPEN
        assert cancelled.status is OrderStatus.CANCELLED
        assert not [line for line in asked(sim) if line.startswith(ORDERS)]


async def test_a_cancelled_orders_new_name_loses_nothing() -> None:
    """The exchange renames it; it stays ours by either id."""
    async with trading() as (sim, _, exchange):
        order = await exchange.place(far_bid("c1"))
        cancelled = await exchange.cancel(order.key)
        again = await exchange.order(order.key)
        (there,) = sim.orders

        assert there.client_order_id != "c1"
        assert (cancelled.client_order_id, cancelled.status) == ("c1", OrderStatus.CANCELLED)
        assert (again.client_order_id, again.status) == ("c1", OrderStatus.CANCELLED)


async def test_what_cannot_rest_and_does_not_fill_is_expired_and_said_so() -> None:
    """Not refused: the exchange took it, and let it go."""
    async with trading() as (_, _, exchange):
        order = await exchange.place(
            limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.01",
                price="20000",
                time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
            )
        )

        assert order.status is OrderStatus.EXPIRED
        assert order.filled_quantity == 0


@pytest.mark.parametrize(
    ("quantity", "price", "rule"),
    [
        ("0.000015", "60000", "LOT_SIZE"),
        ("0.01", "20000.001", "PRICE_FILTER"),
        ("0.00001", "60000", "MIN_NOTIONAL"),
        ("0.01", "1000", "PERCENT_PRICE"),
    ],
)
async def test_a_filter_is_judged_before_anything_is_sent(
    quantity: str, price: str, rule: str
) -> None:
    """The error names filter, value and bound."""
    async with trading() as (sim, _, exchange):
        with pytest.raises(OrderInvalid) as caught:
            await exchange.place(limit_order("BTC-USD", Side.BUY, quantity=quantity, price=price))

        assert caught.value.rule.startswith(rule)
        assert caught.value.value
        assert caught.value.bound
        assert sim.orders == []


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize("seconds", [-3600.0, -4.0, 4.0, 3600.0])
async def test_a_clock_that_is_off_from_the_start_signs_rightly(seconds: float) -> None:
    """The first thing asked is the time."""
    skew = faults.ClockSkew(seconds=seconds)
    async with trading(prepare=lambda sim: sim.faults.add(skew)) as (sim, _, exchange):
        order = await exchange.place(far_bid())

        assert order.status is OrderStatus.OPEN
        assert refused(sim) == 0


@pytest.mark.parametrize("seconds", [-30.0, 30.0])
async def test_a_clock_that_jumps_is_read_anew_when_a_time_is_refused(seconds: float) -> None:
    """Even an order is signed anew: refused for its time, it was never placed."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(faults.ClockSkew(seconds=seconds))
        order = await exchange.place(far_bid("c1"))

        assert order.status is OrderStatus.OPEN
        assert refused(sim) >= 1
        assert [there.client_order_id for there in sim.orders] == ["c1"]


async def test_a_drifting_clock_is_followed() -> None:
    """Two seconds every five minutes, for an hour: no order is refused for its time twice."""
    async with trading(simulator=SLOW, tick_s=5.0) as (sim, _, exchange):
        skew = 0.0
        current = None
        for _ in range(12):
            skew += 2.0
            if current is not None:
                current.remove()
            current = sim.faults.add(faults.ClockSkew(seconds=skew))
            await anyio.sleep(300)
            await exchange.place(far_bid())
        count = refused(sim)

    # The readings come every five minutes too: between two of them the clock may be off by two
    # seconds, of which one ahead is refused and mended.
    assert count <= 12
    assert len(sim.orders) == 12


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize("status", [429, 418])
async def test_a_limit_or_a_ban_stops_everything_until_it_ends(status: int) -> None:
    """Nothing leaves, cancels included, and then it goes on by itself."""
    async with trading(parts=Part.ORDERS) as (sim, _, exchange):
        await anyio.sleep(1)
        sim.faults.add(faults.Respond(to="GET *account*", status=status, retry_after_s=5))
        with pytest.raises(RateLimited) as caught:
            await exchange.balances()
        before = len(asked(sim))
        began = anyio.current_time()
        await exchange.balances()
        took = anyio.current_time() - began

        assert caught.value.retry_after_ns == 5 * 1_000_000_000
        assert took == pytest.approx(5, abs=0.5)
        assert len(asked(sim)) == before + 1


async def test_a_burst_of_mixed_requests_never_draws_a_refusal_and_no_cancel_waits() -> None:
    """Minutes of windows pass; the exchange counts with us, and cancels have room of their own."""
    slow = {"move_every_s": 5.0}
    async with trading(simulator=slow, tick_s=1.0) as (sim, _, exchange):
        questions: tuple[Callable[[], Awaitable[object]], ...] = (
            exchange.server_time,
            lambda: exchange.trades("BTC-USD", limit=1),
            lambda: exchange.tickers("BTC-USD", "ETH-USD"),
            lambda: exchange.open_orders("BTC-USD"),
        )
        room = anyio.CapacityLimiter(200)
        waits: list[float] = []

        async def ask(number: int) -> None:
            async with room:
                while True:
                    try:
                        await questions[number % len(questions)]()
                    except RateLimited:
                        continue  # its time ended at our own gate: nothing was sent
                    return

        async with anyio.create_task_group() as tasks:
            for number in range(BURST):
                tasks.start_soon(ask, number)
            for number in range(BURST // 20):
                await anyio.sleep(1)
                order = await exchange.place(far_bid(f"c{number}"))
                began = anyio.current_time()
                cancelled = await exchange.cancel(order.key)
                waits.append(anyio.current_time() - began)
                assert cancelled.status is OrderStatus.CANCELLED
        replies = [entry.detail for entry in sim.log.of(LogKind.REPLY)]

    assert len(asked(sim)) >= BURST
    assert not [detail for detail in replies if detail.startswith(("4", "5"))]
    assert max(waits) < 1.0


# ---------------------------------------------------------------- streams


async def test_a_dropped_change_of_a_book_is_stale_first_and_then_equal() -> None:
    """To the digit, and without a reconnection."""
    async with trading() as (sim, engine, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            dropped = sim.faults.add(faults.DropFrame(channel="*depth*", after=1))
            await next_of(events, BookStale, seconds=60)
            await until_in_step(events, seconds=60)
            sim.paused = True
            await settle(lambda: is_equal(exchange, sim), seconds=60)
            reader = engine.snapshot()["binance_us/io/market/market-0"]

    assert dropped.fired == 1
    assert reader.restarts == 0


async def test_a_book_is_mended_while_orders_go_on() -> None:
    """Market data and orders do not wait for each other."""
    async with trading() as (sim, _, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK) as events:
            await until_in_step(events)
            for number in range(5):
                # The next frame may tell nothing that the snapshot did not: the one after it does.
                sim.faults.add(faults.DropFrame(channel="*depth*", after=1))
                await next_of(events, BookStale, seconds=60)
                order = await exchange.place(far_bid(f"c{number}"))
                assert order.status is OrderStatus.OPEN
                await until_in_step(events, seconds=60)
            sim.paused = True
            await settle(lambda: is_equal(exchange, sim), seconds=60)

    assert len(sim.orders) == 5


async def test_a_server_that_shuts_down_is_left_before_and_nobody_notices() -> None:
    """The new connection overlaps the old one: no trade twice, none missing, no book stale."""
    async with trading() as (sim, engine, exchange):
        async with exchange.subscribe("BTC-USD", Topic.BOOK, Topic.TRADES) as events:
            await until_in_step(events)
            announced = sim.faults.add(faults.ShutDownServer(surface="stream"))
            trades: list[int] = []
            worse: list[object] = []
            with anyio.move_on_after(60):
                async for event in events:
                    if isinstance(event, TradePrinted):
                        trades.append(int(event.trade_id))
                    elif isinstance(event, BookStale | StreamDisconnected):
                        worse.append(event)
            sim.paused = True
            await settle(lambda: is_equal(exchange, sim), seconds=60)
            reader = engine.snapshot()["binance_us/io/market/market-0"]

    assert announced.fired >= 1
    assert worse == []
    assert reader.restarts == 0
    assert len(trades) > 5
    assert trades == list(range(trades[0], trades[-1] + 1))


@pytest.mark.parametrize("announced", [True, False])
async def test_an_expired_listen_key_is_noticed_and_no_fill_is_lost(
    announced: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The socket stays open and silent; fills of that time are told, once each."""
    async with (
        trading(without=("ws_api",), simulator={"move_every_s": 5.0}, tick_s=1.0) as (
            sim,
            engine,
            exchange,
        ),
        exchange.account_events() as account,
    ):
        await settle(lambda: engine.snapshot()["binance_us/io/user"].detail.is_healthy)
        await exchange.place(far_bid("c1"))
        await anyio.sleep(5)
        expired = sim.faults.add(faults.ExpireListenKey(announced=announced))
        await settle(lambda: expired.fired == 1, seconds=60)
        sim.trade("BTCUSD", SimulatedSide.SELL, Decimal(100_000))
        fills: list[str] = []
        is_filled = False
        with anyio.move_on_after(3 * 3600) as patience:
            async for event in account:
                if isinstance(event, FillReceived):
                    fills.append(event.fill.fill_id)
                elif isinstance(event, OrderUpdated):
                    is_filled |= event.order.status is OrderStatus.FILLED
                if is_filled and fills:
                    # Told once more, it would be now.
                    patience.deadline = anyio.current_time() + 300
        restarts = engine.snapshot()["binance_us/io/user"].restarts

    assert is_filled
    assert len(fills) == len(set(fills)) == 1
    assert restarts >= 1
