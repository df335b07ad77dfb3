"""Orders on paper that are changed, previewed, closed or halted, through the whole engine."""

from decimal import Decimal
from typing import Any

import anyio
import pytest

from tests.support.oanda_world import hearing, settled
from tests.support.paper_world import (
    BINANCE_US,
    COINBASE,
    OANDA,
    SPOT,
    Place,
    asks,
    buy_at,
    on_paper_at,
    watching,
)
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.errors import (
    CancelRefused,
    ExchangeRefused,
    InstrumentNotFound,
    InsufficientFunds,
    MarketHalted,
    NotSupported,
    OrderInvalid,
    OrderRejected,
    PositionNotFound,
)
from venuetree.protocol.events import FillReceived
from venuetree.protocol.models import OrderStatus, Side
from venuetree.protocol.numbers import add
from venuetree.scenarios.simulated.log import LogKind

pytestmark = pytest.mark.anyio


def requests_of(sim: Any) -> list[str]:
    """Every request that the exchange has had."""
    return [entry.subject for entry in sim.log.of(LogKind.REQUEST)]


# ---------------------------------------------------------------- edits and replacements


async def test_an_edited_order_keeps_its_ids_and_is_matched_anew() -> None:
    """It takes what it reaches now; an edit that cannot be leaves it as it is."""
    async with on_paper_at(COINBASE, balances={"USD": "200000"}) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, COINBASE):
                best = asks(exchange, COINBASE, 1)[0]
                order = await exchange.place(buy_at(COINBASE, 20000, "0.001"))
                with pytest.raises(ExchangeRefused):
                    await exchange.edit(order.key, buy_at(COINBASE, 20000, "100"))
                unchanged = await exchange.order(order.key)
                edited = await exchange.edit(order.key, buy_at(COINBASE, best.price, "0.002"))
                await settled(lambda: bool(heard.of(FillReceived)))
                with pytest.raises(ExchangeRefused):
                    await exchange.edit(order.key, buy_at(COINBASE, best.price, "0.003"))
                held = {balance.hold for balance in await exchange.balances()}

    assert (unchanged.price, unchanged.quantity) == (Decimal(20000), Decimal("0.001"))
    assert edited.exchange_order_id == order.exchange_order_id
    assert (edited.status, edited.filled_quantity) == (OrderStatus.FILLED, Decimal("0.002"))
    assert edited.average_price == best.price
    assert [event.fill.quantity for event in heard.of(FillReceived)] == [Decimal("0.002")]
    assert held == {Decimal(0)}


async def test_a_replaced_order_gives_way_to_the_new_one() -> None:
    """Its hold is free for that; of one that was executed in part only if that is wanted."""
    async with on_paper_at(BINANCE_US, balances={"USD": "1000000"}) as (_, _, exchange):
        async with watching(exchange, BINANCE_US):
            best = asks(exchange, BINANCE_US, 1)[0]
            old = await exchange.place(buy_at(BINANCE_US, 20000, "0.001"))
            new = await exchange.replace(old.key, buy_at(BINANCE_US, 21000, "0.001"))
            gone = await exchange.order(old.key)
            partly = await exchange.place(
                buy_at(BINANCE_US, best.price, add(best.quantity, Decimal("0.001")))
            )
            with pytest.raises(CancelRefused):
                await exchange.replace(partly.key, buy_at(BINANCE_US, 22000, "0.001"))
            still = await exchange.order(partly.key)
            last = await exchange.replace(
                partly.key, buy_at(BINANCE_US, 22000, "0.001"), if_partially_filled=True
            )
            with pytest.raises(InsufficientFunds):
                await exchange.replace(last.key, buy_at(BINANCE_US, 22000, "100"))
            open_orders = await exchange.open_orders()
            held = {b.currency: b.hold for b in await exchange.balances()}

    assert (gone.status, new.status) == (OrderStatus.CANCELLED, OrderStatus.OPEN)
    assert (partly.status, still.status) == (OrderStatus.PARTIALLY_FILLED,) * 2
    assert last.status is OrderStatus.OPEN
    assert [order.exchange_order_id for order in open_orders] == [new.exchange_order_id]
    assert held["USD"] == Decimal(21)


async def test_cancel_all_ends_what_waits_and_nothing_else() -> None:
    """Of one instrument, or of all."""
    async with on_paper_at(COINBASE) as (_, _, exchange):
        bitcoin = await exchange.place(buy_at(COINBASE, 20000, "0.001"))
        ether = await exchange.place(limit_order("ETH-USD", Side.BUY, quantity="0.01", price="100"))
        first = await exchange.cancel_all("ETH-USD")
        second = await exchange.cancel_all()
        left = await exchange.open_orders()

    assert [order.exchange_order_id for order in first] == [ether.exchange_order_id]
    assert [order.exchange_order_id for order in second] == [bitcoin.exchange_order_id]
    assert left == ()


# ---------------------------------------------------------------- previews


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_a_preview_tells_what_the_order_then_costs(place: Place) -> None:
    """And places nothing."""
    async with on_paper_at(place) as (_, _, exchange):
        request = market_order(place.instrument, Side.BUY, quantity=place.size)
        preview = await exchange.preview(request)
        orders = await exchange.orders()
        order = await exchange.place(request)
        (fill,) = await exchange.fills()

    assert orders == ()
    assert preview.problems == ()
    assert preview.average_price == order.average_price
    is_in_base = fill.fee_currency == "BTC"
    assert preview.fee == (fill.fee * fill.price if is_in_base else fill.fee)


async def test_a_preview_on_margin_is_refused_before_anything_is_asked() -> None:
    """Neither prices nor a book."""
    async with on_paper_at(OANDA) as (sim, engine, exchange):
        await exchange.instruments()
        before = requests_of(sim)
        with pytest.raises(NotSupported, match="previews"):
            await exchange.preview(market_order("EUR-JPY", Side.BUY, quantity="100"))
        after = requests_of(sim)
        watched = engine.snapshot()["oanda/io/paper"].detail.watched

    assert after == before
    assert watched == ()


async def test_an_instrument_that_is_not_traded_is_said() -> None:
    """By its name."""
    async with on_paper_at(COINBASE) as (_, _, exchange):
        with pytest.raises(InstrumentNotFound):
            await exchange.place(
                limit_order("NO-USD", Side.BUY, quantity="1", price="1", client_order_id="n")
            )


# ---------------------------------------------------------------- on margin


async def test_while_a_market_is_halted_nothing_is_filled_and_nothing_can_be_bought() -> None:
    """Its book stands there as before; when it is dealt in again the order that waits is filled."""
    async with on_paper_at(OANDA, patience=1.0) as (sim, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, OANDA):
                best = asks(exchange, OANDA, 1)[0]
                limit = best.price - Decimal("0.01")
                resting = await exchange.place(buy_at(OANDA, limit, "100"))
                sim.prices.halt("EUR_USD")
                await anyio.sleep(1)
                sim.prices.set_price("EUR_USD", limit - Decimal("0.0003"), limit)
                await anyio.sleep(5)
                book = exchange.book("EUR-USD")
                is_in_step = book is not None and book.in_step
                while_halted = (await exchange.order(resting.key)).status
                with pytest.raises((MarketHalted, OrderRejected)) as caught:
                    await exchange.place(market_order("EUR-USD", Side.BUY, quantity="100"))
                sim.prices.resume("EUR_USD")
                await settled(lambda: bool(heard.of(FillReceived)))
                bought = await exchange.place(market_order("EUR-USD", Side.BUY, quantity="100"))

    assert is_in_step
    assert while_halted is OrderStatus.OPEN
    assert caught.value.code == "NO_BOOK"
    first, *_ = heard.of(FillReceived)
    assert first.fill.exchange_order_id == resting.exchange_order_id
    assert bought.status is OrderStatus.FILLED


async def test_a_position_is_closed_in_part_and_not_beyond_what_is_held() -> None:
    """Nor in the direction in which nothing is held."""
    async with on_paper_at(OANDA) as (_, _, exchange):
        await exchange.place(market_order("EUR-USD", Side.SELL, quantity="1000"))
        (part,) = await exchange.close_position("EUR-USD", short="400")
        with pytest.raises((OrderRejected, OrderInvalid)):
            await exchange.close_position("EUR-USD", short="601")
        with pytest.raises(PositionNotFound):
            await exchange.close_position("EUR-USD", long="1")
        (left,) = await exchange.positions()
        (rest,) = await exchange.close_position("EUR-USD")
        none = await exchange.positions()

    assert (part.side, part.filled_quantity) == (Side.BUY, Decimal(400))
    assert left.quantity == Decimal(-600)
    assert rest.filled_quantity == Decimal(600)
    assert none == ()


async def test_on_margin_what_is_held_is_valued_by_the_prices_of_now() -> None:
    """Long after anybody followed its book: when it is asked for, and when an order binds more."""
    async with on_paper_at(OANDA, balances={"USD": "100"}) as (sim, engine, exchange):
        bought = await exchange.place(market_order("EUR-USD", Side.BUY, quantity="1000"))
        await anyio.sleep(120)
        watched = engine.snapshot()["oanda/io/paper"].detail.watched
        sim.prices.set_price("EUR_USD", "1.2", "1.2002")
        (position,) = await exchange.positions()
        risen = await exchange.account_summary()
        sim.prices.set_price("EUR_USD", "0.99", "0.9902")
        with pytest.raises(InsufficientFunds):
            await exchange.place(market_order("USD-JPY", Side.BUY, quantity="100"))
        fallen = await exchange.account_summary()

    assert watched == ()
    assert bought.average_price is not None
    assert position.unrealized_profit == (Decimal("1.2") - bought.average_price) * 1000
    assert risen.net_asset_value == Decimal(100) + position.unrealized_profit
    assert fallen.net_asset_value < fallen.margin_used
