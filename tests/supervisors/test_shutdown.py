"""Stopping: in reverse order, with a bounded grace, and nobody left waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support.supervision import (
    Echo,
    Log,
    Note,
    Work,
    idle,
    outcome,
    settle,
    slow_to_clean_up,
    tree,
)
from venuetree.actors import ActorStopped, DeadLetterReason, MailboxSpec
from venuetree.supervisors import (
    ChildSpec,
    ChildState,
    DeadLetter,
    Exited,
    Restarting,
    StopOverdue,
    Stopped,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from venuetree.actors import Context

pytestmark = pytest.mark.anyio


class Answers:
    """Outcomes of asks made in tasks of their own, in the order in which they came."""

    def __init__(self) -> None:
        self.begun = anyio.current_time()
        self.came: list[tuple[str, object, float]] = []

    async def note(self, name: str, call: Awaitable[object]) -> None:
        """Note an outcome: a value, or the error's type with its `started`."""
        result = await outcome(call)
        if isinstance(result, ActorStopped):
            result = (ActorStopped, result.started)
        self.came.append((name, result, round(anyio.current_time() - self.begun, 6)))


async def test_the_end_of_the_body_stops_the_children_in_reverse_one_by_one() -> None:
    """Case 35: c, b, a; each fully down, its clean-up too, before the next is asked."""
    log = Log()
    asked: list[tuple[str, float]] = []

    async def watches(context: Context[Work]) -> None:
        context.ready()
        await context.stopping.wait()
        asked.append((context.name, anyio.current_time() - begun))
        await anyio.sleep(1)

    begun = anyio.current_time()
    async with tree(log.supervisor(*(log.child(name, watches) for name in "abc"))):
        pass
    assert asked == [("c", 0), ("b", 1), ("a", 2)]
    assert log.lines[3:] == ["stop c", "stop b", "stop a"]
    assert [report.path for report in log.of(Stopped)] == [("c",), ("b",), ("a",)]
    assert all(report.requested for report in log.of(Exited))


async def test_within_the_grace_what_was_accepted_is_answered() -> None:
    """Case 36: shutdown=2, busy for 1 s with two queued: all three are answered, then it stops."""
    log = Log()
    supervisor = log.supervisor(log.child("a", shutdown=2))
    async with anyio.create_task_group() as tasks:
        async with tree(supervisor):
            answers = Answers()
            for name, message in (("x", Echo(1, seconds=1)), ("y", Echo(2)), ("z", Echo(3))):
                tasks.start_soon(answers.note, name, supervisor["a"].ask(message, timeout=60))
                await settle()
        assert anyio.current_time() - answers.begun == pytest.approx(1)
    assert answers.came == [("x", 1, 1), ("y", 2, 1), ("z", 3, 1)]


async def test_past_the_grace_the_handler_is_cancelled_and_nobody_waits_on() -> None:
    """Case 36: a 30 s handler is cancelled after 2 s: started; those behind it: not started."""
    log = Log()
    supervisor = log.supervisor(log.child("a", shutdown=2))
    async with anyio.create_task_group() as tasks, tree(supervisor):
        answers = Answers()
        for name, message in (("x", Echo(1, seconds=30)), ("y", Echo(2))):
            tasks.start_soon(answers.note, name, supervisor["a"].ask(message, timeout=60))
            await settle()
    assert sorted(answers.came) == [
        ("x", (ActorStopped, True), 2),
        ("y", (ActorStopped, False), 2),
    ]
    assert [message for _, message in log.handled] == [Echo(1, seconds=30)]


async def test_an_idle_actor_stops_at_once_though_it_has_a_grace() -> None:
    """A stop does not wait out the grace of an actor that has nothing to do."""
    log = Log()
    supervisor = log.supervisor(log.child("a", shutdown=50), log.child("b", log.serve_eight))
    begun = anyio.current_time()
    async with tree(supervisor):
        await supervisor["b"].ask(Echo(1), timeout=1)
    assert anyio.current_time() == begun


async def test_a_stopped_actor_refuses_at_once() -> None:
    """Case 37: tell and ask after the stop: ActorStopped(started=False), immediately."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    async with tree(supervisor):
        ref = supervisor["a"]
        await supervisor.stop_child("a")
        begun = anyio.current_time()
        for result in (
            await outcome(ref.ask(Echo(1), timeout=60)),
            await outcome(ref.tell(Note(1))),
        ):
            assert isinstance(result, ActorStopped)
            assert not result.started
        with pytest.raises(ActorStopped):
            ref.tell_nowait(Note(1))
        assert anyio.current_time() == begun
    assert isinstance(await outcome(ref.ask(Echo(1), timeout=60)), ActorStopped)


async def test_a_stopping_actor_refuses_what_is_new() -> None:
    """Case 37: while the grace runs, nothing more is accepted."""
    log = Log()
    supervisor = log.supervisor(log.child("a", shutdown=10))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        answers = Answers()
        tasks.start_soon(answers.note, "x", supervisor["a"].ask(Echo(1, seconds=5), timeout=60))
        await anyio.sleep(1)
        ref = supervisor["a"]
        tasks.start_soon(supervisor.stop_child, "a")
        await anyio.sleep(1)
        assert supervisor.snapshot()["a"].state is ChildState.STOPPING
        await answers.note("y", ref.ask(Echo(2), timeout=60))
    assert answers.came == [("y", (ActorStopped, False), 2), ("x", 1, 5)]


async def test_a_sender_blocked_at_a_full_mailbox_is_released_by_the_stop() -> None:
    """Case 37: its message is a dead letter, and so is the accepted one that nobody handled."""
    log = Log()
    supervisor = log.supervisor(log.child("a", shutdown=1, mailbox=MailboxSpec(1)))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        ref = supervisor["a"]
        ref.tell_nowait(Note(0, seconds=100))
        await anyio.sleep(1)
        ref.tell_nowait(Note(1))
        answers = Answers()
        tasks.start_soon(answers.note, "tell", ref.tell(Note(2)))
        tasks.start_soon(answers.note, "ask", ref.ask(Echo(3), timeout=60))
        await settle()
        await supervisor.stop_child("a")
    assert sorted(answers.came) == [
        ("ask", (ActorStopped, False), 1),
        ("tell", (ActorStopped, False), 1),
    ]
    dead = [letter.message for letter in log.of(DeadLetter)]
    assert (dead[0], {*dead[1:]}) == (Note(1), {Note(2), Echo(3)})
    assert {letter.why for letter in log.of(DeadLetter)} == {DeadLetterReason.STOPPED}


async def test_a_clean_up_that_takes_too_long_is_reported_and_waited_for() -> None:
    """Case 38: a clean-up shielded for 100 s: StopOverdue after the bound, and no orphan."""
    log = Log()
    begun = anyio.current_time()
    async with tree(log.supervisor(log.child("a", slow_to_clean_up(100)), overdue_after=7)):
        pass
    assert anyio.current_time() - begun == pytest.approx(100)
    assert [(r.at - begun, r.path) for r in log.of(StopOverdue)] == [(7, ("a",))]


@pytest.mark.parametrize("error", [None, ValueError("late")])
async def test_a_child_that_ends_by_itself_during_the_stop_is_not_restarted(
    error: Exception | None,
) -> None:
    """Case 39: children that return or raise while the supervisor stops are simply down."""
    log = Log()
    c_is_down = anyio.Event()

    async def slow(context: Context[Work]) -> None:
        try:
            await slow_to_clean_up(2)(context)
        finally:
            c_is_down.set()

    async def ends_when_c_stops(context: Context[Work]) -> None:
        context.ready()
        await c_is_down.wait()
        if error is not None:
            raise error

    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", ends_when_c_stops),
        log.child("c", slow),
    )
    async with tree(supervisor):
        log.lines.clear()
    assert log.of(Restarting) == []
    assert sorted(log.lines) == ["stop a", "stop b", "stop c"]


async def test_a_clean_up_that_raises_does_not_hide_the_hosts_cancellation() -> None:
    """Case 40: the host's scope catches its own cancel; the error is in a report."""
    log = Log()
    error = ValueError("clean-up")

    async def raises_in_cleanup(context: Context[Work]) -> None:
        try:
            await idle(context)
        finally:
            raise error

    supervisor = log.supervisor(log.child("a", raises_in_cleanup), log.child("b", idle))
    with anyio.move_on_after(5) as host:
        async with tree(supervisor):
            await anyio.sleep_forever()
    assert host.cancelled_caught
    exits = {report.path: (report.error, report.requested) for report in log.of(Exited)}
    assert exits == {("b",): (None, True), ("a",): (error, True)}


async def test_a_second_cancel_during_the_stop_cuts_the_grace_short() -> None:
    """A host that is cancelled while its tree drains waits no longer for the grace."""
    log = Log()
    begun = anyio.current_time()
    supervisor = log.supervisor(log.child("a", shutdown=50), log.child("b", shutdown=50))
    with anyio.move_on_after(5) as host:
        async with tree(supervisor):
            for name in "ab":
                supervisor[name].tell_nowait(Note(1, seconds=1000))
            await anyio.sleep(1)
    assert host.cancelled_caught
    assert anyio.current_time() - begun == pytest.approx(5)
    assert log.lines == ["start a", "start b", "stop b", "stop a"]


async def test_a_nested_tree_stops_within_its_parents_grace_in_reverse_order() -> None:
    """The parent's grace bounds the whole subtree; its order is kept."""
    log = Log()
    inner = log.supervisor(*(log.child(name, shutdown=50) for name in "bc"))
    outer = log.supervisor(log.child("a", idle), ChildSpec("inner", inner, shutdown=3))
    begun = anyio.current_time()
    async with tree(outer):
        for name in "bc":
            inner[name].tell_nowait(Note(1, seconds=1000))
        await settle()
    assert log.lines[3:] == ["stop c", "stop b", "stop a"]
    assert anyio.current_time() - begun == pytest.approx(3)
