"""What an ask or a tell may raise, and how an actor says that it must not be restarted.

    ActorError                 each says whether the work had `started`
    ├── ActorCrashed           the incarnation that had the message in hand died (`__cause__`: why)
    ├── ActorStopped           the actor has stopped, or was stopped while it worked
    ├── AskTimeout             the deadline passed (also a TimeoutError)
    ├── MailboxFull            refused at the door: overflow policy FAIL, or `tell_nowait`
    ├── MessageDropped         accepted, then displaced: overflow policies DROP_*
    ├── Unhandled              the actor has no handler for a message of this type
    └── Deadlock               the asked actor is waiting, up the chain, for the asker itself

    Unrecoverable              raised *by* an actor: never restart me, escalate at once
    LeakedCancellation         a cancellation that nobody asked for escaped from a child: a crash

`started` false: no actor has seen the message, it may be sent again. `started` true: the actor
had it in hand and its outcome is unknown; for an order, ask the exchange.
"""

from __future__ import annotations


class ActorError(Exception):
    """An ask or a tell failed for a reason that lies with the actor, not with the request.

    `started` is true if an incarnation had the message in hand, so that it may have had effects.
    """

    def __init__(self, message: str, *, started: bool) -> None:
        super().__init__(message)
        self.started = started


class ActorCrashed(ActorError):
    """The incarnation that had the message in hand died; `__cause__` is what it died of."""


class ActorStopped(ActorError):
    """The actor has stopped, or was stopped while the message was in its hands."""


class AskTimeout(ActorError, TimeoutError):
    """No answer came before the deadline; a late one is dropped.

    If `started` is false the message will never be handled, however late the actor gets to it.
    """


class MailboxFull(ActorError):
    """The mailbox is full and refuses; nothing was accepted, so try later or not at all."""


class MessageDropped(ActorError):
    """The message was displaced by the mailbox's overflow policy before it was handled."""


class Unhandled(ActorError):
    """The actor has no handler for this type of message: a programming error of the sender."""


class Deadlock(ActorError):
    """The asked actor handles one message at a time, and that one waits for this very ask."""


class Unrecoverable(Exception):
    """Raised by a child that a restart cannot help: a revoked key, a faulty configuration.

    It is never restarted; its supervisor escalates at once, or leaves it stopped if so told.
    Subclass it, or raise it `from` the error that explains it.
    """


class LeakedCancellation(Exception):
    """A cancellation escaped from a child though nobody had cancelled it.

    Seen on asyncio, where a library may cancel a future that a child awaits. Left alone it would
    end the whole task group without any error, so it is made an ordinary crash.
    """


def unwrap(error: BaseException) -> BaseException:
    """The one error inside nested groups of one (P5), or the group if it has several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
