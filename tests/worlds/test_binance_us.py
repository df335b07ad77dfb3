"""Binance.US through the whole engine, on virtual time: clocks, limits, keys, books, orders."""

import anyio
import pytest

from tests.support.binance_us_world import ORDERS, SLOW, asked, far_bid, refused, trading
from tests.support.engines import next_of, settle, until_in_step
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.events import BookStale
from venuetree.protocol.exchanges.binance_us import OrderWay
from venuetree.protocol.models import OrderStatus, Side, Topic
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio


def is_equal(handle: ExchangeHandle, sim: SimulatedBinanceUs) -> bool:
    """Whether our book's levels are the simulator's, as exact decimals."""
    book = handle.book("BTC-USD")
    if book is None or not book.in_step:
        return False
    ours = ([tuple(level) for level in book.bids()], [tuple(level) for level in book.asks()])
    theirs = tuple(sim.book("BTCUSD", side) for side in (SimulatedSide.BUY, SimulatedSide.SELL))
    return ours == theirs


# ---------------------------------------------------------------- orders


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


# ---------------------------------------------------------------- streams


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
