"""Pairs of orders on Binance.US, through the whole engine: one list, and both end together."""

from decimal import Decimal

import anyio
import pytest

from tests.support.binance_us_world import (
    ASKING_ONLY,
    SLOW,
    asked,
    far_bid,
    known,
    pair,
    trading,
    until_known,
)
from venuetree.protocol.errors import OrderInvalid, OrderRejected
from venuetree.protocol.models import OrderStatus
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.supervisors.wiring import Part

D = Decimal
pytestmark = pytest.mark.anyio

PAIRS = "POST /api/v3/order/oco"


async def test_a_pair_is_two_orders_of_one_list() -> None:
    """Each is an order of its own, by its own id."""
    async with trading() as (sim, _, exchange):
        limit, stop = await exchange.place_oco(pair())

        assert (limit.client_order_id, stop.client_order_id) == ("limit", "stop")
        assert {limit.status, stop.status} == {OrderStatus.OPEN}
        assert limit.list_id == stop.list_id != ""
        assert (limit.price, stop.price, stop.stop_price) == (D(70000), D(59000), D(60000))
        assert len(sim.orders) == 2
        assert len({order.list_id for order in sim.orders}) == 1


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
async def test_the_execution_of_one_ends_the_other(parts: Part) -> None:
    """Told by the stream, or, without it, asked for once the one is known to have ended."""
    async with trading(parts=parts) as (sim, _, exchange):
        limit, _ = await exchange.place_oco(pair())
        sim.trade("BTCUSD", SimulatedSide.BUY, D(100_000))
        if parts is ASKING_ONLY:
            await exchange.order(limit.key)
        await until_known(exchange, limit=OrderStatus.FILLED, stop=OrderStatus.EXPIRED)


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
async def test_the_cancel_of_one_ends_both(parts: Part) -> None:
    """The exchange renames both; both stay ours by their own ids."""
    async with trading(parts=parts) as (_, _, exchange):
        _, stop = await exchange.place_oco(pair())
        cancelled = await exchange.cancel(stop.key)

        assert cancelled.status is OrderStatus.CANCELLED
        await until_known(exchange, limit=OrderStatus.CANCELLED, stop=OrderStatus.CANCELLED)


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
@pytest.mark.parametrize(
    "fault", [faults.LoseReply(to=PAIRS), faults.Respond(to=PAIRS, status=503, applied=True)]
)
async def test_a_pair_whose_reply_is_lost_is_known_and_is_one(
    parts: Part, fault: faults.Fault
) -> None:
    """Each of the two is found by its own id; nothing is sent again."""
    async with trading(parts=parts) as (sim, _, exchange):
        added = sim.faults.add(fault)
        limit, stop = await exchange.place_oco(pair())

        assert added.fired == 1
        assert (limit.status, stop.status) == (OrderStatus.OPEN, OrderStatus.OPEN)
        assert asked(sim).count(PAIRS) == 1
        assert len(sim.orders) == 2


async def test_a_pair_that_never_arrived_is_proved_absent_in_the_end() -> None:
    """Both of it, and not before a late copy would be refused."""
    async with trading(simulator=SLOW, tick_s=0.5) as (sim, _, exchange):
        sim.faults.add(faults.LoseRequest(to=PAIRS))
        began = anyio.current_time()
        with pytest.raises(OrderRejected, match="would accept it no more"):
            await exchange.place_oco(pair(), timeout=600)
        took = anyio.current_time() - began

        assert sim.orders == []
        assert 120 <= took < 180
        await until_known(exchange, limit=OrderStatus.REJECTED, stop=OrderStatus.REJECTED)


async def test_a_refused_pair_leaves_neither_order() -> None:
    """Both prices above the market: only the exchange can tell."""
    async with trading() as (sim, _, exchange):
        with pytest.raises(OrderRejected, match="relationship of the prices"):
            await exchange.place_oco(pair(stop_price="69000", stop_limit_price="68000"))

        assert sim.orders == []
        assert set((await known(exchange)).values()) == {OrderStatus.REJECTED}


async def test_an_id_used_before_sends_nothing_of_a_pair() -> None:
    """Neither the one that is new."""
    async with trading() as (sim, _, exchange):
        await exchange.place(far_bid("stop"))
        with pytest.raises(OrderInvalid, match="a client order id of its own"):
            await exchange.place_oco(pair())

        assert PAIRS not in asked(sim)
        assert await known(exchange) == {"stop": OrderStatus.OPEN, "limit": OrderStatus.REJECTED}


async def test_a_symbol_that_takes_no_pairs_is_asked_for_none() -> None:
    """`exchangeInfo` says so."""

    def without_pairs(sim: SimulatedBinanceUs) -> None:
        sim.change_instrument("BTCUSD", oco_allowed=False)

    async with trading(prepare=without_pairs) as (sim, _, exchange):
        with pytest.raises(OrderInvalid, match="takes no pairs"):
            await exchange.place_oco(pair())

        assert PAIRS not in asked(sim)


async def test_pairs_count_as_two_orders_and_one_stop() -> None:
    """Five stops may wait for a symbol; the sixth is refused here."""
    async with trading() as (sim, _, exchange):
        for number in range(5):
            await exchange.place_oco(pair(f"l{number}", f"s{number}"))
        with pytest.raises(OrderInvalid) as caught:
            await exchange.place_oco(pair("l5", "s5"))

        assert (caught.value.rule, caught.value.bound) == ("MAX_NUM_ALGO_ORDERS", "5")
        assert len(sim.orders) == 10
