"""Supervisors that end when what they were for has ended."""

from __future__ import annotations

import anyio
import pytest

from tests.support.supervision import Log, after, idle, tree
from venuetree.actors import ActorStopped
from venuetree.supervisors import AutoShutdown, Restart, Strategy

pytestmark = pytest.mark.anyio

CRASH = ValueError("crash")
SIGNIFICANT = {"significant": True, "restart": Restart.TRANSIENT}
ANY, ALL = AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT


@pytest.mark.parametrize(("auto_shutdown", "ended_at"), [(ANY, 2), (ALL, 7)])
@pytest.mark.parametrize("restart", [Restart.TRANSIENT, Restart.TEMPORARY])
async def test_the_first_or_the_last_significant_child_ends_its_supervisor(
    auto_shutdown: AutoShutdown, ended_at: float, restart: Restart
) -> None:
    """Significant: any, and all; an insignificant child's end matters to neither."""
    log = Log()
    options = {"significant": True, "restart": restart}
    supervisor = log.supervisor(
        log.child("other", after(1), restart=Restart.TEMPORARY),
        log.child("a", after(2), **options),
        log.child("b", after(7), **options),
        auto_shutdown=auto_shutdown,
    )
    begun = anyio.current_time()
    with pytest.raises(ActorStopped):
        async with tree(supervisor):
            await anyio.sleep_forever()
    assert anyio.current_time() - begun == pytest.approx(ended_at)


async def test_a_significant_child_that_crashes_is_restarted_and_one_told_to_stop_is_no_sign() -> (
    None
):
    """Significant: a transient crash restarts; stop_child does not trigger the end."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", after(2, CRASH), idle, **SIGNIFICANT),
        log.child("b", idle, **SIGNIFICANT),
        auto_shutdown=ANY,
    )
    async with tree(supervisor):
        await anyio.sleep(10)
        await supervisor.stop_child("b")
        await anyio.sleep(10)
        assert [(child.name, child.incarnation) for child in supervisor.children()] == [("a", 2)]


async def test_a_significant_bystander_of_a_group_restart_is_no_sign() -> None:
    """Significant: a temporary sibling that a group restart removes does not trigger the end."""
    log = Log()
    supervisor = log.supervisor(
        log.child("a", after(2, CRASH), idle),
        log.child("b", idle, significant=True, restart=Restart.TEMPORARY),
        auto_shutdown=ANY,
        strategy=Strategy.ONE_FOR_ALL,
    )
    async with tree(supervisor):
        await anyio.sleep(10)
        assert [(child.name, child.incarnation) for child in supervisor.children()] == [("a", 2)]
