"""A supervisor's record of one child, and the running of one incarnation."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import anyio

from venuetree.actors.context import Context
from venuetree.actors.envelope import handling
from venuetree.actors.errors import LeakedCancellation, unwrap
from venuetree.actors.incarnation import Deferred, Incarnation
from venuetree.actors.mailbox import DeadLetterReason, Mailbox
from venuetree.actors.ref import Ref
from venuetree.supervisors.snapshot import ChildInfo, ChildState, TreeInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from venuetree.supervisors.spec import ChildSpec


class Goal(Enum):
    """Where the supervisor wants a child to be."""

    RUN = auto()
    STOP = auto()
    """Down, but listed."""
    REMOVE = auto()
    """Down, then forgotten."""


class Stopping(Enum):
    """Why an incarnation is being brought down."""

    REQUESTED = auto()
    START_TIMEOUT = auto()


class Child:
    """What a supervisor knows of a child. Only synchronous code of the supervisor changes it.

    `cycle`: the live incarnation must end before the next begins (a group or forced restart).
    `ordered`: it may start only after all children before it are ready. `settled`: its start in
    this run of the supervisor has succeeded, so that a failure from now on is a crash.
    """

    def __init__(
        self,
        spec: ChildSpec[Any],
        dead_letter: Callable[[Child, object, DeadLetterReason], None],
        look_after: Callable[[], None],
    ) -> None:
        self.spec = spec
        self.path: tuple[str, ...] = (spec.name,)
        self.mailbox = Mailbox(
            spec.name,
            spec.mailbox,
            lambda message, why: dead_letter(self, message, why),
            look_after,
        )
        self.ref: Ref[Any] = Ref(self.mailbox)
        self.incarnation = 0
        self.restarts = 0
        self.last_error: BaseException | None = None
        self.detail: object | None = None
        self.life: Incarnation | None = None
        self.start_error: BaseException | None = None
        self._latest: Incarnation | None = None
        self.goal = Goal.STOP
        self.failures = 0
        self.not_before = -math.inf
        self.delay: float | None = None
        self.start_deadline = math.inf
        self.stopping: Stopping | None = None
        self.cycle = False
        self.ordered = False
        self.settled = False

    def plan(self, path: tuple[str, ...], *, ordered: bool) -> None:
        """Mean to run it, with a fresh history and an open mailbox."""
        self.path = path
        self.mailbox.name = "/".join(path)
        self.mailbox.open()
        self.goal = Goal.RUN
        self.failures = 0
        self.not_before = -math.inf
        self.delay = None
        self.start_error = None
        self.cycle = False
        self.ordered = ordered
        self.settled = False

    def begin(self, life: Incarnation, now: float) -> None:
        """Note that an incarnation begins."""
        self.incarnation = life.number
        self.life = self._latest = life
        self.stopping = None
        self.delay = None
        self.not_before = -math.inf
        self.start_deadline = now + self.spec.start_timeout

    def end(self, error: BaseException | None, *, requested: bool) -> None:
        """Note that the incarnation has ended; asks in its hands fail at this instant."""
        if self.life is not None:
            self.life.over.set()
        self.life = None
        self.start_deadline = math.inf
        if error is not None:
            self.last_error = error
        if error is None or requested:
            self.mailbox.fail_in_flight(lambda: self.mailbox.stopped(started=True))
        else:
            self.mailbox.fail_in_flight(lambda: self.mailbox.crashed(error))

    def abort(self, cause: BaseException | None) -> None:
        """Settle whatever anybody still waits for: the supervisor has ended."""
        self.mailbox.close(cause)
        self.mailbox.fail_in_flight(lambda: self.mailbox.stopped(started=True))
        self.goal = Goal.STOP

    @property
    def is_ready(self) -> bool:
        """Whether the live incarnation, if any, has said that it is ready."""
        return self.life is not None and self.life.ready_at is not None

    def next_deadline(self, now: float) -> float:
        """When its backoff ends, or its time to become ready, or an ask expires; else infinity.

        A backoff that has ended waits for other children, whose changes wake the loop.
        """
        alarm = self.mailbox.alarm
        if self.life is not None:
            waits = not self.is_ready and self.stopping is None
            return min(alarm, self.start_deadline) if waits else alarm
        if self.goal is Goal.RUN and self.not_before > now:
            return min(alarm, self.not_before)
        return alarm

    @property
    def is_to_bury(self) -> bool:
        """Whether it is down as it should be, but not yet settled, told or forgotten."""
        down = self.life is None and self.goal is not Goal.RUN
        return down and (self.goal is Goal.REMOVE or not self.mailbox.closed)

    @property
    def state(self) -> ChildState:
        """Where the child is in its life."""
        if self.life is None:
            if self.goal is not Goal.RUN:
                return ChildState.STOPPED
            return ChildState.STARTING if self.delay is None else ChildState.BACKOFF
        if self.stopping is not None:
            return ChildState.STOPPING
        return ChildState.RUNNING if self.is_ready else ChildState.STARTING

    def info(self) -> ChildInfo:
        """The child, and the tree below it, as a value."""
        subtree = None if self._latest is None else self._latest.subtree
        tree = None if subtree is None else subtree()
        waiting = self.state is ChildState.BACKOFF
        detail = self.detail
        return ChildInfo(
            name=self.spec.name,
            path=self.path,
            state=self.state,
            incarnation=self.incarnation,
            restarts=self.restarts,
            failures=self.failures,
            backoff_delay=self.delay if waiting else None,
            next_start=self.not_before if waiting else None,
            mailbox_depth=self.mailbox.depth,
            mailbox_capacity=self.spec.mailbox.capacity,
            mailbox_dropped=self.mailbox.dropped,
            in_flight=len(self.mailbox.in_flight),
            last_error=self.last_error,
            detail=detail.make() if isinstance(detail, Deferred) else detail,
            children=tree.children if isinstance(tree, TreeInfo) else (),
        )


async def run_incarnation(spec: ChildSpec[Any], life: Incarnation) -> BaseException | None:
    """Run one incarnation to its end and return what it raised, groups of one unwrapped.

    No Exception ever leaves: the task group around would cancel every sibling (P19). The `try` is
    outside the scope, where only a cancellation that is not the scope's can arrive, and where a
    clean-up's error comes without the cancellation it was grouped with (P4). KeyboardInterrupt
    does leave, and takes the tree down; a host that wants an ordered stop receives the signal
    itself and leaves the body (P17).
    """
    handling.set(None)
    try:
        with life.scope:
            await spec.run(Context(life))
    except anyio.get_cancelled_exc_class() as error:
        if anyio.current_effective_deadline() == -math.inf:
            raise
        leaked = LeakedCancellation("a cancellation that nobody asked for escaped from the child")
        leaked.__cause__ = error
        return leaked
    except Exception as error:  # noqa: BLE001 - it is reported, and decided upon
        return unwrap(error)
    return None
