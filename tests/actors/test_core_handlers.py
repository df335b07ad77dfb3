"""Actors and their handlers: what they refuse, what none handles, and how many are at work."""

import anyio
import pytest

from tests.support.supervision import (
    Echo,
    Log,
    Refuse,
    RefusedError,
    Relay,
    Relayer,
    Results,
    Work,
    anew,
    outcome,
    tree,
)
from venuetree.actors import Actor, Context, DeadLetterReason, Unhandled, on
from venuetree.supervisors import ChildSpec, DeadLetter, Exited

pytestmark = pytest.mark.anyio


async def test_a_refusal_reaches_the_asker_unchanged_and_the_actor_lives_on() -> None:
    """Case 26: a business refusal is a reply."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    refusal = RefusedError("insufficient funds")
    async with tree(supervisor):
        assert await outcome(supervisor["a"].ask(Refuse(refusal), timeout=1)) is refusal
        assert await supervisor["a"].ask(Echo(1), timeout=1) == 1
        assert supervisor.snapshot()["a"].incarnation == 1


async def test_a_refused_tell_is_a_dead_letter_and_the_actor_lives_on() -> None:
    """Case 27: nobody waits for the refusal, so it is reported."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    message = Refuse(RefusedError("insufficient funds"))
    async with tree(supervisor):
        await supervisor["a"].tell(message)
        await anyio.sleep(1)
        assert [(letter.path, letter.message, letter.why) for letter in log.of(DeadLetter)] == [
            (("a",), message, DeadLetterReason.REFUSED)
        ]
        assert supervisor.snapshot()["a"].incarnation == 1


async def test_a_message_without_a_handler_is_told_to_its_sender_alone() -> None:
    """An actor does not crash because somebody sends it what it does not know."""
    log = Log()
    supervisor = log.supervisor(ChildSpec("a", anew(lambda: Relayer([]))))
    async with tree(supervisor):
        result = await outcome(supervisor["a"].ask(Echo(1), timeout=1))
        assert isinstance(result, Unhandled)
        assert await supervisor["a"].ask(Relay(0), timeout=1) == 0
        assert log.of(Exited) == []


def test_an_actor_with_two_handlers_for_one_message_is_refused() -> None:
    """A mistake in a class is told when the class is made."""
    with pytest.raises(TypeError, match="two handlers of Relay"):

        class Twice(Actor[Work]):
            @on(Relay)
            async def one(self, message: Relay) -> int:
                return message.hops

            @on(Relay)
            async def two(self, message: Relay) -> int:
                return message.hops


async def test_an_actor_starts_serves_and_cleans_up_within_a_bound() -> None:
    """`starting` comes before ready, `stopped` after the last message, shielded but bounded."""
    log = Log()

    class Hooked(Actor[Work]):
        async def starting(self, context: Context[Work]) -> None:
            await anyio.sleep(1)
            log.lines.append(f"starting {context.incarnation}")

        @on(Echo)
        async def echo(self, message: Echo) -> int:
            return message.value

        async def stopped(self) -> None:
            log.lines.append("stopped")
            await anyio.sleep_forever()

    supervisor = log.supervisor(ChildSpec("a", anew(Hooked)))
    begun = anyio.current_time()
    with anyio.move_on_after(10):
        async with tree(supervisor):
            assert anyio.current_time() - begun == 1
            assert await supervisor["a"].ask(Echo(1), timeout=1) == 1
            await anyio.sleep_forever()
    assert log.lines == ["starting 1", "stopped"]
    assert anyio.current_time() - begun == pytest.approx(15)


async def test_concurrency_bounds_how_many_are_in_hand() -> None:
    """Eight at once of twenty: three rounds of a second; in_flight shows eight."""
    log = Log()
    supervisor = log.supervisor(log.child("a", log.serve_eight))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        results = Results()
        for number in range(20):
            call = supervisor["a"].ask(Echo(number, seconds=1), timeout=60)
            tasks.start_soon(results.note, str(number), call)
        await anyio.sleep(0.5)
        info = supervisor.snapshot()["a"]
        assert (info.in_flight, info.mailbox_depth) == (8, 12)
        await anyio.sleep(10)
        times = sorted(at for _, at in results.of.values())
        assert times == [1] * 8 + [2] * 8 + [3] * 4
        assert supervisor.snapshot()["a"].in_flight == 0
