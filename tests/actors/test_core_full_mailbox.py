"""A full mailbox: what becomes of a message for which there is no room, and what makes room."""

import anyio
import pytest

from tests.support.supervision import Echo, Log, Note, Results, tree
from venuetree.actors import (
    AskTimeout,
    DeadLetterReason,
    MailboxFull,
    MailboxSpec,
    MessageDropped,
    Overflow,
)
from venuetree.supervisors import DeadLetter

pytestmark = pytest.mark.anyio


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
