"""What holds whatever happens: random scripts against a tree of workers, on both backends.

I1 each message is delivered at most once. I2 each ask settles exactly once, with its own value.
I3 `started` is truthful both ways. I4 in every window of `period`, restarts <= intensity. I5 each
delay is within the bounds of its number of failures. I6 there are never two live incarnations of a
child. I7 one Exited an incarnation, and a Ready implies a later Exited. I8 after the end no task is
left and every address answers ActorStopped. I9 the end settles every pending ask at that instant.
I10 a delivered `boom` with enough time is ActorCrashed or ActorStopped, never a timeout. I11 the
messages of one sender arrive in order.

Children only note what they see: an assertion in a child would be swallowed as a crash. And the
script's body notes that it reached its end, or why not: a body cancelled in silence would skip
every check.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from attrs import Factory, define, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.supervision import RefusedError, Work, outcome, task_count
from tests.support.virtual_time import run_virtual
from venuetree.actors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AskTimeout,
    Delivery,
    MailboxFull,
    MailboxSpec,
    MessageDropped,
    Overflow,
)
from venuetree.protocol.messages import Request
from venuetree.supervisors import (
    Backoff,
    ChildSpec,
    Exited,
    Ready,
    Report,
    Restart,
    Restarting,
    Strategy,
    Supervisor,
    SupervisorFailed,
    running,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from venuetree.actors import Context

NAMES = ("a", "b", "c")
HANDLER_SECONDS = {"echo": 0.0, "boom": 0.0, "slow": 0.7, "refuse": 0.0, "slow boom": 0.4}


@frozen
class Task(Request[Work, int]):
    """Work with an identity; `sender` and `number` say where it stands in its sender's order."""

    uid: int
    kind: str
    sender: int
    timeout: float = 60.0


@frozen
class Op:
    """One step of a script."""

    kind: str
    child: str = "a"
    message: str = "echo"
    timeout: float = 1.0


@frozen
class Setup:
    """How the tree is built."""

    strategy: Strategy
    restart: tuple[Restart, Restart, Restart]
    intensity: int
    period: float
    jitter: float
    overflow: Overflow
    concurrency: int
    service: str
    cleanup: float
    shutdown: float


@define
class World:
    """What was seen."""

    delivered: list[Task] = Factory(list)
    settled: list[tuple[Task, object, float]] = Factory(list)
    asked: list[Task] = Factory(list)
    reports: list[Report] = Factory(list)
    violations: list[str] = Factory(list)
    live: Counter[str] = Factory(Counter)
    working: Counter[str] = Factory(Counter)
    ended_at: float = -1.0
    body: str = "never began"

    def check(self, holds: bool, what: str) -> None:  # noqa: FBT001 - it is the thing checked
        """Note a violation."""
        if not holds:
            self.violations.append(what)


def worker(world: World, setup: Setup) -> Any:
    """A child that notes what it is given, and takes its time to clean up."""

    async def handle(task: Task) -> int:
        world.delivered.append(task)
        await anyio.sleep(HANDLER_SECONDS[task.kind])
        match task.kind:
            case "boom" | "slow boom":
                raise ValueError(task.uid)
            case "refuse":
                raise RefusedError(task.uid)
            case _:
                return task.uid

    async def run(context: Context[Work]) -> None:
        name = context.name
        world.live[name] += 1
        world.check(world.live[name] == 1, f"I6: two live incarnations of {name}")
        world.check(world.working[name] == 0, f"I6: work of an ended incarnation of {name}")
        try:
            await serve(context, world, setup, handle)
        finally:
            with anyio.move_on_after(setup.cleanup, shield=True):
                await anyio.sleep_forever()
            world.live[name] -= 1

    return run


async def serve(
    context: Context[Work],
    world: World,
    setup: Setup,
    handle: Callable[[Task], Awaitable[int]],
) -> None:
    """Serve in one of the three ways there are."""

    async def take(delivery: Delivery) -> None:
        world.working[context.name] += 1
        try:
            delivery.reply(await handle(delivery.message))
        except RefusedError as error:
            delivery.fail(error)
        finally:
            with anyio.move_on_after(setup.cleanup * 2, shield=True):
                await anyio.sleep_forever()
            world.working[context.name] -= 1

    if setup.service == "handler":
        refuses = (RefusedError,)
        await context.serve(handle, refuses=refuses, concurrency=setup.concurrency)
        return
    _ = context.stopping
    context.ready()
    await (context.serve_each if setup.service == "each" else context.serve_in_step)(take)


async def play(  # noqa: C901, PLR0912, PLR0915 - one branch an operation
    world: World, setup: Setup, ops: list[Op], seed: int
) -> None:
    """Run a script; asks run outside the tree's body, so that its end can be seen from there."""
    supervisor = Supervisor(
        *(
            ChildSpec(
                name,
                worker(world, setup),
                restart=restart,
                backoff=Backoff(min=0.5, max=4, factor=2, jitter=setup.jitter, reset_after=10),
                mailbox=MailboxSpec(2, setup.overflow),
                shutdown=setup.shutdown,
            )
            for name, restart in zip(NAMES, setup.restart, strict=True)
        ),
        strategy=setup.strategy,
        intensity=setup.intensity,
        period=setup.period,
        rng=random.Random(seed),
    )
    refs = {name: supervisor[name] for name in NAMES}
    supervisor.subscribe(world.reports.append)
    before = task_count()
    async with anyio.create_task_group() as askers:

        async def ask(op: Op, task: Task, cancel_after: float | None = None) -> None:
            with anyio.move_on_after(cancel_after):
                result = await outcome(refs[op.child].ask(task, timeout=op.timeout))
                world.settled.append((task, result, anyio.current_time()))

        def new_task(op: Op) -> Task:
            task = Task(len(world.asked), op.message, NAMES.index(op.child), op.timeout)
            world.asked.append(task)
            return task

        with anyio.CancelScope() as host:
            try:
                async with running(supervisor):
                    for op in ops:
                        match op.kind:
                            case "ask":
                                askers.start_soon(ask, op, new_task(op))
                            case "cancelled ask":
                                askers.start_soon(ask, op, new_task(op), 0.3)
                            case "tell":
                                task = new_task(op)
                                with anyio.move_on_after(1):
                                    await outcome(refs[op.child].tell(task))
                            case "crash":
                                for _ in range(int(op.timeout) + 1):
                                    task = new_task(Op("ask", op.child, "boom", 60))
                                    askers.start_soon(ask, Op("ask", op.child, timeout=60), task)
                            case "sleep":
                                await anyio.sleep(op.timeout)
                            case "stop":
                                await supervisor.stop_child(op.child)
                            case "restart" if op.child in {c.name for c in supervisor.children()}:
                                with anyio.move_on_after(2):
                                    await outcome(supervisor.restart_child(op.child))
                            case "cancel":
                                host.cancel()
                            case _:
                                pass
                        await anyio.lowlevel.checkpoint()
                    world.body = "end"
            except (SupervisorFailed, ActorStopped, RuntimeError) as error:
                world.body = type(error).__name__
            else:
                world.body = world.body if world.body == "end" else "silence"
        if host.cancelled_caught:
            world.body = "host cancelled"
        world.ended_at = anyio.current_time()
        for ref in refs.values():
            result = await outcome(ref.ask(Task(-1, "echo", 0), timeout=1))
            world.check(isinstance(result, ActorStopped), f"I8: {result!r} after the end")
    world.check(task_count() == before, "I8: tasks left")
    late = [at for _, _, at in world.settled if at > world.ended_at]
    world.check(not late, f"I9: settled after the end: {late}")


def examine(world: World, setup: Setup) -> None:
    """Check what can only be checked afterwards."""
    times = Counter(task.uid for task in world.delivered)
    world.check(max(times.values(), default=0) <= 1, "I1: delivered twice")
    settled = Counter(task.uid for task, _, _ in world.settled)
    world.check(max(settled.values(), default=0) <= 1, "I2: settled twice")
    for task, result, _ in world.settled:
        examine_outcome(world, setup, task, result, times[task.uid])
    examine_reports(world, setup)
    allowed = {"end", "SupervisorFailed", "host cancelled"}
    world.check(world.body in allowed, f"the body's end: {world.body}")


def examine_outcome(world: World, setup: Setup, task: Task, result: object, delivered: int) -> None:
    """I2, I3 and I10 for one ask."""
    match result:
        case ActorError(started=started):
            world.check(delivered == int(started), f"I3: {result!r}, delivered {delivered} times")
            known = ActorCrashed | ActorStopped | AskTimeout | MailboxFull | MessageDropped
            world.check(isinstance(result, known), f"I2: {result!r}")
            # Enough time: for the clean-up of an incarnation that died of another message.
            if task.kind == "boom" and delivered and task.timeout > 4 * setup.cleanup + 1:
                ended = isinstance(result, ActorCrashed | ActorStopped)
                world.check(ended, f"I10: {result!r} for a delivered boom")
        case RefusedError():
            world.check(result.args == (task.uid,) and task.kind == "refuse", f"I2: {result!r}")
        case _:
            world.check(result == task.uid, f"I2: {result!r} for {task}")


def examine_reports(world: World, setup: Setup) -> None:
    """I4, I5 and I7."""
    restarts = [report for report in world.reports if isinstance(report, Restarting)]
    for first in restarts:
        window = [r for r in restarts if first.at <= r.at <= first.at + setup.period]
        world.check(len(window) <= setup.intensity, f"I4: {len(window)} restarts in the period")
    for report in restarts:
        raw = min(4, 0.5 * 2 ** (report.failures - 1))
        low, high = raw * (1 - setup.jitter), min(4, raw * (1 + setup.jitter))
        world.check(low - 1e-9 <= report.delay <= high + 1e-9, f"I5: {report}")
    exits = Counter((r.path, r.incarnation) for r in world.reports if isinstance(r, Exited))
    world.check(max(exits.values(), default=0) <= 1, "I7: an incarnation exited twice")
    for position, ready in enumerate(world.reports):
        if isinstance(ready, Ready):
            later = [
                r
                for r in world.reports[position:]
                if isinstance(r, Exited)
                and (r.path, r.incarnation) == (ready.path, ready.incarnation)
            ]
            world.check(len(later) == 1, f"I7: {ready} without a later Exited")


children = st.sampled_from(NAMES)
timeouts = st.sampled_from([0.2, 0.5, 1.0, 2.0, 30.0])
asks = st.builds(
    Op,
    st.sampled_from(["ask", "ask", "ask", "cancelled ask"]),
    children,
    st.sampled_from(sorted(HANDLER_SECONDS)),
    timeouts,
)
# Random scripts rarely line up a crash with its consequence: some of these do so on purpose.
others = st.one_of(
    st.builds(Op, st.just("tell"), children, st.just("slow")),
    st.builds(Op, st.just("sleep"), timeout=st.sampled_from([0.1, 0.5, 1.0, 3.0])),
    st.builds(Op, st.just("crash"), children, timeout=st.sampled_from([0.0, 1.0, 2.0])),
    st.builds(Op, st.sampled_from(["stop", "restart", "restart"]), children),
    st.builds(Op, st.just("cancel")),
)
setups = st.builds(
    Setup,
    strategy=st.sampled_from(Strategy),
    restart=st.tuples(*[st.sampled_from(Restart)] * 3),
    intensity=st.sampled_from([0, 1, 3, 50]),
    period=st.sampled_from([1.0, 5.0]),
    jitter=st.sampled_from([0.0, 0.3]),
    overflow=st.sampled_from(Overflow),
    concurrency=st.sampled_from([1, 3]),
    service=st.sampled_from(["handler", "each", "in step"]),
    cleanup=st.sampled_from([0.0, 0.6]),
    shutdown=st.sampled_from([0.0, 1.0]),
)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    setup=setups,
    ops=st.lists(st.one_of(asks, asks, others), min_size=1, max_size=25),
    seed=st.integers(0, 99),
)
def test_the_invariants_hold_whatever_happens(
    backend: str, setup: Setup, ops: list[Op], seed: int
) -> None:
    """I1 to I11, for random trees and scripts of asks, tells, crashes, stops and cancels."""
    world = World()

    async def main() -> None:
        await play(world, setup, ops, seed)

    run_virtual(backend, main)
    examine(world, setup)
    assert world.violations == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_the_messages_of_one_sender_arrive_in_order(backend: str, concurrency: int) -> None:
    """I11: a sender that waits for room again and again, across crashes, keeps its order."""
    seen: list[int] = []

    async def handle(task: Task) -> None:
        seen.append(task.uid)
        await anyio.sleep(0.1)
        if task.uid % 7 == 6:
            raise ValueError(task.uid)

    async def run(context: Context[Work]) -> None:
        await context.serve(handle, concurrency=concurrency)

    async def main() -> None:
        spec = ChildSpec("a", run, mailbox=MailboxSpec(2, Overflow.BLOCK))
        supervisor = Supervisor(spec, intensity=1000)
        async with running(supervisor):
            for uid in range(50):
                await supervisor["a"].tell(Task(uid, "told", 0))
            await anyio.sleep(100)

    run_virtual(backend, main)
    assert seen == list(range(50))
