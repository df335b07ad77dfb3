"""When asks expire: by one timer for all of them, and none is handled after its time."""

import anyio
import pytest

from tests.support.supervision import Echo, Log, Note, Results, Work, after, outcome, settle, tree
from venuetree.actors import AskTimeout, Context, MailboxSpec, Overflow, Ref
from venuetree.actors.errors import ActorError
from venuetree.actors.mailbox import Mailbox
from venuetree.supervisors import ChildState, Exited, Strategy, running

pytestmark = pytest.mark.anyio


async def test_each_ask_expires_at_its_own_deadline_whatever_came_before() -> None:
    """A later deadline first, an earlier one after it, some answered in between."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    ended: dict[float, tuple[object, float]] = {}

    async def ask(patience: float, seconds: float) -> None:
        result = await outcome(supervisor["a"].ask(Echo(1, seconds), timeout=patience))
        ended[patience] = (result, anyio.current_time() - began)

    async with tree(supervisor), anyio.create_task_group() as tasks:
        began = anyio.current_time()
        for patience, seconds in ((60.0, 2.0), (50.0, 100.0), (5.0, 0.0), (3.0, 0.0), (4.0, 0.0)):
            tasks.start_soon(ask, patience, seconds)
            await anyio.sleep(0.5)

    answer, at = ended.pop(60.0)
    assert answer == 1
    assert at == pytest.approx(2)
    assert len(ended) == 4
    delays = {5.0: 1.0, 3.0: 1.5, 4.0: 2.0, 50.0: 0.5}
    for patience, (result, at) in ended.items():
        assert isinstance(result, AskTimeout)
        assert result.started is (patience == 50.0)
        assert at == pytest.approx(patience + delays[patience])


async def test_an_ask_expires_while_its_actor_is_down() -> None:
    """In backoff nobody serves the mailbox; the deadline holds all the same."""
    log = Log()
    supervisor = log.supervisor(log.child("a", after(1, ValueError("bug")), log.serve))
    async with tree(supervisor):
        await supervisor.until("a", ChildState.BACKOFF)
        began = anyio.current_time()
        result = await outcome(supervisor["a"].ask(Echo(1), timeout=0.25))
        took = anyio.current_time() - began
        await supervisor.until("a", ChildState.RUNNING)
        await anyio.sleep(10)

    assert isinstance(result, AskTimeout)
    assert not result.started
    assert took == pytest.approx(0.25)
    assert log.handled == []


async def test_an_ask_expires_while_its_actor_waits_for_another() -> None:
    """What comes later in a rest_for_one tree waits for what comes earlier to be back."""
    log = Log()
    crash = after(1, ValueError("bug"))
    supervisor = log.supervisor(
        log.child("a", crash, log.serve), log.child("b"), strategy=Strategy.REST_FOR_ONE
    )
    async with tree(supervisor):
        await supervisor.until("a", ChildState.BACKOFF)
        await settle()
        began = anyio.current_time()
        result = await outcome(supervisor["b"].ask(Echo(1), timeout=0.25))
        took = anyio.current_time() - began

    assert isinstance(result, AskTimeout)
    assert took == pytest.approx(0.25)


@pytest.mark.parametrize("name", ["a", "b"])
async def test_an_ask_expires_while_its_actor_is_still_to_start(name: str) -> None:
    """One takes its time to become ready, and the other waits for it."""
    log = Log()

    async def slow(context: Context[Work]) -> None:
        await anyio.sleep(5)
        await log.serve(context)

    supervisor = log.supervisor(log.child("a", slow), log.child("b"))
    ended: list[object] = []

    async def ask() -> None:
        await anyio.sleep(1)
        began = anyio.current_time()
        ended.append(await outcome(supervisor[name].ask(Echo(1), timeout=0.25)))
        ended.append(anyio.current_time() - began)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        async with running(supervisor):
            pass

    result, took = ended
    assert isinstance(result, AskTimeout)
    assert took == pytest.approx(0.25)
    assert log.handled == []


async def test_an_ask_that_waits_for_room_expires_too() -> None:
    """Blocked at a full mailbox, it was never sent."""
    log = Log()
    room = MailboxSpec(1, Overflow.BLOCK)
    supervisor = log.supervisor(log.child("a", mailbox=room))
    async with tree(supervisor):
        for number in range(2):
            await supervisor["a"].tell(Note(number, 60))
            await settle()
        began = anyio.current_time()
        result = await outcome(supervisor["a"].ask(Echo(1), timeout=2))
        took = anyio.current_time() - began

    assert isinstance(result, AskTimeout)
    assert not result.started
    assert took == pytest.approx(2)


async def test_an_ask_that_waits_for_room_expires_by_itself() -> None:
    """It is in no queue: should its supervisor end in that moment, nobody would settle it."""
    mailbox = Mailbox("a", MailboxSpec(1, Overflow.BLOCK), lambda _, __: None)
    mailbox.open()
    ref: Ref[Work] = Ref(mailbox)
    await ref.tell(Note(0))
    with anyio.move_on_after(100) as scope:
        result = await outcome(ref.ask(Echo(1), timeout=2))
    mailbox.close()

    assert not scope.cancelled_caught
    assert isinstance(result, AskTimeout)
    assert not result.started


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


async def test_asks_that_are_answered_do_not_wake_the_supervisor() -> None:
    """Only a deadline earlier than any before is news to it."""
    log = Log()
    supervisor = log.supervisor(log.child("a"))
    async with tree(supervisor):
        await supervisor["a"].ask(Echo(0), timeout=30)
        await settle()
        before = supervisor._table.changed
        for number in range(100):
            await supervisor["a"].ask(Echo(number, 0.01), timeout=30)
        same = supervisor._table.changed is before
        await supervisor["a"].ask(Echo(0), timeout=1)

    assert same
    assert supervisor._table.changed is not before


async def test_nothing_is_kept_of_asks_that_have_ended() -> None:
    """Answered, expired, cancelled, refused at a full mailbox: none waits any more."""
    log = Log()
    mailbox = MailboxSpec(1, Overflow.FAIL)
    supervisor = log.supervisor(log.child("a", mailbox=mailbox))
    async with tree(supervisor):
        ref = supervisor["a"]
        await ref.ask(Echo(0), timeout=30)
        with anyio.move_on_after(1):
            await ref.ask(Echo(1, 5), timeout=30)
        expired = await outcome(ref.ask(Echo(2), timeout=1))
        await ref.tell(Note(3))
        full = await outcome(ref.ask(Echo(4), timeout=1))
        kept = set(ref._mailbox.waiting)

    assert isinstance(expired, AskTimeout)
    assert isinstance(full, ActorError)
    assert kept == set()
