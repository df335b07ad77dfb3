"""The event loops that figures are taken on."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar, TypeVarTuple

import anyio

__all__ = ["Loop", "run_on"]

Args = TypeVarTuple("Args")
T = TypeVar("T")


class Loop(Enum):
    """What runs the tasks."""

    ASYNCIO = "asyncio"
    TRIO = "trio"
    UVLOOP = "uvloop"


def run_on(loop: Loop, function: Callable[[*Args], Awaitable[T]], *args: *Args) -> T:
    """Run an async function to its end."""
    match loop:
        case Loop.TRIO:
            return anyio.run(function, *args, backend="trio")
        case Loop.ASYNCIO | Loop.UVLOOP:
            options = {"use_uvloop": loop is Loop.UVLOOP}
            return anyio.run(function, *args, backend="asyncio", backend_options=options)
