"""A full ask: request into a supervised actor's mailbox, its handler, and the reply."""

import gc
import math
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from time import perf_counter_ns

import anyio
from attrs import define, field, frozen

from benchmarks.loops import Loop, run_on
from benchmarks.options import Options
from benchmarks.rows import Row
from venuetree.actors import Context, Ref
from venuetree.protocol.messages import Request
from venuetree.supervisors import ChildSpec, Supervisor, running

__all__ = ["measure"]

ASKS = 3000


class _Echo:
    """The protocol of the actor that is asked."""


@frozen
class _Say(Request[_Echo, int]):
    number: int


@define
class _Slot:
    """The least that an answer from another task can be: a place and an event."""

    number: int
    answer: int = 0
    done: anyio.Event = field(factory=anyio.Event)


async def _echo(ctx: Context[_Echo]) -> None:
    async def handle(message: _Say) -> int:
        return message.number

    await ctx.serve(handle)


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one event loop."""
    loop = Loop(name)
    if loop is Loop.UVLOOP and find_spec("uvloop") is None:
        return [Row("ask", f"ask, {name}", skipped="uvloop is not installed")]
    return run_on(loop, _measure, name, options)


async def _measure(name: str, options: Options) -> list[Row]:
    count = ASKS // 30 if options.quick else ASKS
    ratios, ours_us, bare_us = [], [], []
    echo = ChildSpec("echo", _echo)
    tree = Supervisor(echo, intensity=math.inf)
    async with running(tree), anyio.create_task_group() as tasks:
        send, receive = anyio.create_memory_object_stream[_Slot](64)

        async def answer() -> None:
            async for slot in receive:
                slot.answer = slot.number
                slot.done.set()

        async def bare(number: int) -> int:
            slot = _Slot(number)
            await send.send(slot)
            await slot.done.wait()
            return slot.answer

        tasks.start_soon(answer)
        ref = tree.ref(echo)
        for number in range(options.rounds + 1):
            gc.collect()
            ours = await _timed(lambda n: _ask(ref, n), count)
            reference = await _timed(bare, count)
            if number:
                ratios.append(ours / reference)
                ours_us.append(ours / count / 1e3)
                bare_us.append(reference / count / 1e3)
        tasks.cancel_scope.cancel()
    median = sorted(bare_us)[len(bare_us) // 2]
    return [
        Row("ask", f"ask, {name}", "us", tuple(ours_us)),
        Row(
            "ask",
            f"ask / memory stream and event, {name}",
            "x",
            tuple(ratios),
            None,
            f"{median:.1f} us bare",
        ),
    ]


async def _ask(ref: Ref[_Echo], number: int) -> int:
    return await ref.ask(_Say(number), timeout=5.0)


async def _timed(ask: Callable[[int], Awaitable[int]], count: int) -> int:
    started = perf_counter_ns()
    for number in range(count):
        if await ask(number) != number:
            raise RuntimeError("a wrong answer")
    return perf_counter_ns() - started
