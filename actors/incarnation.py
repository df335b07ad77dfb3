"""The supervisor's side of one life of an actor, from its start to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from attrs import frozen

if TYPE_CHECKING:
    from venuetree.actors.mailbox import Mailbox


@frozen
class Deferred:
    """A detail that is made when somebody looks."""

    make: Callable[[], object]


class Incarnation:
    """What a supervisor and the context of one incarnation share.

    `number` counts from one. `on_ready` is called at most once, `report` hands a report of a
    nested supervisor upwards, `subtree` gives that supervisor's own snapshot.
    """

    __slots__ = (
        "_healthy_longest",
        "_healthy_since",
        "_is_unhealthy",
        "_on_ready",
        "failure",
        "graceful",
        "mailbox",
        "number",
        "over",
        "path",
        "publish",
        "ready_at",
        "report",
        "scope",
        "stopping",
        "subtree",
    )

    def __init__(
        self,
        *,
        number: int,
        path: tuple[str, ...],
        mailbox: Mailbox,
        on_ready: Callable[[], None],
        publish: Callable[[object], None],
        report: Callable[[object], None],
    ) -> None:
        self.number = number
        self.path = path
        self.mailbox = mailbox
        self.publish = publish
        self.report = report
        self.subtree: Callable[[], object] | None = None
        self.ready_at: float | None = None
        self._healthy_since: float | None = None
        self._healthy_longest: float | None = None
        self.failure: Exception | None = None
        self.graceful = False
        self.stopping = anyio.Event()
        self.over = anyio.Event()
        self.scope = anyio.CancelScope()
        self._on_ready = on_ready
        self._is_unhealthy = False

    def ready(self) -> None:
        """Note that the actor is ready; the first call counts, and none after its end."""
        if self.ready_at is None and not self.over.is_set():
            self.ready_at = anyio.current_time()
            if not self._is_unhealthy:
                self.healthy()
            self._on_ready()

    def healthy(self) -> None:
        """Note that the actor does its work, from now on unless it did before."""
        self._is_unhealthy = False
        if self._healthy_since is None:
            self._healthy_since = anyio.current_time()

    def unhealthy(self) -> None:
        """Note that the actor does not do its work for now."""
        self._is_unhealthy = True
        # A while of health counts though it ended before the life did: what fails, ails first.
        self._healthy_longest = self.healthy_for
        self._healthy_since = None

    @property
    def healthy_for(self) -> float | None:
        """The seconds of the longest while of health so far, None if there was none."""
        if self._healthy_since is None:
            return self._healthy_longest
        return max(self._healthy_longest or 0.0, anyio.current_time() - self._healthy_since)

    def fail(self, error: Exception) -> None:
        """Let the actor die of `error`, which was raised where it was not looking."""
        self.failure = error
        self.mailbox.at_the_door = self.mailbox.in_step = None
        self.mailbox.wake()

    def ask_to_stop(self) -> None:
        """Set `stopping`, and wake whoever waits for a message, to see it."""
        self.stopping.set()
        self.mailbox.in_step = None
        self.mailbox.wake()
