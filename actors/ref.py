"""The address of an actor: what the rest of the program holds instead of the actor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

import anyio
import anyio.lowlevel

from venuetree.actors.envelope import Envelope, Stage, handling
from venuetree.actors.errors import Deadlock
from venuetree.actors.mailbox import AtTheDoor, Mailbox, expired

if TYPE_CHECKING:
    from venuetree.protocol.messages import Message, Request

# Asks in a row that are not queued before the askers let other tasks run.
BURST_LIMIT = 64

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
        reply is dropped, but what is worked on in step (`Context.serve_in_step`) is cancelled.
        """
        mailbox = self._mailbox
        if not timeout > 0:
            raise expired(mailbox.name, started=False)
        chain = handling.get()
        if chain is not None:
            _refuse_deadlock(chain, mailbox)
        if mailbox.at_the_door is not None or mailbox.in_step is not None:
            await _breathe(mailbox)
        # Only what finds nobody before it may go another way than through the queue.
        is_free = not (mailbox.sealed or mailbox.untaken)
        if is_free and mailbox.at_the_door is not None:
            answer = mailbox.at_the_door(message)
            if answer is not AtTheDoor.LATER:
                return cast("R", answer)
        deadline = mailbox.loop.time() + timeout
        envelope = Envelope(message, mailbox, is_asked=True, deadline=deadline, chain=chain)
        if is_free and mailbox.in_step is not None:
            await mailbox.in_step.work(envelope)
        else:
            await _queue(envelope)
        if envelope.stage is not Stage.SETTLED:
            raise expired(mailbox.name, started=envelope.started)
        if envelope.error is not None:
            raise envelope.error
        return cast("R", envelope.value)

    def ask_nowait(self, message: Request[P_contra, R]) -> R:
        """The answer of an actor that can give it at once, at its door; no checkpoint.

        Raises anyio.WouldBlock, nothing having been sent, if it would have to be waited for: then
        `ask`. Otherwise as `ask` raises.
        """
        mailbox = self._mailbox
        if mailbox.at_the_door is None or mailbox.sealed or mailbox.untaken:
            raise anyio.WouldBlock
        answer = mailbox.at_the_door(message)
        if answer is AtTheDoor.LATER:
            raise anyio.WouldBlock
        return cast("R", answer)

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

        An actor that takes messages at its door takes it there, in this very step, if it can.

        Raises ActorStopped, or MailboxFull where there is no room and none may be made; at a door
        also ActorCrashed, if the actor failed over it, or what it refuses.
        """
        mailbox = self._mailbox
        door = None if mailbox.sealed or mailbox.untaken else mailbox.at_the_door
        if door is not None and door(message) is not AtTheDoor.LATER:
            return
        if not mailbox.offer_nowait(Envelope(message, mailbox)):
            raise mailbox.full()


async def _queue(envelope: Envelope) -> None:
    """Send an ask by the mailbox, and wait until it is settled or its deadline has passed."""
    mailbox = envelope.mailbox
    envelope.answered = mailbox.loop.event()
    envelope.asker = anyio.get_current_task()
    queued = mailbox.offer_nowait(envelope)
    mailbox.wait_for(envelope)
    try:
        if not queued:
            # Not fail_after, whose TimeoutError could as well be another's (P16).
            with anyio.CancelScope(deadline=envelope.deadline) as scope:
                await mailbox.offer(envelope)
            if scope.cancelled_caught:
                # It was never queued: should the mailbox close now, nobody would settle it.
                return
        await envelope.answered.wait()
    finally:
        mailbox.waiting.discard(envelope)
        envelope.abandon()


async def _breathe(mailbox: Mailbox) -> None:
    """Notice a cancellation, and let others run now and then: such asks may never wait."""
    mailbox.unqueued += 1
    if mailbox.unqueued % BURST_LIMIT:
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
