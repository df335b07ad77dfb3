"""What an actor costs that does nothing: ten thousand of them, a hundred to a supervisor."""

import gc
import math

import anyio

from benchmarks.loops import Loop, run_on
from benchmarks.memory import resident_bytes
from benchmarks.options import Options
from benchmarks.rows import Row
from venuetree.actors import Context
from venuetree.supervisors import ChildSpec, Supervisor, running

__all__ = ["measure"]

ACTORS = 10_000
#: To a supervisor.
FAMILY = 100
MIB = 1 << 20


async def _idle(ctx: Context[object]) -> None:
    async def handle(message: object) -> object:
        return message

    await ctx.serve(handle)


def measure(name: str, options: Options) -> list[Row]:
    """Memory of idle actors on one loop; one round, since memory hardly varies."""
    return run_on(Loop(name), _measure, name, options)


async def _measure(name: str, options: Options) -> list[Row]:
    count = ACTORS // 100 if options.quick else ACTORS
    bare = await _tasks(count)
    gc.collect()
    before = resident_bytes()
    started = anyio.current_time()
    tree = _tree(count)
    async with running(tree):
        started_s = anyio.current_time() - started
        gc.collect()
        taken = resident_bytes() - before
        stopping = anyio.current_time()
    stopped_s = anyio.current_time() - stopping
    return [
        Row(
            "memory",
            f"{count:,} idle actors, {name}",
            "MiB",
            (taken / MIB,),
            None,
            f"{taken / count:,.0f} bytes an actor; as many parked tasks {bare / count:,.0f} each; "
            f"started in {started_s:.2f} s, stopped in {stopped_s:.2f} s",
        )
    ]


def _tree(count: int) -> Supervisor:
    """A supervisor of supervisors of idle actors."""
    return Supervisor(
        *(
            ChildSpec(
                f"family-{first}",
                Supervisor(
                    *(ChildSpec(f"idle-{number}", _idle) for number in range(FAMILY)),
                    intensity=math.inf,
                ),
                start_timeout=600.0,
                shutdown=600.0,
            )
            for first in range(max(1, count // FAMILY))
        ),
        intensity=math.inf,
    )


async def _tasks(count: int) -> int:
    """Bytes that as many tasks take which wait for an event."""
    gc.collect()
    before = resident_bytes()
    event = anyio.Event()
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(event.wait)
        await anyio.wait_all_tasks_blocked()
        gc.collect()
        taken = resident_bytes() - before
        event.set()
    return taken
