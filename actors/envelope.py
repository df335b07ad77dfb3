"""One message on its way to an actor, the slot for its outcome, and the handle to answer it."""

from __future__ import annotations

import math
from contextvars import ContextVar
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from venuetree.actors.mailbox import Mailbox

__all__ = ["Delivery", "Envelope", "Stage", "handling"]


class Stage(Enum):
    """How far a message has come."""

    QUEUED = auto()
    TAKEN = auto()
    SETTLED = auto()
    ABANDONED = auto()


class Envelope:
    """One message on its way, with the slot for its outcome, which is set at most once.

    The slot has no end to close, so a late reply harms nobody (P7), and it is garbage as soon as
    both sides have dropped it. `chain` is the envelope in whose handling the ask was made.
    """

    __slots__ = (
        "answered",
        "asker",
        "chain",
        "deadline",
        "error",
        "is_asked",
        "mailbox",
        "message",
        "position",
        "scope",
        "sequential",
        "stage",
        "started",
        "value",
    )

    def __init__(
        self,
        message: object,
        mailbox: Mailbox,
        *,
        is_asked: bool = False,
        deadline: float = math.inf,
        chain: Envelope | None = None,
    ) -> None:
        self.message = message
        self.mailbox = mailbox
        mailbox.posted += 1
        self.position = mailbox.posted
        self.is_asked = is_asked
        self.deadline = deadline
        self.chain = chain
        #: What its asker waits for, while it waits.
        self.answered: anyio.Event | None = None
        self.asker: anyio.TaskInfo | None = None
        #: What it works in, if it works on it itself.
        self.scope: anyio.CancelScope | None = None
        self.stage = Stage.QUEUED
        self.started = False
        self.sequential = False
        self.value: Any = None
        self.error: BaseException | None = None

    def settle(self, value: object, error: BaseException | None) -> bool:
        """Give the outcome to whoever waits; False if that came too late, or a second time."""
        if self.stage is Stage.SETTLED or self.stage is Stage.ABANDONED:
            return False
        if self.asker is not None and self.asker.has_pending_cancellation():
            # Cancelled in this very tick, and not yet told: it will never see the answer.
            self.abandon()
            return False
        if self.started:
            self.mailbox.in_flight.discard(self)
        self.stage = Stage.SETTLED
        self.value = value
        self.error = error
        if self.answered is not None:
            self.answered.set()
        return True

    def abandon(self) -> None:
        """Note that nobody waits for the outcome any more; nothing if there is one already."""
        if self.stage is Stage.QUEUED:
            self.mailbox.abandoned += 1
        elif self.stage is Stage.TAKEN:
            self.mailbox.in_flight.discard(self)
        else:
            return
        self.stage = Stage.ABANDONED

    def expire(self) -> None:
        """Let the asker know that its time is over."""
        self.abandon()
        if self.scope is not None:
            self.scope.cancel()
        if self.answered is not None:
            self.answered.set()

    def take(self) -> None:
        """Note that the actor has it in its hands from now on."""
        self.stage = Stage.TAKEN
        self.started = True
        if self.is_asked:
            self.mailbox.in_flight.add(self)


class Delivery:
    """A message in an actor's hands, with the handle to answer it now or later.

    Whatever was received and not answered when the incarnation ends fails with ActorCrashed or
    ActorStopped, so no asker is ever left waiting.
    """

    __slots__ = ("_envelope", "message")

    def __init__(self, envelope: Envelope) -> None:
        self.message: Any = envelope.message
        self._envelope = envelope

    @property
    def expects_reply(self) -> bool:
        """Whether the message was asked (and not told)."""
        return self._envelope.is_asked

    @property
    def deadline(self) -> float:
        """When the asker gives up, in seconds on anyio's clock; infinity for a told message."""
        return self._envelope.deadline

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for an answer any more: timed out, cancelled, or answered."""
        return self._envelope.stage is not Stage.TAKEN

    def reply(self, value: object) -> bool:
        """Answer; False if it reached nobody, so that what was granted can be taken back.

        False for a told message, for a second answer, and when the asker is gone.
        """
        return self._envelope.settle(value, None) and self.expects_reply

    def fail(self, error: Exception) -> bool:
        """Let the asker raise `error`, unchanged; False if it reached nobody."""
        return self._envelope.settle(None, error) and self.expects_reply


# The message that the current task is handling: the only ambient state there is. It follows the
# chain of asks, so that an actor that asks itself, over whatever detour, is told at once.
handling: ContextVar[Envelope | None] = ContextVar("venuetree_handling", default=None)
