"""The mailbox by itself, where a whole tree would hide what it does."""

from __future__ import annotations

import anyio
import pytest

from tests.support.supervision import Note, settle
from venuetree.actors import AskTimeout, MailboxFull, MailboxSpec, Overflow
from venuetree.actors.envelope import Envelope, Stage
from venuetree.actors.mailbox import Mailbox

pytestmark = pytest.mark.anyio


async def test_a_message_past_its_deadline_is_not_handed_out_though_no_timer_has_fired() -> None:
    """P15: nothing has yielded since the deadline, so its asker does not know yet; we do."""
    mailbox = Mailbox("a", MailboxSpec(), lambda _, __: None)
    mailbox.open()
    late = Envelope(Note(1), mailbox, is_asked=True, deadline=anyio.current_time())
    good = Envelope(Note(2), mailbox, is_asked=True, deadline=anyio.current_time() + 1)
    for envelope in (late, good):
        assert mailbox.offer_nowait(envelope)
    assert mailbox.take_nowait() is good
    assert (late.stage, late.started, type(late.error)) == (Stage.SETTLED, False, AskTimeout)
    mailbox.close()


@pytest.mark.parametrize("overflow", [Overflow.DROP_OLDEST, Overflow.FAIL])
async def test_a_full_mailbox_with_messages_put_back_keeps_order_and_loses_none(
    overflow: Overflow,
) -> None:
    """P1: what was put back comes on top of the capacity; no overflow may lose it in silence."""
    dropped: list[object] = []
    mailbox = Mailbox("a", MailboxSpec(2, overflow), lambda message, _: dropped.append(message))
    mailbox.open()
    sent = [Envelope(Note(number), mailbox) for number in range(5)]

    async def take_and_be_cancelled() -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await mailbox.take()

    scopes: list[anyio.CancelScope] = []
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(take_and_be_cancelled)
        await settle()
        for envelope in sent[:2]:
            mailbox.offer_nowait(envelope)
        for scope in scopes:
            scope.cancel()
    assert mailbox.depth == 2
    for envelope in sent[2:4]:
        mailbox.offer_nowait(envelope)
    if overflow is Overflow.DROP_OLDEST:
        mailbox.offer_nowait(sent[4])
        assert dropped == [Note(0)]
    else:
        sent[2].abandon()
        with pytest.raises(MailboxFull):
            mailbox.offer_nowait(sent[4])
    kept = [1, 2, 3, 4] if overflow is Overflow.DROP_OLDEST else [0, 1, 3]
    taken = [mailbox.take_nowait() for _ in range(len(kept) + 1)]
    assert taken == [*(sent[number] for number in kept), None]
    mailbox.close()


def test_a_mailbox_holds_at_least_one_message() -> None:
    """A capacity of nothing is a ValueError: every message would need a waiting actor."""
    with pytest.raises(ValueError, match="capacity"):
        MailboxSpec(0)


async def test_a_taker_that_is_about_to_wait_is_woken_too() -> None:
    """A stop or a crash that falls between its last look around and its wait is not lost.

    Which of two tasks runs first is chance on trio, so it is tried until it has come so.
    """
    mailbox = Mailbox("a", MailboxSpec(), lambda _, __: None)
    mailbox.open()
    assert mailbox._send is not None
    taken: list[object] = []
    about_to_wait = lost = 0

    async def take() -> None:
        taken.append(await mailbox.take())

    for attempt in range(200):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take)
            while not mailbox._takers:
                await anyio.lowlevel.checkpoint()
            about_to_wait += not mailbox._send.statistics().tasks_waiting_receive
            mailbox.wake()
            await settle()
            lost += len(taken) <= attempt
            tasks.cancel_scope.cancel()

    mailbox.close()
    assert about_to_wait
    assert not lost
