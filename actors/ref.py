"""The address of an actor: what the rest of the program holds instead of the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

import anyio
import anyio.lowlevel

from venuetree.actors.errors import Deadlock
from venuetree.actors.mailbox import AtTheDoor, Envelope, Mailbox, Stage, expired, handling

if TYPE_CHECKING:
    from venuetree.protocol.messages import Message, Request

# Answers at the door in a row before the askers let other tasks run.
DOOR_BURST = 64

P_contra = TypeVar("P_contra", contravariant=True)
R = TypeVar("R")


class Ref(Generic[P_contra]):
    """Where to send messages of protocol `P_contra`; stays the same over restarts.

    A `Ref[A | B]` is accepted where a `Ref[A]` is wanted.
    """

    __slots__ = ("_mailbox",)

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    @property
    def name(self) -> str:
        """The actor's path in its tree, for messages to people."""
        return self._mailbox.name

    def __repr__(self) -> str:
        return f"Ref({self._mailbox.name})"

    async def ask(self, message: Request[P_contra, R], *, timeout: float) -> R:  # noqa: ASYNC109 - the deadline travels with the message, so that it expires in the mailbox too
        """Send a request and wait for its reply, for `timeout` seconds at most.

        Raises what the actor refuses with, unchanged, or an ActorError: ActorCrashed at the
        moment the actor dies with it in hand, AskTimeout, ActorStopped, MailboxFull,
        MessageDropped, Deadlock, Unhandled; its `started` says whether it may have had effects.

        Cancelled: a message still queued will never be handled; one in hand is worked on, and its
        reply is dropped.
        """
        mailbox = self._mailbox
        deadline = anyio.current_time() + timeout
        if not timeout > 0:
            raise expired(mailbox.name, started=False)
        chain = handling.get()
        _refuse_deadlock(chain, mailbox)
        if mailbox.at_the_door is not None and not (mailbox.sealed or mailbox.untaken):
            await _breathe(mailbox)
            answer = mailbox.at_the_door(message)
            if answer is not AtTheDoor.LATER:
                return cast("R", answer)
        answered = anyio.Event()
        asker = anyio.get_current_task()
        envelope = Envelope(
            message, mailbox, answered=answered, asker=asker, deadline=deadline, chain=chain
        )
        queued = mailbox.offer_nowait(envelope)
        try:
            # A scope, not fail_after, which costs three times as much and raises a TimeoutError
            # that could as well be the handler's own (P16).
            with anyio.CancelScope(deadline=deadline):
                if not queued:
                    await mailbox.offer(envelope)
                await answered.wait()
        finally:
            envelope.abandon()
        if envelope.stage is not Stage.SETTLED:
            raise expired(mailbox.name, started=envelope.started)
        if envelope.error is not None:
            raise envelope.error
        return cast("R", envelope.value)

    async def tell(self, message: Message[P_contra]) -> None:
        """Send a message for which no reply is wanted; waits for room where the policy is BLOCK.

        Returning means accepted, not handled. Raises ActorStopped, or MailboxFull where the
        policy is FAIL. Cancelled: the message was not sent.
        """
        await anyio.lowlevel.checkpoint()
        envelope = Envelope(message, self._mailbox)
        if not self._mailbox.offer_nowait(envelope):
            await self._mailbox.offer(envelope)

    def tell_nowait(self, message: Message[P_contra]) -> None:
        """Send a message without waiting; for callbacks and `finally` blocks (P13).

        Raises ActorStopped, or MailboxFull where there is no room and none may be made.
        """
        if not self._mailbox.offer_nowait(Envelope(message, self._mailbox)):
            raise self._mailbox.full()


async def _breathe(mailbox: Mailbox) -> None:
    """Notice a cancellation, and let others run now and then: answers at the door never wait."""
    mailbox.answered_at_the_door += 1
    if mailbox.answered_at_the_door % DOOR_BURST:
        await anyio.lowlevel.checkpoint_if_cancelled()
    else:
        await anyio.lowlevel.checkpoint()


def _refuse_deadlock(chain: Envelope | None, target: Mailbox) -> None:
    """Raise Deadlock if `target` is held up, over a chain of unsettled asks, by this very ask.

    Only envelopes still in hand count: a handler that was settled, or whose asker gave up, keeps
    nobody waiting, and an actor that handles several messages at once can take one more.
    """
    while chain is not None and chain.stage is Stage.TAKEN:
        if chain.mailbox is target and chain.sequential:
            text = f"asking {target.name} here waits for itself: it is handling what led to this"
            raise Deadlock(text, started=False)
        chain = chain.chain
