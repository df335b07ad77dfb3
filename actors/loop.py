"""The running loop's own clock, scopes and events, looked up once."""

import asyncio
from collections.abc import Callable

import anyio
import anyio.lowlevel
from attrs import frozen

__all__ = ["UNBOUND", "Loop"]


@frozen
class Loop:
    """What anyio looks up anew at each call, for paths that call it a dozen times an order.

    `anyio.CancelScope(…)` and `anyio.Event()` find the backend, make the backend's object, and
    initialise it a second time; `anyio.current_time()` costs ten times the clock. An instance
    serves the loop that it was made in, and no other.

    Attributes:
        time: seconds on the loop's clock.
        scope: makes what `anyio.CancelScope` makes.
        event: makes what `anyio.Event` makes.
    """

    time: Callable[[], float]
    scope: type[anyio.CancelScope]
    event: type[anyio.Event]

    @classmethod
    def running(cls) -> "Loop":
        """Those of the running loop."""
        return cls(_time(), type(anyio.CancelScope()), type(anyio.Event()))


#: anyio's own, which find the loop by themselves: for what may be made outside of any.
UNBOUND = Loop(anyio.current_time, anyio.CancelScope, anyio.Event)


def _time() -> Callable[[], float]:
    loop = anyio.lowlevel.current_token().native_token
    if isinstance(loop, asyncio.AbstractEventLoop):
        return loop.time
    import trio  # noqa: PLC0415 - an extra, and here it runs

    return trio.current_time
