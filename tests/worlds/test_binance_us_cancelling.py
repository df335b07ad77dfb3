"""Orders cancelled on Binance.US, through the whole engine: all by one request, each looked at."""

from decimal import Decimal
from urllib.parse import urlencode

import anyio
import pytest

from tests.scenarios.plain_binance_us import sign
from tests.support.binance_us_world import ASKING_ONLY, asked, bid, given_id, pair, trading
from tests.support.engines import settle
from venuetree.exchange import ExchangeHandle
from venuetree.protocol.builders import limit_order
from venuetree.protocol.errors import (
    CancelIncomplete,
    CancelRefused,
    OrderInvalid,
    PermissionRefused,
)
from venuetree.protocol.models import OrderStatus, Side
from venuetree.scenarios import faults
from venuetree.scenarios.simulated.binance_us import SimulatedBinanceUs
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.scenarios.simulated.wire import Request
from venuetree.supervisors.wiring import Part

D = Decimal
pytestmark = pytest.mark.anyio

ALL = "DELETE /api/v3/openOrders"


async def several(exchange: ExchangeHandle) -> None:
    """Two orders of one instrument, a pair, and one of another instrument."""
    await exchange.place(bid("a"))
    await exchange.place(bid("b", "22000"))
    await exchange.place_oco(pair())
    await exchange.place(
        limit_order("ETH-USD", Side.BUY, quantity="1", price="1000", client_order_id="e")
    )


def still_open(sim: SimulatedBinanceUs) -> list[str]:
    """The orders that have not ended at the exchange, by the ids that they were given."""
    return [given_id(order) for order in sim.orders if not order.status.over]


async def test_all_orders_of_an_instrument_are_cancelled_by_one_request() -> None:
    """Those of other instruments stay."""
    async with trading() as (sim, _, exchange):
        await several(exchange)
        ended = await exchange.cancel_all("BTC-USD")

        assert {order.client_order_id for order in ended} == {"a", "b", "limit", "stop"}
        assert {order.status for order in ended} == {OrderStatus.CANCELLED}
        assert still_open(sim) == ["e"]
        assert [line for line in asked(sim) if line.startswith("DELETE")] == [ALL]


@pytest.mark.parametrize("parts", [Part.ALL, ASKING_ONLY])
@pytest.mark.parametrize(
    "fault",
    [
        None,
        faults.LoseReply(to=ALL),
        faults.LoseRequest(to=ALL),
        faults.Respond(to=ALL, status=503),
        faults.LaggingOpenOrders(for_s=3),
        faults.StaleReplica(for_s=3),
    ],
)
async def test_all_orders_end_whatever_becomes_of_that_request(
    fault: faults.Fault | None, parts: Part
) -> None:
    """Each is looked at by itself; one that is open still is cancelled by itself."""
    async with trading(parts=parts) as (sim, _, exchange):
        await several(exchange)
        if fault is not None:
            sim.faults.add(fault)
        ended = await exchange.cancel_all(timeout=60)

        assert {order.client_order_id for order in ended} == {"a", "b", "limit", "stop", "e"}
        assert {order.status for order in ended} == {OrderStatus.CANCELLED}
        assert still_open(sim) == []


async def test_a_sweep_that_hangs_leaves_time_for_the_orders() -> None:
    """Half of it at most: an emergency does not wait for one answer."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await several(exchange)
        sim.faults.add(faults.LoseRequest(to=ALL, how=faults.Loss.HANGING, times=None))
        ended = await exchange.cancel_all("BTC-USD", timeout=10)

        assert len(ended) == 4
        assert still_open(sim) == ["e"]


async def test_where_nothing_is_open_nothing_is_cancelled_and_nothing_is_wrong() -> None:
    """The exchange calls it an unknown order."""
    async with trading() as (_, _, exchange):
        assert await exchange.cancel_all("BTC-USD") == ()
        assert await exchange.cancel_all() == ()


def place_beside(sim: SimulatedBinanceUs, client_order_id: str) -> None:
    """Have another program of the same account place an order."""
    pairs = {
        "symbol": "BTCUSD",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "21000",
        "newClientOrderId": client_order_id,
        "timestamp": str(sim.venue.now_ms()),
    }
    body = urlencode(pairs)
    body += f"&signature={sign(sim.key.secret, body)}"
    headers = {
        "x-mbx-apikey": sim.key.key,
        "content-type": "application/x-www-form-urlencoded",
    }
    request = Request(
        method="POST", path="/api/v3/order", query=(), headers=headers, body=body.encode()
    )
    assert sim.handle("rest", request).response.status == 200


async def test_an_order_of_somebody_else_in_the_account_is_cancelled_too() -> None:
    """It is the account's orders that end, not only ours."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("a"))
        place_beside(sim, "theirs")
        ended = await exchange.cancel_all("BTC-USD")

        assert {order.client_order_id for order in ended} == {"a", "theirs"}
        assert still_open(sim) == []


async def test_an_order_on_its_way_is_waited_for_and_cancelled() -> None:
    """It arrives behind the sweep: that it is not open yet is no reason to let it rest."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(faults.DelayRequest(to="POST /api/v3/order", delay_s=2))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(exchange.place, bid("late"))
            await settle(lambda: "POST /api/v3/order" in asked(sim))
            ended = await exchange.cancel_all(timeout=30)

        assert [order.client_order_id for order in ended] == ["late"]
        assert still_open(sim) == []


async def test_a_number_that_two_instruments_have_names_neither_order() -> None:
    """Numbers are an instrument's own: without it a bare one could cancel the wrong order."""
    async with trading() as (sim, _, exchange):
        one = await exchange.place(bid("a"))
        await exchange.place(
            limit_order("ETH-USD", Side.BUY, quantity="1", price="1000", client_order_id="e")
        )
        assert sim.orders[0].order_id == sim.orders[1].order_id
        with pytest.raises(OrderInvalid, match="name the instrument too"):
            await exchange.cancel(one.exchange_order_id)
        cancelled = await exchange.cancel(one.exchange_order_id, instrument="ETH-USD")

        assert cancelled.client_order_id == "e"
        assert still_open(sim) == ["a"]


async def test_one_that_fills_before_its_cancel_is_told_as_filled() -> None:
    """Its end is what the exchange says."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.trade("BTCUSD", SimulatedSide.SELL, D(100_000))
        (ended,) = await exchange.cancel_all("BTC-USD")

        assert (ended.client_order_id, ended.status) == ("a", OrderStatus.FILLED)


async def test_what_may_be_open_still_is_named() -> None:
    """The others have ended."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.faults.add(faults.Respond(to="DELETE *", status=503, times=None))
        with pytest.raises(CancelIncomplete, match="may be open still: a") as caught:
            await exchange.cancel_all(timeout=5)

        assert caught.value.order_ids == ("a",)

        assert still_open(sim) == ["a"]


async def test_where_the_open_orders_cannot_be_listed_some_may_be_left() -> None:
    """Of others: ours are known. Nothing is named then."""
    async with trading(parts=ASKING_ONLY) as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.faults.add(faults.Respond(to="GET /api/v3/openOrders", status=503, times=None))
        with pytest.raises(CancelIncomplete, match="could not be listed") as caught:
            await exchange.cancel_all("BTC-USD")

        assert caught.value.order_ids == ()
        assert still_open(sim) == []


async def test_a_cancel_that_is_refused_while_the_order_is_open_is_told_so() -> None:
    """It would be refused again."""
    refusal = '{"code":-2011,"msg":"Order was not canceled due to cancel restrictions."}'
    async with trading() as (sim, _, exchange):
        order = await exchange.place(bid("a"))
        sim.faults.add(
            faults.Respond(to="DELETE /api/v3/order", status=400, body_text=refusal, times=None)
        )
        began = anyio.current_time()
        with pytest.raises(CancelRefused, match="cancel restrictions"):
            await exchange.cancel(order.key)

        assert anyio.current_time() - began < 1
        assert still_open(sim) == ["a"]


async def test_a_key_that_may_not_trade_is_told_so() -> None:
    """No order is looked at for that."""
    async with trading() as (sim, _, exchange):
        await exchange.place(bid("a"))
        sim.faults.add(
            faults.Respond(
                to=ALL,
                status=400,
                body_text='{"code":-2011,"msg":"This action is disabled on this account."}',
            )
        )
        with pytest.raises(PermissionRefused):
            await exchange.cancel_all("BTC-USD")
