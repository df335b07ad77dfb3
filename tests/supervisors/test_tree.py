"""The tree as it runs: dynamic children, snapshots, reports, and children that stay stopped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support.supervision import (
    BACKOFF,
    Echo,
    Log,
    Note,
    Work,
    after,
    failing,
    idle,
    outcome,
    settle,
    tree,
)
from venuetree.actors import ActorStopped, Unrecoverable
from venuetree.supervisors import (
    ChildInfo,
    ChildSpec,
    ChildState,
    Escalated,
    Exited,
    Ready,
    Report,
    StartFailed,
    Stopped,
    Strategy,
    SubscriberFailed,
    SupervisorFailed,
    TreeInfo,
    Unrecoverably,
    find_unrecoverable,
    running,
)

if TYPE_CHECKING:
    from venuetree.actors import Context

pytestmark = pytest.mark.anyio

CRASH = ValueError("crash")
REVOKED = Unrecoverable("key revoked")


async def test_a_dynamic_child_is_ready_when_start_child_returns() -> None:
    """start_child adds at the end, waits for readiness and returns the address."""
    log = Log()
    supervisor = log.supervisor(log.child("a", idle))

    async def ready_after_a_second(context: Context[Work]) -> None:
        await anyio.sleep(1)
        await log.serve(context)

    async with tree(supervisor):
        begun = anyio.current_time()
        spec = log.child("b", ready_after_a_second)
        ref = await supervisor.start_child(spec)
        assert anyio.current_time() - begun == 1
        assert await ref.ask(Echo(1), timeout=1) == 1
        assert supervisor.ref(spec) is ref
        with pytest.raises(ValueError, match="already"):
            await supervisor.start_child(log.child("b", idle))
        assert [child.name for child in supervisor.children()] == ["a", "b"]
    assert log.lines[2:] == ["stop b", "stop a"]


async def test_a_dynamic_child_that_fails_to_start_is_forgotten_and_nobody_else_suffers() -> None:
    """start_child raises StartFailed from the real error."""
    log = Log()
    supervisor = log.supervisor(log.child("a", idle), intensity=0)
    async with tree(supervisor):
        with pytest.raises(StartFailed) as raised:
            await supervisor.start_child(log.child("b", failing(CRASH)))
        assert raised.value.__cause__ is CRASH
        assert [child.name for child in supervisor.children()] == ["a"]
        await supervisor.start_child(log.child("b", idle))


async def test_start_and_restart_are_refused_where_nothing_runs() -> None:
    """A supervisor that is not running starts nothing; stopping there has no effect."""
    log = Log()
    supervisor = log.supervisor(log.child("a", idle))
    with pytest.raises(RuntimeError, match="not running"):
        await supervisor.start_child(log.child("b", idle))
    with pytest.raises(RuntimeError, match="not running"):
        await supervisor.restart_child("a")
    await supervisor.stop_child("nobody")
    async with tree(supervisor):
        with pytest.raises(KeyError):
            await supervisor.restart_child("nobody")
    assert log.lines == ["start a", "stop a"]


async def test_a_forced_restart_is_immediate_and_not_counted() -> None:
    """restart_child restarts a running child though the intensity allows no restart."""
    log = Log()
    supervisor = log.supervisor(log.child("a"), log.child("b", idle), intensity=0)
    async with tree(supervisor):
        ref = supervisor["a"]
        begun = anyio.current_time()
        await supervisor.restart_child("a")
        assert anyio.current_time() == begun
        assert [(c.incarnation, c.restarts) for c in supervisor.children()] == [(2, 0), (1, 0)]
        assert await ref.ask(Echo(1), timeout=1) == 1


async def test_a_forced_restart_takes_along_what_depends_on_the_child() -> None:
    """With rest_for_one a forced restart is a group restart, in order."""
    log = Log()
    supervisor = log.supervisor(
        *(log.child(name, idle) for name in "abc"), strategy=Strategy.REST_FOR_ONE
    )
    async with tree(supervisor):
        log.lines.clear()
        await supervisor.restart_child("b")
        await settle()
        assert log.lines == ["stop c", "stop b", "start b", "start c"]


async def test_a_forced_restart_ends_a_backoff() -> None:
    """restart_child during a long backoff starts the child at once."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(1, CRASH), idle))
    async with tree(supervisor):
        await supervisor.until("a", ChildState.BACKOFF)
        begun = anyio.current_time()
        await supervisor.restart_child("a")
        assert anyio.current_time() == begun
        assert supervisor.snapshot()["a"].state is ChildState.RUNNING


async def test_a_child_that_cannot_be_helped_stays_stopped_where_so_chosen() -> None:
    """STAY_STOPPED: its error is in the snapshot and a report, its address refuses because of it.

    Siblings never notice; restart_child starts it anew.
    """
    log = Log()
    supervisor = log.supervisor(
        log.child("a", after(1, REVOKED), log.serve),
        log.child("b", idle),
        intensity=0,
        unrecoverably=Unrecoverably.STAY_STOPPED,
    )
    async with tree(supervisor):
        ref = supervisor["a"]
        await anyio.sleep(1000)
        info = supervisor.snapshot()["a"]
        assert (info.state, info.incarnation, info.last_error) == (ChildState.STOPPED, 1, REVOKED)
        assert [(s.path, s.error) for s in log.of(Stopped)] == [(("a",), REVOKED)]
        result = await outcome(ref.ask(Echo(1), timeout=60))
        assert isinstance(result, ActorStopped)
        assert (result.started, result.__cause__) == (False, REVOKED)
        await supervisor.restart_child("a")
        assert await ref.ask(Echo(2), timeout=60) == 2
        assert log.of(Escalated) == []
        assert supervisor.snapshot()["b"].incarnation == 1


async def test_a_child_started_anew_in_vain_stays_stopped_again() -> None:
    """restart_child raises StartFailed with the error as cause; nobody escalates."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", after(1, REVOKED), failing(REVOKED)),
        unrecoverably=Unrecoverably.STAY_STOPPED,
    )
    async with tree(supervisor):
        await anyio.sleep(5)
        with pytest.raises(StartFailed) as raised:
            await supervisor.restart_child("a")
        assert raised.value.__cause__ is REVOKED
        assert supervisor.snapshot()["a"].state is ChildState.STOPPED


async def test_at_entry_an_unrecoverable_child_is_an_error_even_where_it_may_stay_stopped() -> None:
    """A wrong credential is told at once; the plain error can be found in what is raised."""
    log = Log()
    inner = log.supervisor(log.child("auth", failing(REVOKED)))
    outer = log.supervisor(
        ChildSpec("coinbase", inner, retry_start=True), unrecoverably=Unrecoverably.STAY_STOPPED
    )
    with pytest.raises(SupervisorFailed) as raised:
        async with tree(outer):
            log.lines.append("entered")
    assert find_unrecoverable(raised.value) is REVOKED


async def test_a_subtree_that_cannot_be_helped_stays_stopped_as_a_whole() -> None:
    """An unrecoverable error below makes the subtree's failure unrecoverable for its parent.

    Every address in it refuses, because of the plain error, until it is started anew.
    """
    log = Log()
    inner = log.supervisor(
        log.child("auth", after(1, REVOKED), idle), log.child("rest"), strategy=Strategy.ONE_FOR_ALL
    )
    outer = log.supervisor(
        ChildSpec("coinbase", inner, backoff=BACKOFF),
        log.child("other", idle),
        unrecoverably=Unrecoverably.STAY_STOPPED,
    )
    async with tree(outer):
        await anyio.sleep(1000)
        info = outer.snapshot()["coinbase"]
        assert (info.state, info.last_error) == (ChildState.STOPPED, REVOKED)
        result = await outcome(inner["rest"].ask(Echo(1), timeout=60))
        assert isinstance(result, ActorStopped)
        assert result.__cause__ is REVOKED
        await outer.restart_child("coinbase")
        assert await inner["rest"].ask(Echo(2), timeout=60) == 2
        assert outer.snapshot()["other"].incarnation == 1


async def test_a_snapshot_is_the_whole_tree_as_a_value() -> None:
    """Compared whole; what a child publishes last is shown, and the tree below a supervisor."""
    log = Log()

    async def publishes(context: Context[Work]) -> None:
        context.publish(("age", 0))
        context.ready()
        await anyio.sleep(1)
        context.publish(("age", 1))
        await anyio.sleep_forever()

    inner = log.supervisor(log.child("x", publishes), log.child("y", after(2, CRASH), idle))
    outer = log.supervisor(ChildSpec("inner", inner))
    assert not outer.snapshot().running

    def info(name: str, *path: str, **changes: object) -> ChildInfo:
        fields: dict[str, object] = {
            "name": name,
            "path": (*path, name),
            "state": ChildState.RUNNING,
            "incarnation": 1,
            "restarts": 0,
            "failures": 0,
            "backoff_delay": None,
            "next_start": None,
            "mailbox_depth": 0,
            "mailbox_capacity": 256,
            "mailbox_dropped": 0,
            "in_flight": 0,
            "last_error": None,
            "detail": None,
            "children": (),
        }
        return ChildInfo(**{**fields, **changes})  # type: ignore[arg-type]

    async with tree(outer):
        begun = anyio.current_time()
        await anyio.sleep(2.5)
        x = info("x", "inner", detail=("age", 1))
        y = info(
            "y",
            "inner",
            state=ChildState.BACKOFF,
            restarts=1,
            failures=1,
            backoff_delay=1,
            next_start=begun + 3,
            last_error=CRASH,
        )
        assert outer.snapshot() == TreeInfo((), True, (info("inner", children=(x, y)),))  # noqa: FBT003 - a record's field
        assert outer.snapshot()["inner/y"] == y
        with pytest.raises(KeyError):
            outer.snapshot()["inner/z"]
    after_all = outer.snapshot()
    assert not after_all.running
    assert [after_all[name].state for name in ("inner", "inner/x")] == [ChildState.STOPPED] * 2


async def test_reports_of_a_nested_tree_reach_the_root_with_their_path() -> None:
    """A whole life, in order, as the root's subscribers hear it."""
    log = Log()
    root_reports: list[Report] = []
    inner = Log().supervisor(log.child("x", after(2, CRASH), idle))
    outer = log.supervisor(ChildSpec("inner", inner))
    unsubscribe = outer.subscribe(root_reports.append)
    async with tree(outer):
        await anyio.sleep(2.5)
        unsubscribe()
        await anyio.sleep(2.5)
    heard = [(type(r).__name__, "/".join(r.path), r.incarnation) for r in log.reports]
    assert heard == [
        ("Ready", "inner/x", 1),
        ("Ready", "inner", 1),
        ("Exited", "inner/x", 1),
        ("Restarting", "inner/x", 1),
        ("Ready", "inner/x", 2),
        ("Exited", "inner/x", 2),
        ("Stopped", "inner/x", 2),
        ("Exited", "inner", 1),
        ("Stopped", "inner", 1),
    ]
    assert root_reports == log.reports[:4]


async def test_a_subscriber_that_raises_is_told_and_harms_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is logged, and reported to the others; the tree and the others go on."""
    log = Log()
    error = LookupError("subscriber")

    def raises(_: Report) -> None:
        raise error

    supervisor = log.supervisor(log.child("a"))
    supervisor.subscribe(raises)
    async with tree(supervisor):
        assert await supervisor["a"].ask(Echo(1), timeout=1) == 1
    kinds = [type(report) for report in log.reports]
    assert kinds == [Ready, SubscriberFailed, Exited, SubscriberFailed, Stopped, SubscriberFailed]
    assert {report.error for report in log.of(SubscriberFailed)} == {error}
    assert len(caplog.records) == 3
    assert all(record.exc_info and record.exc_info[1] is error for record in caplog.records)


async def test_a_child_may_use_its_own_supervisor() -> None:
    """Starting, restarting and stopping siblings from within a child cannot hang the loop."""
    log = Log()

    async def manages(context: Context[Work]) -> None:
        context.ready()
        ref = await supervisor.start_child(log.child("worker"))
        log.lines.append(str(await ref.ask(Echo(1), timeout=1)))
        await supervisor.restart_child("worker")
        await supervisor.stop_child("worker")
        await supervisor.stop_child("manager")

    supervisor = log.supervisor(log.child("manager", manages))
    async with tree(supervisor):
        await anyio.sleep(1)
        assert supervisor.children() == ()
    worker = ["start worker", "stop worker"]
    assert log.lines == [
        "start manager",
        "start worker",
        "1",
        "stop worker",
        *worker,
        "stop manager",
    ]


async def test_a_tree_that_stops_releases_those_who_wait_for_a_child() -> None:
    """until, start_child and restart_child raise when the supervisor ends before they can."""
    log = Log()
    results: list[str] = []

    async def never_ready(_: Context[Work]) -> None:
        await anyio.sleep_forever()

    supervisor = log.supervisor(log.child("a", idle))
    async with anyio.create_task_group() as tasks:

        async def note(call: object) -> None:
            results.append(type(await outcome(call)).__name__)  # type: ignore[arg-type]

        async with running(supervisor):
            spec = log.child("b", never_ready, start_timeout=math.inf)
            tasks.start_soon(note, supervisor.start_child(spec))
            tasks.start_soon(note, supervisor.until("a", ChildState.BACKOFF))
            await settle()
    assert sorted(results) == ["RuntimeError", "StartFailed"]


async def test_idle_supervision_costs_no_time() -> None:
    """A supervisor with nothing to do does nothing: a year passes in a moment."""
    log = Log()
    supervisor = log.supervisor(*(log.child(str(number)) for number in range(10)))
    with anyio.move_on_after(365 * 86400):
        async with running(supervisor):
            await supervisor["3"].tell(Note(1))
            await anyio.sleep_forever()
    assert log.handled == [(1, Note(1))]
