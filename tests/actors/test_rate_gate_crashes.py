"""The rate gate crashes or is stopped: what it knows afterwards, and who is told."""

import anyio
import pytest

from tests.support.rate_gate import BASE, Running, gate
from venuetree.actors import ActorCrashed
from venuetree.actors.gate_messages import LimitsChanged, Replied
from venuetree.protocol.limit_answers import Start
from venuetree.protocol.port import Lane, LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

pytestmark = pytest.mark.anyio


#: What the gate cannot understand.
NONSENSE = Replied(None, BASE)  # type: ignore[arg-type]


async def crash(running_gate: Running) -> None:
    """A bug, as good as any."""
    await running_gate.ref.tell(NONSENSE)
    await anyio.sleep(0.2)


async def test_after_a_crash_the_gate_begins_with_nothing_to_give() -> None:
    """But a cancel passes."""
    async with gate() as running_gate:
        await crash(running_gate)
        restarted = running_gate.now
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "data", Lane.DATA)
            await anyio.sleep(0.001)
            is_guess = running_gate.detail.limits.windows[0].is_guess
            await running_gate.ask("cancel", Lane.CANCEL)

    assert is_guess
    (first, at_once), (second, later) = running_gate.admitted
    assert (first, second) == ("cancel", "data")
    assert at_once - restarted < SECOND // 10
    assert SECOND * 9 // 10 <= later - restarted <= SECOND


async def test_who_waits_at_a_gate_that_crashes_is_told_at_once() -> None:
    """And who is still in its mailbox is served by the next one."""
    async with gate() as running_gate:
        await running_gate.fill()
        async with anyio.create_task_group() as askers:
            askers.start_soon(running_gate.ask, "waiting")
            await anyio.sleep(0.001)
            # In one step, so that the gate crashes over the first with the second behind it.
            running_gate.ref.tell_nowait(NONSENSE)
            askers.start_soon(running_gate.ask, "behind")
            await anyio.sleep(0.2)
            moment = running_gate.now

    ((name, error),) = running_gate.errors
    assert (name, type(error)) == ("waiting", ActorCrashed)
    assert moment < SECOND
    assert [name for name, _ in running_gate.admitted] == ["behind"]


async def test_what_the_exchange_told_of_its_limits_outlives_a_crash() -> None:
    """Only what was counted is lost."""
    async with gate() as running_gate:
        await running_gate.ref.tell(
            LimitsChanged((LimitWindow("requests", 3, SECOND, WindowKind.SLIDING),))
        )
        await crash(running_gate)
        capacity = running_gate.detail.limits.windows[0].capacity

    assert capacity == 3


async def test_a_gate_that_is_stopped_goes_on_with_its_books() -> None:
    """What was spent before is spent, and nothing else: there is nothing to guess."""
    async with gate() as running_gate:
        await running_gate.fill(7)
        await running_gate.supervisor.restart_child("gate")
        is_guess = running_gate.detail.limits.windows[0].is_guess
        used = running_gate.detail.limits.windows[0].used
        for name in range(4):
            await running_gate.ask(str(name))

    assert (is_guess, used) == (False, 7)
    waits = [time for _, time in running_gate.admitted]
    assert waits[:3] == [0, 0, 0]
    assert SECOND <= waits[3] < SECOND * 11 // 10


async def test_books_that_were_kept_over_a_stop_are_not_kept_over_a_crash() -> None:
    """A fault may have left them half written, at whatever incarnation."""
    async with gate() as running_gate:
        await running_gate.supervisor.restart_child("gate")
        await crash(running_gate)
        after_crash = running_gate.detail.limits.windows[0].is_guess
        await anyio.sleep(2)
        await running_gate.supervisor.restart_child("gate")
        later = running_gate.detail.limits.windows[0].is_guess

    assert (after_crash, later) == (True, False)


async def test_a_gate_may_be_told_to_begin_cautiously() -> None:
    """Where another of the same account may have just ended."""
    async with gate(start=Start.AFTER_CRASH) as running_gate:
        await running_gate.ask("data")

    assert running_gate.admitted[0][1] >= SECOND
