"""What a host may ask, answered by the whole engine."""

import asyncio
from decimal import Decimal

import anyio
import pytest
from attrs import evolve

from tests.support.engines import config_for, trading
from tests.support.virtual_time import REAL_BACKENDS
from venuetree.engine import Engine
from venuetree.protocol.builders import bracket, limit_order, market_order, stop_limit_order
from venuetree.protocol.errors import (
    EngineError,
    ExchangeUnavailable,
    InstrumentNotFound,
    OrderInvalid,
    PermissionRefused,
    PostOnlyWouldTake,
    RateLimited,
    ReplyLost,
)
from venuetree.protocol.models import (
    InstrumentStatus,
    LiquidityPreference,
    OrderKey,
    OrderStatus,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.scenarios.faults import Body, LoseReply, Loss, Respond
from venuetree.scenarios.simulated import SimulatedCoinbase, serve
from venuetree.scenarios.simulated.coinbase import Permission, Settings
from venuetree.scenarios.simulated.matching import Side as SimulatedSide

pytestmark = pytest.mark.anyio

MINUTE = 60_000_000_000
HANGING = LoseReply(to="GET /api/v3/brokerage/accounts", how=Loss.HANGING)


async def test_market_data_can_be_asked_for() -> None:
    """Instruments, book, trades, tickers, candles and the clock, in our words."""
    async with trading() as (sim, _, exchange):
        instruments = await exchange.instruments()
        book = await exchange.book_snapshot("BTC-USD", depth=5)
        trades = await exchange.trades("BTC-USD", limit=3)
        tickers = await exchange.tickers("BTC-USD", "ETH-USD")
        now_ns = await exchange.server_time()
        candles = await exchange.candles("BTC-USD", MINUTE, now_ns - 10 * MINUTE, now_ns)
        there = sim.book("BTC-USD", SimulatedSide.BUY)

    bitcoin = {instrument.name: instrument for instrument in instruments}["BTC-USD"]
    assert (bitcoin.base, bitcoin.quote) == ("BTC", "USD")
    assert bitcoin.status is InstrumentStatus.TRADING
    assert len(book.bids) == 5
    assert book.bids[0].price > book.bids[1].price
    assert there
    assert len(trades) == 3
    assert {ticker.instrument for ticker in tickers} == {"BTC-USD", "ETH-USD"}
    assert [c.start_time_ns for c in candles] == sorted(c.start_time_ns for c in candles)


async def test_the_account_can_be_asked_for() -> None:
    """Balances, permissions, fees, orders and fills."""
    async with trading() as (_, _, exchange):
        order = await exchange.place(market_order("BTC-USD", Side.BUY, quantity="0.1"))
        resting = await exchange.place(
            limit_order("BTC-USD", Side.BUY, quantity="0.1", price="20000")
        )
        open_orders = await exchange.open_orders("BTC-USD")
        orders = await exchange.orders("BTC-USD", limit=10)
        fills = await exchange.fills(
            "BTC-USD", order=OrderKey(exchange_order_id=order.exchange_order_id)
        )
        balances = {balance.currency: balance for balance in await exchange.balances()}
        permissions = await exchange.key_permissions()
        fees = await exchange.fees()

    assert [o.client_order_id for o in open_orders] == [resting.client_order_id]
    assert {o.client_order_id for o in orders} == {order.client_order_id, resting.client_order_id}
    assert sum(fill.quantity for fill in fills) == Decimal("0.1")
    assert balances["USD"].hold > 0
    assert balances["USD"].total == balances["USD"].available + balances["USD"].hold
    assert permissions.can_trade
    assert fees.taker_rate is not None


async def test_an_order_is_found_by_our_id_the_exchanges_or_a_key() -> None:
    """Also one of an earlier run, which this engine's ledger does not know."""
    async with trading() as (_, _, exchange):
        order = await exchange.place(
            limit_order("BTC-USD", Side.BUY, quantity="0.1", price="20000", client_order_id="mine")
        )
        found = [
            await exchange.order("mine"),
            await exchange.order(order.exchange_order_id),
            await exchange.order(OrderKey("BTC-USD", client_order_id="mine")),
        ]

    assert {one.exchange_order_id for one in found} == {order.exchange_order_id}


async def test_an_order_of_an_earlier_run_is_cancelled_by_either_id() -> None:
    """Another engine placed them: the exchange knows them, this one's ledger learns of them."""
    sim = SimulatedCoinbase(seed=5, settings=Settings(private_limit=None, public_limit=None))
    async with serve(sim) as running:
        config = config_for(running.endpoints["coinbase"])
        async with Engine(config) as earlier:
            for number in ("one", "two"):
                await earlier["coinbase"].place(
                    limit_order(
                        "BTC-USD", Side.BUY, quantity="0.1", price="20000", client_order_id=number
                    )
                )
        async with Engine(config) as later:
            first = await later["coinbase"].cancel("one")
            second = await later["coinbase"].cancel(sim.orders[1].order_id)

    assert (first.status, second.status) == (OrderStatus.CANCELLED, OrderStatus.CANCELLED)
    assert (first.client_order_id, second.client_order_id) == ("one", "two")


async def test_a_preview_places_nothing() -> None:
    """What it would cost, and no order."""
    async with trading() as (sim, _, exchange):
        preview = await exchange.preview(market_order("BTC-USD", Side.BUY, quantity="0.1"))

    assert preview.problems == ()
    assert preview.total is not None
    assert preview.total > 1000
    assert sim.orders == []


async def test_an_edit_changes_price_and_quantity() -> None:
    """The order keeps its id and has the new terms."""
    async with trading() as (_, _, exchange):
        order = await exchange.place(
            limit_order("BTC-USD", Side.BUY, quantity="0.1", price="20000")
        )
        edited = await exchange.edit(
            order.client_order_id,
            limit_order("BTC-USD", Side.BUY, quantity="0.2", price="21000"),
        )

    assert edited.exchange_order_id == order.exchange_order_id
    assert (edited.price, edited.quantity) == (Decimal(21000), Decimal("0.2"))
    assert edited.status is OrderStatus.OPEN


async def test_every_kind_of_order_can_be_placed() -> None:
    """Market by either size, limits of each duration, post-only, stop, bracket, attached."""
    async with trading() as (sim, _, exchange):
        now_ns = await exchange.server_time()
        requests = [
            market_order("BTC-USD", Side.BUY, quote_quantity="100"),
            market_order("BTC-USD", Side.SELL, quantity="0.01"),
            limit_order("BTC-USD", Side.BUY, quantity="0.01", price="20000"),
            limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.01",
                price="20000",
                liquidity=LiquidityPreference.MAKER_ONLY,
            ),
            limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.01",
                price="20000",
                time_in_force=TimeInForce.GOOD_TILL_DATE,
                expire_time_ns=now_ns + 60 * MINUTE,
            ),
            limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.01",
                price="100000",
                time_in_force=TimeInForce.FILL_OR_KILL,
            ),
            limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.01",
                price="100000",
                time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
            ),
            stop_limit_order(
                "BTC-USD",
                Side.SELL,
                quantity="0.01",
                price="20000",
                stop_price="21000",
                stop_direction=StopDirection.DOWN,
            ),
            evolve(
                limit_order("BTC-USD", Side.BUY, quantity="0.01", price="20000"),
                attached=bracket(take_profit_price="120000", stop_price="15000"),
            ),
        ]
        orders = [await exchange.place(request) for request in requests]

    assert len(sim.orders) >= len(requests)
    assert {order.type for order in orders} == {
        OrderType.MARKET,
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
    }


async def test_refusals_come_typed() -> None:
    """Post-only that would take, an unknown instrument, too small an order."""
    async with trading() as (_, _, exchange):
        with pytest.raises(PostOnlyWouldTake):
            await exchange.place(
                limit_order(
                    "BTC-USD",
                    Side.BUY,
                    quantity="0.01",
                    price="100000",
                    liquidity=LiquidityPreference.MAKER_ONLY,
                )
            )
        with pytest.raises(InstrumentNotFound):
            await exchange.place(limit_order("NOPE-USD", Side.BUY, quantity="1", price="1"))
        with pytest.raises(OrderInvalid):
            await exchange.place(
                limit_order("BTC-USD", Side.BUY, quantity="0.00000001", price="20000")
            )


async def test_a_key_that_may_only_look_cannot_place() -> None:
    """The missing permission is named as such; questions go on working."""
    sim = SimulatedCoinbase(seed=5, settings=Settings(private_limit=None, public_limit=None))
    key = sim.add_key("es256", permissions=frozenset({Permission.VIEW}))
    credentials = {"key_name": key.name, "private_key": key.secret}
    async with (
        serve(sim) as running,
        Engine(config_for(running.endpoints["coinbase"], credentials=credentials)) as engine,
    ):
        exchange = engine["coinbase"]
        balances = await exchange.balances()
        with pytest.raises(PermissionRefused):
            await exchange.place(limit_order("BTC-USD", Side.BUY, quantity="0.01", price="20000"))

    assert balances


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, Body.JSON, RateLimited),
        (429, Body.HTML, RateLimited),
        (429, Body.EMPTY, RateLimited),
        (503, Body.HTML, ExchangeUnavailable),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
async def test_a_failing_exchange_is_told_by_its_kind(
    status: int, body: Body, error: type[EngineError]
) -> None:
    """By the status, whatever the body looks like."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(Respond(to="GET /api/v3/brokerage/accounts", status=status, body=body))
        with pytest.raises(error):
            await exchange.balances()


async def test_a_lost_answer_to_a_question_says_that_nothing_changed() -> None:
    """The host may simply ask again."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(LoseReply(to="GET /api/v3/brokerage/accounts"))
        with pytest.raises(ReplyLost):
            await exchange.balances()
        balances = await exchange.balances()

    assert balances


async def test_a_question_may_be_given_up() -> None:
    """The host's scope ends it, at once, and the next question is answered."""
    async with trading() as (sim, engine, exchange):
        sim.faults.add(HANGING)
        with anyio.move_on_after(0.1) as scope:
            await exchange.balances()
        balances = await exchange.balances()
        rest = engine.snapshot()["coinbase/io/rest"]

    assert scope.cancelled_caught
    assert balances
    assert (rest.restarts, rest.in_flight) == (0, 0)


@pytest.mark.parametrize("anyio_backend", REAL_BACKENDS[:1], indirect=True)
async def test_a_question_may_be_given_up_by_asyncios_own_means() -> None:
    """`asyncio.timeout` and `wait_for` are the host's affair: nothing of ours takes them ill."""
    async with trading() as (sim, engine, exchange):
        sim.faults.add(HANGING)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await exchange.balances()
        sim.faults.add(HANGING)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(exchange.balances(), 0.1)
        balances = await exchange.balances()
        rest = engine.snapshot()["coinbase/io/rest"]

    assert balances
    assert (rest.restarts, rest.in_flight) == (0, 0)
