"""Virtual time on both backends: an hour of backoff passes in milliseconds.

A loop with nothing to do moves its clock on to the next timer instead of waiting for it. What runs
on it must do no real I/O: `memory_network` is the network for that.
"""

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from selectors import SelectorKey
from typing import Any, TypeVar

import anyio

__all__ = ["VirtualTimeLoop", "run_virtual", "virtual_options"]

T = TypeVar("T")

#: A loop with nothing to wait for would otherwise jump by a day at a time, for ever.
_STUCK = 1e9


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for the timeout, moves the clock on by it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """Return what is ready now; if nothing is, let the time pass that may be slept."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None or self.now > _STUCK:
            # Nothing is due ever: only a thread or a signal could wake us. Do not spin.
            return super().select(1.0 if timeout is None else timeout)
        self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock jumps to the next timer when there is nothing else to do."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        # asyncio fires what is due within its resolution. It must exceed the spacing of floats at
        # the times we reach, or a timer that is due exactly now would never fire.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now


def virtual_options(backend: str) -> dict[str, Any]:
    """Options for `anyio.run` that put a backend on virtual time; a new clock at each call."""
    if backend == "asyncio":
        return {"loop_factory": VirtualTimeLoop}
    return {"clock": import_module("trio.testing").MockClock(autojump_threshold=0)}


def run_virtual(backend: str, main: Callable[[], Awaitable[T]], *, seed: int | None = None) -> T:
    """Run an async function to its end on virtual time.

    Args:
        backend: `asyncio` or `trio`.
        main: the function.
        seed: of the order in which tasks that could run at the same moment do; without one trio
            draws it anew each time, on purpose. asyncio has an order of its own and no choice.
    """
    with _seeded(backend, seed):
        return anyio.run(main, backend=backend, backend_options=virtual_options(backend))


@contextmanager
def _seeded(backend: str, seed: int | None) -> Iterator[None]:
    """Let trio shuffle by this seed: the door that it keeps for hypothesis."""
    if backend != "trio" or seed is None:
        yield
        return
    scheduler: Any = import_module("trio._core._run")
    rng: random.Random = scheduler._r  # noqa: SLF001
    before = scheduler._ALLOW_DETERMINISTIC_SCHEDULING, rng.getstate()  # noqa: SLF001
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True  # noqa: SLF001
    rng.seed(seed)
    try:
        yield
    finally:
        scheduler._ALLOW_DETERMINISTIC_SCHEDULING, state = before  # noqa: SLF001
        rng.setstate(state)
