"""What happens to messages: across a crash, past a deadline, at a full mailbox, in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from attrs import frozen

from tests.support.supervision import (
    Boom,
    Echo,
    Log,
    Note,
    Refuse,
    RefusedError,
    Work,
    after,
    anew,
    idle,
    outcome,
    settle,
    tree,
)
from venuetree.actors import (
    Actor,
    ActorCrashed,
    ActorStopped,
    AskTimeout,
    DeadLetterReason,
    Deadlock,
    MailboxFull,
    MailboxSpec,
    MessageDropped,
    Overflow,
    Ref,
    Unhandled,
    on,
)
from venuetree.protocol.messages import Request
from venuetree.supervisors import ChildSpec, ChildState, DeadLetter, Exited

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from venuetree.actors import Context

pytestmark = pytest.mark.anyio


class Results:
    """Outcomes of calls made in tasks of their own, by name, with the time at which they came."""

    def __init__(self) -> None:
        self.begun = anyio.current_time()
        self.of: dict[str, tuple[object, float]] = {}

    async def note(self, name: str, call: Awaitable[object]) -> None:
        """Await a call and note how it ended."""
        result = await outcome(call)
        self.of[name] = (result, round(anyio.current_time() - self.begun, 6))

    def error(self, name: str, kind: type[Exception]) -> tuple[bool, bool, float]:
        """Whether the outcome is an error of that type, its `started`, and the time."""
        error, at = self.of[name]
        return isinstance(error, kind), getattr(error, "started", not error), at


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


async def test_an_expired_ask_is_never_handled_however_late_the_actor_gets_to_it() -> None:
    """Case 25: queued: AskTimeout(started=False), and the message is not handled.

    In hand: AskTimeout(started=True), its late result is dropped, and the actor lives on.
    """
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        results = Results()
        tasks.start_soon(results.note, "hand", supervisor["a"].ask(Echo(1, seconds=5), timeout=2))
        await anyio.sleep(0.5)
        tasks.start_soon(results.note, "queue", supervisor["a"].ask(Echo(2), timeout=1))
        await anyio.sleep(9.5)
        assert results.error("hand", AskTimeout) == (True, True, 2)
        assert results.error("queue", AskTimeout) == (True, False, 1.5)
        assert isinstance(results.of["queue"][0], TimeoutError)
        assert log.handled == [(1, Echo(1, seconds=5))]
        assert await supervisor["a"].ask(Echo(3), timeout=1) == 3
        assert log.of(Exited) == []


async def test_an_ask_expires_in_the_mailbox_even_if_its_timer_has_not_fired() -> None:
    """Case 25: a busy actor that never yields reaches the message in the tick of its deadline."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(0.5, ValueError("crash")), log.serve))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        results = Results()
        # The next incarnation starts at 1.5 s, the instant at which the ask expires.
        tasks.start_soon(results.note, "ask", supervisor["a"].ask(Echo(1), timeout=1.5))
        await anyio.sleep(10)
        assert results.error("ask", AskTimeout) == (True, False, 1.5)
        assert log.handled == []


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
async def test_an_ask_without_any_time_left_is_not_sent(seconds: float) -> None:
    """A deadline that has passed already is an AskTimeout(started=False)."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    async with tree(supervisor):
        result = await outcome(supervisor["a"].ask(Echo(1), timeout=seconds))
        assert isinstance(result, AskTimeout)
        assert not result.started
        await anyio.sleep(1)
        assert log.handled == []


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


@pytest.mark.parametrize(
    ("overflow", "outcomes", "handled", "dead"),
    [
        pytest.param(Overflow.BLOCK, [None] * 4, [1, 2, 3, 4], [], id="block"),
        pytest.param(Overflow.FAIL, [None, None, MailboxFull, MailboxFull], [1, 2], [], id="fail"),
        pytest.param(Overflow.DROP_OLDEST, [None] * 4, [3, 4], [1, 2], id="drop-oldest"),
        pytest.param(Overflow.DROP_NEWEST, [None] * 4, [1, 2], [3, 4], id="drop-newest"),
    ],
)
async def test_a_full_mailbox_does_what_its_policy_says(
    overflow: Overflow,
    outcomes: list[type[Exception] | None],
    handled: list[int],
    dead: list[int],
) -> None:
    """Case 28: capacity 2, the actor busy, four tells; BLOCK makes two of them wait."""
    log = Log()
    supervisor = log.supervisor(log.child("a", mailbox=MailboxSpec(2, overflow)))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        ref = supervisor["a"]
        ref.tell_nowait(Note(0, seconds=5))
        await anyio.sleep(1)
        results = Results()
        for number in range(1, 5):
            tasks.start_soon(results.note, str(number), ref.tell(Note(number)))
            await anyio.sleep(0.1)  # one after the other: the order of tasks is nobody's promise
        waiting = 2 if overflow is Overflow.BLOCK else 0
        assert len(results.of) == 4 - waiting
        info = supervisor.snapshot()["a"]
        assert (info.mailbox_depth, info.mailbox_capacity) == (2, 2)
        assert info.mailbox_dropped == len(dead)
        await anyio.sleep(10)
        results_in_order = [results.of[str(number)][0] for number in range(1, 5)]
        assert [None if r is None else type(r) for r in results_in_order] == outcomes
        assert [message for _, message in log.handled[1:]] == [Note(number) for number in handled]
        letters = [(letter.message, letter.why) for letter in log.of(DeadLetter)]
        assert letters == [(Note(number), DeadLetterReason.OVERFLOW) for number in dead]


@pytest.mark.parametrize(
    ("overflow", "error"),
    [
        (Overflow.FAIL, MailboxFull),
        (Overflow.DROP_NEWEST, MessageDropped),
        (Overflow.DROP_OLDEST, MessageDropped),
        (Overflow.BLOCK, AskTimeout),
    ],
)
async def test_an_ask_that_finds_no_room_fails_with_nothing_started(
    overflow: Overflow, error: type[Exception]
) -> None:
    """Case 28: a dropped ask gets MessageDropped, a refused one MailboxFull; waiting ends too."""
    log = Log()
    supervisor = log.supervisor(log.child("a", mailbox=MailboxSpec(1, overflow)))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        ref = supervisor["a"]
        ref.tell_nowait(Note(0, seconds=5))
        await anyio.sleep(1)
        results = Results()
        tasks.start_soon(results.note, "first", ref.ask(Echo(1), timeout=60))
        await anyio.sleep(0.1)
        tasks.start_soon(results.note, "second", ref.ask(Echo(2), timeout=2))
        await anyio.sleep(10)
        failed = "first" if overflow is Overflow.DROP_OLDEST else "second"
        answered = "second" if failed == "first" else "first"
        assert results.error(failed, error)[:2] == (True, False)
        value = 2 if answered == "second" else 1
        if overflow is Overflow.DROP_OLDEST:  # its deadline of 2 s passed meanwhile
            assert results.error(answered, AskTimeout)[:2] == (True, False)
        else:
            assert results.of[answered][0] == value


async def test_askers_that_gave_up_make_room_for_others() -> None:
    """A mailbox full of expired asks refuses nobody, and what is alive keeps its order."""
    log = Log()
    supervisor = log.supervisor(log.child("a", mailbox=MailboxSpec(3, Overflow.FAIL)))
    async with tree(supervisor), anyio.create_task_group() as tasks:
        ref = supervisor["a"]
        results = Results()
        ref.tell_nowait(Note(0, seconds=5))
        await anyio.sleep(1)
        ref.tell_nowait(Note(1))
        tasks.start_soon(results.note, "x", ref.ask(Echo(8), timeout=1))
        tasks.start_soon(results.note, "y", ref.ask(Echo(9), timeout=1))
        await anyio.sleep(2)
        ref.tell_nowait(Note(2))
        ref.tell_nowait(Note(3))
        with pytest.raises(MailboxFull):
            ref.tell_nowait(Note(4))
        await anyio.sleep(10)
        assert [message for _, message in log.handled] == [
            Note(0, seconds=5),
            *map(Note, (1, 2, 3)),
        ]


@frozen
class Relay(Request[Work, int]):
    """Answered with what the other actor, asked to relay `hops` fewer, answers."""

    hops: int


class Relayer(Actor[Work]):
    """Asks the other one, and passes a deadlock on as its refusal."""

    refuses = (Deadlock,)

    def __init__(self, others: list[Ref[Work]]) -> None:
        self.others = others

    @on(Relay)
    async def relay(self, message: Relay) -> int:
        """One hop."""
        if not message.hops:
            return 0
        return 1 + await self.others[0].ask(Relay(message.hops - 1), timeout=60)


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
