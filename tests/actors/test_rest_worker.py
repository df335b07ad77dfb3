"""The REST worker between a gate, a signer and a host that a test makes slow."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from attrs import define

from tests.support.toy import ListLog, ToyHost, ToyRest, default_answer
from venuetree.actors import Context, MailboxSpec, Overflow, Ref
from venuetree.actors.clock import LoopClock
from venuetree.actors.directory import Directory
from venuetree.actors.gate_messages import Admit, Gate
from venuetree.actors.rate_gate import rate_gate
from venuetree.actors.rest_worker import RestWorker
from venuetree.protocol import commands
from venuetree.protocol.commands import Rest
from venuetree.protocol.errors import TransportError
from venuetree.protocol.messages import Request
from venuetree.protocol.models import OrderKey
from venuetree.protocol.port import Cost, Lane, LimitWindow, WindowKind
from venuetree.supervisors import ChildSpec, Supervisor, running

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
MAILBOX = MailboxSpec(64, Overflow.FAIL)
#: Of a request of the toy exchange, unless it says otherwise.
TIMEOUT_NS = 10 * SECOND


async def deaf(ctx: Context[Any]) -> None:
    """An actor that takes no message."""
    ctx.ready()
    await anyio.sleep_forever()


async def signing(ctx: Context[Any]) -> None:
    """One that hands back what it is given."""

    async def sign(message: Any) -> object:
        return message.request

    await ctx.serve(sign)


@define
class Running:
    """A worker, and what a test looks at."""

    rest: Ref[Rest]
    gate: Ref[Gate]
    supervisor: Supervisor
    directory: Directory

    def used(self) -> int:
        """What the gate believes to be spent."""
        detail: Any = self.supervisor.snapshot()["gate"].detail
        used: int = detail.limits.windows[0].used
        return used


@asynccontextmanager
async def worker(
    host: ToyHost,
    *,
    auth: Callable[[Context[Any]], Awaitable[None]] = signing,
    has_messages: bool = False,
) -> AsyncIterator[Running]:
    """A worker whose exchange has a window of one request in ten seconds."""
    clock = host.clock = LoopClock(0, origin=anyio.current_time() - 1_000)
    window = LimitWindow("all", 1, 10 * SECOND, WindowKind.SLIDING)
    directory = Directory()
    supervisor: Supervisor

    async def run(ctx: Context[Rest]) -> None:
        await RestWorker(
            exchange="toy",
            host="toy.invalid",
            codec=ToyRest(host),
            send=host.send,
            gate=supervisor["gate"],
            auth=supervisor["auth"],
            clock=clock,
            directory=directory,
            on_auth_refused=lambda: None,
            log=ListLog(),
            messages=(lambda _: supervisor["messages"]) if has_messages else None,
        )(ctx)

    gate = rate_gate(exchange="toy", windows=(window,), reserved={}, clock=clock)
    supervisor = Supervisor(
        ChildSpec("gate", gate, mailbox=MAILBOX),
        ChildSpec("auth", auth, mailbox=MAILBOX),
        ChildSpec("messages", deaf, mailbox=MAILBOX),
        ChildSpec("rest", run, mailbox=MAILBOX),
    )
    async with running(supervisor):
        yield Running(supervisor["rest"], supervisor["gate"], supervisor, directory)


async def test_who_sets_no_deadline_has_the_requests_own() -> None:
    """A host may wait for ever."""
    host = ToyHost()
    async with worker(host) as running_worker:
        await running_worker.rest.ask(commands.FetchBalances(), timeout=math.inf)

    assert [request.timeout_ns for request in host.requests] == [TIMEOUT_NS]


async def test_a_request_ends_before_its_askers_time_does() -> None:
    """By as much as the answer needs."""
    host = ToyHost()
    async with worker(host) as running_worker:
        await running_worker.rest.ask(commands.FetchBalances(), timeout=2)

    (request,) = host.requests
    assert 1.98 * SECOND < request.timeout_ns < 2 * SECOND


@pytest.mark.parametrize(
    ("command", "lane", "own"),
    [
        (commands.FetchBalances(), Lane.UPKEEP, Lane.UPKEEP),
        (commands.FetchBalances(), Lane.RESOLVE, Lane.RESOLVE),
        (commands.FetchBalances(), Lane.DATA, Lane.DATA),
        (commands.CancelOrder(OrderKey("BTC-USD", "c1")), Lane.RESOLVE, Lane.CANCEL),
    ],
)
async def test_a_question_goes_in_its_askers_lane(
    command: Request[Rest, object], lane: Lane, own: Lane
) -> None:
    """Unless its own is more urgent."""
    host = ToyHost()
    async with worker(host) as running_worker:
        await running_worker.rest.ask(commands.Ahead(command, lane), timeout=2)

    assert [request.lane for request in host.requests] == [own]
    assert host.commands == [command]


async def test_a_message_that_was_never_sent_leaves_its_request_what_time_there_is() -> None:
    """It goes over HTTP then, within what is left of its asker's time."""
    host = ToyHost()
    async with worker(host, has_messages=True) as running_worker:
        await running_worker.rest.ask(commands.FetchBalances(), timeout=12)

    (request,) = host.requests
    assert 1.9 * SECOND < request.timeout_ns < 2 * SECOND


async def test_a_request_whose_askers_time_ends_with_its_turn_is_not_tried() -> None:
    """It costs nothing, and says nothing of the exchange."""
    host = ToyHost()
    lost: list[None] = []
    host.script = default_answer
    async with worker(host, has_messages=True) as running_worker:
        running_worker.directory._on_lost = lambda: lost.append(None)
        running_worker.directory.answered()
        with pytest.raises(TransportError, match="nothing was sent"):
            await running_worker.rest.ask(commands.FetchBalances(), timeout=10.005)
        used = running_worker.used()

    assert (host.requests, used, lost) == ([], 0, [])


async def test_leave_to_send_is_given_back_by_who_gives_up_while_it_is_signed() -> None:
    """The next one need not wait for the window to pass."""
    host = ToyHost()
    async with worker(host, auth=deaf) as running_worker:
        with anyio.move_on_after(1):
            await running_worker.rest.ask(commands.FetchBalances(), timeout=30)
        used = running_worker.used()
        await running_worker.gate.ask(Admit(Lane.DATA, (Cost("all"),)), timeout=0.1)

    assert (used, host.requests) == (0, [])
