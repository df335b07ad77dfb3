# ruff: noqa: PT012 - the end of the tree raises, not one statement of its body
"""`running` inside somebody else's program: exceptions and cancellation pass unchanged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support.supervision import (
    Echo,
    Log,
    Work,
    after,
    idle,
    outcome,
    slow_to_clean_up,
    task_count,
    tree,
)
from tests.support.virtual_time import run_virtual
from venuetree.actors import ActorStopped, LeakedCancellation
from venuetree.supervisors import (
    AutoShutdown,
    ChildState,
    Exited,
    Restart,
    SupervisorFailed,
    running,
)

if TYPE_CHECKING:
    from venuetree.actors import Context

pytestmark = pytest.mark.anyio

ERROR = ValueError("crash")


async def test_the_bodys_own_exception_leaves_unchanged() -> None:
    """Case 41: a LookupError is a LookupError, not a group; the children were stopped."""
    log = Log()
    error = LookupError("the host's")
    with pytest.raises(LookupError) as raised:
        async with tree(log.supervisor(log.child("a", idle))):
            raise error
    assert raised.value is error
    assert log.lines == ["start a", "stop a"]


async def test_the_bodys_own_exception_group_leaves_unchanged() -> None:
    """Case 41: a group that the body raises is the one that arrives."""
    error = ExceptionGroup("the host's", [LookupError(), ValueError()])
    with pytest.raises(ExceptionGroup) as raised:
        async with tree(Log().supervisor()):
            raise error
    assert raised.value is error


async def test_a_tree_that_fails_cancels_the_body_and_raises() -> None:
    """Case 42: the engine fails while the body sleeps."""
    log = Log()
    reached: list[str] = []
    with pytest.raises(SupervisorFailed) as raised:
        async with tree(log.supervisor(log.child("a", after(3, ERROR)), intensity=0)):
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                reached.append("cancelled")
                raise
    assert raised.value.__cause__ is ERROR
    assert reached == ["cancelled"]


async def test_a_tree_that_failed_is_told_even_if_the_body_finished() -> None:
    """Case 42: no failure is swallowed because the body happened not to wait for anything."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(3, ERROR)), intensity=0)
    with pytest.raises(SupervisorFailed):
        async with tree(supervisor):
            with anyio.CancelScope(shield=True):
                await anyio.sleep(10)


async def test_an_ask_in_the_body_that_a_failing_tree_ends_tells_the_reason() -> None:
    """Case 42: ActorStopped leaves the body as its own exception, with the failure as cause."""
    log = Log()
    supervisor = log.supervisor(log.child("a"), log.child("b", after(3, ERROR)), intensity=0)
    with pytest.raises(ActorStopped) as raised:
        async with tree(supervisor):
            with anyio.CancelScope(shield=True):
                await anyio.sleep(10)
                await supervisor["a"].ask(Echo(1), timeout=1)
    assert isinstance(raised.value.__cause__, SupervisorFailed)


@pytest.mark.parametrize("waits_for", ["stop", "until", "start"])
async def test_a_body_that_waits_for_a_child_when_the_tree_fails_gets_the_failure(
    waits_for: str,
) -> None:
    """Case 42: not an error about a supervisor that has ended, which would hide the reason."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", slow_to_clean_up(10)), log.child("b", after(3, ERROR)), intensity=0
    )

    async def never_ready(_: Context[Work]) -> None:
        await anyio.sleep_forever()

    with pytest.raises(SupervisorFailed) as raised:
        async with tree(supervisor):
            await anyio.sleep(2)
            match waits_for:
                case "stop":
                    await supervisor.stop_child("a")
                    await anyio.sleep_forever()
                case "until":
                    await supervisor.until("a", ChildState.BACKOFF)
                case _:
                    await anyio.sleep(0.5)
                    await outcome(supervisor.start_child(log.child("c", never_ready)))
                    await anyio.sleep_forever()
    assert raised.value.__cause__ is ERROR


async def test_stopping_a_child_of_a_tree_that_has_ended_has_no_effect() -> None:
    """Case 12: idempotent there too; what is down need not be stopped."""
    log = Log()
    supervisor = log.supervisor(log.child("a", idle))
    async with tree(supervisor):
        pass
    await supervisor.stop_child("a")
    assert log.lines == ["start a", "stop a"]


async def test_a_tree_that_ends_by_itself_is_never_silent() -> None:
    """Case 43: a significant child's end stops the rest in reverse; the body gets ActorStopped."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", after(3), restart=Restart.TRANSIENT, significant=True),
        log.child("c", idle),
        auto_shutdown=AutoShutdown.ANY_SIGNIFICANT,
    )
    with pytest.raises(ActorStopped):
        async with tree(supervisor):
            await anyio.sleep_forever()
    assert log.lines == [*["start a", "start b", "start c"], "stop b", "stop c", "stop a"]


async def test_a_tree_that_ended_by_itself_after_the_body_is_no_error() -> None:
    """Case 43: the body had finished: nothing is raised."""
    log = Log()
    supervisor = log.supervisor(
        log.child("b", after(3), restart=Restart.TRANSIENT, significant=True),
        auto_shutdown=AutoShutdown.ANY_SIGNIFICANT,
    )
    async with tree(supervisor):
        with anyio.CancelScope(shield=True):
            await anyio.sleep(10)
    assert log.lines == ["start b", "stop b"]


@pytest.mark.parametrize("where", ["run", "handler", "wide handler"])
def test_a_cancellation_that_nobody_asked_for_is_a_crash(where: str) -> None:
    """Case 44, on asyncio alone: a library cancels a future behind a child's back (P2).

    That child crashes with LeakedCancellation and restarts; siblings and body are unaffected.
    """
    log = Log()
    futures: list[asyncio.Future[None]] = []

    async def waits_for_a_future(_: object) -> None:
        future = asyncio.get_running_loop().create_future()
        futures.append(future)
        await future

    async def first(context: Context[Work]) -> None:
        if where == "run":
            context.ready()
            await waits_for_a_future(context)
        else:
            await context.serve(waits_for_a_future, concurrency=1 if where == "handler" else 4)

    reached: list[object] = []

    async def main() -> None:
        supervisor = log.supervisor(log.child("a", first, log.serve), log.child("b"))
        async with tree(supervisor), anyio.create_task_group() as tasks:
            if where != "run":

                async def ask() -> None:
                    reached.append(await outcome(supervisor["a"].ask(Echo(1), timeout=60)))

                tasks.start_soon(ask)
            await anyio.sleep(1)
            futures[0].cancel()
            await anyio.sleep(10)
            reached.append(await supervisor["a"].ask(Echo(2), timeout=1))
            snapshot = supervisor.snapshot()
            reached.append([child.incarnation for child in snapshot.children])
            await anyio.sleep(1)
            reached.append("end")

    run_virtual("asyncio", main)
    assert reached[-3:] == [2, [2, 1], "end"]
    crash = log.of(Exited)[0]
    assert isinstance(crash.error, LeakedCancellation)
    if where != "run":
        assert isinstance(getattr(reached[0], "__cause__", None), LeakedCancellation)


@pytest.mark.parametrize("times", [1, 2, 3])
def test_native_cancellation_of_the_host_task_is_an_ordered_stop(times: int) -> None:
    """Case 45, on asyncio alone: task.cancel() one, two and three times on the host task."""
    log = Log()
    seen: list[object] = []

    async def host() -> None:
        supervisor = log.supervisor(
            log.child("a", idle), log.child("b", slow_to_clean_up(5)), log.child("c", idle)
        )
        async with running(supervisor):
            await asyncio.sleep(1000)

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(host())
        await anyio.sleep(1)
        for _ in range(times):
            task.cancel()
            await anyio.sleep(1)
        seen.append(task.done())
        await asyncio.wait([task])
        seen.append(task.cancelled())
        seen.append(task_count())

    run_virtual("asyncio", main)
    assert seen == [False, True, 1]
    assert log.lines[3:] == ["stop c", "stop b", "stop a"]


def test_asyncio_timeout_around_the_tree_works_as_on_any_code() -> None:
    """Case 45, on asyncio alone: the host may use asyncio.timeout; it gets its TimeoutError."""
    log = Log()
    seen: list[str] = []

    async def main() -> None:
        try:
            async with asyncio.timeout(3), running(log.supervisor(log.child("a", idle))):
                await asyncio.sleep(1000)
        except TimeoutError:
            seen.append("timeout")

    run_virtual("asyncio", main)
    assert seen == ["timeout"]
    assert log.lines == ["start a", "stop a"]


async def test_a_hosts_deadline_passes_through_after_an_ordered_stop() -> None:
    """Case 45: on both backends, a host's fail_after is its own TimeoutError."""
    log = Log()
    with pytest.raises(TimeoutError):
        with anyio.fail_after(3):
            async with tree(log.supervisor(*(log.child(name, idle) for name in "ab"))):
                await anyio.sleep_forever()
    assert log.lines == ["start a", "start b", "stop b", "stop a"]


async def test_two_trees_in_one_loop_do_not_interfere() -> None:
    """Case 46: the same names, the same specs, a crash in one: the other never notices."""
    log, other = Log(), Log()
    one = log.supervisor(log.child("a", after(1, ERROR), log.serve))
    two = other.supervisor(other.child("a"))
    async with tree(one):
        async with running(two):
            await anyio.sleep(5)
            assert await one["a"].ask(Echo(1), timeout=1) == 1
            assert await two["a"].ask(Echo(2), timeout=1) == 2
        assert isinstance(await outcome(two["a"].ask(Echo(3), timeout=1)), ActorStopped)
        assert await one["a"].ask(Echo(4), timeout=1) == 4
    assert [log.handled, other.handled] == [[(2, Echo(1)), (2, Echo(4))], [(1, Echo(2))]]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_tree_after_another_in_loops_of_their_own(backend: str) -> None:
    """Case 46: one tree per anyio.run, in sequence, even the same supervisor: no globals."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    answers: list[object] = []

    async def main() -> None:
        async with tree(supervisor):
            answers.append(await supervisor["a"].ask(Echo(len(answers)), timeout=1))

    for _ in range(3):
        run_virtual(backend, main)
    assert answers == [0, 1, 2]


async def test_a_supervisor_runs_once_at_a_time() -> None:
    """Case 46: the second attempt is refused, the first goes on."""
    log = Log()
    supervisor = log.supervisor(log.child("a", idle))
    async with tree(supervisor):
        with pytest.raises(RuntimeError, match="running already"):
            async with running(supervisor):
                log.lines.append("entered")
        assert supervisor.snapshot()["a"].state is ChildState.RUNNING
