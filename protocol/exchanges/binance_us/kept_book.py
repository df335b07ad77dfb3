"""One book of a connection: when it is asked for, when it is doubted, and what is told of it.

Its rules are `sequencing`'s. Here is what they cannot see: silence. A book without a change for
minutes is normal, so one that was silent for a while is compared with the exchange's by REST. If
the exchange's is ahead, the changes between may be under way: they are awaited for a moment. If
they do not come, and the levels differ, they are lost, and the book begins anew. A book that was
in step at once, without one change to prove that its snapshot is no older than its subscription,
is compared soon.
"""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import frozen

from venuetree.protocol.commands import FetchBook
from venuetree.protocol.errors import AuthRefused, ExchangeRefused, NotSupported, PermissionRefused
from venuetree.protocol.events import (
    BookChanged,
    BookInStep,
    BookSnapshot,
    BookStale,
    StaleReason,
)
from venuetree.protocol.exchanges.binance_us.deliveries import Delivery
from venuetree.protocol.exchanges.binance_us.reading import NAME
from venuetree.protocol.exchanges.binance_us.sequencing import BookSequencer, Loaded, Taken
from venuetree.protocol.port import SessionEvent, Subscription
from venuetree.protocol.session import book_updated
from venuetree.protocol.timestamps import SECOND

__all__ = ["KeptBook"]

#: "Market Data Endpoints", order book: weight 50 for a thousand levels, 5 for a hundred.
SNAPSHOT_DEPTH: Final = 1000
CHECK_DEPTH: Final = 100
#: Ours: how long a silent book is believed; weight 5 each three minutes is next to nothing.
CHECK_EVERY_NS: Final = 180 * SECOND
#: Ours: the same while nothing has proved its snapshot.
CHECK_FIRST_NS: Final = 10 * SECOND
#: Ours: changes that a check shows to be under way arrive within this, or never.
UNDER_WAY_NS: Final = 5 * SECOND
#: Ours: the pause after a first failure; it doubles with each further one.
PAUSE_NS: Final = SECOND
PAUSE_AT_MOST_NS: Final = 60 * SECOND
#: Ours: a book that was in step for so long has recovered: failures are counted anew.
FORGIVEN_AFTER_NS: Final = 60 * SECOND

_DOUBLINGS_AT_MOST: Final = 10
_APPLIED: Final = Taken.APPLIED
_REASONS: Final = {Taken.GAP: StaleReason.GAP, Taken.CROSSED: StaleReason.CROSSED}


@frozen
class _Doubt:
    """The exchange's book was ahead of ours when it was asked for."""

    snapshot: BookSnapshot
    update_id: int
    due_ns: int


class KeptBook:
    """One book; see `deliveries.Delivery`.

    Attributes:
        snapshot, check: what is asked for it.
        is_refused: the exchange does not have it.
    """

    kind: type = BookChanged

    def __init__(
        self, subscription: Subscription, on_change: Callable[[int], None], now_ns: int
    ) -> None:
        """`on_change` is called with the time when it falls out of step by itself."""
        self.subscription = subscription
        self.instrument = subscription.instrument
        self.snapshot = FetchBook(self.instrument, SNAPSHOT_DEPTH)
        self.check = FetchBook(self.instrument, CHECK_DEPTH)
        self.sequencer = BookSequencer(self.instrument)
        self.heard_ns = now_ns
        self.is_refused = False
        self._on_change = on_change
        #: When to ask for a snapshot; None if none is needed, or none could be bridged.
        self._ask_at_ns: int | None = None
        #: The snapshot under way was asked for after its changes had been subscribed.
        self._is_asked = False
        #: Snapshots asked for in a row.
        self._tries = 0
        self._in_step_since_ns = self._checked_ns = now_ns
        #: A change, or a check, has proved that the snapshot was recent enough.
        self._is_proven = False
        self._doubt: _Doubt | None = None

    # ------------------------------------------------------------ changes

    def take(self, event: BookChanged, now_ns: int) -> Sequence[SessionEvent]:
        """A change came."""
        taken = self.sequencer.take(event)
        self.heard_ns = now_ns
        if taken is _APPLIED:
            return (book_updated(NAME, self.sequencer.book, event, now_ns),)
        reason = _REASONS.get(taken)
        if reason is None:
            return ()
        stale = self._fell(reason, now_ns)
        self._on_change(now_ns)
        return stale

    def _fell(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """It was in step and is no more."""
        if now_ns - self._in_step_since_ns >= FORGIVEN_AFTER_NS:
            self._tries = 0
        self._doubt = None
        self._ask_later(now_ns)
        return [BookStale(NAME, self.instrument, reason, now_ns)]

    def _fail(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        self.sequencer.restart()
        return self._fell(reason, now_ns)

    def stop(self, reason: StaleReason, now_ns: int) -> list[SessionEvent]:
        """Its changes come no more: stale, until it is subscribed again."""
        self._ask_at_ns, self._is_asked, self._doubt = None, False, None
        if self.sequencer.restart():
            return [BookStale(NAME, self.instrument, reason, now_ns)]
        return []

    def refuse(self, now_ns: int) -> list[SessionEvent]:
        """The exchange does not have it: told in any case."""
        self.is_refused = True
        self.stop(StaleReason.REFUSED, now_ns)
        return [BookStale(NAME, self.instrument, StaleReason.REFUSED, now_ns)]

    # ------------------------------------------------------------ snapshots

    def subscribed(self, now_ns: int) -> None:
        """Its changes are coming: a snapshot asked for from now on can be bridged to them."""
        is_asked = self._is_asked or self._ask_at_ns is not None
        if not self.sequencer.is_in_step and not is_asked and not self.is_refused:
            self._ask_at_ns = now_ns

    def ask(self) -> None:
        """A snapshot is being asked for now."""
        self._tries += 1
        self._ask_at_ns = None
        self._is_asked = True

    def load(self, answer: object, now_ns: int) -> list[SessionEvent]:
        """The snapshot, or what came instead of it."""
        if not self._is_asked or self.sequencer.is_in_step:
            return []
        self._is_asked = False
        if isinstance(answer, BookSnapshot) and answer.last_update_id is not None:
            self._is_proven = self.sequencer.has_kept
            if self.sequencer.load(answer) is Loaded.IN_STEP:
                self._in_step_since_ns = now_ns
                return [BookInStep(NAME, self.instrument, self.sequencer.book, now_ns)]
        elif _is_final(answer):
            return self.refuse(now_ns)
        self._ask_later(now_ns)
        return []

    def _ask_later(self, now_ns: int) -> None:
        """At once for the first time, then after a pause that doubles."""
        pause_ns = 0
        if self._tries:
            doubled_ns = PAUSE_NS << min(self._tries - 1, _DOUBLINGS_AT_MOST)
            pause_ns = min(doubled_ns, PAUSE_AT_MOST_NS)
        self._ask_at_ns = now_ns + pause_ns

    # ------------------------------------------------------------ checks

    @property
    def question(self) -> tuple[int, FetchBook] | None:
        """When to ask what; None for nothing."""
        if self._ask_at_ns is not None:
            return self._ask_at_ns, self.snapshot
        if not self.sequencer.is_in_step or self._doubt is not None:
            return None
        is_proven = self._is_proven or self.heard_ns > self._in_step_since_ns
        since_ns = max(self.heard_ns, self._in_step_since_ns, self._checked_ns)
        return since_ns + (CHECK_EVERY_NS if is_proven else CHECK_FIRST_NS), self.check

    @property
    def doubt_due_ns(self) -> int | None:
        """When what was under way must have come."""
        return None if self._doubt is None else self._doubt.due_ns

    def compare(self, answer: object, now_ns: int) -> list[SessionEvent]:
        """The answer to a check, or the error that came instead."""
        self._checked_ns = now_ns
        sequencer = self.sequencer
        if not isinstance(answer, BookSnapshot) or answer.last_update_id is None:
            return []
        ours, theirs = sequencer.update_id, answer.last_update_id
        if not sequencer.is_in_step or theirs < ours:
            # An answer may be older than the stream: then it proves nothing.
            return []
        self._is_proven = True
        if theirs > ours:
            self._doubt = _Doubt(answer, theirs, now_ns + UNDER_WAY_NS)
            return []
        if sequencer.agrees_with(answer, CHECK_DEPTH):
            return []
        return self._fail(StaleReason.GAP, now_ns)

    def judge(self, now_ns: int) -> list[SessionEvent]:
        """See whether what was under way has come."""
        doubt = self._doubt
        if doubt is None or doubt.due_ns > now_ns:
            return []
        self._doubt = None
        # A number may pass that changes no level: then equal levels are proof enough.
        if self.sequencer.update_id >= doubt.update_id or self.sequencer.agrees_with(
            doubt.snapshot, CHECK_DEPTH
        ):
            return []
        return self._fail(StaleReason.STALLED, now_ns)

    # ------------------------------------------------------------ another connection's

    def follow(self, before: Delivery | None, now_ns: int) -> Sequence[SessionEvent]:
        """Go on from where another connection's book is; what subscribers must hear of it.

        If that one is as far as this one, or farther, it goes on here and nobody notices. Else
        this one takes its place, told as a whole: it holds changes that were not told one by one.
        """
        ours = self.sequencer
        other = before if isinstance(before, KeptBook) else None
        was_in_step = other is not None and other.sequencer.is_in_step
        if not ours.is_in_step:
            is_refusal_known = other is not None and other.is_refused
            if not was_in_step and (is_refusal_known or not self.is_refused):
                return ()
            reason = StaleReason.REFUSED if self.is_refused else StaleReason.NOT_YET
            return (BookStale(NAME, self.instrument, reason, now_ns),)
        if other is not None and was_in_step and other.sequencer.update_id >= ours.update_id:
            ours.adopt(other.sequencer)
            return ()
        return (BookInStep(NAME, self.instrument, ours.book, now_ns),)


def _is_final(answer: object) -> bool:
    """Whether there is no such book, rather than no answer now."""
    if isinstance(answer, NotSupported):
        return True
    is_passing = isinstance(answer, AuthRefused | PermissionRefused)
    return isinstance(answer, ExchangeRefused) and not is_passing
