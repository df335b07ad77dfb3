# ruff: noqa: PT012 - the end of the tree raises, not one statement of its body
"""How long a restart waits, and what it does not hold up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.support.supervision import BACKOFF, Boom, Echo, Log, Work, after, idle, outcome, tree
from venuetree.actors import ActorCrashed, Unrecoverable
from venuetree.supervisors import (
    Backoff,
    ChildState,
    Escalated,
    Exited,
    Restarting,
    SupervisorFailed,
)

if TYPE_CHECKING:
    from venuetree.actors import Context

pytestmark = pytest.mark.anyio

CRASH = ValueError("crash")


async def test_delays_grow_to_the_maximum_and_start_anew_after_a_healthy_period() -> None:
    """Case 30: crashes 0.5 s after ready, then 200 s of health, then two more: 1,2,4,8,8,1,2."""
    log = Log()
    quick, healthy = after(0.5, CRASH), after(200, CRASH)
    supervisor = log.supervisor(log.child("a", *[quick] * 5, healthy, quick, idle))
    async with tree(supervisor):
        await anyio.sleep(1000)
        delays = [(restart.delay, restart.failures) for restart in log.of(Restarting)]
        assert delays == [(1, 1), (2, 2), (4, 3), (8, 4), (8, 5), (1, 1), (2, 2)]


async def test_a_child_that_is_ready_but_never_healthy_keeps_its_backoff() -> None:
    """Case 30: an exchange that accepts and then kicks must not be hammered.

    A child that says unhealthy is not reset by mere time; one that says healthy later, is.
    """
    log = Log()

    def connected(healthy_after: float) -> object:
        async def live(context: Context[Work]) -> None:
            context.unhealthy()
            context.ready()
            await anyio.sleep(healthy_after)
            context.healthy()
            await anyio.sleep(150 - healthy_after)
            raise CRASH

        return live

    lives = [connected(149), connected(149), connected(51), connected(50), connected(49), idle]
    supervisor = log.supervisor(log.child("a", *lives))  # type: ignore[arg-type]
    async with tree(supervisor):
        await anyio.sleep(10_000)
        assert [restart.delay for restart in log.of(Restarting)] == [1, 2, 4, 1, 1]


@pytest.mark.parametrize("failures", [0, 1, 5, 10, 1000, 10**6])
@pytest.mark.parametrize("draw", [0.0, 0.25, 0.5, 0.999999])
@pytest.mark.parametrize("jitter", [0.0, 0.2, 1.0])
def test_a_delay_stays_between_its_bounds_however_many_failures(
    failures: int, draw: float, jitter: float
) -> None:
    """Case 31: in [raw (1 - j), min(max, raw (1 + j))], and no OverflowError."""
    backoff = Backoff(min=0.5, max=60, factor=2, jitter=jitter)
    raw = min(60.0, 0.5 * 2 ** min(failures, 100))
    low, high = raw * (1 - jitter), min(60.0, raw * (1 + jitter))
    assert low <= backoff.delay(failures, draw) <= high


def test_jitter_spreads_the_delay_both_ways() -> None:
    """Case 31: the least and the greatest draw give the two ends, the middle one the middle."""
    backoff = Backoff(min=1, max=100, factor=2, jitter=0.5)
    assert [backoff.delay(2, draw) for draw in (0.0, 0.5, 1.0)] == [2, 4, 6]


@pytest.mark.parametrize(
    "options",
    [
        {"min": -1},
        {"min": 2, "max": 1},
        {"factor": 0.5},
        {"jitter": 1.5},
        {"jitter": -0.1},
        {"reset_after": -1},
        {"min": math.nan},
    ],
)
def test_an_impossible_backoff_is_refused(options: dict[str, float]) -> None:
    """Case 31: a delay can never be negative, nor shrink."""
    with pytest.raises(ValueError, match="backoff"):
        Backoff(**options)


async def test_stopping_a_child_in_its_backoff_is_immediate() -> None:
    """Case 32: stop_child does not wait for a backoff of 1000 s."""
    log = Log()
    backoff = Backoff(min=1000, max=1000, jitter=0)
    spec = log.child("a", after(1, CRASH), backoff=backoff)
    supervisor = log.supervisor(spec)
    async with tree(supervisor):
        await anyio.sleep(2)
        assert supervisor.snapshot()["a"].state is ChildState.BACKOFF
        begun = anyio.current_time()
        await supervisor.stop_child("a")
        assert anyio.current_time() == begun
        assert supervisor.children() == ()


async def test_a_host_cancelled_during_a_backoff_is_not_held_up() -> None:
    """Case 32: a host's cancel during a backoff of 1000 s is immediate."""
    log = Log()
    backoff = Backoff(min=1000, max=1000, jitter=0)
    begun = anyio.current_time()
    with anyio.move_on_after(5) as host:
        async with tree(log.supervisor(log.child("a", after(1, CRASH), backoff=backoff))):
            await anyio.sleep_forever()
    assert host.cancelled_caught
    assert anyio.current_time() - begun == pytest.approx(5)


async def test_a_backoff_of_one_child_does_not_delay_the_restart_of_another() -> None:
    """Case 33: during the backoff of a, b crashes and is back after its own second."""
    log = Log()
    slow = Backoff(min=1000, max=1000, jitter=0)
    supervisor = log.supervisor(
        log.child("a", after(1, CRASH), backoff=slow), log.child("b", after(5, CRASH), idle)
    )
    async with tree(supervisor):
        await anyio.sleep(7)
        snapshot = supervisor.snapshot()
        a, b = snapshot["a"], snapshot["b"]
        assert (a.state, a.backoff_delay, a.incarnation) == (ChildState.BACKOFF, 1000, 1)
        assert a.next_start is not None
        assert (b.state, b.backoff_delay, b.incarnation) == (ChildState.RUNNING, None, 2)


class KeyRevokedError(Exception):
    """What an exchange's own error may look like: no subclass of ours."""


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Unrecoverable("revoked"), id="plain"),
        pytest.param(ExceptionGroup("one", [Unrecoverable("revoked")]), id="in-a-group"),
        pytest.param(
            ExceptionGroup("two", [ValueError(), ExceptionGroup("", [Unrecoverable("revoked")])]),
            id="in-a-group-beside-another",
        ),
        pytest.param(KeyRevokedError("revoked"), id="by-the-spec"),
    ],
)
@pytest.mark.parametrize("where", ["run", "handler"])
async def test_an_unrecoverable_error_escalates_at_once(error: Exception, where: str) -> None:
    """Case 34: no Restarting report, even with an infinite intensity; siblings are stopped."""
    log = Log()
    life = after(1, error) if where == "run" else log.serve
    spec = log.child("b", life, unrecoverable=(KeyRevokedError,))
    supervisor = log.supervisor(log.child("a", idle), spec, intensity=math.inf)
    with pytest.raises(SupervisorFailed) as raised:
        async with tree(supervisor):
            if where == "handler":
                result = await outcome(supervisor["b"].ask(Boom(error), timeout=5))
                log.lines.append(type(result).__name__)
            await anyio.sleep_forever()
    assert log.of(Restarting) == []
    assert str(raised.value.unrecoverable) == "revoked"
    said = ["ActorCrashed"] if where == "handler" else []
    assert [line for line in log.lines if line != "ActorCrashed"] == [
        *["start a", "start b"],
        *["stop b", "stop a"],
    ]
    assert [line for line in log.lines if line == "ActorCrashed"] == said
    assert len(log.of(Escalated)) == 1


async def test_an_unrecoverable_start_is_not_retried() -> None:
    """Case 34: retry_start retries what a retry may help."""
    log = Log()

    async def revoked(_: Context[Work]) -> None:
        msg = "revoked"
        raise Unrecoverable(msg)

    with pytest.raises(SupervisorFailed) as raised:
        async with tree(log.supervisor(log.child("a", revoked, retry_start=True))):
            log.lines.append("entered")
    assert isinstance(raised.value.unrecoverable, Unrecoverable)
    assert log.lines == ["start a", "stop a"]


async def test_groups_of_one_are_unwrapped_before_they_are_told() -> None:
    """P5: one error four task groups deep is that error, in the reports and in the ask's cause."""
    log = Log()
    error = ValueError("deep")

    async def nested(context: Context[Work]) -> None:
        async with (
            anyio.create_task_group(),
            anyio.create_task_group(),
            anyio.create_task_group(),
            anyio.create_task_group(),
        ):
            await log.serve_eight(context)

    supervisor = log.supervisor(log.child("a", nested))
    async with tree(supervisor):
        result = await outcome(supervisor["a"].ask(Boom(error), timeout=5))
        assert isinstance(result, ActorCrashed)
        assert result.__cause__ is error
        await anyio.sleep(0.5)
        assert [report.error for report in log.of(Exited)] == [error]
        assert supervisor.snapshot()["a"].last_error is error
        assert await supervisor["a"].ask(Echo(1), timeout=5) == 1


def test_the_default_backoff_is_the_documented_one() -> None:
    """From half a second to a minute, doubled, a fifth of jitter, reset after 30 s."""
    assert Backoff() == Backoff(min=0.5, max=60, factor=2, jitter=0.2, reset_after=30)
    assert Backoff() != BACKOFF
