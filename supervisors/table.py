"""The table of children, and what every event does to it.

Everything here is synchronous: an event is noted and decided upon in one step that nothing can
interrupt, by whichever task it happened in. The supervisor's loop then carries the table out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
from attrs import frozen

from venuetree.supervisors.announcer import Announcer
from venuetree.supervisors.child import Child, Goal, Stopping
from venuetree.supervisors.errors import (
    StartFailed,
    StartTimeout,
    SupervisorFailed,
    find_unrecoverable,
)
from venuetree.supervisors.reports import (
    DeadLetter,
    Escalated,
    Exited,
    Ready,
    Restarting,
    Stopped,
)
from venuetree.supervisors.restart import (
    Forget,
    GiveUp,
    History,
    Reason,
    Restart,
    RestartPolicy,
    StartAgain,
    StayStopped,
    Unrecoverably,
    decide,
)
from venuetree.supervisors.spec import AutoShutdown, ChildSpec, Strategy

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from venuetree.actors.incarnation import Incarnation
    from venuetree.actors.mailbox import DeadLetterReason

_WHY = {
    Reason.UNRECOVERABLE: "cannot be helped by a restart",
    Reason.TOO_MANY_RESTARTS: "was restarted too often",
}


@frozen
class Plan:
    """What a supervisor was told about itself; ValueError if that cannot be carried out."""

    strategy: Strategy
    intensity: float
    period: float
    auto_shutdown: AutoShutdown
    unrecoverably: Unrecoverably

    def __attrs_post_init__(self) -> None:
        """Check the plan."""
        if not self.intensity >= 0 or not self.period > 0:
            msg = f"intensity {self.intensity} must be at least 0, and period {self.period} more"
            raise ValueError(msg)
        alone = self.strategy is Strategy.ONE_FOR_ONE
        if self.unrecoverably is Unrecoverably.STAY_STOPPED and not alone:
            msg = "a child can stay stopped only where no other depends on it: one_for_one"
            raise ValueError(msg)


class Table:
    """The children of one supervisor, in start order, and whether the supervisor is to end."""

    def __init__(self, specs: tuple[ChildSpec[Any], ...], plan: Plan, rng: random.Random) -> None:
        self.announcer = Announcer()
        self.children: dict[str, Child] = {}
        self.running = False
        self.stopping = False
        self.failure: SupervisorFailed | None = None
        self.changed = anyio.Event()
        self._plan = plan
        self._rng = rng
        self._restarts: tuple[float, ...] = ()
        for spec in specs:
            self.add(spec)
        self._static = tuple(self.children.values())

    def begin(self) -> None:
        """Plan the static children, with a fresh history; dynamic ones are forgotten."""
        self.running = True
        self.stopping = False
        self.failure = None
        self._restarts = ()
        self.children = {child.spec.name: child for child in self._static}
        for child in self._static:
            child.plan((*self.announcer.path, child.spec.name), ordered=True)

    def end(self) -> None:
        """Settle whatever anybody still waits for."""
        for child in tuple(self.children.values()):
            child.abort(self._cause())
        self.running = False
        self.touch()

    def stop(self) -> None:
        """Note that the supervisor is to end."""
        self.stopping = True
        self.touch()

    def became_ready(self, child: Child) -> None:
        """A child said that it is ready; not counted once it is being brought down."""
        if child.stopping is not None:
            return
        child.ordered = False
        child.settled = True
        self.announcer.announce(Ready(anyio.current_time(), child.path, child.incarnation))
        self.touch()

    def ended(self, child: Child, life: Incarnation, error: BaseException | None) -> None:
        """An incarnation ended: settle its asks, tell, and decide what becomes of the child."""
        now = anyio.current_time()
        requested = child.stopping is Stopping.REQUESTED
        if child.stopping is Stopping.START_TIMEOUT:
            late = StartTimeout(f"{child.mailbox.name}: not ready in {child.spec.start_timeout} s")
            late.__cause__ = error
            error = late
        child.end(error, requested=requested)
        self.announcer.announce(Exited(now, child.path, life.number, error, requested))
        if child.goal is not Goal.RUN or self.stopping:
            self.down(child)
        elif child.cycle:
            child.cycle = False
        else:
            self._decide(child, life, error, now)
        self.touch()

    def _decide(
        self, child: Child, life: Incarnation, error: BaseException | None, now: float
    ) -> None:
        spec = child.spec
        fatal = None if error is None else find_unrecoverable(error, spec.unrecoverable)
        failed = error is not None or spec.restart is Restart.PERMANENT
        if not child.settled and failed and (fatal is not None or not spec.retry_start):
            self._start_failed(child, error, fatal)
            return
        child.settled = child.settled or not failed
        policy = RestartPolicy(
            spec.restart,
            spec.backoff,
            self._plan.intensity,
            self._plan.period,
            self._plan.unrecoverably,
            spec.unrecoverable,
        )
        history = History(child.failures, self._restarts, life.healthy_for)
        match decide(policy, history, error, now, draw=self._rng.random()):
            case StartAgain(delay, failures, restarts):
                self._restarts = restarts
                child.restarts += 1
                child.failures = failures
                self.cycle(self.group(child), now + delay)
                self.announcer.announce(Restarting(now, child.path, life.number, delay, failures))
            case StayStopped():
                self._rest(child, Goal.STOP, fatal)
            case Forget():
                self._rest(child, Goal.REMOVE, None)
            case GiveUp(reason):
                self._give_up(f"child {child.mailbox.name} {_WHY[reason]}", error, fatal)
                self.down(child)

    def _rest(self, child: Child, goal: Goal, fatal: BaseException | None) -> None:
        """Let a child that ended by itself stay down; the supervisor ends if that was its point."""
        child.goal = goal
        if fatal is not None:
            child.last_error = fatal
        self.down(child, fatal)
        if not child.spec.significant:
            return
        others = (c for c in self.children.values() if c is not child and c.goal is Goal.RUN)
        match self._plan.auto_shutdown:
            case AutoShutdown.NEVER:
                return
            case AutoShutdown.ALL_SIGNIFICANT if any(c.spec.significant for c in others):
                return
            case AutoShutdown.ANY_SIGNIFICANT | AutoShutdown.ALL_SIGNIFICANT:
                self.stop()

    def _start_failed(
        self, child: Child, error: BaseException | None, fatal: BaseException | None
    ) -> None:
        text = f"child {child.mailbox.name} ended before it was ready"
        child.start_error = StartFailed(text, unrecoverable=fatal)
        child.start_error.__cause__ = error
        if child in self._static:
            self._give_up(text, child.start_error, fatal)
        else:
            child.goal = Goal.REMOVE
        self.down(child, error)

    def _give_up(self, text: str, cause: BaseException | None, fatal: BaseException | None) -> None:
        failure = SupervisorFailed(text, unrecoverable=fatal)
        failure.__cause__ = cause
        self.failure = failure
        self.announcer.announce(
            Escalated(
                anyio.current_time(),
                self.announcer.path,
                self.announcer.incarnation,
                failure if cause is None else cause,
            )
        )
        self.stop()

    def down(self, child: Child, cause: BaseException | None = None) -> None:
        """A child is down for good: settle what is queued, say so, forget it if so meant."""
        known = child.mailbox.closed
        child.mailbox.close(self._cause() if cause is None else cause)
        if child.goal is Goal.REMOVE:
            if self.children.get(child.spec.name) is child:
                del self.children[child.spec.name]
        else:
            child.goal = Goal.STOP
        if not known:
            now = anyio.current_time()
            self.announcer.announce(Stopped(now, child.path, child.incarnation, cause))
        self.touch()

    def cycle(self, group: tuple[Child, ...], not_before: float) -> None:
        """Bring a group down, and up again in order, not before a time. It is one restart."""
        now = anyio.current_time()
        for child in group:
            child.not_before = max(child.not_before, not_before)
            if child.not_before > now or child.life is None:
                child.delay = max(0, child.not_before - now)
            child.ordered = child.ordered or len(group) > 1
            if child.life is None:
                continue
            if child.spec.restart is Restart.TEMPORARY:
                child.goal = Goal.REMOVE
            else:
                child.cycle = True

    def group(self, child: Child) -> tuple[Child, ...]:
        """Whom a restart of this child concerns, in start order."""
        children = tuple(c for c in self.children.values() if c.goal is Goal.RUN)
        match self._plan.strategy:
            case Strategy.ONE_FOR_ONE:
                return (child,)
            case Strategy.REST_FOR_ONE:
                return children[children.index(child) :]
            case Strategy.ONE_FOR_ALL:
                return children

    def add(self, spec: ChildSpec[Any]) -> Child:
        """Add a child at the end; ValueError for a name taken, or a significance without effect."""
        if spec.name in self.children:
            msg = f"there is a child named {spec.name!r} already"
            raise ValueError(msg)
        if spec.significant and self._plan.auto_shutdown is AutoShutdown.NEVER:
            msg = f"child {spec.name!r} is significant, but its supervisor never ends by itself"
            raise ValueError(msg)
        child = Child(spec, self.dead_letter, self.touch)
        self.children[spec.name] = child
        return child

    def touch(self) -> None:
        """Wake the loop and all who wait; a level to look at again, not an edge to miss."""
        changed, self.changed = self.changed, anyio.Event()
        changed.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait for a condition on the table; RuntimeError if the supervisor ends before that."""
        while not reached():
            if not self.running:
                # If the body of `running` waits here it is being cancelled, in favour of the
                # reason why the tree ended.
                await anyio.lowlevel.checkpoint_if_cancelled()
                msg = "the supervisor has ended"
                raise RuntimeError(msg)
            await self.changed.wait()

    def must_run(self) -> None:
        """Raise RuntimeError unless the supervisor runs and is not about to end."""
        if not self.running or self.stopping:
            msg = "the supervisor is not running"
            raise RuntimeError(msg)

    def expire_asks(self, now: float) -> None:
        """Tell the askers whose time is over."""
        for child in self.children.values():
            child.mailbox.expire(now)

    def next_deadline(self, now: float) -> float:
        """When the loop has something to do though nothing happens; never is infinity."""
        return min((child.next_deadline(now) for child in self.children.values()), default=math.inf)

    def all_down(self) -> bool:
        """Whether nothing runs."""
        return all(child.life is None for child in self.children.values())

    def all_ready(self) -> bool:
        """Whether every child that is to run is ready now."""
        return all(c.is_ready for c in self.children.values() if c.goal is Goal.RUN)

    def _cause(self) -> BaseException | None:
        failure = self.failure
        return None if failure is None else failure.unrecoverable or failure

    def start_error(self, child: Child) -> StartFailed:
        """Why a child did not come up."""
        if isinstance(child.start_error, StartFailed):
            return child.start_error
        failed = StartFailed(f"child {child.mailbox.name} was stopped before it was ready")
        failed.__cause__ = child.last_error
        return failed

    def dead_letter(self, child: Child, message: object, why: DeadLetterReason) -> None:
        """Tell of a message to a child that nobody will handle."""
        now = anyio.current_time()
        self.announcer.announce(DeadLetter(now, child.path, child.incarnation, message, why))
