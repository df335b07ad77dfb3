"""Actors: async functions with a mailbox, and the addresses they are asked at."""

from venuetree.actors.actor import Actor, on
from venuetree.actors.context import Context
from venuetree.actors.envelope import Delivery
from venuetree.actors.errors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AskTimeout,
    Deadlock,
    LeakedCancellation,
    MailboxFull,
    MessageDropped,
    Unhandled,
    Unrecoverable,
)
from venuetree.actors.mailbox import DeadLetterReason, MailboxSpec, Overflow
from venuetree.actors.ref import Ref

__all__ = [
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorStopped",
    "AskTimeout",
    "Context",
    "DeadLetterReason",
    "Deadlock",
    "Delivery",
    "LeakedCancellation",
    "MailboxFull",
    "MailboxSpec",
    "MessageDropped",
    "Overflow",
    "Ref",
    "Unhandled",
    "Unrecoverable",
    "on",
]
