"""Actors that ask one another in a circle are told so at once, and nobody else is."""

import anyio
import pytest

from tests.support.supervision import Echo, Log, Relay, Relayer, Work, anew, outcome, tree
from venuetree.actors import Context, Deadlock, Ref
from venuetree.supervisors import ChildSpec

pytestmark = pytest.mark.anyio


class WideRelayer(Relayer):
    """The same, several at once."""

    concurrency = 2


@pytest.mark.parametrize("detour", [1, 2])
async def test_a_circle_of_asks_is_told_at_once(detour: int) -> None:
    """Case 29: A asks B asks A (both one at a time): Deadlock in no time; so does A asking A."""
    log = Log()
    to_a: list[Ref[Work]] = []
    to_b: list[Ref[Work]] = []
    supervisor = log.supervisor(
        ChildSpec("a", anew(lambda: Relayer(to_b if detour == 2 else to_a))),
        ChildSpec("b", anew(lambda: Relayer(to_a))),
    )
    to_a.append(supervisor["a"])
    to_b.append(supervisor["b"])
    async with tree(supervisor):
        begun = anyio.current_time()
        result = await outcome(supervisor["a"].ask(Relay(4), timeout=60))
        assert isinstance(result, Deadlock)
        assert not result.started
        assert anyio.current_time() - begun < 0.1


async def test_a_circle_through_an_actor_with_room_is_no_deadlock() -> None:
    """Case 29: with concurrency above one there is no false alarm."""
    log = Log()
    to_a: list[Ref[Work]] = []
    to_b: list[Ref[Work]] = []
    supervisor = log.supervisor(
        ChildSpec("a", anew(lambda: WideRelayer(to_b))),
        ChildSpec("b", anew(lambda: WideRelayer(to_a))),
    )
    to_a.append(supervisor["a"])
    to_b.append(supervisor["b"])
    async with tree(supervisor):
        assert await supervisor["a"].ask(Relay(3), timeout=60) == 3


async def test_an_ask_made_after_its_handler_has_answered_is_no_deadlock() -> None:
    """Case 29: only what is still in hand holds an actor up."""
    log = Log()
    results: list[object] = []

    async def spawns(context: Context[Work]) -> None:
        async with anyio.create_task_group() as tasks:

            async def later() -> None:
                await anyio.sleep(1)
                results.append(await outcome(context.ref.ask(Echo(2), timeout=5)))

            async def handle(message: Echo) -> int:
                if message.value == 1:
                    tasks.start_soon(later)
                return message.value

            await context.serve(handle)

    supervisor = log.supervisor(log.child("a", spawns))
    async with tree(supervisor):
        assert await supervisor["a"].ask(Echo(1), timeout=5) == 1
        await anyio.sleep(5)
        assert results == [2]
