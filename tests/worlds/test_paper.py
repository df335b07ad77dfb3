"""Paper trading through the whole engine, on each simulated exchange, on virtual time."""

from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from tests.support.oanda_world import hearing, settled
from tests.support.paper_world import (
    COINBASE,
    EVERYWHERE,
    OANDA,
    SPOT,
    Place,
    asks,
    buy_at,
    drop_asks_to,
    on_paper_at,
    watching,
)
from tests.support.virtual_exchange import BASE_NS
from venuetree import paper
from venuetree.config import Environment, coinbase
from venuetree.engine import Engine
from venuetree.protocol.builders import limit_order, market_order, stop_limit_order
from venuetree.protocol.errors import (
    CancelRefused,
    ConfigurationError,
    InsufficientFunds,
    MarketHalted,
    NotSupported,
    OrderNotFound,
    OutcomeUnknown,
    PositionNotFound,
    PostOnlyWouldTake,
)
from venuetree.protocol.events import BalancesChanged, FillReceived
from venuetree.protocol.models import (
    Liquidity,
    LiquidityPreference,
    OrderStatus,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.numbers import add, multiply
from venuetree.protocol.port import Ability
from venuetree.scenarios import faults

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_a_market_order_takes_what_the_book_shows_and_everything_agrees(
    place: Place,
) -> None:
    """Order, fills, events and balances tell the same, and no other request was made."""
    async with on_paper_at(place, balances={"USD": "100000"}) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, place):
                shown = asks(exchange, place)
                wanted = add(shown[0].quantity, Decimal("0.001"))
                order = await exchange.place(
                    market_order(place.instrument, Side.BUY, quantity=wanted)
                )
                fills = await exchange.fills(order=order.key)
                balances = {b.currency: b for b in await exchange.balances()}
                await settled(lambda: len(heard.of(FillReceived)) == 2)

    assert exchange.is_paper
    assert order.status is OrderStatus.FILLED
    assert [(f.price, f.quantity) for f in reversed(fills)] == [
        (shown[0].price, shown[0].quantity),
        (shown[1].price, Decimal("0.001")),
    ]
    assert {f.liquidity for f in fills} == {Liquidity.TAKER}
    assert [e.fill for e in heard.of(FillReceived)] == list(reversed(fills))
    assert heard.statuses(order.client_order_id)[-1] == "filled"
    spent = sum((multiply(f.price, f.quantity) for f in fills), Decimal(0))
    fees = {
        currency: sum((f.fee for f in fills if f.fee_currency == currency), Decimal(0))
        for currency in ("BTC", "USD")
    }
    assert sum(fees.values()) > 0
    assert balances["USD"].total == Decimal(100000) - spent - fees["USD"]
    assert balances["BTC"].total == wanted - fees["BTC"]
    assert {b.hold for b in balances.values()} == {Decimal(0)}
    told = {b.currency: b for event in heard.of(BalancesChanged) for b in event.balances}
    assert told == balances


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_a_limit_order_fills_by_visible_depth_and_its_rest_waits(place: Place) -> None:
    """What the best level shows is taken once; the rest is cancelled, and the hold comes back."""
    async with on_paper_at(place, balances={"USD": "10000000"}) as (_, engine, exchange):
        async with watching(exchange, place):
            best = asks(exchange, place, 1)[0]
            order = await exchange.place(buy_at(place, best.price, best.quantity * 3))
            await anyio.sleep(5)
            later = await exchange.order(order.key)
            held = {b.currency: b.hold for b in await exchange.balances()}
            detail = engine.snapshot()[f"{place.name}/io/paper"].detail
            cancelled = await exchange.cancel(order.key)
            after = {b.currency: b.hold for b in await exchange.balances()}

    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.filled_quantity == best.quantity
    assert later.filled_quantity == best.quantity
    assert detail.open_orders == 1
    assert detail.watched == (place.instrument,)
    assert held["USD"] >= best.price * best.quantity * 2
    assert held["BTC"] == 0
    assert cancelled.status is OrderStatus.CANCELLED
    assert cancelled.filled_quantity == best.quantity
    assert set(after.values()) == {Decimal(0)}


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_what_was_taken_is_not_there_for_the_next_order(place: Place) -> None:
    """The book still shows it; the second order goes on behind the first."""
    async with on_paper_at(place) as (_, _, exchange):
        async with watching(exchange, place):
            first, second, _ = asks(exchange, place)
            await exchange.place(market_order(place.instrument, Side.BUY, quantity=first.quantity))
            order = await exchange.place(
                market_order(place.instrument, Side.BUY, quantity=place.size)
            )

    assert order.average_price == second.price


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_a_resting_order_is_filled_when_the_market_comes_to_it(place: Place) -> None:
    """As maker, at a price that the book shows, while the market walks."""
    async with on_paper_at(place, simulator={}) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, place):
                book = exchange.book(place.instrument)
                assert book is not None
                bid = book.best_bid
                assert bid is not None
                order = await exchange.place(buy_at(place, bid.price, place.size))
                placed = order.status
                await settled(lambda: bool(heard.of(FillReceived)), seconds=600)
                fills = [event.fill for event in heard.of(FillReceived)]

    assert placed is OrderStatus.OPEN
    assert all(fill.price <= bid.price for fill in fills)
    assert {fill.liquidity for fill in fills} == {Liquidity.MAKER}


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_an_order_may_fill_while_its_cancel_is_under_way(place: Place) -> None:
    """The cancel arrives too late, and says so; the order stays filled, once."""
    async with on_paper_at(place, latency=5.0) as (sim, _, exchange):
        async with watching(exchange, place):
            best = asks(exchange, place, 1)[0]
            order = await exchange.place(
                buy_at(place, best.price - Decimal(50), place.size), timeout=60
            )
            outcome: list[object] = []

            async def cancel() -> None:
                try:
                    outcome.append(await exchange.cancel(order.key, timeout=60))
                except CancelRefused as error:
                    outcome.append(error)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(cancel)
                await anyio.sleep(1)
                drop_asks_to(sim, order.price)
            after = await exchange.order(order.key)
            fills = await exchange.fills(order=order.key)

    assert [type(one) for one in outcome] == [CancelRefused]
    assert after.status is OrderStatus.FILLED
    assert sum(fill.quantity for fill in fills) == order.quantity


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_what_the_account_or_the_book_cannot_bear_is_refused(place: Place) -> None:
    """Each with its own error, and nothing is left of any of them."""
    async with on_paper_at(place, balances={"USD": "100"}) as (_, _, exchange):
        async with watching(exchange, place):
            best = asks(exchange, place, 1)[0]
            with pytest.raises(InsufficientFunds):
                await exchange.place(buy_at(place, best.price, "1"))
            with pytest.raises(InsufficientFunds):
                await exchange.place(market_order(place.instrument, Side.SELL, quantity="0.01"))
            post_only = buy_at(
                place, best.price, place.size, liquidity=LiquidityPreference.MAKER_ONLY
            )
            with pytest.raises((PostOnlyWouldTake, InsufficientFunds)):
                await exchange.place(post_only)
            killed = await exchange.place(
                buy_at(place, 20000, "0.001", time_in_force=TimeInForce.FILL_OR_KILL)
            )
            with pytest.raises(OrderNotFound):
                await exchange.cancel("unheard-of", instrument=place.instrument)
            held = {b.currency: b.hold for b in await exchange.balances()}
            orders = await exchange.orders()

    assert killed.status.is_final
    assert killed.filled_quantity == 0
    assert held == {"USD": Decimal(0)}
    assert [order.client_order_id for order in orders] == [killed.client_order_id]


@pytest.mark.parametrize("place", EVERYWHERE, ids=lambda place: place.name)
async def test_what_is_not_simulated_is_said_before_anything_is_sent(place: Place) -> None:
    """The handle does not show it, and refuses it."""
    stop = stop_limit_order(
        place.instrument,
        Side.SELL,
        quantity=place.size,
        price="1",
        stop_price="1.1",
        stop_direction=StopDirection.DOWN,
    )
    async with on_paper_at(place) as (_, _, exchange):
        abilities = exchange.abilities
        with pytest.raises(NotSupported):
            await exchange.place(stop)
        with pytest.raises(NotSupported):
            await exchange.margin_trades()
        orders = await exchange.known_orders()

    assert not abilities & {Ability.OCO, Ability.MARGIN}
    assert orders == ()


@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_a_crash_of_the_paper_actor_loses_nothing_and_doubles_nothing(
    place: Place,
) -> None:
    """The account outlives it; what rests goes on resting, and is filled once."""
    async with on_paper_at(place, simulator={}) as (_, engine, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, place):
                best = asks(exchange, place, 1)[0]
                book = exchange.book(place.instrument)
                assert book is not None
                bid = book.best_bid
                assert bid is not None
                taken = await exchange.place(buy_at(place, best.price, place.size))
                resting = await exchange.place(buy_at(place, bid.price, place.size))
                await exchange._tree._io.restart_child("paper")
                restarted = engine.snapshot()[f"{place.name}/io/paper"].incarnation
                again = await exchange.order(taken.key)
                await settled(
                    lambda: heard.statuses(resting.client_order_id)[-1:] == ["filled"],
                    seconds=600,
                )
                fills = await exchange.fills()

    assert restarted == 2
    assert again.filled_quantity == taken.filled_quantity
    told = [event.fill.fill_id for event in heard.of(FillReceived)]
    assert sorted(told) == sorted(fill.fill_id for fill in fills)
    assert len(set(told)) == len(told)


async def test_an_order_that_was_on_its_way_in_a_crash_is_proved_absent() -> None:
    """It never arrived, and its owner hears just that."""
    async with on_paper_at(COINBASE, latency=5.0) as (_, _, exchange):
        async with watching(exchange, COINBASE):
            best = asks(exchange, COINBASE, 1)[0]
            caught: list[BaseException] = []

            async def place() -> None:
                try:
                    await exchange.place(buy_at(COINBASE, best.price, "0.001"), timeout=60)
                except Exception as error:  # noqa: BLE001 - looked at below
                    caught.append(error)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(place)
                await anyio.sleep(1)
                await exchange._tree._io.restart_child("paper")
            orders = await exchange.orders()

    assert "never arrived" in str(caught[0])
    assert orders == ()


async def test_what_could_not_be_told_before_a_crash_is_told_after_it() -> None:
    """The account changed, and its news stayed behind."""
    async with on_paper_at(COINBASE) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            order = await exchange.place(buy_at(COINBASE, 20000, "0.001"))
            plan = exchange._tree.wiring.paper
            assert plan is not None
            plan.exchange.cancel(order.key, BASE_NS)
            await exchange._tree._io.restart_child("paper")
            await settled(lambda: heard.statuses(order.client_order_id)[-1:] == ["cancelled"])


async def test_an_order_on_its_way_is_not_taken_for_absent() -> None:
    """Its owner gives up before it has arrived; the engine asks until it has."""
    async with on_paper_at(COINBASE, latency=5.0) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            request = buy_at(COINBASE, 20000, "0.001", client_order_id="slow")
            with pytest.raises(OutcomeUnknown):
                await exchange.place(request, timeout=1)
            await settled(lambda: heard.statuses("slow")[-1:] == ["open"])

    assert "rejected" not in heard.statuses("slow")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
async def test_a_change_that_cannot_be_written_down_is_undone(tmp_path: Path) -> None:
    """The order is refused, the account is what it was, and goes on when there is room."""
    file, draft = tmp_path / "paper.json", tmp_path / ".paper.json.draft"
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        draft.symlink_to("/dev/full")
        with pytest.raises(ConfigurationError, match="make room there"):
            await exchange.place(buy_at(COINBASE, 20000, "0.001"))
        held = {b.hold for b in await exchange.balances()}
        orders = await exchange.orders()
        is_left = draft.is_symlink()
        order = await exchange.place(buy_at(COINBASE, 20000, "0.001"))
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        (kept,) = await exchange.open_orders()

    assert (held, orders, is_left) == ({Decimal(0)}, (), False)
    assert kept.exchange_order_id == order.exchange_order_id


async def test_without_a_book_an_order_that_needs_one_is_refused_in_time() -> None:
    """The stream is refused at each attempt: the order waits as long as it was told to."""
    async with on_paper_at(COINBASE, patience=3.0) as (sim, _, exchange):
        sim.faults.add(faults.RefuseConnection(times=None))
        began = anyio.current_time()
        with pytest.raises(MarketHalted) as caught:
            await exchange.place(market_order("BTC-USD", Side.BUY, quantity="0.001"))
        took = anyio.current_time() - began
        resting = await exchange.place(buy_at(COINBASE, 20000, "0.001"))

    assert resting.status is OrderStatus.OPEN

    assert caught.value.code == "NO_BOOK"
    assert 3 <= took < 4


async def test_good_till_date_ends_by_the_clock() -> None:
    """As the exchange would end it; what it held comes back."""
    async with on_paper_at(COINBASE) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            request = buy_at(
                COINBASE,
                20000,
                "0.001",
                time_in_force=TimeInForce.GOOD_TILL_DATE,
                expire_time_ns=BASE_NS + 60 * 1_000_000_000,
            )
            order = await exchange.place(request)
            await settled(
                lambda: heard.statuses(order.client_order_id)[-1:] == ["expired"], seconds=120
            )
            held = {b.hold for b in await exchange.balances()}

    assert held == {Decimal(0)}


@pytest.mark.bulk
async def test_a_book_is_followed_for_a_while_after_the_last_order() -> None:
    """Then it is unsubscribed; also if the order was refused."""
    async with on_paper_at(COINBASE) as (_, engine, exchange):
        order = await exchange.place(buy_at(COINBASE, 20000, "0.001"))
        await anyio.sleep(300)
        while_open = engine.snapshot()["coinbase/io/paper"].detail.watched
        await exchange.cancel(order.key)
        await anyio.sleep(30)
        soon = engine.snapshot()["coinbase/io/paper"].detail.watched
        await anyio.sleep(31)
        later = engine.snapshot()["coinbase/io/paper"].detail.watched
        with pytest.raises(InsufficientFunds):
            await exchange.place(buy_at(COINBASE, 20000, "100"))
        again = engine.snapshot()["coinbase/io/paper"].detail.watched
        await anyio.sleep(61)
        feeds = exchange._tree.hub.feeds

    assert while_open == soon == again == ("BTC-USD",)
    assert (later, feeds) == ((), 0)


async def test_an_environment_without_market_streams_has_no_paper_trading() -> None:
    """Said at once, before anything is opened."""
    with pytest.raises(ConfigurationError, match="no market streams"):
        Engine(paper(coinbase(environment=Environment.SANDBOX)))


# ---------------------------------------------------------------- on margin


async def test_on_margin_positions_profit_and_summary_agree() -> None:
    """Bought, valued, closed: the account's cash changes by what was realised, and by that only."""
    async with on_paper_at(OANDA, balances={"USD": "10000"}) as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            order = await exchange.place(
                market_order("EUR-USD", Side.BUY, quantity="1000", client_order_id="m1")
            )
            (position,) = await exchange.positions()
            before = await exchange.account_summary()
            (closed,) = await exchange.close_position("EUR-USD")
            after = await exchange.account_summary()
            (balance,) = await exchange.balances()
            fills = await exchange.fills()
            await settled(lambda: len(heard.of(FillReceived)) == len(fills))

    assert (order.status, closed.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert position.quantity == 1000
    assert position.average_price == order.average_price
    assert before.margin_used > 0
    assert before.balance == Decimal(10_000)
    assert order.average_price is not None
    assert closed.average_price is not None
    realized = (closed.average_price - order.average_price) * 1000
    assert realized < 0
    assert balance.total == after.balance == Decimal(10_000) + realized
    assert (after.open_positions, after.margin_used) == (0, Decimal(0))


async def test_on_margin_a_cross_is_reckoned_by_the_exchanges_own_prices() -> None:
    """Yen earned are dollars lost or won: the balance stays near what it was."""
    async with on_paper_at(OANDA, balances={"USD": "10000"}) as (_, _, exchange):
        known = {one.name for one in await exchange.instruments()}
        for name in ("USD-JPY", "EUR-GBP", "EUR-JPY"):
            if name in known:
                await exchange.place(market_order(name, Side.BUY, quantity="100"))
                await exchange.close_position(name)
        (balance,) = await exchange.balances()

    assert "USD-JPY" in known
    assert Decimal(9_990) < balance.total < Decimal(10_000)


async def test_on_margin_what_cannot_be_borne_or_is_not_held_is_refused() -> None:
    """With the errors that the exchange's own refusals become."""
    async with on_paper_at(OANDA, balances={"USD": "10"}) as (_, _, exchange):
        with pytest.raises(InsufficientFunds):
            await exchange.place(market_order("EUR-USD", Side.BUY, quantity="100000"))
        with pytest.raises(PositionNotFound):
            await exchange.close_position("EUR-USD")
        resting = await exchange.place(
            limit_order("EUR-USD", Side.BUY, quantity="100", price="0.9")
        )
        cancelled = await exchange.cancel(resting.key)
        orders = await exchange.orders()

    assert resting.status is OrderStatus.OPEN
    assert cancelled.status is OrderStatus.CANCELLED
    assert [order.client_order_id for order in orders] == [resting.client_order_id]
