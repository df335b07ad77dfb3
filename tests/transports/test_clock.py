"""Clocks: ours never jumps, the test's follows virtual time."""

import time

import anyio
import pytest

from venuetree.actors.clock import LoopClock, SystemClock
from venuetree.actors.loop import UNBOUND, Loop


def test_the_system_clock_ignores_steps_of_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read once, then advanced by the monotonic clock alone."""
    wall, steady = 1_700_000_000_000_000_000, 5_000
    monkeypatch.setattr(time, "time_ns", lambda: wall)
    monkeypatch.setattr(time, "monotonic_ns", lambda: steady)
    clock = SystemClock()
    before = clock.now_ns()
    wall -= 3_600_000_000_000
    steady += 7

    assert before == 1_700_000_000_000_000_000
    assert clock.now_ns() == before + 7


@pytest.mark.anyio
async def test_the_loops_clock_follows_virtual_time() -> None:
    """An hour slept is an hour on it."""
    clock = LoopClock(1_000, anyio.current_time())
    await anyio.sleep(3600)

    assert clock.now_ns() == 1_000 + 3_600_000_000_000


@pytest.mark.anyio
async def test_what_is_bound_to_a_loop_is_what_anyio_gives() -> None:
    """The clock goes with the loop, virtual time included; scopes end and events wake."""
    loop = Loop.running()
    before = loop.time()
    with loop.scope(deadline=before + 3600) as scope:
        await anyio.sleep_forever()

    assert scope.cancelled_caught
    assert loop.time() == anyio.current_time() == UNBOUND.time() == pytest.approx(before + 3600)
    assert type(loop.scope()) is type(anyio.CancelScope())
    event = loop.event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(event.wait)
        event.set()
    assert type(event) is type(anyio.Event())
