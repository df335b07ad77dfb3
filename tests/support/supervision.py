"""Children, messages and a log for the tests of the supervision core.

An assertion inside a supervised child would be swallowed as a crash, so children only note what
they see; tests compare the notes, from outside.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio
import anyio.lowlevel
import sniffio
import trio
from attrs import Factory, define, frozen

from venuetree.actors import Actor, Context, Deadlock, Ref, on
from venuetree.protocol.messages import Message, Request
from venuetree.supervisors import Backoff, ChildSpec, Report, Supervisor, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

__all__ = [
    "BACKOFF",
    "DEADLOCK_SECONDS",
    "Boom",
    "Echo",
    "Life",
    "Log",
    "Note",
    "Refuse",
    "RefusedError",
    "Relay",
    "Relayer",
    "Results",
    "Work",
    "after",
    "anew",
    "failing",
    "idle",
    "outcome",
    "settle",
    "slow_to_clean_up",
    "task_count",
    "tree",
]

# No test lasts this long; a tree that hangs jumps here at once, and fails.
DEADLOCK_SECONDS = 100_000.0

BACKOFF = Backoff(min=1, max=8, factor=2, jitter=0, reset_after=100)

R = TypeVar("R")


class Work:
    """The protocol of the test actors."""


@frozen
class Echo(Request[Work, int]):
    """Answered with `value` after `seconds`."""

    value: int
    seconds: float = 0


@frozen
class Boom(Request[Work, int]):
    """Crashes the actor with `error`."""

    error: Exception


@frozen
class Refuse(Request[Work, int]):
    """Refused with `error`, of a type that the actor refuses with."""

    error: Exception


@frozen
class Note(Message[Work]):
    """Noted by its value, after `seconds`."""

    value: int
    seconds: float = 0


@frozen
class Relay(Request[Work, int]):
    """Answered with what the other actor, asked to relay `hops` fewer, answers."""

    hops: int


class Relayer(Actor[Work]):
    """Asks the other one, and passes a deadlock on as its refusal."""

    refuses = (Deadlock,)

    def __init__(self, others: list[Ref[Work]]) -> None:
        self.others = others

    @on(Relay)
    async def relay(self, message: Relay) -> int:
        """One hop."""
        if not message.hops:
            return 0
        return 1 + await self.others[0].ask(Relay(message.hops - 1), timeout=60)


class RefusedError(Exception):
    """A business refusal."""


Life: TypeAlias = "Callable[[Context[Work]], Awaitable[object]]"


@define
class Log:
    """What happened, in order."""

    lines: list[str] = Factory(list)
    handled: list[tuple[int, object]] = Factory(list)
    reports: list[Report] = Factory(list)

    def of(self, kind: type[R]) -> list[R]:
        """The reports of one type."""
        return [report for report in self.reports if isinstance(report, kind)]

    def child(self, name: str, *lives: Life, **options: Any) -> ChildSpec[Work]:
        """A child that logs its starts and stops; its n-th incarnation lives the n-th life.

        The last life is lived ever after; with none, it serves.
        """

        async def run(context: Context[Work]) -> None:
            self.lines.append(f"start {name}")
            try:
                await (lives or (self.serve,))[min(context.incarnation, len(lives) or 1) - 1](
                    context
                )
            finally:
                self.lines.append(f"stop {name}")

        return ChildSpec(name, run, **{"backoff": BACKOFF, **options})

    async def serve(self, context: Context[Work]) -> None:
        """Serve the messages of this module, one at a time."""
        await context.serve(self.handler(context), refuses=(RefusedError,))

    async def serve_eight(self, context: Context[Work]) -> None:
        """Serve them eight at a time."""
        await context.serve(self.handler(context), refuses=(RefusedError,), concurrency=8)

    def handler(self, context: Context[Work]) -> Callable[[Any], Awaitable[object]]:
        """A handler that notes each message with the incarnation that handles it."""

        async def handle(message: Echo | Boom | Refuse | Note) -> object:
            self.handled.append((context.incarnation, message))
            match message:
                case Echo(value, seconds):
                    await anyio.sleep(seconds)
                    return value
                case Note(_, seconds):
                    await anyio.sleep(seconds)
                    return None
                case Boom(error) | Refuse(error):
                    raise error

        return handle

    def supervisor(self, *specs: ChildSpec[Any], **options: Any) -> Supervisor:
        """A supervisor whose reports are noted, with an intensity that never matters."""
        supervisor = Supervisor(*specs, **{"intensity": 1000, **options})
        supervisor.subscribe(self.reports.append)
        return supervisor


def after(seconds: float, error: Exception | None = None) -> Life:
    """A life that is ready at once, lasts `seconds`, then returns or raises."""

    async def live(context: Context[Work]) -> None:
        context.ready()
        await anyio.sleep(seconds)
        if error is not None:
            raise error

    return live


def failing(error: Exception) -> Life:
    """A life that fails before it is ready."""

    async def live(_: Context[Work]) -> None:
        raise error

    return live


def anew(make: Callable[[], Life]) -> Life:
    """A life that is made for each incarnation."""

    async def live(context: Context[Work]) -> None:
        await make()(context)

    return live


async def idle(context: Context[Work]) -> None:
    """A life that is ready at once and lasts until it is cancelled."""
    context.ready()
    await anyio.sleep_forever()


def slow_to_clean_up(seconds: float) -> Life:
    """A life that, once cancelled, takes `seconds` to clean up."""

    async def live(context: Context[Work]) -> None:
        context.ready()
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(seconds)

    return live


async def settle() -> None:
    """Let every task go as far as it can, without any time passing."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


def task_count() -> int:
    """How many tasks live in this loop."""
    if sniffio.current_async_library() == "asyncio":
        return len(asyncio.all_tasks())
    return trio.lowlevel.current_statistics().tasks_living


@asynccontextmanager
async def tree(supervisor: Supervisor) -> AsyncIterator[Supervisor]:
    """`running`, with no task left behind, and an end to what hangs."""
    before = task_count()
    try:
        with anyio.fail_after(DEADLOCK_SECONDS):
            async with running(supervisor):
                yield supervisor
    finally:
        left = task_count() - before
        if left:
            msg = f"{left} tasks were left behind"
            raise RuntimeError(msg)


async def outcome(call: Awaitable[object]) -> object:
    """What a call returned or raised."""
    try:
        return await call
    except Exception as error:  # noqa: BLE001 - the test compares it
        return error


class Results:
    """Outcomes of calls made in tasks of their own, by name, with the time at which they came."""

    def __init__(self) -> None:
        self.begun = anyio.current_time()
        self.of: dict[str, tuple[object, float]] = {}

    async def note(self, name: str, call: Awaitable[object]) -> None:
        """Await a call and note how it ended."""
        result = await outcome(call)
        self.of[name] = (result, round(anyio.current_time() - self.begun, 6))

    def error(self, name: str, kind: type[Exception]) -> tuple[bool, bool, float]:
        """Whether the outcome is an error of that type, its `started`, and the time."""
        error, at = self.of[name]
        return isinstance(error, kind), getattr(error, "started", not error), at
