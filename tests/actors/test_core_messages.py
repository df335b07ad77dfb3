"""What becomes of messages: across a crash, behind a cancellation, before a start."""

import anyio
import pytest

from tests.support.supervision import (
    Boom,
    Echo,
    Log,
    Note,
    Results,
    Work,
    after,
    idle,
    outcome,
    settle,
    tree,
)
from venuetree.actors import ActorCrashed, ActorStopped, Context
from venuetree.supervisors import ChildState

pytestmark = pytest.mark.anyio


async def test_messages_behind_a_crashing_one_are_handled_by_the_next_incarnation() -> None:
    """Case 22: the asker of the crash hears at once; 20 notes arrive once each, in order."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    error = ValueError("boom")
    async with tree(supervisor), anyio.create_task_group() as tasks:
        results = Results()
        supervisor["a"].tell_nowait(Note(99, seconds=1))
        tasks.start_soon(results.note, "boom", supervisor["a"].ask(Boom(error), timeout=60))
        await settle()
        for number in range(20):
            supervisor["a"].tell_nowait(Note(number))
        await anyio.sleep(10)
        assert results.error("boom", ActorCrashed) == (True, True, 1)
        assert isinstance(results.of["boom"][0], ActorCrashed)
        assert results.of["boom"][0].__cause__ is error
        assert log.handled == [
            (1, Note(99, seconds=1)),
            (1, Boom(error)),
            *((2, Note(number)) for number in range(20)),
        ]


async def test_a_crash_of_a_background_task_fails_what_is_in_hand_at_that_moment() -> None:
    """Case 23: not when the ask times out; and the message waiting behind it is kept."""
    log = Log()
    error = ValueError("background")

    async def with_background(context: Context[Work]) -> None:
        async with anyio.create_task_group() as tasks:

            async def background() -> None:
                await anyio.sleep(3)
                raise error

            tasks.start_soon(background)
            await log.serve(context)

    supervisor = log.supervisor(log.child("a", with_background, log.serve))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        results = Results()
        tasks.start_soon(results.note, "one", supervisor["a"].ask(Echo(1, seconds=50), timeout=60))
        await anyio.sleep(1)
        tasks.start_soon(results.note, "two", supervisor["a"].ask(Echo(2), timeout=60))
        await anyio.sleep(9)
        assert results.error("one", ActorCrashed) == (True, True, 3)
        assert isinstance(results.of["one"][0], ActorCrashed)
        assert results.of["one"][0].__cause__ is error
        assert results.of["two"] == (2, 4)


async def test_the_asker_of_a_crash_does_not_wait_for_the_clean_up() -> None:
    """Case 22: the incarnation takes 50 s to clean up; the asker hears at once all the same."""
    log = Log()

    async def cleans_up(context: Context[Work]) -> None:
        try:
            await log.serve(context)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(50)

    supervisor = log.supervisor(log.child("a", cleans_up, log.serve))
    error = ValueError("boom")
    async with tree(supervisor):
        begun = anyio.current_time()
        result = await outcome(supervisor["a"].ask(Boom(error), timeout=60))
        assert isinstance(result, ActorCrashed)
        assert result.__cause__ is error
        assert anyio.current_time() == begun


async def test_an_ask_during_the_backoff_is_answered_by_the_next_incarnation() -> None:
    """Case 24: the same Ref works throughout."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(1, ValueError("crash")), log.serve))
    async with tree(supervisor):
        ref = supervisor["a"]
        await supervisor.until("a", ChildState.BACKOFF)
        begun = anyio.current_time()
        assert await ref.ask(Echo(5), timeout=2) == 5
        assert anyio.current_time() - begun == pytest.approx(1)
        assert log.handled == [(2, Echo(5))]


async def test_a_cancelled_ask_is_not_handled_if_it_was_still_queued() -> None:
    """An order must not be sent after its asker was cancelled."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        results = Results()
        tasks.start_soon(results.note, "one", supervisor["a"].ask(Echo(1, seconds=5), timeout=60))
        await anyio.sleep(1)
        with anyio.move_on_after(1):
            await supervisor["a"].ask(Echo(2), timeout=60)
        await anyio.sleep(10)
        assert log.handled == [(1, Echo(1, seconds=5))]
        assert results.of["one"] == (1, 5)


async def test_a_tell_in_a_cancelled_scope_sends_nothing_and_tell_nowait_does() -> None:
    """P13: `finally` blocks and callbacks use tell_nowait."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    async with tree(supervisor):
        with anyio.CancelScope() as scope:
            scope.cancel()
            supervisor["a"].tell_nowait(Note(1))
            await supervisor["a"].tell(Note(2))
        await anyio.sleep(1)
        assert [message for _, message in log.handled] == [Note(1)]


async def test_a_message_given_to_a_receiver_cancelled_in_that_tick_is_put_back() -> None:
    """P1: delivered and cancelled at once, the message is the next incarnation's."""
    log = Log()
    scopes: list[anyio.CancelScope] = []

    async def cancels_itself(context: Context[Work]) -> None:
        context.ready()
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await context.receive()
            log.lines.append("received")
        raise ValueError

    supervisor = log.supervisor(log.child("a", cancels_itself, log.serve))
    async with tree(supervisor):
        await anyio.sleep(1)
        supervisor["a"].tell_nowait(Note(1))
        supervisor["a"].tell_nowait(Note(2))
        scopes[0].cancel()
        await anyio.sleep(10)
        assert log.handled == [(2, Note(1)), (2, Note(2))]
        assert "received" not in log.lines


async def test_what_is_sent_to_an_actor_that_has_not_started_yet_waits_for_it() -> None:
    """A child may ask a sibling that starts after it, from a task of its own."""
    log = Log()
    got: list[object] = []

    async def asks(context: Context[Work]) -> None:
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                got.append(await outcome(supervisor["b"].ask(Echo(1), timeout=60)))

            tasks.start_soon(ask)
            await anyio.sleep(2)
            await idle(context)

    supervisor = log.supervisor(log.child("a", asks), log.child("b"))
    async with tree(supervisor):
        await anyio.sleep(1)
        assert got == [1]


async def test_before_its_supervisor_runs_an_address_refuses() -> None:
    """Nothing is queued where nothing will ever run."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    result = await outcome(supervisor["a"].ask(Echo(1), timeout=1))
    assert isinstance(result, ActorStopped)
    assert not result.started
