"""OANDA's streams and connections through the whole engine, on virtual time."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from traceback import format_exception
from typing import Any

import anyio
import pytest

from tests.support.oanda_world import (
    ORDERS,
    asked,
    buy,
    far_bid,
    fills_of,
    hearing,
    last_id,
    settled,
    trading,
)
from venuetree.protocol.errors import AuthRefused, InstrumentNotFound, MarketHalted
from venuetree.protocol.events import (
    BookInStep,
    BookStale,
    BookUpdated,
    InstrumentStatusChanged,
    MarginTradeChanged,
    QuoteChanged,
    StreamDisconnected,
    TopicStalled,
)
from venuetree.protocol.models import MarginTradeChange, OrderStatus, Topic
from venuetree.scenarios import faults
from venuetree.scenarios.line_faults import CutFrame
from venuetree.supervisors.wiring import Part

pytestmark = pytest.mark.anyio

#: The network in front of the exchange, during maintenance.
DOWN = faults.Respond(status=503, body=faults.Body.HTML, times=None)
#: A Saturday, and a Friday an hour before the market closes (17:00 in New York).
SATURDAY_NS = int(datetime(2026, 9, 12, 12, tzinfo=UTC).timestamp()) * 10**9
FRIDAY_NS = int(datetime(2026, 9, 11, 20, 59, 30, tzinfo=UTC).timestamp()) * 10**9


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


# ---------------------------------------------------------------- connections, and who may use them


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
