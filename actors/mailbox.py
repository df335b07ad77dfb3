"""A bounded mailbox that outlives the incarnations that read it.

The supervisor owns the mailbox; incarnations only take from it. So a restart keeps the address,
and the messages that were not yet taken. Nothing that decides the fate of a message awaits: a
message is queued, taken, settled or drained in one step, and no ask can fall between two.

Cancelling is safe throughout: a message delivered in the very tick in which its receiver was
cancelled is put back for the next one (pitfall P1). That holds for anyio's cancellation only;
never put `asyncio.timeout` or `asyncio.wait_for` around a receive (P1b), they lose messages.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING

import anyio
from attrs import field, frozen, validators

from venuetree.actors.envelope import Envelope, Stage
from venuetree.actors.errors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AskTimeout,
    MailboxFull,
    MessageDropped,
)
from venuetree.actors.loop import UNBOUND, Loop

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from venuetree.actors.in_step import InStep

# More buffer buys nothing measurable, and less makes a burst of commands wait.
DEFAULT_CAPACITY = 256


class Overflow(Enum):
    """What a full mailbox does with one more message."""

    BLOCK = auto()
    """The sender waits. Only along a directed acyclic graph of actors: a cycle can deadlock."""
    FAIL = auto()
    """The sender gets `MailboxFull`."""
    DROP_OLDEST = auto()
    """The oldest queued message gives way, as a dead letter; for data that ages."""
    DROP_NEWEST = auto()
    """The new message is dropped, as a dead letter."""


@frozen
class MailboxSpec:
    """How many messages a mailbox holds (at least one) and what happens to one more."""

    capacity: int = field(default=DEFAULT_CAPACITY, validator=validators.ge(1))
    overflow: Overflow = Overflow.BLOCK


class AtTheDoor(Enum):
    """What a synchronous handler may answer instead of a value."""

    LATER = auto()
    """Not now: queue the message like any other."""


class DeadLetterReason(Enum):
    """Why no actor will ever handle a message."""

    OVERFLOW = auto()
    STOPPED = auto()
    REFUSED = auto()


class Mailbox:
    """Queue, counters and fate of the messages to one address; for supervisors and refs."""

    def __init__(
        self,
        name: str,
        spec: MailboxSpec,
        dead_letter: Callable[[object, DeadLetterReason], None],
        look_after: Callable[[], None] = lambda: None,
    ) -> None:
        """`look_after` is called when `alarm` has become earlier: call `expire` then."""
        self.name = name
        self.spec = spec
        self.in_flight: set[Envelope] = set()
        self.posted = 0
        self.abandoned = 0
        self.dropped = 0
        self.sealed = True
        #: Answers an ask in the asker's own step; see `Context.at_the_door`.
        self.at_the_door: Callable[[object], object] | None = None
        #: Works on an ask in the asker's own task; see `Context.serve_in_step`.
        self.in_step: InStep | None = None
        #: Asks whose askers wait, and the time (anyio's clock) at which one of them may expire.
        self.waiting: set[Envelope] = set()
        self.alarm = math.inf
        #: Asks that were not queued.
        self.unqueued = 0
        #: Messages offered that no actor has in its hands yet, those on their way to one included.
        self.untaken = 0
        #: The loop that it serves, from `open` on.
        self.loop = UNBOUND
        self._dead_letter = dead_letter
        self._look_after = look_after
        self._cause: BaseException | None = None
        self._put_back: deque[Envelope] = deque()
        #: How many `take`s are under way.
        self._takers = 0
        self._send: MemoryObjectSendStream[Envelope | None] | None = None
        self._receive: MemoryObjectReceiveStream[Envelope | None] | None = None

    # --- the supervisor's side -----------------------------------------------------------------

    def open(self) -> None:
        """Accept messages, from now until `seal` or `close`; nothing if already open."""
        if self._send is None:
            capacity = self.spec.capacity
            self._send, self._receive = anyio.create_memory_object_stream[Envelope | None](capacity)
            self.loop = Loop.running()
        self.sealed = False
        self._cause = None

    def seal(self) -> None:
        """Refuse new messages; those already queued may still be taken."""
        self.sealed = True

    def close(self, cause: BaseException | None = None) -> None:
        """Refuse new messages and settle every queued one with `ActorStopped`, in one step.

        Senders that a full mailbox made wait are released with `ActorStopped` too.
        """
        self.sealed = True
        self._cause = cause
        if self._send is None or self._receive is None:
            return
        while (envelope := self._pop()) is not None:
            if envelope.stage is Stage.QUEUED:
                envelope.settle(None, self.stopped(started=False))
                self._dead_letter(envelope.message, DeadLetterReason.STOPPED)
        # The receiving end first: that wakes blocked senders on every version of anyio (P9).
        self._receive.close()
        self._send.close()
        self._receive = self._send = None
        self.abandoned = self.untaken = 0

    def fail_in_flight(self, make: Callable[[], ActorError]) -> None:
        """Settle all that the ended incarnation had in its hands."""
        for envelope in tuple(self.in_flight):
            envelope.settle(None, make())
        self.in_flight.clear()

    def wake(self) -> None:
        """Let every `take` under way return None, so that its actor looks at what else changed."""
        if self._send is None:
            return
        # Not only those that wait: one that is about to would else never be woken. A wake-up that
        # nobody needs in the end is skipped.
        for _ in range(self._takers):
            try:
                self._send.send_nowait(None)
            except anyio.WouldBlock:
                return  # there is a message for everybody

    def expire(self, now: float) -> None:
        """Tell every asker whose deadline has passed, and set the alarm anew."""
        if now < self.alarm:
            return
        for envelope in tuple(self.waiting):
            if envelope.deadline <= now:
                self.waiting.discard(envelope)
                envelope.expire()
        self.alarm = min((envelope.deadline for envelope in self.waiting), default=math.inf)

    @property
    def closed(self) -> bool:
        """Whether everything queued has been settled, and nothing more is taken or accepted."""
        return self._send is None

    @property
    def depth(self) -> int:
        """How many messages are queued, those of askers that gave up included."""
        buffered = 0 if self._send is None else self._send.statistics().current_buffer_used
        return buffered + len(self._put_back)

    def stopped(self, *, started: bool) -> ActorStopped:
        """The error for a message that meets a stopped actor, with the reason as its cause."""
        what = "was stopped while it worked on this" if started else "has stopped"
        remedy = "the outcome is unknown" if started else "nothing was done"
        error = ActorStopped(f"actor {self.name} {what}: {remedy}", started=started)
        error.__cause__ = self._cause
        return error

    def crashed(self, error: BaseException) -> ActorCrashed:
        """The error for a message that was in the hands of what died of `error`."""
        crashed = ActorCrashed(
            f"actor {self.name} crashed with this in hand: the outcome is unknown", started=True
        )
        crashed.__cause__ = error
        return crashed

    # --- the sender's side ---------------------------------------------------------------------

    def offer_nowait(self, envelope: Envelope) -> bool:
        """Queue a message as the overflow policy says; False if the sender has to wait.

        Raises ActorStopped or MailboxFull, in which case nothing was queued.
        """
        if self.sealed or self._send is None:
            raise self.stopped(started=False)
        try:
            self._send.send_nowait(envelope)
        except anyio.WouldBlock:
            return self._overflow(envelope, self._send)
        self.untaken += 1
        return True

    async def offer(self, envelope: Envelope) -> None:
        """Wait for room, then queue; cancelled, the message was not queued.

        Raises ActorStopped if the mailbox closes meanwhile.
        """
        if self._send is None:
            raise self.stopped(started=False)
        self.untaken += 1
        try:
            await self._send.send(envelope)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            self._left()
            raise self.stopped(started=False) from self._cause
        except BaseException:
            self._left()
            raise
        if isinstance(envelope.error, ActorStopped) and not envelope.started:
            raise envelope.error  # close() took it off the blocked sender's hands

    def wait_for(self, envelope: Envelope) -> None:
        """See to it that an ask expires; take it out of `waiting` when nobody waits any more.

        A timer for each ask would cost as much as the rest of it. So the supervisor's loop, which
        sleeps until the next thing to do anyway, is woken by an ask whose deadline is earlier than
        any before it, and hardly one is.
        """
        self.waiting.add(envelope)
        if envelope.deadline < self.alarm:
            self.alarm = envelope.deadline
            self._look_after()

    def full(self) -> MailboxFull:
        """The error for a sender that may not wait."""
        return MailboxFull(
            f"mailbox of {self.name} is full ({self.spec.capacity} messages): nothing was sent",
            started=False,
        )

    def _overflow(self, envelope: Envelope, send: MemoryObjectSendStream[Envelope | None]) -> bool:
        if self.abandoned and self._make_room(send):
            send.send_nowait(envelope)
            self.untaken += 1
            return True
        match self.spec.overflow:
            case Overflow.BLOCK:
                return False
            case Overflow.FAIL:
                raise self.full()
            case Overflow.DROP_OLDEST:
                was_put_back = bool(self._put_back)
                oldest = self._pop()
                if was_put_back and (next_oldest := self._pop_stream()) is not None:
                    # The stream is as full as before; its oldest comes next after those put back.
                    self._put_back.append(next_oldest)
                send.send_nowait(envelope)
                if oldest is not None:
                    self._drop(oldest)
                return True
            case Overflow.DROP_NEWEST:
                self._drop(envelope)
                return True

    def _make_room(self, send: MemoryObjectSendStream[Envelope | None]) -> bool:
        """Throw out those whose askers gave up, keeping the order of the rest."""
        if send.statistics().tasks_waiting_send:
            return False  # their turn comes before ours
        waiting: list[Envelope] = []
        while (envelope := self._pop()) is not None:
            if envelope.stage is Stage.QUEUED:
                waiting.append(envelope)
        self.abandoned = 0
        self.untaken = len(waiting)
        # What was put back comes on top of the capacity, and stays before the rest.
        excess = max(0, len(waiting) - self.spec.capacity)
        self._put_back.extend(waiting[:excess])
        for envelope in waiting[excess:]:
            send.send_nowait(envelope)
        return len(waiting) < self.spec.capacity

    def _drop(self, envelope: Envelope) -> None:
        self.dropped += 1
        dropped = MessageDropped(
            f"mailbox of {self.name} overflowed: this message was dropped unhandled", started=False
        )
        if envelope.settle(None, dropped):
            self._dead_letter(envelope.message, DeadLetterReason.OVERFLOW)

    # --- the actor's side ----------------------------------------------------------------------

    def take_nowait(self) -> Envelope | None:
        """The next message somebody still waits for, or None; it counts as started from here."""
        while (envelope := self._pop()) is not None:
            if self._admit(envelope):
                return envelope
        return None

    async def take(self) -> Envelope | None:
        """Wait for the next message; None means: look again, something changed.

        Cancelled, no message was taken.
        """
        if self._receive is None:
            raise self.stopped(started=False)
        self._takers += 1
        try:
            envelope = await self._receive.receive()
        finally:
            self._takers -= 1
        if envelope is None:
            return None
        if anyio.current_effective_deadline() == -math.inf:
            # In their first order: several receivers may be cancelled at once, in any order.
            insort(self._put_back, envelope, key=lambda e: e.position)
            await anyio.sleep_forever()  # raises at once: we are cancelled
        return envelope if self._admit(envelope) else None

    def refused(self, envelope: Envelope) -> None:
        """Report a told message that its actor refused: nobody else will hear of it."""
        self._dead_letter(envelope.message, DeadLetterReason.REFUSED)

    def _pop(self) -> Envelope | None:
        return self._put_back.popleft() if self._put_back else self._pop_stream()

    def _pop_stream(self) -> Envelope | None:
        if self._receive is None:
            return None
        try:
            while (envelope := self._receive.receive_nowait()) is None:
                pass  # a wake-up that came too late
        except anyio.WouldBlock:
            return None
        return envelope

    def _left(self) -> None:
        self.untaken = max(0, self.untaken - 1)

    def _admit(self, envelope: Envelope) -> bool:
        self._left()
        if envelope.stage is not Stage.QUEUED:
            self.abandoned -= 1
            return False
        # Checked here, not left to the asker's timer: a deadline that passed while nothing
        # yielded has not fired yet (P15), and an order must not be sent after it.
        if envelope.deadline <= self.loop.time():
            envelope.settle(None, expired(self.name, started=False))
            return False
        envelope.take()
        return True


def expired(name: str, *, started: bool) -> AskTimeout:
    """The error for an ask whose deadline passed."""
    if started:
        return AskTimeout(f"actor {name} did not answer in time: outcome unknown", started=True)
    return AskTimeout(f"actor {name} did not get to this in time: nothing was done", started=False)
