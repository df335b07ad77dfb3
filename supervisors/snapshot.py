"""A supervisor's tree as a value, at one instant."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from attrs import frozen


class ChildState(Enum):
    """Where a child is in its life."""

    STARTING = auto()
    """Running and not ready, or waiting for the children before it."""
    RUNNING = auto()
    BACKOFF = auto()
    """Down, to be started again at `next_start`."""
    STOPPING = auto()
    STOPPED = auto()
    """Down, and not to be started again by itself."""


@frozen
class ChildInfo:
    """One child; counts are over the life of its address, times in seconds on anyio's clock.

    `restarts` are those it caused, `failures` those in a row, since it was last healthy. `detail`
    is what it published last. `children` is the tree below it, if it is a supervisor.
    """

    name: str
    path: tuple[str, ...]
    state: ChildState
    incarnation: int
    restarts: int
    failures: int
    backoff_delay: float | None
    next_start: float | None
    mailbox_depth: int
    mailbox_capacity: int
    mailbox_dropped: int
    in_flight: int
    last_error: BaseException | None
    detail: Any
    children: tuple[ChildInfo, ...]


@frozen
class TreeInfo:
    """A supervisor and everything below it."""

    path: tuple[str, ...]
    running: bool
    children: tuple[ChildInfo, ...]

    def __getitem__(self, name: str) -> ChildInfo:
        """The child of that name, or with `/` between names one further down; else KeyError."""
        children = self.children
        found: ChildInfo | None = None
        for part in name.split("/"):
            found = next((child for child in children if child.name == part), None)
            if found is None:
                raise KeyError(name)
            children = found.children
        if found is None:
            raise KeyError(name)
        return found
