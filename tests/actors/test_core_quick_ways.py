"""Two quick ways: answers at the door, and every message in hand at once."""

import anyio
import pytest

from tests.support.supervision import Boom, Echo, Log, Note, Refuse, RefusedError, Work, tree
from venuetree.actors import ActorCrashed, ActorStopped, Context, Delivery
from venuetree.actors.mailbox import AtTheDoor
from venuetree.supervisors import ChildState, Exited

pytestmark = pytest.mark.anyio

# What the task answers, to be told from what the door does.
INSIDE = -999


class Doorman:
    """Answers synchronously, and notes what it was asked; what is below zero waits for its task."""

    def __init__(self) -> None:
        self.at_the_door: list[object] = []
        self.inside: list[object] = []

    async def __call__(self, context: Context[Work]) -> None:
        """Serve at the door; what is left for later by the task."""

        def quick(message: object) -> object:
            match message:
                case Boom(error) | Refuse(error):
                    raise error
                case Echo(value) | Note(value) if value < 0:
                    return AtTheDoor.LATER
                case Note():
                    self.at_the_door.append(message)
                case Echo(value):
                    self.at_the_door.append(value)
                    return value
            return None

        with context.at_the_door(quick, refuses=(RefusedError,)):
            context.ready()
            async for delivery in context.deliveries():
                await anyio.sleep(1)
                self.inside.append(delivery.message)
                delivery.reply(INSIDE)


async def test_an_ask_is_answered_without_waking_the_actor() -> None:
    """The answer is there before any other task has run."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    async with tree(supervisor):
        answers = [await supervisor["a"].ask(Echo(number), timeout=1) for number in range(200)]

    assert answers == list(range(200))
    assert doorman.at_the_door == answers
    assert doorman.inside == []


async def test_what_is_left_for_later_is_queued_and_nothing_overtakes_it() -> None:
    """While a message waits, the next is queued behind it, though the door could answer it."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    answers: list[object] = []

    async def ask(value: int) -> None:
        answers.append((value, await supervisor["a"].ask(Echo(value), timeout=60)))

    async with tree(supervisor), anyio.create_task_group() as tasks:
        for value in (-1, -2, 5):
            tasks.start_soon(ask, value)
            await anyio.sleep(0.1)

    assert answers == [(-1, INSIDE), (-2, INSIDE), (5, INSIDE)]
    assert doorman.at_the_door == []


async def test_an_ask_does_not_overtake_a_message_that_is_on_its_way() -> None:
    """Told first, asked second, in the same moment: handled in that order."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    async with tree(supervisor):
        await anyio.sleep(1)
        supervisor["a"].tell_nowait(Note(-1))
        answer = await supervisor["a"].ask(Echo(5), timeout=60)

    assert answer == INSIDE
    assert doorman.inside == [Note(-1), Echo(5)]


async def test_what_is_told_is_taken_at_the_door_unless_somebody_is_before_it() -> None:
    """In the teller's own step; a failure there is the actor's crash, and told to the teller."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    crash = ValueError("bug")
    async with tree(supervisor):
        ref = supervisor["a"]
        ref.tell_nowait(Note(1))
        assert doorman.at_the_door == [Note(1)]
        ref.tell_nowait(Note(-1))
        ref.tell_nowait(Note(2))
        assert doorman.at_the_door == [Note(1)]
        await anyio.sleep(3)
        with pytest.raises(ActorCrashed) as crashed:
            ref.tell_nowait(Boom(crash))
        await supervisor.until("a", ChildState.BACKOFF)

    assert doorman.inside == [Note(-1), Note(2)]
    assert crashed.value.__cause__ is crash
    assert next(report.error for report in log.of(Exited)) is crash


async def test_a_refusal_at_the_door_is_the_askers_and_a_crash_is_the_actors() -> None:
    """As with any ask: refused, the actor lives on; crashed, it is restarted."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    refusal, crash = RefusedError("no"), ValueError("bug")
    async with tree(supervisor):
        with pytest.raises(RefusedError) as refused:
            await supervisor["a"].ask(Refuse(refusal), timeout=1)
        lives = supervisor.snapshot()["a"].incarnation
        with pytest.raises(ActorCrashed) as crashed:
            await supervisor["a"].ask(Boom(crash), timeout=1)
        await supervisor.until("a", ChildState.BACKOFF)
        await supervisor.until("a", ChildState.RUNNING)
        answer = await supervisor["a"].ask(Echo(7), timeout=1)

    assert refused.value is refusal
    assert lives == 1
    assert (crashed.value.started, crashed.value.__cause__) == (True, crash)
    assert next(report.error for report in log.of(Exited)) is crash
    assert answer == 7


async def test_an_actor_that_is_being_stopped_takes_nothing_at_its_door() -> None:
    """It still has something in hand, and will be gone: the teller must know."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        ref = supervisor["a"]
        await ref.tell(Note(-1))
        await anyio.sleep(0.5)
        tasks.start_soon(supervisor.stop_child, "a")
        await anyio.sleep(0.1)
        with pytest.raises(ActorStopped):
            ref.tell_nowait(Note(1))

    assert doorman.at_the_door == []


async def test_a_stopped_actor_answers_nobody_at_the_door() -> None:
    """After the stop its address says so."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    async with tree(supervisor):
        ref = supervisor["a"]
        await supervisor.stop_child("a")
        with pytest.raises(ActorStopped):
            await ref.ask(Echo(1), timeout=1)

    assert doorman.at_the_door == []


async def test_a_cancelled_asker_is_not_answered_at_the_door() -> None:
    """Its message is not handled at all."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    async with tree(supervisor):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await supervisor["a"].ask(Echo(1), timeout=1)

    assert scope.cancelled_caught
    assert doorman.at_the_door == []


async def test_an_answer_at_the_door_may_be_had_without_awaiting_anything() -> None:
    """`ask_nowait` gives it or says that it would have to wait, having sent nothing."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman), log.child("b"))
    refusal, crash = RefusedError("no"), ValueError("bug")
    async with tree(supervisor):
        ref = supervisor["a"]
        answer = ref.ask_nowait(Echo(1))
        with pytest.raises(RefusedError):
            ref.ask_nowait(Refuse(refusal))
        for waits in (ref, supervisor["b"]):
            with pytest.raises(anyio.WouldBlock):
                waits.ask_nowait(Echo(-1))
        ref.tell_nowait(Note(-3))
        with pytest.raises(anyio.WouldBlock):
            ref.ask_nowait(Echo(4))
        await anyio.sleep(10)
        with pytest.raises(ActorCrashed) as crashed:
            ref.ask_nowait(Boom(crash))
        with pytest.raises(anyio.WouldBlock):
            ref.ask_nowait(Echo(5))
    with pytest.raises(anyio.WouldBlock):
        ref.ask_nowait(Echo(6))

    assert answer == 1
    assert crashed.value.__cause__ is crash
    assert doorman.at_the_door == [1]
    assert doorman.inside == [Note(-3)]
    assert [message for _, message in log.handled] == []


async def test_askers_at_the_door_let_others_run() -> None:
    """However many asks in a row."""
    log, doorman = Log(), Doorman()
    supervisor = log.supervisor(log.child("a", doorman))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with tree(supervisor), anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        for number in range(1000):
            await supervisor["a"].ask(Echo(number), timeout=1)
        tasks.cancel_scope.cancel()

    assert turns >= 5


class Host:
    """Takes every message at once, each for its seconds."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.in_hand = 0
        self.most = 0

    async def __call__(self, context: Context[Work]) -> None:
        """Serve each message in a task."""
        _ = context.stopping
        context.ready()
        await context.serve_each(self.take)

    async def take(self, delivery: Delivery) -> None:
        """Work on one."""
        match delivery.message:
            case Echo(value, seconds):
                self.begun.append(value)
                self.in_hand += 1
                self.most = max(self.most, self.in_hand)
                try:
                    await anyio.sleep(seconds)
                finally:
                    self.in_hand -= 1
                delivery.reply(value)
            case Note(value, _):
                self.begun.append(value)
                delivery.reply(None)
            case Boom(error):
                raise error


async def test_no_message_waits_for_another_however_many_there_are() -> None:
    """A hundred that each take a minute are done in a minute, and were begun in order."""
    log, host = Log(), Host()
    supervisor = log.supervisor(log.child("a", host))
    async with tree(supervisor):
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            for value in range(100):
                supervisor["a"].tell_nowait(Note(value))

            async def ask(value: int) -> None:
                await supervisor["a"].ask(Echo(value, 60), timeout=100)

            for value in range(100, 200):
                tasks.start_soon(ask, value)
        took = anyio.current_time() - began

    assert took == pytest.approx(60, abs=1)
    assert host.most == 100
    assert host.begun[:100] == list(range(100))


async def test_a_crash_fails_all_that_is_in_hand_and_nothing_that_is_queued() -> None:
    """In hand: crashed, started. The next incarnation serves what comes after."""
    log, host = Log(), Host()
    supervisor = log.supervisor(log.child("a", host))
    started: list[bool] = []

    async def ask(value: int) -> None:
        with pytest.raises(ActorCrashed) as crashed:
            await supervisor["a"].ask(Echo(value, 60), timeout=100)
        started.append(crashed.value.started)

    async with tree(supervisor):
        async with anyio.create_task_group() as tasks:
            for value in range(5):
                tasks.start_soon(ask, value)
            await anyio.sleep(1)
            supervisor["a"].tell_nowait(Boom(ValueError("bug")))
        answer = await supervisor["a"].ask(Echo(9), timeout=100)

    assert started == [True] * 5
    assert answer == 9


async def test_a_stop_lets_what_is_in_hand_be_done() -> None:
    """Within the grace; nothing new is taken."""
    log, host = Log(), Host()
    supervisor = log.supervisor(log.child("a", host, shutdown=10))
    answers: list[int] = []

    async def ask() -> None:
        answers.append(await supervisor["a"].ask(Echo(1, 3), timeout=100))

    async with tree(supervisor), anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.sleep(1)
        await supervisor.stop_child("a")

    assert answers == [1]
    assert host.in_hand == 0
