"""Runs children, and applies the decisions of `restart.decide`.

The strategy. The table of children says for each where it should be (`goal`) and where it is.
Whatever happens (an incarnation ends, one says ready, a command) is noted in the table at once, by
synchronous code that cannot be interrupted; then one loop compares the two and takes the next
steps that are allowed: bring down the last child that must go, bring up those whose turn it is.
Backoff and start timeouts are times in the table, not sleeping tasks; the loop waits for the next
of them or for a change, never for a child, so no child's trouble delays another's restart and a
stop is always heard.

    watch group            exposed to the host's cancellation; its one task turns it into a stop
    └── shielded scope     so that a host's cancellation becomes an ordered stop
        └── task group     one task an incarnation, none of which raises (P19)
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from venuetree.actors.incarnation import Incarnation
from venuetree.supervisors.child import Child, Goal, Stopping, run_incarnation
from venuetree.supervisors.reports import Report, StopOverdue
from venuetree.supervisors.restart import Unrecoverably
from venuetree.supervisors.snapshot import ChildInfo, ChildState, TreeInfo
from venuetree.supervisors.spec import AutoShutdown, ChildSpec, Strategy
from venuetree.supervisors.table import Plan, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from venuetree.actors.context import Context
    from venuetree.actors.ref import Ref

P = TypeVar("P")

# How long a cancelled child may take to clean up before that is reported.
OVERDUE_AFTER = 5.0


class Supervisor:
    """Starts its children in order, restarts them by `strategy`, stops them in reverse order.

    More than `intensity` restarts within `period` seconds, and it gives up with SupervisorFailed.
    It is a callable that takes a Context, so it can be a child itself; started again, it keeps its
    static children's addresses, forgets the dynamic ones and begins with a fresh history. Within
    `async with running(supervisor)` it is the root of a tree.
    """

    def __init__(
        self,
        *specs: ChildSpec[Any],
        strategy: Strategy = Strategy.ONE_FOR_ONE,
        intensity: float = 3,
        period: float = 5.0,
        auto_shutdown: AutoShutdown = AutoShutdown.NEVER,
        unrecoverably: Unrecoverably = Unrecoverably.ESCALATE,
        overdue_after: float = OVERDUE_AFTER,
        rng: random.Random | None = None,
    ) -> None:
        """Raise ValueError for a plan that cannot be carried out; nothing starts here."""
        plan = Plan(strategy, intensity, period, auto_shutdown, unrecoverably)
        self._table = Table(specs, plan, random.Random() if rng is None else rng)
        self._overdue_after = overdue_after
        self._hastened = False
        self._patience: set[anyio.CancelScope] = set()

    # --- for those outside ---------------------------------------------------------------------

    def __getitem__(self, name: str) -> Ref[Any]:
        """The address of a child; KeyError if there is none of that name."""
        return self._table.children[name].ref

    def ref(self, spec: ChildSpec[P]) -> Ref[P]:
        """The address of a child, typed by its spec; KeyError if it is not (any more) a child."""
        child = self._table.children[spec.name]
        if child.spec is not spec:
            raise KeyError(spec.name)
        return child.ref

    def children(self) -> tuple[ChildInfo, ...]:
        """The children and the trees below them, now."""
        return tuple(child.info() for child in self._table.children.values())

    def snapshot(self) -> TreeInfo:
        """The whole tree below, as a value. Never waits, and may be called at any time."""
        return TreeInfo(self._table.announcer.path, self._table.running, self.children())

    def subscribe(self, tell: Callable[[Report], object]) -> Callable[[], None]:
        """Call `tell` at every report of this tree; call what is returned to end that.

        `tell` is called where things happen: it must be quick and must not raise. If it does,
        that is logged, and told to the other subscribers.
        """
        return self._table.announcer.subscribe(tell)

    async def start_child(self, spec: ChildSpec[P]) -> Ref[P]:
        """Add a child after the others and wait until it is ready.

        Raises StartFailed if it is not to be (then it is forgotten), ValueError for a name taken,
        RuntimeError if the supervisor is not running. Cancelled: the child stays.
        """
        self._table.must_run()
        child = self._table.add(spec)
        child.plan((*self._table.announcer.path, spec.name), ordered=False)
        self._table.touch()
        await self._table.until(lambda: child.settled or child.goal is not Goal.RUN)
        if not child.settled:
            raise self._table.start_error(child)
        return child.ref

    async def stop_child(self, name: str) -> None:
        """Stop a child, wait until it is down, and forget it; nothing if there is none.

        Cancelled: it is stopped all the same.
        """
        table = self._table
        child = table.children.get(name)
        if child is None or not table.running:
            return
        child.goal = Goal.REMOVE
        table.touch()
        await table.until(lambda: not table.running or table.children.get(name) is not child)

    async def restart_child(self, name: str) -> None:
        """Restart a child (and whom the strategy says), in backoff or stopped too, at once.

        It is not counted as a failure. Waits until the child is ready; raises StartFailed if it
        stays stopped instead, KeyError if there is none, RuntimeError if the supervisor is not
        running. Cancelled: it is restarted all the same.
        """
        self._table.must_run()
        child = self._table.children[name]
        if child.goal is not Goal.RUN:
            await self._table.until(lambda: child.life is None)
            self._table.must_run()
            child = self._table.children[name]
            child.plan(child.path, ordered=False)
            child.settled = True  # a failure from now on is a crash, not a failed first start
        child.not_before = -math.inf
        child.delay = None
        self._table.cycle(self._table.group(child), -math.inf)
        before = child.incarnation
        self._table.touch()
        await self._table.until(
            lambda: (
                (child.is_ready and child.incarnation > before) or child.state is ChildState.STOPPED
            )
        )
        if not child.is_ready:
            raise self._table.start_error(child)

    async def until(self, name: str, state: ChildState) -> None:
        """Wait until a child is in a state; RuntimeError if the supervisor ends before that."""
        await self._table.until(lambda: self._table.children[name].state is state)

    def stop_nowait(self) -> None:
        """Begin an ordered stop, if none is under way."""
        self._table.stop()

    async def __call__(self, context: Context[Any]) -> None:
        """Run as a child: ready when all children are, until stopped, or raise SupervisorFailed."""
        life = context.life
        life.subtree = self.snapshot
        self._table.announcer.upward = life.report
        self._table.announcer.path = context.path
        self._table.announcer.incarnation = context.incarnation
        await self.supervise(ready=context.ready, stopping=context.stopping)

    async def supervise(self, *, ready: Callable[[], None], stopping: anyio.Event) -> None:
        """Run until `stopping` is set or the tree ends; `running` and `__call__` do this for you.

        Raises SupervisorFailed when it gave up. Cancelled: stops in order first; cancelled while
        it stops: cuts short the grace of those still up.
        """
        if self._table.running:
            msg = "this supervisor is running already"
            raise RuntimeError(msg)
        self._hastened = False
        self._table.begin()
        try:
            async with anyio.create_task_group() as watch:
                watch.start_soon(self._watch, stopping)
                with anyio.CancelScope(shield=True):
                    async with anyio.create_task_group() as tasks:
                        await self._control(tasks, ready)
                watch.cancel_scope.cancel()
        finally:
            self._table.end()
        if self._table.failure is not None:
            raise self._table.failure

    # --- the loop ------------------------------------------------------------------------------

    async def _watch(self, stopping: anyio.Event) -> None:
        try:
            await stopping.wait()
            self.stop_nowait()
            await anyio.sleep_forever()
        finally:
            if self._table.stopping:
                self._hastened = True
                for patience in self._patience:
                    patience.cancel()
            self.stop_nowait()

    async def _control(self, tasks: TaskGroup, ready: Callable[[], None]) -> None:
        table = self._table
        is_ready = False
        while True:
            changed = table.changed  # taken first: no change during the steps is missed
            # Read once: a time that passes between two readings would be neither due nor awaited.
            now = anyio.current_time()
            table.expire_asks(now)
            self._step_down(tasks, now)
            if table.stopping and table.all_down():
                return
            self._step_up(tasks, now)
            if not is_ready and not table.stopping and table.all_ready():
                is_ready = True
                ready()
            with anyio.CancelScope(deadline=table.next_deadline(now)):
                await changed.wait()

    def _step_down(self, tasks: TaskGroup, now: float) -> None:
        """Bring down what must go, last first."""
        table = self._table
        blocked = False
        for child in reversed(tuple(table.children.values())):
            if table.stopping and child.goal is Goal.RUN:
                child.goal = Goal.STOP
            if child.life is None:
                if child.is_to_bury:
                    table.down(child)
                continue
            going = child.goal is not Goal.RUN or child.cycle
            if going and not blocked and child.stopping is None:
                self._take_down(tasks, child, Stopping.REQUESTED)
            if going:
                blocked = True  # those before it wait until it is fully down
            elif not child.is_ready and child.stopping is None and child.start_deadline <= now:
                self._take_down(tasks, child, Stopping.START_TIMEOUT)

    def _step_up(self, tasks: TaskGroup, now: float) -> None:
        """Start what may start, in order."""
        children = tuple(self._table.children.values())
        blocked = any(child.cycle and child.life is not None for child in children)
        for child in children:
            if child.goal is not Goal.RUN:
                continue
            due = child.life is None and child.not_before <= now
            if due and not (child.ordered and blocked):
                self._start(tasks, child, now)
            blocked = blocked or not child.is_ready

    def _start(self, tasks: TaskGroup, child: Child, now: float) -> None:
        number = child.incarnation + 1

        def publish(detail: object) -> None:
            child.detail = detail

        life = Incarnation(
            number=number,
            path=child.path,
            mailbox=child.mailbox,
            on_ready=lambda: self._table.became_ready(child),
            publish=publish,
            report=self._table.announcer.forward,
        )
        child.begin(life, now)
        tasks.start_soon(self._live, child, life)

    async def _live(self, child: Child, life: Incarnation) -> None:
        error = await run_incarnation(child.spec, life)
        self._table.ended(child, life, error)

    def _take_down(self, tasks: TaskGroup, child: Child, why: Stopping) -> None:
        if child.life is None:
            return
        child.stopping = why
        if child.goal is not Goal.RUN:
            child.mailbox.seal()
        grace = child.spec.shutdown if why is Stopping.REQUESTED else 0
        tasks.start_soon(self._bring_down, child, child.life, grace)

    async def _bring_down(self, child: Child, life: Incarnation, grace: float) -> None:
        """Ask, wait for the grace, cancel; report if even that takes long."""
        life.ask_to_stop()
        if life.graceful and grace > 0 and not self._hastened:
            with anyio.move_on_after(grace) as patience:
                self._patience.add(patience)
                await life.over.wait()
            self._patience.discard(patience)
        if life.over.is_set():
            return
        life.scope.cancel()
        with anyio.move_on_after(self._overdue_after):
            await life.over.wait()
        if not life.over.is_set():
            # Nothing can kill a task in Python (P14): say so, and keep waiting.
            now = anyio.current_time()
            self._table.announcer.announce(StopOverdue(now, child.path, life.number))
