"""Virtual time on both backends: an hour of backoff passes in milliseconds.

`BACKENDS` is for the `anyio_backend` fixture of everything that needs no real I/O, `REAL_BACKENDS`
for the tests that do; both are lists of pytest parameters with readable ids.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

import pytest
import trio.testing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from selectors import SelectorKey

import anyio

# A loop with nothing to wait for would otherwise jump by a day at a time, for ever.
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
    return {"clock": trio.testing.MockClock(autojump_threshold=0)}


def run_virtual(backend: str, main: Callable[[], Awaitable[Any]]) -> Any:
    """Run an async function to its end on virtual time."""
    return anyio.run(main, backend=backend, backend_options=virtual_options(backend))


def fresh(backend: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """The same backend with a clock of its own: a trio clock serves one run only."""
    name, options = backend
    return (name, virtual_options(name)) if options.get("virtual") else (name, options)


BACKENDS = [
    pytest.param(("asyncio", {"virtual": True}), id="asyncio"),
    pytest.param(("trio", {"virtual": True}), id="trio"),
]

REAL_BACKENDS = [
    pytest.param(("asyncio", {}), id="asyncio-real"),
    pytest.param(("trio", {}), id="trio-real"),
]
