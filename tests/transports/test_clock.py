"""Clocks: ours never jumps, the test's follows virtual time."""

import time

import anyio
import pytest

from venuetree.actors.clock import LoopClock, SystemClock


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
