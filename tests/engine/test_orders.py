"""Orders through the whole engine: never lost, never doubled."""

from decimal import Decimal

import anyio
import pytest

from tests.support.engines import next_of, settle, trading
from venuetree.protocol.builders import limit_order, market_order, oco
from venuetree.protocol.errors import (
    CancelRefused,
    InsufficientFunds,
    NotSupported,
    OrderInvalid,
    OrderNotFound,
    OutcomeUnknown,
    TransportError,
)
from venuetree.protocol.events import FillReceived, OrderUpdated
from venuetree.protocol.models import OrderRequest, OrderStatus, Side
from venuetree.scenarios.faults import (
    DelayFills,
    LoseReply,
    LoseRequest,
    Loss,
    ResetConnection,
    Respond,
)
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.matching import Side as SimulatedSide
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

ORDERS = "POST /api/v3/brokerage/orders"
CANCELS = "POST /api/v3/brokerage/orders/batch_cancel"


def far_bid(client_order_id: str = "", quantity: str = "0.01") -> OrderRequest:
    """A limit order that rests: far below the market."""
    return limit_order(
        "BTC-USD",
        Side.BUY,
        quantity=quantity,
        price="20000",
        client_order_id=client_order_id,
    )


async def test_a_limit_order_rests_and_is_cancelled() -> None:
    """Placing gives the order as the exchange holds it, cancelling its end."""
    async with trading() as (sim, _, exchange):
        order = await exchange.place(far_bid())
        cancelled = await exchange.cancel(order.client_order_id)

        assert order.status is OrderStatus.OPEN
        assert cancelled.status is OrderStatus.CANCELLED
        assert [there.client_order_id for there in sim.orders] == [order.client_order_id]


async def test_a_market_order_fills_and_each_fill_is_told_once() -> None:
    """The executions told add up to the order, and to what the simulator's account paid."""
    async with trading() as (sim, _, exchange), exchange.account_events() as events:
        placed = await exchange.place(market_order("BTC-USD", Side.BUY, quantity="0.5"))
        fills: dict[str, Decimal] = {}
        told = 0
        with anyio.fail_after(10):
            async for event in events:
                if isinstance(event, FillReceived):
                    told += 1
                    fills[event.fill.fill_id] = event.fill.quantity
                if sum(fills.values()) == Decimal("0.5"):
                    break
        order = await exchange.order(placed.client_order_id)

        assert order.status is OrderStatus.FILLED
        assert order.filled_quantity == Decimal("0.5")
        assert told == len(fills) == len(sim.orders[0].fills)


@pytest.mark.parametrize("how", list(Loss), ids=lambda how: how.name.lower())
async def test_an_order_whose_reply_is_lost_after_it_was_applied_is_one_known_order(
    how: Loss,
) -> None:
    """The reply is lost, the order is there: the engine finds out, and there is one order."""
    async with trading() as (sim, _, exchange), exchange.account_events() as events:
        fault = sim.faults.add(LoseReply(to=ORDERS, how=how))
        order = await exchange.place(far_bid())
        statuses = []
        while OrderStatus.OPEN not in statuses:
            statuses.append((await next_of(events, OrderUpdated)).order.status)

        assert fault.fired == 1
        assert order.status is OrderStatus.OPEN
        assert OrderStatus.REJECTED not in statuses
        assert [there.client_order_id for there in sim.orders] == [order.client_order_id]


async def test_an_order_that_never_arrived_is_placed_once_while_its_owner_waits() -> None:
    """The request is lost on its way: an identical body is sent again, once it is safe."""
    async with trading() as (sim, _, exchange):
        fault = sim.faults.add(LoseRequest(to=ORDERS))
        order = await exchange.place(far_bid())

        assert fault.fired == 1
        assert order.status is OrderStatus.OPEN
        assert len(sim.orders) == 1


@pytest.mark.parametrize("status", [429, 500, 503], ids=str)
async def test_a_server_failure_on_an_order_is_resolved_and_not_called_a_refusal(
    status: int,
) -> None:
    """429 and 5xx on an order prove nothing: the engine asks, and finds the one order."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(Respond(to=ORDERS, status=status, applied=True))
        order = await exchange.place(far_bid())

        assert order.status is OrderStatus.OPEN
        assert len(sim.orders) == 1


async def test_an_order_unknown_when_its_owners_time_ends_is_resolved_later() -> None:
    """The owner gets OutcomeUnknown with the id; the engine goes on and tells how it ended."""
    parts = Part.ALL & ~Part.USER_STREAM
    async with (
        trading(parts=parts) as (sim, engine, exchange),
        exchange.account_events() as events,
    ):
        lost = sim.faults.add(LoseReply(to=ORDERS, times=None))
        hidden = sim.faults.add(
            Respond(to="GET /api/v3/brokerage/orders/*", status=503, times=None)
        )
        with pytest.raises(OutcomeUnknown) as caught:
            await exchange.place(far_bid("mine"), timeout=1.5)
        snapshot = engine.snapshot()["coinbase/io/orders"].detail
        lost.remove()
        hidden.remove()
        updated = await next_of(events, OrderUpdated, seconds=30)
        while updated.order.status is not OrderStatus.OPEN:
            updated = await next_of(events, OrderUpdated, seconds=30)

        assert caught.value.client_order_id == "mine"
        assert snapshot.unknown == ("mine",)
        assert [there.client_order_id for there in sim.orders] == ["mine"]


async def test_a_lost_cancel_reply_ends_as_a_cancelled_order() -> None:
    """A cancel without a verdict is resolved by asking."""
    async with trading() as (sim, _, exchange):
        order = await exchange.place(far_bid())
        fault = sim.faults.add(LoseReply(to=CANCELS))
        cancelled = await exchange.cancel(order.client_order_id)

        assert fault.fired == 1
        assert cancelled.status is OrderStatus.CANCELLED


async def test_cancelling_a_filled_order_is_refused_with_its_state() -> None:
    """There is nothing to cancel, and the error says what the order is."""
    async with trading() as (_, _, exchange):
        order = await exchange.place(market_order("BTC-USD", Side.SELL, quantity="0.01"))
        with pytest.raises(CancelRefused, match="filled already"):
            await exchange.cancel(order.client_order_id)


@pytest.mark.parametrize("fault", [None, LoseReply(to=CANCELS)])
async def test_all_open_orders_are_cancelled_and_seen_to_end(fault: LoseReply | None) -> None:
    """Of one instrument, then of all."""
    async with trading() as (sim, _, exchange):
        for number in range(3):
            await exchange.place(far_bid(client_order_id=f"c{number}"))
        if fault is not None:
            sim.faults.add(fault)
        assert await exchange.cancel_all("ETH-USD") == ()
        ended = await exchange.cancel_all()

        assert {order.client_order_id for order in ended} == {"c0", "c1", "c2"}
        assert {order.status for order in ended} == {OrderStatus.CANCELLED}
        assert await exchange.open_orders() == ()


async def test_what_an_exchange_cannot_do_is_refused_before_anything_is_sent() -> None:
    """Pairs and replacements are another exchange's."""
    pair = oco(
        "BTC-USD", Side.SELL, quantity="1", price="90000", stop_price="9", stop_limit_price="8"
    )
    async with trading() as (_, _, exchange):
        order = await exchange.place(far_bid())
        with pytest.raises(NotSupported, match="one cancels the other"):
            await exchange.place_oco(pair)
        with pytest.raises(NotSupported, match="replacing"):
            await exchange.replace(order.key, far_bid())

        assert await exchange.known_orders() == (order,)


async def test_cancelling_what_nobody_knows_says_so() -> None:
    """An id of no order is told, not waited for."""
    async with trading() as (_, _, exchange):
        with pytest.raises(OrderNotFound):
            await exchange.cancel("00000000-0000-4000-8000-000000000000")


async def test_an_order_that_the_account_cannot_pay_is_refused_as_such() -> None:
    """The exchange's refusal arrives typed, and nothing is placed."""
    async with trading() as (sim, _, exchange):
        with pytest.raises(InsufficientFunds) as caught:
            await exchange.place(
                limit_order("BTC-USD", Side.BUY, quantity="300", price="25000", client_order_id="x")
            )
        known = {order.client_order_id: order.status for order in await exchange.known_orders()}

        assert caught.value.code == "INSUFFICIENT_FUND"
        assert known == {"x": OrderStatus.REJECTED}
        assert sim.orders == []


async def test_an_order_off_the_tick_is_refused_before_anything_is_sent() -> None:
    """Nothing is rounded; the error names the rule."""
    async with trading() as (sim, _, exchange):
        before = len(tuple(sim.log.of(LogKind.REQUEST)))
        with pytest.raises(OrderInvalid, match="price_increment"):
            await exchange.place(
                limit_order("BTC-USD", Side.BUY, quantity="0.01", price="20000.001")
            )
        asked = [entry.subject for entry in sim.log.of(LogKind.REQUEST)][before:]

        assert not [subject for subject in asked if subject.startswith("POST")]


async def test_fills_that_the_user_stream_does_not_tell_are_fetched_once_they_appear() -> None:
    """The stream tells sums only; executions come from the fills list, late, and count once."""
    async with trading() as (sim, _, exchange), exchange.account_events() as events:
        sim.faults.add(DelayFills(for_s=1.0))
        await exchange.place(market_order("BTC-USD", Side.BUY, quantity="0.2"))
        total = Decimal(0)
        seen = set()
        while total < Decimal("0.2"):
            fill = (await next_of(events, FillReceived)).fill
            assert fill.fill_id not in seen
            seen.add(fill.fill_id)
            total += fill.quantity

        assert total == Decimal("0.2")


async def test_a_fill_while_the_user_stream_is_down_is_learned() -> None:
    """The stream is cut, the order fills meanwhile, and the engine tells it after reconnecting."""
    async with trading() as (sim, _, exchange), exchange.account_events() as events:
        order = await exchange.place(far_bid(quantity="0.01"))
        sim.faults.add(ResetConnection(channel="user"))
        sim.trade("BTC-USD", SimulatedSide.SELL, Decimal(100_000))
        filled = await next_of(events, FillReceived, seconds=20)

        assert filled.fill.client_order_id == order.client_order_id


async def test_an_exchange_that_refuses_connections_leaves_the_order_unsent() -> None:
    """Nothing was sent, and the error says so: the order is not unknown."""
    async with trading() as (sim, _, exchange):
        await exchange.instruments("BTC-USD")
    with pytest.raises(TransportError):
        await exchange.place(far_bid())
    assert sim.orders == []


async def test_placing_resolves_even_when_cancelled_by_its_host() -> None:
    """A host that stops waiting leaves the order to the engine, which follows it."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(LoseReply(to=ORDERS, how=Loss.HANGING))
        with anyio.move_on_after(0.3):
            await exchange.place(far_bid("left"))
        await settle(lambda: len(sim.orders) == 1)

        assert [order.client_order_id for order in await exchange.known_orders()] == ["left"]
