"""Starting: in order, each when the one before is ready, and all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.support.supervision import Log, Work, after, failing, idle, tree
from venuetree.supervisors import (
    AutoShutdown,
    ChildSpec,
    ChildState,
    Restart,
    StartFailed,
    StartTimeout,
    Strategy,
    Supervisor,
    SupervisorFailed,
    Unrecoverably,
)

if TYPE_CHECKING:
    from venuetree.actors import Context

pytestmark = pytest.mark.anyio


async def test_children_start_in_order_each_after_the_one_before_is_ready() -> None:
    """Case 1: b's run is not called before a is ready, nor c's before b."""
    log = Log()

    async def ready_after_a_second(context: Context[Work]) -> None:
        await anyio.sleep(1)
        log.lines.append(f"ready {context.name}")
        await idle(context)

    specs = [log.child(name, ready_after_a_second) for name in "abc"]
    begun = anyio.current_time()
    async with tree(log.supervisor(*specs)):
        assert anyio.current_time() - begun == 3
        assert log.lines == ["start a", "ready a", "start b", "ready b", "start c", "ready c"]


async def test_a_failed_start_stops_what_had_started_and_raises_the_real_error_as_cause() -> None:
    """Case 2: b raises before it is ready: c never runs, a is stopped, entering raises."""
    log = Log()
    error = ConnectionError("no route")
    supervisor = log.supervisor(
        log.child("a", idle), log.child("b", failing(error)), log.child("c", idle)
    )
    with pytest.raises(SupervisorFailed) as raised:
        async with tree(supervisor):
            log.lines.append("entered")
    assert isinstance(raised.value.__cause__, StartFailed)
    assert raised.value.__cause__.__cause__ is error
    assert log.lines == ["start a", "start b", "stop b", "stop a"]
    assert [child.state for child in supervisor.children()] == [ChildState.STOPPED] * 3


async def test_a_child_that_may_retry_its_start_holds_up_those_after_it() -> None:
    """Case 3: b fails twice before ready: entered after 1 + 2 s, c after b's third start."""
    log = Log()
    failed = failing(ConnectionError("down"))
    supervisor = log.supervisor(
        log.child("a", idle),
        log.child("b", failed, failed, idle, retry_start=True),
        log.child("c", idle),
    )
    begun = anyio.current_time()
    async with tree(supervisor):
        assert anyio.current_time() - begun == pytest.approx(3)
        assert log.lines == ["start a", *["start b", "stop b"] * 2, "start b", "start c"]
        assert [child.incarnation for child in supervisor.children()] == [1, 3, 1]


async def test_a_child_that_is_never_ready_fails_the_start_at_its_timeout() -> None:
    """Case 4: start_timeout=3: it fails at 3 s, and the child saw a cancellation."""
    log = Log()

    async def never_ready(_: Context[Work]) -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            log.lines.append("cancelled")
            raise

    begun = anyio.current_time()
    with pytest.raises(SupervisorFailed) as raised:
        async with tree(log.supervisor(log.child("a", never_ready, start_timeout=3))):
            log.lines.append("entered")
    assert anyio.current_time() - begun == pytest.approx(3)
    assert log.lines == ["start a", "cancelled", "stop a"]
    cause = raised.value.__cause__
    assert isinstance(cause, StartFailed)
    assert isinstance(cause.__cause__, StartTimeout)


async def test_a_start_timeout_ends_when_the_child_is_ready() -> None:
    """Readiness clears the start deadline: a child lives on past its start_timeout."""
    log = Log()
    async with tree(log.supervisor(log.child("a", idle, start_timeout=3))):
        await anyio.sleep(10)
        assert log.lines == ["start a"]


@pytest.mark.parametrize(
    ("specs", "options"),
    [
        pytest.param(("a", "a"), {}, id="duplicate-names"),
        pytest.param((), {"intensity": -1}, id="negative-intensity"),
        pytest.param((), {"intensity": float("nan")}, id="intensity-not-a-number"),
        pytest.param((), {"period": 0}, id="no-period"),
        pytest.param((), {"period": -1}, id="negative-period"),
        pytest.param(
            (),
            {"strategy": Strategy.ONE_FOR_ALL, "unrecoverably": Unrecoverably.STAY_STOPPED},
            id="stay-stopped-though-others-depend-on-it",
        ),
    ],
)
async def test_a_plan_that_cannot_be_carried_out_is_refused_at_construction(
    specs: tuple[str, ...], options: dict[str, Any]
) -> None:
    """Case 5: duplicate names, a bad intensity or period are ValueErrors; nothing starts."""
    log = Log()
    with pytest.raises(ValueError, match=r"\w"):
        Supervisor(*(log.child(name, idle) for name in specs), **options)
    assert log.lines == []


async def test_a_significant_child_that_could_not_matter_is_refused() -> None:
    """Case 5: significant with permanent, or beneath a supervisor that never ends by itself."""
    log = Log()
    with pytest.raises(ValueError, match="permanent"):
        log.child("a", idle, significant=True)
    spec = log.child("a", idle, significant=True, restart=Restart.TRANSIENT)
    with pytest.raises(ValueError, match="significant"):
        Supervisor(spec)
    Supervisor(spec, auto_shutdown=AutoShutdown.ANY_SIGNIFICANT)


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "a/b"},
        {"start_timeout": 0},
        {"shutdown": -1},
    ],
)
async def test_a_child_spec_with_impossible_values_is_refused(options: dict[str, Any]) -> None:
    """Case 5: names that could not be a path's part, and negative times, are ValueErrors."""
    with pytest.raises(ValueError, match=r"\w"):
        ChildSpec(**{"name": "a", "run": idle, **options})


async def test_a_host_cancelled_during_the_start_stops_what_had_started() -> None:
    """Case 6: cancelled while b is starting: b, then a are stopped, and nothing is raised."""
    log = Log()

    async def never_ready(_: Context[Work]) -> None:
        await anyio.sleep_forever()

    supervisor = log.supervisor(log.child("a", idle), log.child("b", never_ready))
    with anyio.move_on_after(1) as host:
        async with tree(supervisor):
            log.lines.append("entered")
    assert host.cancelled_caught
    assert log.lines == ["start a", "start b", "stop b", "stop a"]


async def test_a_permanent_child_that_returns_before_it_is_ready_is_a_failed_start() -> None:
    """A permanent child that ends in silence at the start must not leave the host waiting."""
    log = Log()

    async def returns(_: Context[Work]) -> None:
        return

    with pytest.raises(SupervisorFailed) as raised:
        async with tree(log.supervisor(log.child("a", returns))):
            log.lines.append("entered")
    assert isinstance(raised.value.__cause__, StartFailed)
    assert log.lines == ["start a", "stop a"]


async def test_a_crash_of_a_ready_child_during_the_start_is_a_restart_not_a_failed_start() -> None:
    """Let a crash while b is starting: it is restarted, and c waits until a is ready again."""
    log = Log()

    async def ready_after_a_second(context: Context[Work]) -> None:
        await anyio.sleep(1)
        await idle(context)

    supervisor = log.supervisor(
        log.child("a", after(0.5, ValueError("a")), idle),
        log.child("b", ready_after_a_second),
        log.child("c", idle),
    )
    async with tree(supervisor):
        assert log.lines == ["start a", "start b", "stop a", "start a", "start c"]
