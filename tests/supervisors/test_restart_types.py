"""Permanent, transient and temporary children."""

from __future__ import annotations

import anyio
import pytest

from tests.support.supervision import Log, Note, after, idle, tree
from venuetree.actors import ActorStopped
from venuetree.supervisors import ChildState, Restart, Restarting, Supervisor

pytestmark = pytest.mark.anyio

ERROR = ValueError("crash")


def summary(supervisor: Supervisor) -> list[tuple[str, ChildState, int]]:
    """What is listed, in which state, at which incarnation."""
    return [(child.name, child.state, child.incarnation) for child in supervisor.children()]


@pytest.mark.parametrize(
    ("restart", "error", "expected"),
    [
        pytest.param(Restart.PERMANENT, None, [("a", ChildState.RUNNING, 2)], id="case-7"),
        pytest.param(Restart.PERMANENT, ERROR, [("a", ChildState.RUNNING, 2)], id="case-8"),
        pytest.param(Restart.TRANSIENT, None, [("a", ChildState.STOPPED, 1)], id="case-9"),
        pytest.param(Restart.TRANSIENT, ERROR, [("a", ChildState.RUNNING, 2)], id="case-10"),
        pytest.param(Restart.TEMPORARY, None, [], id="case-11-returns"),
        pytest.param(Restart.TEMPORARY, ERROR, [], id="case-11-raises"),
    ],
)
async def test_a_child_that_ends_by_itself_is_restarted_as_its_type_says(
    restart: Restart, error: Exception | None, expected: list[tuple[str, ChildState, int]]
) -> None:
    """Cases 7 to 11: a permanent child always, a transient one after errors, a temporary never."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(1, error), idle, restart=restart))
    async with tree(supervisor):
        await anyio.sleep(5)
        assert summary(supervisor) == expected
        assert len(log.of(Restarting)) == len([e for e in expected if e[2] == 2])


@pytest.mark.parametrize("restart", list(Restart))
async def test_a_child_told_to_stop_is_never_restarted(restart: Restart) -> None:
    """Case 12: stop_child forgets a child, whatever its type; a second one has no effect."""
    log = Log()
    supervisor = log.supervisor(log.child("a", idle, restart=restart), log.child("b", idle))
    async with tree(supervisor):
        await supervisor.stop_child("a")
        assert log.lines == ["start a", "start b", "stop a"]
        await supervisor.stop_child("a")
        await anyio.sleep(1000)
        assert summary(supervisor) == [("b", ChildState.RUNNING, 1)]
        assert log.of(Restarting) == []


async def test_a_child_that_is_done_can_be_forgotten_and_refuses_what_is_sent() -> None:
    """Case 12: stop_child forgets a transient child that had returned; its Ref says stopped."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(1), restart=Restart.TRANSIENT))
    async with tree(supervisor):
        ref = supervisor["a"]
        await supervisor.until("a", ChildState.STOPPED)
        with pytest.raises(ActorStopped):
            ref.tell_nowait(Note(1))
        await supervisor.stop_child("a")
        assert summary(supervisor) == []
