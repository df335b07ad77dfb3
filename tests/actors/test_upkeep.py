"""Upkeep: what is asked again and again, and what makes it ask sooner."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from attrs import define, field

from venuetree.actors import Context, MailboxSpec, Overflow, Ref
from venuetree.actors.directory import Directory
from venuetree.actors.upkeep import CheckCredentials, ExchangeLost, Upkeep, UpkeepDetail
from venuetree.protocol import commands
from venuetree.protocol.errors import EngineError, RateLimited, TransportError
from venuetree.protocol.port import Chore, ChoreEffect, Lane
from venuetree.supervisors import ChildSpec, Supervisor, running

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
MAILBOX = MailboxSpec(64, Overflow.DROP_NEWEST)
CLOCK = Chore(commands.FetchServerTime(), ChoreEffect.CLOCK, every_ns=300 * SECOND)
KEY = Chore(commands.FetchKeyPermissions(), ChoreEffect.CREDENTIALS, every_ns=None)


@define
class Exchange:
    """Answers chores, or fails; notes when each came."""

    answer: Callable[[Any], object] = lambda _: None
    asked: list[tuple[str, float]] = field(factory=list)
    began: float = 0.0

    async def run(self, ctx: Context[Any]) -> None:
        """The REST worker's stead."""

        async def handle(message: Any) -> object:
            assert isinstance(message, commands.Ahead)
            assert message.lane is Lane.UPKEEP
            name = "time" if isinstance(message.command, commands.FetchServerTime) else "key"
            self.asked.append((name, round(anyio.current_time() - self.began, 2)))
            return self.answer(message.command)

        await ctx.serve(handle, refuses=(EngineError,))

    def refuse(self, error: EngineError) -> None:
        """Fail from now on."""

        def fail(_: Any) -> object:
            raise error

        self.answer = fail

    def later(self) -> list[tuple[str, float]]:
        """What was asked after the first round."""
        return self.asked[2:]


@asynccontextmanager
async def upkeep(
    exchange: Exchange, *chores: Chore
) -> AsyncIterator[tuple[Ref[Any], Callable[[], UpkeepDetail]]]:
    """An upkeep actor that has done its first round."""
    supervisor: Supervisor

    async def run(ctx: Context[Any]) -> None:
        await Upkeep("toy", chores, supervisor["rest"], Directory(), lambda _: None)(ctx)

    supervisor = Supervisor(
        ChildSpec("rest", exchange.run, mailbox=MAILBOX),
        ChildSpec("upkeep", run, mailbox=MAILBOX),
    )
    exchange.began = anyio.current_time()
    async with running(supervisor):

        def detail() -> UpkeepDetail:
            shown = supervisor.snapshot()["upkeep"].detail
            assert isinstance(shown, UpkeepDetail)
            return shown

        yield supervisor["upkeep"], detail


async def test_each_chore_is_done_on_its_own_schedule() -> None:
    """The key once, the clock every five minutes."""
    exchange = Exchange()
    async with upkeep(exchange, CLOCK, KEY) as (_, detail):
        await anyio.sleep(601)
        done = detail().done

    assert exchange.asked == [("time", 0), ("key", 0), ("time", 300), ("time", 600)]
    assert done == 4


async def test_an_exchange_that_is_lost_is_looked_for_until_it_answers() -> None:
    """Soon, then ever more slowly; its coming back ends that, and the schedule goes on."""
    exchange = Exchange()
    async with upkeep(exchange, CLOCK, KEY) as (ref, detail):
        await anyio.sleep(10)
        exchange.refuse(TransportError("down"))
        ref.tell_nowait(ExchangeLost())
        await anyio.sleep(4.2)
        failing = detail().failing
        exchange.answer = lambda _: None
        await anyio.sleep(100)
        mended = detail().failing

    assert exchange.later() == [("time", t) for t in (10.5, 11.0, 12.0, 14.0, 18.0)]
    assert [name for name, _ in failing] == ["clock"]
    assert mended == ()


async def test_a_loss_does_not_put_off_what_is_due_sooner() -> None:
    """Nor does one that is told again and again."""
    exchange = Exchange()
    async with upkeep(exchange, CLOCK, KEY) as (ref, _):
        await anyio.sleep(299.9)
        for _ in range(5):
            ref.tell_nowait(ExchangeLost())
        await anyio.sleep(1)

    assert exchange.later() == [("time", 300)]


async def test_a_doubt_about_the_key_is_not_hidden_by_a_loss() -> None:
    """Both are heard, though they come in one moment; the key is asked about once."""
    exchange = Exchange()
    async with upkeep(exchange, CLOCK, KEY) as (ref, _):
        await anyio.sleep(10)
        ref.tell_nowait(ExchangeLost())
        for _ in range(5):
            ref.tell_nowait(CheckCredentials())
        await anyio.sleep(10)

    assert exchange.later() == [("key", 10), ("time", 10.5)]


async def test_a_loss_without_chores_is_nothing_to_do() -> None:
    """There is nothing to ask by."""
    exchange = Exchange()
    async with upkeep(exchange) as (ref, _):
        ref.tell_nowait(ExchangeLost())
        await anyio.sleep(10)

    assert exchange.asked == []


async def test_one_failure_that_says_nothing_of_reach_leaves_the_others_to_be_tried() -> None:
    """Only an exchange out of reach is spared the rest of the round."""
    exchange = Exchange()
    exchange.refuse(RateLimited("later"))
    async with upkeep(exchange, CLOCK, KEY):
        limited = list(exchange.asked)
    exchange.asked.clear()
    exchange.refuse(TransportError("down"))
    async with upkeep(exchange, CLOCK, KEY):
        lost = list(exchange.asked)

    assert limited == [("time", 0), ("key", 0)]
    assert lost == [("time", 0)]


# ---------------------------------------------------------------- the directory


async def test_the_loss_of_an_exchange_is_told_once_each_time() -> None:
    """Not before it was ever reached, and not again while it is away."""
    lost: list[None] = []
    directory = Directory(lambda: lost.append(None))
    directory.unreachable()
    never_reached = len(lost)
    directory.answered()
    directory.unreachable()
    directory.unreachable()
    once = len(lost)
    directory.answered()
    directory.unreachable()

    assert (never_reached, once, len(lost)) == (0, 1, 2)
    assert not directory.is_reachable


async def test_whoever_waits_for_an_exchange_waits_for_its_next_answer() -> None:
    """One of before it was lost does not count."""
    directory = Directory()
    directory.answered()
    directory.unreachable()
    with anyio.move_on_after(1) as scope:
        await directory.reachable()
    directory.answered()
    with anyio.fail_after(1):
        await directory.reachable()

    assert scope.cancelled_caught
