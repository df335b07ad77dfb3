"""OANDA through the whole engine, on virtual time: streams, transactions, orders, weekends."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from traceback import format_exception
from typing import Any

import anyio
import orjson
import pytest
from attrs import evolve

from tests.support.oanda_world import (
    CLOSES,
    ORDERS,
    asked,
    buy,
    far_bid,
    hearing,
    settled,
    trading,
)
from tests.support.virtual_exchange import BASE_NS
from venuetree.protocol.builders import (
    limit_order,
    market_if_touched_order,
    market_order,
    stop_order,
)
from venuetree.protocol.errors import (
    AuthRefused,
    EngineError,
    ExitOnWrongSide,
    InstrumentNotFound,
    InsufficientFunds,
    MarketHalted,
    OrderInvalid,
    PositionNotFound,
    PriceOutOfBounds,
)
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    FillReceived,
    InstrumentStatusChanged,
    MarginTradeChanged,
    QuoteChanged,
    StreamDisconnected,
    TopicStalled,
    TransactionRecorded,
)
from venuetree.protocol.models import (
    Exit,
    ExitChanges,
    Exits,
    MarginTerms,
    MarginTradeChange,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    Topic,
)
from venuetree.scenarios import faults
from venuetree.scenarios.line_faults import CutFrame, SplitFrame
from venuetree.scenarios.simulated.oanda import SimulatedOanda
from venuetree.scenarios.simulated.oanda.account_settings import ShortLadder
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

#: Without the account's stream: only replies and questions tell.
DEAF = Part.ALL & ~Part.USER_STREAM
#: The network in front of the exchange, during maintenance.
DOWN = faults.Respond(status=503, body=faults.Body.HTML, times=None)
#: A Saturday, and a Friday an hour before the market closes (17:00 in New York).
SATURDAY_NS = int(datetime(2026, 9, 12, 12, tzinfo=UTC).timestamp()) * 10**9
FRIDAY_NS = int(datetime(2026, 9, 11, 20, 59, 30, tzinfo=UTC).timestamp()) * 10**9


def fills_of(sim: SimulatedOanda, client_order_id: str) -> list[dict[str, Any]]:
    """The executions of an order, in the account's log."""
    return [
        each
        for each in sim.account.transactions
        if each["type"] == "ORDER_FILL" and each.get("clientOrderID") == client_order_id
    ]


def orders_of(sim: SimulatedOanda, client_order_id: str) -> int:
    """How many orders were created with this id of ours."""
    return sum(
        str(each["type"]).endswith("_ORDER")
        and each.get("clientExtensions", {}).get("id") == client_order_id
        for each in sim.account.transactions
    )


def last_id(sim: SimulatedOanda) -> int:
    """Of the account's newest transaction."""
    return int(sim.account.last_transaction_id)


# ---------------------------------------------------------------- transactions


async def test_every_transaction_is_told_once_and_in_order() -> None:
    """By whichever way: our own replies, the stream, and what others do to the account."""
    async with trading() as (sim, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await settled(lambda: exchange._tree.hub.is_connected("transactions"))
            start = last_id(sim)
            await exchange.place(buy("m1"))
            sim.transfer(Decimal(50))
            order = await exchange.place(far_bid("l1"))
            sim.make_transactions(5)
            await exchange.cancel(order.key)
            await exchange.close_position("EUR-USD")
            await settled(lambda: len(heard.transactions) >= last_id(sim) - start)
            told = heard.transactions
            changes = [event.change for event in heard.of(MarginTradeChanged)]

    assert told == list(range(start + 1, last_id(sim) + 1))
    assert changes == [MarginTradeChange.OPENED, MarginTradeChange.CLOSED]


async def test_a_fill_during_an_outage_is_learned_once() -> None:
    """The stream is cut, the order fills meanwhile, and `sinceid` tells it."""
    async with trading() as (sim, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await settled(lambda: exchange._tree.hub.is_connected("transactions"))
            order = await exchange.place(far_bid("c1"))
            refuse = sim.faults.add(faults.RefuseConnection(times=None))
            sim.faults.add(faults.ResetConnection(channel="*transactions*"))
            await settled(lambda: bool(heard.of(StreamDisconnected)))
            sim.paused = True
            sim.prices.set_price("EUR_USD", Decimal("0.88000"), Decimal("0.88010"))
            assert len(fills_of(sim, "c1")) == 1
            await anyio.sleep(5)
            assert heard.fills == []
            refuse.remove()
            await settled(lambda: bool(heard.fills))
            await anyio.sleep(10)
            told, statuses = heard.fills, heard.statuses("c1")
            final = await exchange.order(order.key)

    assert told == [fills_of(sim, "c1")[0]["id"]]
    assert statuses[-1] == "filled"
    assert final.status is OrderStatus.FILLED
    assert asked(sim, "sinceid")


@pytest.mark.parametrize("missed", [1, 1500])
async def test_what_was_missed_is_read_to_the_end(missed: int) -> None:
    """A page holds a thousand, and says nothing of the rest."""
    async with trading() as (sim, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await settled(lambda: exchange._tree.hub.is_connected("transactions"))
            await anyio.sleep(2)
            ids = sim.miss_transactions(missed)
            await settled(lambda: len(heard.transactions) >= missed)
            await anyio.sleep(10)
            told = heard.transactions

    assert told == ids


@pytest.mark.parametrize(
    "fault",
    [faults.RepeatFrame, faults.SwapFrames, faults.DropFrame],
    ids=["repeated", "swapped", "dropped"],
)
async def test_lines_that_come_twice_or_late_or_never_change_nothing(
    fault: Callable[..., Any],
) -> None:
    """Their ids say where they belong."""
    async with trading() as (sim, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await settled(lambda: exchange._tree.hub.is_connected("transactions"))
            await anyio.sleep(2)
            sim.faults.add(fault(channel="transactions/*", times=4))
            ids = sim.make_transactions(12)
            await settled(lambda: len(heard.transactions) >= 12)
            await anyio.sleep(10)
            told = heard.transactions

    assert told == ids


@pytest.mark.parametrize("at", [None, 1, -1])
async def test_a_line_split_at_any_byte_is_one_line(at: int | None) -> None:
    """Chunks of a reply and lines of a stream have nothing to do with each other."""
    async with trading() as (sim, _, exchange):
        sim.faults.add(SplitFrame(at=at, times=None))
        async with (
            exchange.account_events() as feed,
            hearing(feed) as heard,
            exchange.subscribe("EUR-USD", Topic.QUOTES) as quotes,
            hearing(quotes) as market,
        ):
            await settled(lambda: len(market.of(QuoteChanged)) > 2)
            await exchange.place(buy("m1"))
            await settled(lambda: bool(heard.fills))
            lost = market.of(StreamDisconnected) + heard.of(StreamDisconnected)

    assert lost == []


@pytest.mark.parametrize("how", [faults.Loss.RESET, faults.Loss.CLOSED])
async def test_a_cut_in_the_middle_of_a_line_loses_nothing(how: faults.Loss) -> None:
    """Half a transaction is none; the log tells it whole."""
    async with trading() as (sim, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await settled(lambda: exchange._tree.hub.is_connected("transactions"))
            await anyio.sleep(2)
            fault = sim.faults.add(CutFrame(channel="transactions/*", how=how))
            ids = sim.make_transactions(3)
            await settled(lambda: len(heard.transactions) >= 3)
            await anyio.sleep(5)
            told = heard.transactions

    assert fault.fired == 1
    assert told == ids


# ---------------------------------------------------------------- stalls


async def test_prices_stall_while_transactions_live() -> None:
    """Each stream has a watchdog of its own; stale is told before anything is repaired."""
    async with trading() as (sim, engine, exchange):
        async with (
            exchange.account_events() as feed,
            hearing(feed) as heard,
            exchange.subscribe("EUR-USD", Topic.BOOK) as book,
            hearing(book) as market,
        ):
            await settled(lambda: bool(market.of(BookUpdated)))
            market.events.clear()
            sim.faults.add(faults.StallStream(channel="pricing/*"))
            began = anyio.current_time()
            await settled(lambda: bool(market.of(BookStale)))
            took = anyio.current_time() - began
            await settled(lambda: bool(market.of(BookInStep)))
            await exchange.place(buy("m1"))
            await settled(lambda: bool(heard.fills))
            kinds = [type(event) for event in market.events]
            lost = heard.of(StreamDisconnected)
            restarts = engine.snapshot()["oanda/io/transactions"].restarts

    assert 9 <= took <= 16
    assert kinds.index(BookStale) < kinds.index(StreamDisconnected) < kinds.index(BookInStep)
    assert lost == []
    assert restarts == 0


async def test_transactions_stall_while_prices_live() -> None:
    """The reverse; what happened in the silence is told once."""
    async with trading(parts=Part.ALL) as (sim, _, exchange):
        async with (
            exchange.account_events() as feed,
            hearing(feed) as heard,
            exchange.subscribe("EUR-USD", Topic.BOOK) as book,
            hearing(book) as market,
        ):
            await settled(lambda: exchange._tree.hub.is_connected("transactions"))
            await anyio.sleep(2)
            stall = faults.StallStream(channel="*transactions*", backlog=faults.Backlog.DISCARDED)
            sim.faults.add(stall)
            ids = sim.make_transactions(4)
            await settled(lambda: bool(heard.of(StreamDisconnected)))
            await settled(lambda: len(heard.transactions) >= 4)
            await anyio.sleep(10)
            told = heard.transactions
            stale = market.of(BookStale)

    assert told == ids
    assert stale == []


async def test_heartbeats_without_prices_are_looked_into() -> None:
    """Alive by its heartbeats, and it lies: the exchange has newer prices."""
    async with trading() as (sim, _, exchange):
        async with (
            exchange.subscribe("EUR-USD", Topic.BOOK) as book,
            hearing(book) as market,
        ):
            await settled(lambda: bool(market.of(BookUpdated)))
            sim.faults.add(faults.StallStream(channel="pricing/*", only="pricing/*"))
            await settled(lambda: bool(market.of(TopicStalled)), seconds=120)
            stale = market.of(BookStale)
            market.events.clear()
            await settled(lambda: bool(market.of(BookInStep)))

    assert len(stale) >= 1


async def test_a_quiet_market_is_no_stall() -> None:
    """Prices stand still, heartbeats come, and the exchange has nothing newer either."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        async with (
            exchange.subscribe("EUR-USD", Topic.BOOK) as book,
            hearing(book) as market,
        ):
            await settled(lambda: bool(market.of(BookInStep)))
            await anyio.sleep(300)
            told = market.of(BookStale, TopicStalled, StreamDisconnected)

    assert told == []


async def test_other_instruments_are_had_without_an_interruption() -> None:
    """The set is part of the address: another connection takes the place of the first."""
    async with trading() as (_, _, exchange):
        async with exchange.subscribe("EUR-USD", Topic.BOOK) as book, hearing(book) as market:
            await settled(lambda: bool(market.of(BookUpdated)))
            async with exchange.subscribe("USD-JPY", Topic.QUOTES) as more, hearing(more) as other:
                await settled(lambda: len(other.of(QuoteChanged)) > 2)
                updates = len(market.of(BookUpdated))
                await settled(lambda: len(market.of(BookUpdated)) > updates + 2)
            told = market.of(BookStale, StreamDisconnected)
            in_step = market.of(BookInStep)

    assert told == []
    assert len(in_step) == 1
    assert {event.instrument for event in other.of(QuoteChanged)} == {"USD-JPY"}


async def test_an_unknown_instrument_is_refused_and_harms_no_other() -> None:
    """In the stream's address it would fail them all."""
    async with trading() as (_, _, exchange):
        async with exchange.subscribe("EUR-USD", Topic.QUOTES) as feed, hearing(feed) as market:
            await settled(lambda: bool(market.of(QuoteChanged)))
            with pytest.raises(InstrumentNotFound):
                async with exchange.subscribe("EUR-UDS", Topic.QUOTES):
                    pass
            count = len(market.of(QuoteChanged))
            await settled(lambda: len(market.of(QuoteChanged)) > count + 2)
            told = market.of(StreamDisconnected)

    assert told == []


# ---------------------------------------------------------------- orders


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
@pytest.mark.parametrize("how", list(faults.Loss))
async def test_an_order_whose_reply_is_lost_is_known_and_is_one(
    how: faults.Loss, parts: Part
) -> None:
    """A repeated id would fill a second time here: nothing is ever sent again."""
    async with trading(parts=parts) as (sim, _, exchange):
        fault = sim.faults.add(faults.LoseReply(to=ORDERS, how=how))
        order = await exchange.place(buy("m1"))

        assert fault.fired == 1
        assert order.status is OrderStatus.FILLED
        assert order.filled_quantity == 100
        assert len(fills_of(sim, "m1")) == 1
        assert len(asked(sim, "POST")) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 504])
async def test_a_fault_after_the_order_was_applied_leaves_one_order(status: int) -> None:
    """504 comes with an order that was executed."""
    async with trading(parts=DEAF) as (sim, _, exchange):
        sim.faults.add(faults.Respond(to=ORDERS, status=status, applied=True))
        order = await exchange.place(buy("m1"), timeout=60)

        assert order.status is OrderStatus.FILLED
        assert len(fills_of(sim, "m1")) == 1


async def test_a_page_of_html_that_came_instead_of_a_reply_is_no_verdict() -> None:
    """200, and not the exchange's."""
    async with trading(parts=DEAF) as (sim, _, exchange):
        html = faults.Respond(to=ORDERS, status=200, body=faults.Body.HTML, applied=True)
        sim.faults.add(html)
        order = await exchange.place(far_bid("c1"), timeout=60)

        assert order.status is OrderStatus.OPEN
        assert orders_of(sim, "c1") == 1


async def test_an_order_that_never_arrived_is_proved_absent_in_the_end() -> None:
    """Not before a late copy of it could no longer land."""
    async with trading(parts=DEAF, tick_s=0.5, simulator={"move_every_s": 30.0}) as (
        sim,
        _,
        exchange,
    ):
        sim.faults.add(faults.LoseRequest(to=ORDERS))
        began = anyio.current_time()
        with pytest.raises(EngineError):
            await exchange.place(buy("m1"), timeout=600)
        took = anyio.current_time() - began

        assert orders_of(sim, "m1") == 0
        assert took >= 60


async def test_an_order_that_lands_late_is_found() -> None:
    """The worst of all losses: asked too early, the exchange knows nothing of it."""
    async with trading(parts=DEAF, tick_s=0.2) as (sim, _, exchange):
        sim.faults.add(faults.DelayRequest(to=ORDERS, delay_s=25))
        order = await exchange.place(buy("m1"), timeout=120)

        assert order.status is OrderStatus.FILLED
        assert len(fills_of(sim, "m1")) == 1


async def test_finished_orders_that_the_exchange_forgets_are_found_in_its_log() -> None:
    """As seen in 2026: by their number too they are no more."""
    async with trading(parts=DEAF, simulator={"finished_orders_vanish": True}) as (
        sim,
        _,
        exchange,
    ):
        sim.faults.add(faults.LoseReply(to=ORDERS))
        order = await exchange.place(buy("m1"))
        again = await exchange.order(order.key)
        (fill,) = await exchange.fills(order=order.key)

        assert again.status is OrderStatus.FILLED
        assert (fill.quantity, fill.exchange_order_id) == (Decimal(100), order.exchange_order_id)


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
async def test_a_market_order_accepted_and_cancelled_is_a_typed_refusal(parts: Part) -> None:
    """201, and nothing was executed."""
    async with trading(parts=parts) as (sim, _, exchange):
        sim.prices.halt("EUR_USD")
        with pytest.raises(MarketHalted) as halted:
            await exchange.place(buy("m1"))
        (order,) = [o for o in await exchange.known_orders() if o.client_order_id == "m1"]
        sim.prices.resume("EUR_USD")
        with pytest.raises(InsufficientFunds):
            await exchange.place(buy("m2", quantity="90000000"))
        bound = MarginTerms(price_bound=Decimal("0.5"))
        with pytest.raises(PriceOutOfBounds):
            await exchange.place(market_order("EUR-USD", Side.BUY, quantity="10", margin=bound))
        above = MarginTerms(exits=Exits(stop_loss=Exit(price=Decimal("1.9"))))
        with pytest.raises(ExitOnWrongSide):
            await exchange.place(market_order("EUR-USD", Side.BUY, quantity="10", margin=above))
        held = await exchange.positions()

    assert halted.value.code == "MARKET_HALTED"
    assert order.status is OrderStatus.REJECTED
    assert held == ()


async def test_a_halt_whose_reply_is_lost_is_the_same_refusal() -> None:
    """Learned from the log, and typed all the same."""
    async with trading(parts=DEAF) as (sim, _, exchange):
        sim.prices.halt("EUR_USD")
        sim.faults.add(faults.LoseReply(to=ORDERS))
        with pytest.raises(MarketHalted):
            await exchange.place(buy("m1"))


async def test_what_breaks_a_rule_is_refused_here() -> None:
    """Nothing is rounded, and nothing sent."""
    async with trading() as (sim, _, exchange):
        wrong = [
            limit_order("EUR-USD", Side.BUY, quantity="100", price="1.080001"),
            limit_order("EUR-USD", Side.BUY, quantity="100.5", price="1.08"),
            limit_order("EUR-USD", Side.BUY, quantity="200000000", price="1.08"),
            market_order(
                "EUR-USD",
                Side.BUY,
                quantity="1",
                time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
            ),
            market_order("EUR-USD", Side.BUY, quote_quantity="100"),
        ]
        await exchange.instruments()
        for request in wrong:
            with pytest.raises(OrderInvalid):
                await exchange.place(request)

        assert asked(sim, "POST") == []


async def test_a_cancel_whose_reply_is_lost_is_seen_through() -> None:
    """By the stream or by asking."""
    async with trading() as (sim, _, exchange):
        order = await exchange.place(far_bid("c1"))
        sim.faults.add(faults.LoseReply(to="PUT */cancel"))
        cancelled = await exchange.cancel(order.key)

    assert cancelled.status is OrderStatus.CANCELLED


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
async def test_an_order_is_replaced_by_another_and_a_lost_reply_changes_nothing(
    parts: Part,
) -> None:
    """The new one has an id of its own, and there is one of it."""
    async with trading(parts=parts) as (sim, _, exchange):
        old = await exchange.place(far_bid("c1"))
        sim.faults.add(faults.LoseReply(to="PUT */orders/*"))
        new = await exchange.replace(old.key, far_bid("c2", quantity="200"))
        await settled(lambda: orders_of(sim, "c2") == 1, seconds=10)
        before = await exchange.order(old.key)
        open_orders = await exchange.open_orders()

    assert (new.status, new.quantity) == (OrderStatus.OPEN, Decimal(200))
    assert before.status is OrderStatus.CANCELLED
    assert [order.client_order_id for order in open_orders] == ["c2"]


# ---------------------------------------------------------------- trades and positions


@pytest.mark.parametrize("parts", [Part.ALL, DEAF], ids=["stream", "deaf"])
@pytest.mark.parametrize("lost", [None, faults.Loss.CLOSED, faults.Loss.HANGING])
async def test_a_trade_is_closed_in_part_once(lost: faults.Loss | None, parts: Part) -> None:
    """Closing a part twice would close twice as much.

    The order that closes it bears no id of ours; the stream may tell of it before it is known
    to be ours.
    """
    async with trading(parts=parts) as (sim, _, exchange):
        await exchange.place(buy("m1", quantity="1000"))
        (trade,) = await exchange.margin_trades()
        if lost is not None:
            sim.faults.add(faults.LoseReply(to=CLOSES, how=lost))
        order = await exchange.close_trade(trade.trade_id, "400")
        (left,) = await exchange.margin_trades()
        known = [each for each in await exchange.known_orders() if each.side is Side.SELL]

    assert order.status is OrderStatus.FILLED
    assert (order.side, order.filled_quantity) == (Side.SELL, Decimal(400))
    assert left.quantity == 600
    assert known == [order]


@pytest.mark.parametrize("is_lost", [False, True], ids=["told", "lost"])
async def test_both_sides_of_a_hedging_account_are_closed_in_one_request(
    is_lost: bool,  # noqa: FBT001
) -> None:
    """Two orders, each with a verdict; a flat side fails the whole."""

    def hedge(sim: SimulatedOanda) -> None:
        sim.account = next(a for a in sim.accounts.values() if a.settings.hedging)

    async with trading(prepare=hedge) as (sim, _, exchange):
        await exchange.place(buy("m1", quantity="300"))
        with pytest.raises(PositionNotFound):
            await exchange.close_position("EUR-USD", long="all", short="all")
        (still,) = await exchange.positions()
        await exchange.place(market_order("EUR-USD", Side.SELL, quantity="200"))
        held = await exchange.positions()
        if is_lost:
            sim.faults.add(faults.LoseReply(to=CLOSES))
        orders = await exchange.close_position("EUR-USD")
        left = await exchange.positions()

    assert still.quantity == 300
    assert sorted(position.quantity for position in held) == [-200, 300]
    assert [(o.side, o.filled_quantity) for o in orders] == [
        (Side.SELL, Decimal(300)),
        (Side.BUY, Decimal(200)),
    ]
    assert left == ()


async def test_exits_are_set_changed_removed_and_fire() -> None:
    """Absent, None and an exit are three different things."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        sim.prices.set_price("EUR_USD", Decimal("1.10000"), Decimal("1.10010"))
        async with exchange.account_events() as feed, hearing(feed) as heard:
            terms = MarginTerms(exits=Exits(take_profit=Exit(price=Decimal("1.12"))))
            await exchange.place(
                market_order(
                    "EUR-USD", Side.BUY, quantity="100", margin=terms, client_order_id="m1"
                )
            )
            (trade,) = await exchange.margin_trades()
            stop = ExitChanges(stop_loss=Exit(price=Decimal("1.09")))
            changed = await exchange.change_exits(trade.trade_id, stop)
            removed = await exchange.change_exits(trade.trade_id, ExitChanges(take_profit=None))
            await anyio.sleep(1)
            sim.prices.set_price("EUR_USD", Decimal("1.08990"), Decimal("1.09000"))
            await settled(lambda: len(heard.fills) == 2)
            closed = heard.of(MarginTradeChanged)[-1]
            fill = heard.of(FillReceived)[-1].fill

    kinds = {e.type for e in changed.exits if e.status is OrderStatus.OPEN}
    assert kinds == {OrderType.TAKE_PROFIT, OrderType.STOP_LOSS}
    assert {e.type for e in removed.exits if e.status is OrderStatus.OPEN} == {OrderType.STOP_LOSS}
    assert (closed.change, closed.trade_id) == (MarginTradeChange.CLOSED, trade.trade_id)
    assert (fill.side, fill.quantity) == (Side.SELL, Decimal(100))


async def test_cancelling_everything_leaves_the_exits_of_trades_alone() -> None:
    """A stop-loss is not taken away in passing."""
    async with trading() as (_, _, exchange):
        terms = MarginTerms(exits=Exits(stop_loss=Exit(price=Decimal("0.9"))))
        await exchange.place(market_order("EUR-USD", Side.BUY, quantity="100", margin=terms))
        await exchange.place(far_bid("c1"))
        await exchange.place(far_bid("c2"))
        ended = await exchange.cancel_all()
        left = await exchange.open_orders()

    assert sorted(order.client_order_id for order in ended) == ["c1", "c2"]
    assert [order.type for order in left] == [OrderType.STOP_LOSS]


# ---------------------------------------------------------------- the weekend


async def test_a_closed_market_is_no_outage() -> None:
    """Streams connect and beat, prices stand still, orders are refused or wait."""
    settings = {"market_hours": True}
    async with trading(simulator=settings, base_ns=SATURDAY_NS) as (_, engine, exchange):
        async with (
            exchange.subscribe("EUR-USD", Topic.STATUS, Topic.BOOK) as feed,
            hearing(feed) as market,
        ):
            await settled(lambda: bool(market.of(BookInStep)))
            await anyio.sleep(600)
            (status,) = market.of(InstrumentStatusChanged)
            told = market.of(BookStale, TopicStalled, StreamDisconnected)
            with pytest.raises(MarketHalted):
                await exchange.place(buy("m1"))
            waiting = await exchange.place(far_bid("c1"))
            cancelled = await exchange.cancel(waiting.key)
            restarts = [
                engine.snapshot()[f"oanda/io/{name}"].restarts
                for name in ("transactions", "market")
            ]

    assert status.status == "non-tradeable"
    assert told == []
    assert waiting.status is OrderStatus.OPEN
    assert cancelled.status is OrderStatus.CANCELLED
    assert restarts == [0, 0]


async def test_the_market_closes_on_friday_evening() -> None:
    """Said once, and not taken for a stall."""
    settings = {"market_hours": True}
    async with trading(simulator=settings, base_ns=FRIDAY_NS) as (_, _, exchange):
        async with (
            exchange.subscribe("EUR-USD", Topic.STATUS, Topic.QUOTES) as feed,
            hearing(feed) as market,
        ):
            await settled(lambda: len(market.of(InstrumentStatusChanged)) == 2, seconds=120)
            await anyio.sleep(300)
            statuses = [event.status for event in market.of(InstrumentStatusChanged)]
            told = market.of(TopicStalled, StreamDisconnected)
            last = market.of(QuoteChanged)[-1]

    assert statuses == ["tradeable", "non-tradeable"]
    assert last.is_tradeable is False
    assert told == []


# ---------------------------------------------------------------- what else befalls an account


async def test_orders_that_wait_for_a_price_trigger_and_fill() -> None:
    """A stop at its price or worse, an order that is touched at its price or better."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        sim.prices.set_price("EUR_USD", Decimal("1.10000"), Decimal("1.10010"))
        async with exchange.account_events() as feed, hearing(feed) as heard:
            stop = await exchange.place(
                stop_order("EUR-USD", Side.BUY, quantity="100", stop_price="1.10100")
            )
            touched = await exchange.place(
                market_if_touched_order("EUR-USD", Side.SELL, quantity="40", stop_price="1.10200")
            )
            sim.prices.set_price("EUR_USD", Decimal("1.10095"), Decimal("1.10105"))
            await settled(lambda: len(heard.fills) == 1)
            sim.prices.set_price("EUR_USD", Decimal("1.10210"), Decimal("1.10220"))
            await settled(lambda: len(heard.fills) == 2)
            fills = [event.fill for event in heard.of(FillReceived)]
            (held,) = await exchange.positions()

    assert [order.status for order in (stop, touched)] == [OrderStatus.OPEN, OrderStatus.OPEN]
    assert [fill.exchange_order_id for fill in fills] == [
        stop.exchange_order_id,
        touched.exchange_order_id,
    ]
    assert (fills[0].price, fills[1].price) == (Decimal("1.10105"), Decimal("1.10210"))
    assert held.quantity == 60


async def test_an_order_till_a_date_expires() -> None:
    """Told as expired, not as cancelled."""
    async with trading() as (_, _, exchange):
        async with exchange.account_events() as feed, hearing(feed) as heard:
            ends_ns = BASE_NS + 60 * 10**9
            request = limit_order(
                "EUR-USD",
                Side.BUY,
                quantity="100",
                price="0.9",
                time_in_force=TimeInForce.GOOD_TILL_DATE,
                expire_time_ns=ends_ns,
                client_order_id="c1",
            )
            order = await exchange.place(request)
            await settled(lambda: "expired" in heard.statuses("c1"), seconds=90)
            final = await exchange.order(order.key)

    assert order.status is OrderStatus.OPEN
    assert final.status is OrderStatus.EXPIRED


async def test_an_account_without_enough_left_is_closed_out_and_it_is_told() -> None:
    """By the exchange, not by us: orders that nobody here placed."""
    async with trading() as (sim, _, exchange):
        sim.paused = True
        sim.prices.set_price("EUR_USD", Decimal("1.10000"), Decimal("1.10010"))
        async with exchange.account_events() as feed, hearing(feed) as heard:
            await exchange.place(buy("m1", quantity="40000000"))
            sim.prices.set_price("EUR_USD", Decimal("1.08000"), Decimal("1.08010"))
            await settled(lambda: len(heard.fills) >= 2)
            reasons = {e.reason for e in heard.of(TransactionRecorded) if e.kind == "ORDER_FILL"}
            left = await exchange.positions()

    assert "MARKET_ORDER_MARGIN_CLOSEOUT" in reasons
    assert left == ()


async def test_a_token_that_is_revoked_ends_the_exchange_for_good() -> None:
    """A wrong one is told at entry, one that was good until now at the next call."""
    async with trading() as (sim, _, exchange):
        await exchange.balances()
        sim.revoke_token()
        with pytest.raises(AuthRefused):
            await exchange.balances()
        await settled(lambda: exchange._fatal() is not None, seconds=120)
        with pytest.raises(AuthRefused):
            await exchange.positions()
    with pytest.raises(BaseExceptionGroup) as refused:
        async with trading(prepare=lambda sim: sim.revoke_token()):
            pass
    assert refused.group_contains(AuthRefused)


async def test_an_exchange_that_is_down_is_no_error_at_entry() -> None:
    """Maintenance: pages instead of answers; it comes back and all is well."""
    async with trading(prepare=lambda sim: sim.faults.add(DOWN)) as (sim, _, exchange):
        with pytest.raises(EngineError):
            await exchange.balances()
        sim.faults.clear()
        await exchange.reachable()
        await anyio.sleep(60)
        order = await exchange.place(buy("m1"))

    assert order.status is OrderStatus.FILLED


async def test_an_order_executed_in_part_ends_and_its_rest_is_another_order() -> None:
    """Both bear our id; the rest is known by its number, and can be cancelled."""

    def reissuing(sim: SimulatedOanda) -> None:
        settings = sim.account.settings
        sim.account.state.settings = evolve(settings, short_ladder=ShortLadder.REISSUE)

    async with trading(prepare=reissuing) as (sim, _, exchange):
        sim.paused = True
        bid, ask = Decimal("1.10000"), Decimal("1.10010")
        sim.prices.set_price("EUR_USD", bid, ask, liquidity=60)
        async with exchange.account_events() as feed, hearing(feed) as heard:
            order = await exchange.place(
                limit_order(
                    "EUR-USD", Side.BUY, quantity="100", price="1.10010", client_order_id="c1"
                )
            )
            # Long enough for the account's stream to have caught up.
            await anyio.sleep(5)
            before = await exchange.order(order.key)
            (rest,) = await exchange.open_orders()
            known = {o.exchange_order_id: o.status for o in await exchange.known_orders()}
            cancelled = await exchange.cancel(rest.key)
            fills = heard.fills

    assert before.status is OrderStatus.CANCELLED
    assert before.filled_quantity == 60
    assert (rest.quantity, rest.status) == (Decimal(40), OrderStatus.OPEN)
    assert known[order.exchange_order_id] is OrderStatus.CANCELLED
    assert known[rest.exchange_order_id] is OrderStatus.OPEN
    assert cancelled.status is OrderStatus.CANCELLED
    assert len(fills) == 1


async def test_half_of_a_closing_that_fails_does_not_hide_the_other() -> None:
    """Both were taken, and one could not be executed."""

    def hedge(sim: SimulatedOanda) -> None:
        sim.account = next(a for a in sim.accounts.values() if a.settings.hedging)

    async with trading(prepare=hedge) as (sim, _, exchange):
        await exchange.place(buy("m1", quantity="300"))
        await exchange.place(market_order("EUR-USD", Side.SELL, quantity="200"))
        body = {
            **created_and(sim, "long", "-300", "300"),
            **created_and(sim, "short", "200", None),
            "lastTransactionID": "99",
            "relatedTransactionIDs": [],
        }
        answer = faults.Respond(to=CLOSES, status=200, body_text=orjson.dumps(body).decode())
        sim.faults.add(answer)
        orders = await exchange.close_position("EUR-USD")

    assert [order.status for order in orders] == [OrderStatus.FILLED, OrderStatus.REJECTED]
    assert orders[1].reason == "MARKET_HALTED"


def created_and(
    sim: SimulatedOanda, side: str, units: str, filled: str | None
) -> dict[str, dict[str, str]]:
    """What a reply tells of one of two orders: created, and executed or else cancelled."""
    number = {"long": 90, "short": 92}[side]
    base = {"accountID": sim.account.id, "batchID": "90", "time": "2026-09-12T12:00:00Z"}
    created = {
        **base,
        "id": str(number),
        "type": "MARKET_ORDER",
        "instrument": "EUR_USD",
        "units": units,
        "timeInForce": "FOK",
        "reason": "POSITION_CLOSEOUT",
    }
    end = {**base, "id": str(number + 1), "orderID": str(number)}
    if filled is None:
        cancel = {**end, "type": "ORDER_CANCEL", "reason": "MARKET_HALTED"}
        return {f"{side}OrderCreateTransaction": created, f"{side}OrderCancelTransaction": cancel}
    fill = {
        **end,
        "type": "ORDER_FILL",
        "instrument": "EUR_USD",
        "units": units,
        "price": "1.1",
        "reason": "MARKET_ORDER_POSITION_CLOSEOUT",
    }
    return {f"{side}OrderCreateTransaction": created, f"{side}OrderFillTransaction": fill}


async def test_a_call_need_not_wait_for_a_connection_of_its_own() -> None:
    """Two a second may be opened; what others have opened is there for all."""
    async with trading() as (_, _, exchange):
        await exchange.balances()
        began = anyio.current_time()
        await exchange.place(far_bid("c1"))
        await exchange.positions()
        await exchange.cancel_all()

    assert anyio.current_time() - began < 0.9


async def test_questions_that_hang_do_not_hold_up_an_order() -> None:
    """They share the connections with it, and leave it some."""
    async with trading() as (sim, _, exchange):
        await exchange.place(far_bid("c1"))
        sim.faults.add(faults.SlowReply(to="GET *summary*", delay_s=25.0, times=None))
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(exchange.balances)
            await anyio.sleep(6)
            began = anyio.current_time()
            order = await exchange.place(buy("m1"))
            took = anyio.current_time() - began
            tasks.cancel_scope.cancel()

    assert order.status is OrderStatus.FILLED
    assert took < 1


async def test_the_token_appears_in_nothing_that_a_run_says(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Logs, reports, events, errors with what caused them, snapshots: as in the worst of runs."""
    caplog.set_level("DEBUG")
    said: list[object] = []
    async with trading() as (sim, engine, exchange):
        engine.subscribe_reports(said.append)
        token = sim.token
        async with (
            exchange.account_events() as feed,
            hearing(feed) as heard,
            exchange.subscribe("EUR-USD", Topic.BOOK, Topic.QUOTES) as market,
            hearing(market) as quotes,
        ):
            await exchange.place(far_bid("c1"))
            sim.faults.add(faults.LoseReply(to=ORDERS))
            await exchange.place(buy("m1"))
            sim.faults.add(faults.ResetConnection(channel="*"))
            await anyio.sleep(5)
            said += [engine.snapshot(), exchange, engine]
            sim.revoke_token()
            with pytest.raises(AuthRefused) as refused:
                await exchange.balances()
            said += ["".join(format_exception(refused.value)), *heard.events, *quotes.events]
    printed = capsys.readouterr()
    everything = "\n".join([*map(repr, said), printed.out, printed.err, caplog.text])

    assert "api_call" in everything
    assert len(token) > 20
    assert token not in everything
    assert "Bearer" not in everything
