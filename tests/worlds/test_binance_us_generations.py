"""Both generations of Binance.US's protocol, through the whole engine: the same to a host."""

from decimal import Decimal

import pytest

from tests.support.binance_us_world import far_bid, refused, trading
from tests.support.engines import next_of, settle, until_in_step
from venuetree.protocol.builders import limit_order, market_order, oco
from venuetree.protocol.events import FillReceived, TradePrinted
from venuetree.protocol.exchanges.binance_us import OrderWay
from venuetree.protocol.models import OrderStatus, Side, TimeInForce, Topic
from venuetree.scenarios.simulated.binance_us import Profile
from venuetree.scenarios.simulated.matching import Side as SimulatedSide

pytestmark = pytest.mark.anyio

D = Decimal
BOTH = pytest.mark.parametrize("profile", list(Profile))


@BOTH
@pytest.mark.parametrize("way", list(OrderWay))
async def test_orders_live_and_end(profile: Profile, way: OrderWay) -> None:
    """Resting, executed, expired, in pairs, replaced, and cancelled all together."""
    async with trading(simulator={"profile": profile}, orders_by=way) as (sim, engine, exchange):
        if way is OrderWay.WS_API:
            await settle(lambda: engine.snapshot()["binance_us/io/messages"].detail.is_connected)
        resting = await exchange.place(far_bid("rest"))
        bought = await exchange.place(market_order("BTC-USD", Side.BUY, quantity="0.5"))
        gone = await exchange.place(
            limit_order(
                "BTC-USD",
                Side.BUY,
                quantity="0.01",
                price="20000",
                time_in_force=TimeInForce.FILL_OR_KILL,
            )
        )
        limit, stop = await exchange.place_oco(
            oco(
                "BTC-USD",
                Side.SELL,
                quantity="0.01",
                price="70000",
                stop_price="60000",
                stop_limit_price="59000",
            )
        )
        replaced = await exchange.replace(resting.key, far_bid("other", "0.02"))
        ended = await exchange.cancel_all("BTC-USD")
        fills = await exchange.fills("BTC-USD", order=bought.key)

        assert resting.status is OrderStatus.OPEN
        assert (bought.status, bought.filled_quantity) == (OrderStatus.FILLED, D("0.5"))
        assert sum(fill.quantity for fill in fills) == D("0.5")
        assert gone.status is OrderStatus.EXPIRED
        assert {order.client_order_id for order in ended} == {
            limit.client_order_id,
            stop.client_order_id,
            replaced.client_order_id,
        }
        assert await exchange.open_orders("BTC-USD") == ()
        assert refused(sim) == 0


@BOTH
async def test_markets_and_the_accounts_own_stream_are_heard(profile: Profile) -> None:
    """The book equals the exchange's, a trade is told, and an execution of ours once."""
    async with (
        trading(simulator={"profile": profile}) as (sim, _, exchange),
        exchange.account_events() as account,
        exchange.subscribe("BTC-USD", Topic.TRADES, Topic.BOOK) as feed,
    ):
        await until_in_step(feed)
        trade = await next_of(feed, TradePrinted)
        sim.paused = True
        order = await exchange.place(far_bid("c1"))
        sim.trade("BTCUSD", SimulatedSide.SELL, D(100_000))
        fill = await next_of(account, FillReceived)

        def is_equal() -> bool:
            book = exchange.book("BTC-USD")
            ours = [tuple(level) for level in book.bids()] if book is not None else None
            return ours == sim.book("BTCUSD", SimulatedSide.BUY)

        await settle(is_equal)
        assert trade.instrument == "BTC-USD"
        assert (fill.fill.client_order_id, fill.fill.quantity) == ("c1", order.quantity)
