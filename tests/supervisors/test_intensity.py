"""When a supervisor gives up, and what its own supervisor makes of that."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support.supervision import BACKOFF, Echo, Log, after, idle, tree
from venuetree.supervisors import Backoff, ChildSpec, Escalated, Restarting, SupervisorFailed

if TYPE_CHECKING:
    from venuetree.supervisors import Supervisor

pytestmark = pytest.mark.anyio

FLAT = Backoff(min=0.1, max=0.1, jitter=0)


def restarts(log: Log) -> list[tuple[str, ...]]:
    """Who was restarted."""
    return [report.path for report in log.of(Restarting)]


async def test_one_restart_too_many_stops_the_siblings_in_reverse_and_fails() -> None:
    """Case 19: intensity 2 in 60 s: the third crash escalates, with the last error as cause."""
    log = Log()
    errors = [ValueError(number) for number in range(3)]
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", idle),
        log.child("c", *(after(1, error) for error in errors), backoff=FLAT),
        intensity=2,
        period=60,
    )
    with pytest.raises(SupervisorFailed) as raised:
        async with tree(supervisor):
            await anyio.sleep_forever()
    assert raised.value.__cause__ is errors[2]
    assert log.lines == [
        *["start a", "start b", "start c", "stop c"],
        *["start c", "stop c"] * 2,
        *["stop b", "stop a"],
    ]
    assert [(e.path, e.cause) for e in log.of(Escalated)] == [((), errors[2])]


async def test_crashes_far_enough_apart_never_escalate() -> None:
    """Case 20: intensity 1 in 1 s, a crash every 2 s for 30 s: still up."""
    log = Log()
    spec = log.child("a", after(1.9, ValueError("crash")), backoff=FLAT)
    supervisor = log.supervisor(spec, intensity=1, period=1)
    async with tree(supervisor):
        await anyio.sleep(30)
        assert len(log.of(Restarting)) == 15


async def test_intensity_zero_escalates_at_the_first_crash() -> None:
    """Case 21: the child has one incarnation only."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(1, ValueError("crash"))), intensity=0)
    with pytest.raises(SupervisorFailed):
        async with tree(supervisor):
            await anyio.sleep_forever()
    assert log.lines == ["start a", "stop a"]
    assert log.of(Restarting) == []


async def test_an_infinite_intensity_never_escalates() -> None:
    """Case 21: a root that must survive everything says so with infinity."""
    log = Log()
    spec = log.child("a", after(0.1, ValueError("crash")), backoff=FLAT)
    supervisor = log.supervisor(spec, intensity=math.inf)
    async with tree(supervisor):
        await anyio.sleep(100)
        assert len(log.of(Restarting)) > 400


async def test_an_escalating_subtree_is_a_crashed_child_of_the_tree_above() -> None:
    """Case 21, nested: the subtree is restarted whole, with a fresh history; siblings stay.

    Its dynamic children are gone, its static ones keep their address, and another crash after the
    restart is within the intensity again.
    """
    log = Log()
    crash = after(1, ValueError("crash"))
    inner = log.supervisor(
        log.child("a", log.serve),
        log.child("b", crash, crash, crash, idle, backoff=FLAT),
        intensity=1,
        period=60,
    )
    outer = log.supervisor(log.child("other", idle), ChildSpec("inner", inner, backoff=BACKOFF))
    async with tree(outer):
        address = inner["a"]
        await inner.start_child(log.child("dynamic", idle))
        await anyio.sleep(100)
        assert [child.name for child in inner.children()] == ["a", "b"]
        assert await address.ask(Echo(7), timeout=1) == 7
        assert inner["a"] is address
        snapshot = outer.snapshot()
        assert [snapshot[name].incarnation for name in ("other", "inner", "inner/b")] == [1, 2, 4]
    paths = restarts(log)
    # Each report of the subtree is told by the inner supervisor and by the outer one.
    assert paths.count(("inner",)) == 1
    assert paths.count(("inner", "b")) == 2 * 2
    assert "start dynamic" in log.lines
    assert [e.path for e in log.of(Escalated)] == [("inner",), ("inner",)]


def names(supervisor: Supervisor) -> list[str]:
    """The children listed."""
    return [child.name for child in supervisor.children()]


async def test_what_is_asked_of_a_subtree_that_is_down_fails_at_once() -> None:
    """While a subtree waits for its restart, its addresses refuse: nothing was done."""
    log = Log()
    error = ValueError("crash")
    inner = log.supervisor(log.child("a"), log.child("b", after(1, error), idle), intensity=0)
    outer = log.supervisor(ChildSpec("inner", inner, backoff=BACKOFF))
    async with tree(outer):
        await anyio.sleep(1.5)
        with pytest.raises(Exception, match="has stopped") as raised:
            await inner["a"].ask(Echo(1), timeout=5)
        assert raised.value.started is False  # type: ignore[attr-defined]
        assert isinstance(raised.value.__cause__, SupervisorFailed)
        await anyio.sleep(1)
        assert await inner["a"].ask(Echo(2), timeout=5) == 2
        assert names(outer) == ["inner"]
