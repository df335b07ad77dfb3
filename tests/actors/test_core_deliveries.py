"""Deferred replies: an actor keeps what it received and answers later, or from another task."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest

from tests.support.supervision import Echo, Log, Note, Work, outcome, settle, tree
from venuetree.actors import ActorCrashed, ActorStopped, AskTimeout, Delivery
from venuetree.supervisors import Exited

if TYPE_CHECKING:
    from venuetree.actors import Context

pytestmark = pytest.mark.anyio


class Hand:
    """An actor that takes everything into its hand; the test answers for it."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.crash = anyio.Event()
        self.contexts: list[Context[Work]] = []
        self.ended = 0

    async def __call__(self, context: Context[Work]) -> None:
        """Take until asked to stop; crash when told so."""
        self.contexts.append(context)
        context.ready()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._crash)
            async for delivery in context.deliveries():
                self.deliveries.append(delivery)
            self.ended += 1
            tasks.cancel_scope.cancel()

    async def _crash(self) -> None:
        await self.crash.wait()
        self.crash = anyio.Event()
        msg = "crash"
        raise ValueError(msg)


async def test_deliveries_are_answered_in_any_order_and_once() -> None:
    """Both reply and fail say whether somebody got the answer; a second answer reaches nobody."""
    log, hand, answers = Log(), Hand(), {}
    supervisor = log.supervisor(log.child("a", hand))

    async def ask(value: int) -> None:
        answers[value] = await outcome(supervisor["a"].ask(Echo(value), timeout=60))

    error = LookupError("no such order")
    async with tree(supervisor), anyio.create_task_group() as tasks:
        for value in (1, 2, 3):
            tasks.start_soon(ask, value)
            await settle()
        one, two, three = hand.deliveries
        assert [d.message for d in hand.deliveries] == [Echo(1), Echo(2), Echo(3)]
        assert supervisor.snapshot()["a"].in_flight == 3
        assert three.expects_reply
        assert three.reply(33)
        assert not three.reply(34)
        assert two.fail(error)
        assert not two.reply(22)
        assert one.reply(None)
        assert supervisor.snapshot()["a"].in_flight == 0
    assert answers == {1: None, 2: error, 3: 33}


async def test_an_answer_to_an_asker_that_is_gone_can_be_taken_back() -> None:
    """After a timeout or a cancel, abandoned is True and reply returns False."""
    log, hand = Log(), Hand()
    supervisor = log.supervisor(log.child("a", hand))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        begun = anyio.current_time()
        results: list[object] = []

        async def ask() -> None:
            results.append(await outcome(supervisor["a"].ask(Echo(1), timeout=3)))

        tasks.start_soon(ask)
        await settle()
        with anyio.move_on_after(1):
            await supervisor["a"].ask(Echo(2), timeout=60)
        timed, cancelled = hand.deliveries
        assert timed.deadline - begun == pytest.approx(3)
        assert (timed.abandoned, cancelled.abandoned) == (False, True)
        assert not cancelled.reply(2)
        await anyio.sleep(5)
        assert timed.abandoned
        assert not timed.reply(1)
        assert isinstance(results[0], AskTimeout)
        assert results[0].started
        assert supervisor.snapshot()["a"].in_flight == 0


async def test_an_answer_in_the_tick_in_which_its_asker_is_cancelled_reaches_nobody() -> None:
    """The asker has not been told of its cancel yet, and will never see the answer: False."""
    log, hand = Log(), Hand()
    supervisor = log.supervisor(log.child("a", hand))
    got: list[object] = []
    async with tree(supervisor), anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def ask() -> None:
            with scope:
                got.append(await supervisor["a"].ask(Echo(1), timeout=60))

        tasks.start_soon(ask)
        await settle()
        scope.cancel()
        assert not hand.deliveries[0].reply(1)
        await settle()
        assert got == []


async def test_an_answer_given_before_the_cancel_of_that_tick_does_reach_the_asker() -> None:
    """What reply says is true: the asker has the answer though it is cancelled right after."""
    log, hand = Log(), Hand()
    supervisor = log.supervisor(log.child("a", hand))
    got: list[object] = []
    async with tree(supervisor), anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()

        async def ask() -> None:
            with scope:
                got.append(await supervisor["a"].ask(Echo(1), timeout=60))

        tasks.start_soon(ask)
        await settle()
        assert hand.deliveries[0].reply(1)
        scope.cancel()
        await settle()
        assert got == [1]


async def test_a_told_message_expects_no_reply() -> None:
    """A tell can be received too; it has no deadline, and nobody waits for an answer."""
    log, hand = Log(), Hand()
    supervisor = log.supervisor(log.child("a", hand))
    async with tree(supervisor):
        await supervisor["a"].tell(Note(1))
        await settle()
        (delivery,) = hand.deliveries
        assert (delivery.expects_reply, delivery.deadline) == (False, math.inf)
        assert not delivery.abandoned
        assert not delivery.reply(1)


async def test_what_was_received_and_not_answered_fails_with_the_incarnation() -> None:
    """A crash: ActorCrashed(started=True) at that moment; a stop: ActorStopped(started=True)."""
    log, hand, answers = Log(), Hand(), {}
    supervisor = log.supervisor(log.child("a", hand))

    async def ask(name: str) -> None:
        answers[name] = await outcome(supervisor["a"].ask(Echo(1), timeout=60))

    async with anyio.create_task_group() as tasks, tree(supervisor):
        tasks.start_soon(ask, "crash")
        await settle()
        hand.crash.set()
        await settle()
        crashed = answers["crash"]
        assert isinstance(crashed, ActorCrashed)
        assert crashed.started
        assert [report.error for report in log.of(Exited)] == [crashed.__cause__]
        assert not hand.deliveries[0].reply(1)
        await anyio.sleep(5)
        tasks.start_soon(ask, "stop")
        await settle()
    stopped = answers["stop"]
    assert isinstance(stopped, ActorStopped)
    assert stopped.started
    assert hand.ended == 1


async def test_expired_and_abandoned_messages_are_never_handed_out() -> None:
    """Both receive and receive_nowait skip them; nobody is kept waiting by them."""
    log = Log()
    go = anyio.Event()
    taken: list[object] = []

    async def slow_to_take(context: Context[Work]) -> None:
        context.ready()
        await go.wait()
        taken.append(context.receive_nowait())
        taken.append((await context.receive()).message)
        await anyio.sleep_forever()

    supervisor = log.supervisor(log.child("a", slow_to_take))
    async with tree(supervisor):
        with anyio.move_on_after(1):
            await supervisor["a"].ask(Echo(1), timeout=60)
        assert isinstance(await outcome(supervisor["a"].ask(Echo(2), timeout=1)), AskTimeout)
        go.set()
        await settle()
        assert taken == [None]
        await supervisor["a"].tell(Note(3))
        await settle()
        assert taken == [None, Note(3)]


async def test_receive_ends_for_an_actor_that_watches_stopping() -> None:
    """Asked to stop, it takes what is left, then EndOfStream; who never watched is cancelled."""
    log = Log()

    async def takes(context: Context[Work]) -> None:
        context.ready()
        _ = context.stopping
        try:
            while True:
                delivery = await context.receive()
                log.lines.append(str(delivery.message.value))
                await anyio.sleep(1)
        except anyio.EndOfStream:
            log.lines.append("end")

    async def takes_without_watching(context: Context[Work]) -> None:
        context.ready()
        while True:
            await context.receive()

    supervisor = log.supervisor(log.child("a", takes), log.child("b", takes_without_watching))
    begun = anyio.current_time()
    async with tree(supervisor):
        for value in (1, 2):
            await supervisor["a"].tell(Note(value))
        await settle()
    assert log.lines == ["start a", "start b", "1", "stop b", "2", "end", "stop a"]
    assert anyio.current_time() - begun == pytest.approx(2)


async def test_a_context_is_of_no_use_after_its_incarnation() -> None:
    """A task that outlived it must not steal the next one's messages."""
    log, hand = Log(), Hand()
    supervisor = log.supervisor(log.child("a", hand))
    async with tree(supervisor):
        hand.crash.set()
        await anyio.sleep(5)
        old, new = hand.contexts
        assert (old.incarnation, new.incarnation) == (1, 2)
        with pytest.raises(RuntimeError, match="has ended"):
            old.receive_nowait()
        with pytest.raises(RuntimeError, match="has ended"):
            await old.receive()
        old.ready()
        assert (new.name, new.path, new.ref.name) == ("a", ("a",), "a")


async def test_a_burst_is_drained_but_never_for_ever() -> None:
    """An actor whose handler never waits yields all the same, so that others get their turn."""
    log = Log()
    bursts = [0]

    async def handle(_: object) -> None:
        bursts[-1] += 1

    async def counts(context: Context[Work]) -> None:
        await context.serve(handle)

    async def other() -> None:
        while sum(bursts) < 200:
            await anyio.lowlevel.checkpoint()
            bursts.append(0)

    supervisor = log.supervisor(log.child("a", counts))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        for number in range(200):
            supervisor["a"].tell_nowait(Note(number))
        tasks.start_soon(other)
    # Two bursts, if the order of tasks so happens, and the message that ended the wait; not all.
    assert max(bursts) <= 2 * 65
    assert sum(bursts) == 200


async def test_serve_refuses_no_concurrency() -> None:
    """A concurrency below one is a ValueError, a crash of the child that asked for it."""
    log = Log()
    errors: list[object] = []

    async def serves(context: Context[Work]) -> None:
        errors.append(await outcome(context.serve(log.handler(context), concurrency=0)))
        context.ready()
        await anyio.sleep_forever()

    async with tree(log.supervisor(log.child("a", serves))):
        assert [type(error) for error in errors] == [ValueError]
