"""Which siblings a crash takes along, and in which order they go and come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support.supervision import (
    Echo,
    Life,
    Log,
    Note,
    Work,
    after,
    failing,
    idle,
    slow_to_clean_up,
    tree,
)
from venuetree.supervisors import ChildState, Restart, Restarting, Strategy, Supervisor

if TYPE_CHECKING:
    from venuetree.actors import Context

pytestmark = pytest.mark.anyio

CRASH = after(10, ValueError("crash"))
STARTED = ["start a", "start b", "start c"]


def incarnations(supervisor: Supervisor) -> dict[str, int]:
    """The incarnation of each child."""
    return {child.name: child.incarnation for child in supervisor.children()}


async def test_one_for_one_restarts_only_the_child_that_crashed() -> None:
    """Case 13: b raises: only b gets a new incarnation; a and c answer throughout."""
    log = Log()
    supervisor = log.supervisor(log.child("a"), log.child("b", CRASH, idle), log.child("c"))
    async with tree(supervisor):
        a, c = supervisor["a"], supervisor["c"]
        await anyio.sleep(20)
        assert log.lines == [*STARTED, "stop b", "start b"]
        assert incarnations(supervisor) == {"a": 1, "b": 2, "c": 1}
        assert await a.ask(Echo(1), timeout=1) == 1
        assert await c.ask(Echo(2), timeout=1) == 2


async def test_rest_for_one_restarts_what_comes_later() -> None:
    """Case 14: b raises: stop b, stop c, start b, start c; a untouched; one restart counted."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", CRASH, idle),
        log.child("c", idle),
        strategy=Strategy.REST_FOR_ONE,
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        assert log.lines == [*STARTED, "stop b", "stop c", "start b", "start c"]
        assert incarnations(supervisor) == {"a": 1, "b": 2, "c": 2}
        assert [child.restarts for child in supervisor.children()] == [0, 1, 0]
        assert [(r.path, r.delay) for r in log.of(Restarting)] == [(("b",), 1)]


async def test_one_for_all_stops_in_reverse_and_never_overlaps_incarnations() -> None:
    """Case 15: c raises: b, then a stop, though b takes 2 s to clean up; then all start in order.

    The backoff has passed long before b is down, and still nothing starts beside it.
    """
    log = Log()
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", slow_to_clean_up(2)),
        log.child("c", CRASH, idle),
        strategy=Strategy.ONE_FOR_ALL,
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        assert log.lines == [*STARTED, "stop c", "stop b", "stop a", *STARTED]
        assert len(log.of(Restarting)) == 1


async def test_one_for_all_forgets_a_temporary_bystander() -> None:
    """Case 16: a temporary sibling is stopped and removed; the supervisor stays up."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", idle, restart=Restart.TEMPORARY),
        log.child("c", CRASH, idle),
        strategy=Strategy.ONE_FOR_ALL,
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        assert log.lines == [*STARTED, "stop c", "stop b", "stop a", "start a", "start c"]
        assert incarnations(supervisor) == {"a": 2, "c": 2}


async def test_one_for_all_tries_the_whole_group_again_if_a_member_fails_to_start_again() -> None:
    """Case 17: c fails its second start: a and b, restarted already, are stopped, and all tried."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", idle),
        log.child("c", CRASH, failing(ValueError("again")), idle),
        strategy=Strategy.ONE_FOR_ALL,
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        down = ["stop c", "stop b", "stop a"]
        assert log.lines == [*STARTED, *down, *STARTED, *down, *STARTED]
        assert [(r.path, r.delay) for r in log.of(Restarting)] == [(("c",), 1), (("c",), 2)]


async def test_rest_for_one_leaves_the_first_alone_if_the_second_fails_to_start_again() -> None:
    """Case 18: b crashes, fails its second start, comes up with the third; a is untouched."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", CRASH, failing(ValueError("again")), idle),
        log.child("c", idle),
        strategy=Strategy.REST_FOR_ONE,
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        tail = ["stop b", "stop c", "start b", "stop b", "start b", "start c"]
        assert log.lines == [*STARTED, *tail]
        assert incarnations(supervisor) == {"a": 1, "b": 3, "c": 2}


@pytest.mark.parametrize("strategy", [Strategy.REST_FOR_ONE, Strategy.ONE_FOR_ALL])
async def test_a_group_waits_for_the_backoff_of_the_member_that_failed(strategy: Strategy) -> None:
    """No member of a group starts before the delay is over."""
    log = Log()
    started: list[tuple[str, float]] = []

    def noted(life: Life) -> Life:
        async def live(context: Context[Work]) -> None:
            started.append((context.name, anyio.current_time() - begun))
            await life(context)

        return live

    begun = anyio.current_time()
    supervisor = log.supervisor(
        log.child("a", noted(CRASH), noted(idle)), log.child("b", noted(idle)), strategy=strategy
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        assert started == [("a", 0), ("b", 0), ("a", 11), ("b", 11)]


async def test_a_transient_child_that_is_done_stays_so_in_a_group_restart() -> None:
    """What has done its work is not done again because a sibling crashed."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", CRASH, idle),
        log.child("b", after(1), restart=Restart.TRANSIENT),
        strategy=Strategy.ONE_FOR_ALL,
    )
    async with tree(supervisor):
        await anyio.sleep(20)
        assert log.lines == ["start a", "start b", "stop b", "stop a", "start a"]
        assert supervisor.snapshot()["b"].state is ChildState.STOPPED


async def test_a_group_restart_leaves_the_queue_to_the_next_incarnation() -> None:
    """A member with a grace finishes what it has in hand; what is queued is not hurried through."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", shutdown=50), log.child("b", CRASH, idle), strategy=Strategy.ONE_FOR_ALL
    )
    async with tree(supervisor):
        await anyio.sleep(9.5)
        for number in range(3):
            supervisor["a"].tell_nowait(Note(number, seconds=1))
        await anyio.sleep(20)
        assert [incarnation for incarnation, _ in log.handled] == [1, 2, 2]
