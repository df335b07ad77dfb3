"""What goes wrong with a paper account in the middle of something, on virtual time."""

from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from tests.support.oanda_world import hearing, settled
from tests.support.paper_world import (
    COINBASE,
    SPOT,
    Place,
    asks,
    buy_at,
    drop_asks_to,
    on_paper_at,
    watching,
)
from tests.support.virtual_exchange import BASE_NS
from venuetree.exchange import ExchangeHandle
from venuetree.paper_file import PaperFile
from venuetree.protocol.builders import market_order
from venuetree.protocol.errors import (
    InsufficientFunds,
    MarketHalted,
    OrderRejected,
    OutcomeUnknown,
)
from venuetree.protocol.events import FillReceived
from venuetree.protocol.models import Liquidity, OrderStatus, Side, TimeInForce
from venuetree.protocol.paper import FeeRates, PaperExchange
from venuetree.scenarios import faults

pytestmark = pytest.mark.anyio

needs_a_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no full device here"
)


def paper_of(handle: ExchangeHandle) -> PaperExchange:
    """The account itself."""
    plan = handle._tree.wiring.paper
    assert plan is not None
    return plan.exchange


class FailingRates:
    """Fee rates that are a fault of ours from the second execution on, for so many orders."""

    def __init__(self, rates: FeeRates) -> None:
        self._rates = rates
        self.asked = 0
        self.higher = rates.higher

    def of(self, liquidity: Liquidity) -> Decimal:
        """The rate, once."""
        self.asked += 1
        if self.asked > 1:
            raise ZeroDivisionError
        return self._rates.of(liquidity)


@pytest.mark.parametrize("name", ["paper.json", None], ids=["in a file", "in memory"])
@pytest.mark.parametrize("place", SPOT, ids=lambda place: place.name)
async def test_a_fault_in_the_middle_of_a_change_undoes_all_of_it(
    place: Place, name: str | None, tmp_path: Path
) -> None:
    """The actor dies between two executions of one order: there is no such order, nor half of it.

    What was there before is there after it, and the next order is taken by the next incarnation.
    """
    file = None if name is None else tmp_path / name
    async with on_paper_at(place, file=file) as (_, engine, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, place):
                account = paper_of(exchange)
                first, second, _ = asks(exchange, place)
                resting = await exchange.place(buy_at(place, 20000, place.size))
                before, rates = account.state.copy(), account.rates
                account.rates = FailingRates(rates)  # type: ignore[assignment]
                wanted = first.quantity + second.quantity
                with pytest.raises(OrderRejected, match="never arrived"):
                    await exchange.place(market_order(place.instrument, Side.BUY, quantity=wanted))
                after = account.state.copy()
                account.rates = rates
                taken = await exchange.place(
                    market_order(place.instrument, Side.BUY, quantity=wanted)
                )
                await settled(lambda: len(heard.of(FillReceived)) == 2)
                incarnation = engine.snapshot()[f"{place.name}/io/paper"].incarnation
                (still,) = await exchange.open_orders()

    assert after == before
    assert account.news == []
    assert incarnation == 2
    assert still.exchange_order_id == resting.exchange_order_id
    assert taken.status is OrderStatus.FILLED
    assert [e.fill.exchange_order_id for e in heard.of(FillReceived)] == [
        taken.exchange_order_id,
        taken.exchange_order_id,
    ]


async def test_what_was_sent_while_an_old_account_catches_up_is_not_called_absent(
    tmp_path: Path,
) -> None:
    """Their owners give up while the orders wait; the engine does not, and all of them arrive."""
    file = tmp_path / "paper.json"
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        await exchange.place(buy_at(COINBASE, 20000, "0.001"))
    names = [f"early-{number}" for number in range(4)]
    async with on_paper_at(COINBASE, file=file) as (sim, _, exchange):
        sim.faults.add(faults.RefuseConnection(times=None))
        async with exchange.account_events() as feed, hearing(feed) as heard:

            async def place(name: str) -> None:
                with pytest.raises(OutcomeUnknown):
                    await exchange.place(
                        buy_at(COINBASE, 20001, "0.001", client_order_id=name), timeout=1
                    )

            async with anyio.create_task_group() as tasks:
                for name in names:
                    tasks.start_soon(place, name)
            await settled(
                lambda: all(heard.statuses(name)[-1:] == ["open"] for name in names), seconds=60
            )

    assert not any("rejected" in heard.statuses(name) for name in names)


async def test_questions_wait_until_what_rested_has_met_the_book(tmp_path: Path) -> None:
    """An account that was laid aside before its order saw a book: the first answer is right."""
    file = tmp_path / "paper.json"
    async with on_paper_at(COINBASE, file=file, patience=1.0) as (sim, _, exchange):
        sim.faults.add(faults.RefuseConnection(times=None))
        order = await exchange.place(buy_at(COINBASE, 90000, "0.001"))
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        (fill,) = await exchange.fills()
        later = await exchange.order(order.exchange_order_id)

    assert order.status is OrderStatus.OPEN
    assert later.status is OrderStatus.FILLED
    assert fill.price < Decimal(90000)


async def test_that_an_order_has_seen_a_book_is_written_down_too(tmp_path: Path) -> None:
    """From then on it makes, in the next program as well."""
    file = tmp_path / "paper.json"
    async with on_paper_at(COINBASE, file=file, patience=1.0) as (sim, _, exchange):
        sim.faults.add(faults.RefuseConnection(times=3))
        order = await exchange.place(buy_at(COINBASE, 20000, "0.001"))
        async with watching(exchange, COINBASE):
            await anyio.sleep(1)
    kept = PaperFile(file, "coinbase")
    state = kept.load()
    kept.close()

    assert state is not None
    assert state.open[order.exchange_order_id].next_liquidity is Liquidity.MAKER


@needs_a_full_device
async def test_an_execution_that_cannot_be_written_down_is_made_once_there_is_room(
    tmp_path: Path,
) -> None:
    """The market comes to a resting order while the disk is full: it is filled, once, and told."""
    file, draft = tmp_path / "paper.json", tmp_path / ".paper.json.draft"
    async with on_paper_at(COINBASE, file=file) as (sim, engine, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            async with watching(exchange, COINBASE):
                best = asks(exchange, COINBASE, 1)[0]
                order = await exchange.place(
                    buy_at(COINBASE, best.price - Decimal(50), COINBASE.size)
                )
                draft.symlink_to("/dev/full")
                drop_asks_to(sim, order.price)
                await settled(lambda: bool(heard.of(FillReceived)), seconds=60)
                incarnation = engine.snapshot()["coinbase/io/paper"].incarnation
                fills = await exchange.fills()
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        kept = await exchange.fills()

    assert incarnation == 2
    assert [event.fill for event in heard.of(FillReceived)] == list(reversed(fills))
    assert sum(fill.quantity for fill in fills) == order.quantity
    assert kept == fills


async def test_an_order_whose_time_ended_while_nobody_ran_is_expired_at_the_next_start(
    tmp_path: Path,
) -> None:
    """And not filled by the first book, though that has come to its price."""
    file = tmp_path / "paper.json"
    until = {
        "time_in_force": TimeInForce.GOOD_TILL_DATE,
        "expire_time_ns": BASE_NS + 60 * 1_000_000_000,
    }
    async with on_paper_at(COINBASE, file=file, patience=1.0) as (sim, _, exchange):
        sim.faults.add(faults.RefuseConnection(times=None))
        order = await exchange.place(buy_at(COINBASE, 90000, "0.001", **until))
    later_ns = BASE_NS + 3600 * 1_000_000_000
    async with on_paper_at(COINBASE, file=file, base_ns=later_ns) as (_, _, exchange):
        after = await exchange.order(order.exchange_order_id)
        fills = await exchange.fills()

    assert after.status is OrderStatus.EXPIRED
    assert fills == ()


async def test_an_id_of_an_earlier_program_is_not_taken_for_this_ones_order(
    tmp_path: Path,
) -> None:
    """The account knows the id, the engine does not: another order with it is refused."""
    file = tmp_path / "paper.json"
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        old = await exchange.place(buy_at(COINBASE, 20000, "0.001", client_order_id="same"))
        await exchange.cancel(old.key)
    async with on_paper_at(COINBASE, file=file) as (_, _, exchange):
        with pytest.raises(OrderRejected, match="another order"):
            await exchange.place(buy_at(COINBASE, 20000, "0.002", client_order_id="same"))
        orders = await exchange.orders()

    assert [order.exchange_order_id for order in orders] == [old.exchange_order_id]


async def test_by_a_book_that_has_gone_stale_nothing_is_judged() -> None:
    """It still stands there: an order that needs one is refused for want of a book, by name."""
    async with on_paper_at(COINBASE, patience=1.0) as (sim, _, exchange):
        async with watching(exchange, COINBASE):
            sim.faults.add(faults.RefuseConnection(times=None))
            sim.faults.add(faults.CloseConnection())
            book = exchange.book("BTC-USD")
            assert book is not None
            await settled(lambda: not book.in_step, seconds=60)
            with pytest.raises(MarketHalted) as caught:
                await exchange.place(market_order("BTC-USD", Side.BUY, quantity="0.001"))
            with pytest.raises(InsufficientFunds) as poor:
                await exchange.place(buy_at(COINBASE, 20000, "100"))
            orders = await exchange.orders()

    assert (caught.value.code, caught.value.exchange) == ("NO_BOOK", "coinbase")
    assert (poor.value.code, poor.value.exchange) == ("INSUFFICIENT_FUNDS", "coinbase")
    assert orders == ()
