"""Asks that are worked on in their askers' own tasks: promises as for any other ask."""

import asyncio
from functools import partial

import anyio
import pytest

from tests.support.supervision import (
    Boom,
    Echo,
    Log,
    Note,
    Refuse,
    RefusedError,
    Work,
    outcome,
    settle,
    tree,
)
from tests.support.virtual_time import BACKENDS
from venuetree.actors import (
    ActorCrashed,
    ActorStopped,
    AskTimeout,
    Context,
    Delivery,
    LeakedCancellation,
)
from venuetree.supervisors import ChildState, Exited

pytestmark = pytest.mark.anyio


class Worker:
    """Works on every message at once, and notes in whose task.

    `cleanup` is how long a cancelled piece of work takes to go. A Note below zero crashes the
    actor from the inside.
    """

    def __init__(self, cleanup: float = 0) -> None:
        self.cleanup = cleanup
        self.lines: list[object] = []
        self.tasks: list[int] = []
        self.kept: list[Delivery] = []

    async def __call__(self, context: Context[Work]) -> None:
        """Serve in step."""
        self.lines.append(f"begin {context.incarnation}")
        _ = context.stopping
        context.ready()
        await context.serve_in_step(self.take)

    async def take(self, delivery: Delivery) -> None:
        """Work on one."""
        self.tasks.append(anyio.get_current_task().id)
        match delivery.message:
            case Echo(value, seconds) if value < 0:
                self.kept.append(delivery)
                await anyio.sleep(seconds)
            case Echo(value, seconds):
                self.lines.append(value)
                try:
                    await anyio.sleep(seconds)
                except anyio.get_cancelled_exc_class():
                    with anyio.CancelScope(shield=True):
                        await anyio.sleep(self.cleanup)
                    self.lines.append(f"gone {value}")
                    raise
                delivery.reply(value)
            case Note(value, _):
                self.lines.append(value)
                if value < 0:
                    raise ValueError(value)
            case Refuse(error):
                delivery.fail(error)
            case Boom(error):
                raise error


async def test_an_ask_is_worked_on_in_its_askers_task() -> None:
    """Where nothing is queued, no other task is needed."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    async with tree(supervisor):
        answers = [await supervisor["a"].ask(Echo(n, 1), timeout=10) for n in range(3)]

    assert answers == [0, 1, 2]
    assert worker.tasks == [anyio.get_current_task().id] * 3


async def test_what_was_told_before_is_begun_before() -> None:
    """An ask that finds something queued goes behind it, in the actor's own tasks."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    async with tree(supervisor):
        await settle()
        supervisor["a"].tell_nowait(Note(1))
        answer = await supervisor["a"].ask(Echo(2), timeout=10)

    assert answer == 2
    assert worker.lines == ["begin 1", 1, 2]
    assert anyio.get_current_task().id not in worker.tasks


async def test_a_refusal_reaches_the_asker_unchanged() -> None:
    """And the actor lives on."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    refusal = RefusedError("no")
    async with tree(supervisor):
        told = await outcome(supervisor["a"].ask(Refuse(refusal), timeout=10))
        answer = await supervisor["a"].ask(Echo(1), timeout=10)

    assert told is refusal
    assert answer == 1
    assert log.of(Exited)[0].error is None


async def test_work_ends_with_its_asker() -> None:
    """Cancelled or out of time: nothing goes on for nobody, and `started` is true."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    async with tree(supervisor):
        with anyio.move_on_after(1) as scope:
            await supervisor["a"].ask(Echo(1, 60), timeout=100)
        late = await outcome(supervisor["a"].ask(Echo(2, 60), timeout=1))
        in_flight = supervisor.snapshot()["a"].in_flight
        answer = await supervisor["a"].ask(Echo(3), timeout=1)

    assert scope.cancelled_caught
    assert isinstance(late, AskTimeout)
    assert late.started
    assert worker.lines == ["begin 1", 1, "gone 1", 2, "gone 2", 3]
    assert (in_flight, answer) == (0, 3)


async def test_a_crash_in_step_fails_all_that_is_in_hand_at_that_moment() -> None:
    """Its own asker gets the cause; the others' work is gone before the next life begins."""
    log, worker = Log(), Worker(cleanup=3)
    supervisor = log.supervisor(log.child("a", worker))
    bug = KeyError("a bug")
    seen: dict[object, tuple[object, float]] = {}

    async def ask(message: Echo | Boom) -> None:
        result = await outcome(supervisor["a"].ask(message, timeout=100))
        seen[message] = (result, anyio.current_time() - began)

    async with tree(supervisor):
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, Echo(1, 60))
            await anyio.sleep(1)
            tasks.start_soon(ask, Boom(bug))
        answer = await supervisor["a"].ask(Echo(2), timeout=100)

    crash, at = seen[Boom(bug)]
    assert isinstance(crash, ActorCrashed)
    assert (crash.started, crash.__cause__) == (True, bug)
    assert at == pytest.approx(1)
    other, at = seen[Echo(1, 60)]
    assert isinstance(other, ActorCrashed)
    # When its own work has gone, which it waits for like anybody who cancels something.
    assert other.started
    assert at == pytest.approx(4)
    assert worker.lines == ["begin 1", 1, "gone 1", "begin 2", 2]
    assert answer == 2


async def test_a_crash_of_the_actors_own_task_ends_work_in_step() -> None:
    """A told message broke it: whoever has something in hand hears at once."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    results: list[object] = []

    async def ask() -> None:
        results.append(await outcome(supervisor["a"].ask(Echo(1, 60), timeout=100)))
        results.append(anyio.current_time())

    async with tree(supervisor), anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.sleep(1)
        crashed_at = anyio.current_time()
        supervisor["a"].tell_nowait(Note(-1))

    crash, at = results
    assert isinstance(crash, ActorCrashed)
    assert isinstance(crash.__cause__, ValueError)
    assert at == pytest.approx(crashed_at)
    assert "gone 1" in worker.lines


async def test_a_stop_waits_for_work_in_step_within_its_grace() -> None:
    """What is in hand is done or, the grace being over, stopped; nothing new is begun."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker, shutdown=10))
    results: dict[int, object] = {}

    async def ask(value: int, seconds: float) -> None:
        results[value] = await outcome(supervisor["a"].ask(Echo(value, seconds), timeout=100))

    async with tree(supervisor), anyio.create_task_group() as tasks:
        ref = supervisor["a"]
        tasks.start_soon(ask, 1, 5)
        await settle()
        tasks.start_soon(ask, 2, 60)
        await anyio.sleep(1)
        tasks.start_soon(supervisor.stop_child, "a")
        await anyio.sleep(1)
        new = await outcome(ref.ask(Echo(3), timeout=100))

    stopped = results[2]
    assert results[1] == 1
    assert isinstance(stopped, ActorStopped)
    assert stopped.started
    assert isinstance(new, ActorStopped)
    assert not new.started
    assert worker.lines == ["begin 1", 1, 2, "gone 2"]


async def test_no_work_is_begun_in_an_incarnation_that_is_to_end() -> None:
    """Asked to stop for a restart, or crashed a moment ago: the next one serves the ask."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker, shutdown=10))
    bug = KeyError("a bug")
    async with tree(supervisor), anyio.create_task_group() as tasks:
        tasks.start_soon(partial(supervisor["a"].ask, Echo(1, 5), timeout=100))
        await anyio.sleep(1)
        tasks.start_soon(supervisor.restart_child, "a")
        await anyio.sleep(1)
        second = await outcome(supervisor["a"].ask(Echo(2), timeout=100))
        crash = await outcome(supervisor["a"].ask(Boom(bug), timeout=100))
        third = await outcome(supervisor["a"].ask(Echo(3), timeout=100))

    assert isinstance(crash, ActorCrashed)
    assert (second, third) == (2, 3)
    assert worker.lines == ["begin 1", 1, "begin 2", 2, "begin 3", 3]


async def test_an_answer_may_come_from_elsewhere_after_the_work_has_ended() -> None:
    """The asker waits for it, until its deadline; an earlier answer is had when the work ends."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    results: list[object] = []

    async def ask(seconds: float) -> None:
        results.append(await outcome(supervisor["a"].ask(Echo(-1, seconds), timeout=10)))
        results.append(anyio.current_time() - began)

    async with tree(supervisor):
        began = anyio.current_time()
        for seconds, answer_after in ((0, 2), (3, 1)):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask, seconds)
                await anyio.sleep(answer_after)
                assert worker.kept[-1].reply(answer_after)
        late = await outcome(supervisor["a"].ask(Echo(-1), timeout=1))
        assert not worker.kept[-1].reply(5)

    assert results == [2, pytest.approx(2), 1, pytest.approx(5)]
    assert isinstance(late, AskTimeout)


@pytest.mark.parametrize("anyio_backend", BACKENDS[:1], indirect=True)
async def test_a_cancellation_that_nobody_asked_for_is_a_crash_and_not_the_askers_end() -> None:
    """P2: a library cancels a future behind our back, within the work on an ask."""
    log = Log()

    async def life(context: Context[Work]) -> None:
        async def take(_: Delivery) -> None:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

        context.ready()
        await context.serve_in_step(take)

    supervisor = log.supervisor(log.child("a", life))
    async with tree(supervisor):
        result = await outcome(supervisor["a"].ask(Echo(1), timeout=10))
        await supervisor.until("a", ChildState.BACKOFF)

    assert isinstance(result, ActorCrashed)
    assert isinstance(result.__cause__, LeakedCancellation)
    assert isinstance(log.of(Exited)[0].error, LeakedCancellation)


@pytest.mark.parametrize("anyio_backend", BACKENDS[:1], indirect=True)
@pytest.mark.parametrize("way", ["timeout", "cancel"])
async def test_an_asker_cancelled_natively_is_cancelled_and_the_actor_lives(way: str) -> None:
    """`asyncio.timeout` or `task.cancel()` in the host's task are the host's affair."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    async with tree(supervisor):
        if way == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await supervisor["a"].ask(Echo(1, 60), timeout=100)
        else:
            ask = asyncio.ensure_future(supervisor["a"].ask(Echo(1, 60), timeout=100))
            await anyio.sleep(1)
            ask.cancel()
            with pytest.raises(asyncio.CancelledError):
                await ask
        info = supervisor.snapshot()["a"]
        answer = await supervisor["a"].ask(Echo(2), timeout=1)

    assert (info.incarnation, info.in_flight) == (1, 0)
    assert answer == 2
    assert worker.lines == ["begin 1", 1, "gone 1", 2]


async def test_askers_in_step_let_others_run() -> None:
    """However many asks in a row, and though none of them waits for anything."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with tree(supervisor), anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        for _ in range(1000):
            await outcome(supervisor["a"].ask(Refuse(RefusedError("no")), timeout=1))
        tasks.cancel_scope.cancel()

    assert turns >= 5


async def test_a_cancelled_asker_begins_no_work() -> None:
    """Its message is not handled at all."""
    log, worker = Log(), Worker()
    supervisor = log.supervisor(log.child("a", worker))
    async with tree(supervisor):
        await settle()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await supervisor["a"].ask(Echo(1), timeout=1)

    assert scope.cancelled_caught
    assert worker.lines == ["begin 1"]
