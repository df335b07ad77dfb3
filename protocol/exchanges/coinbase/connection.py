"""What a market and a user connection have in common: state, counter, requests, liveness."""

from collections.abc import Mapping
from typing import Any, Final

from venuetree.protocol.events import SequenceGap
from venuetree.protocol.exchanges.coinbase.profile import (
    ACKNOWLEDGED_WITHIN_NS,
    ALIVE_WITHIN_NS,
    MESSAGES_PER_SECOND,
    TOO_SOON_PAUSE_NS,
)
from venuetree.protocol.exchanges.coinbase.reading import NAME, sequence_of
from venuetree.protocol.exchanges.coinbase.subscriptions import Subscriptions
from venuetree.protocol.port import Close
from venuetree.protocol.session import Continuity, Life, Pacer, Place, earliest

__all__ = ["Connection"]

#: Where nearly all frames stand.
_NEXT: Final = (Place.NEXT, None)


class Connection:
    """One connection's life, from its opening to its end; a session owns it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._life = Life()
        self._continuity = Continuity()
        self._pacer = Pacer(MESSAGES_PER_SECOND)
        self._last_frame_ns = 0
        self._now_ns = 0
        self.subscriptions = Subscriptions(self._pacer)

    # ------------------------------------------------------------ what it is

    @property
    def is_open(self) -> bool:
        """Whether it stands and has not been given up."""
        return self._life.is_open

    @property
    def is_live(self) -> bool:
        """Whether all that is wanted is being delivered."""
        return self._life.is_live

    @property
    def is_given_up(self) -> bool:
        """Whether we are done with it."""
        return self._life.is_given_up

    @property
    def has_work(self) -> bool:
        """Whether there is something to send, or its end to tell."""
        if not self.is_open:
            return self._life.has_close
        return self.subscriptions.has_request and self._pacer.may_send(self._now_ns)

    @property
    def deadline_ns(self) -> int | None:
        """When the liveness watchdogs, or the next message, are due."""
        if not self.is_open:
            return self._now_ns if self.has_work else None
        outstanding = self.subscriptions.outstanding
        return earliest(
            self._last_frame_ns + ALIVE_WITHIN_NS,
            outstanding.sent_time_ns + ACKNOWLEDGED_WITHIN_NS if outstanding else None,
            self._pacer.ready_ns if self.subscriptions.has_request else None,
        )

    # ------------------------------------------------------------ what happens to it

    def opened(self, now_ns: int) -> None:
        """It stands."""
        self._life.opened()
        self.heard(now_ns)

    def at(self, now_ns: int) -> None:
        """It is now this time."""
        self._now_ns = now_ns

    def heard(self, now_ns: int) -> None:
        """A frame came, whatever it says."""
        self._now_ns = self._last_frame_ns = now_ns

    def number(self, message: Mapping[str, Any], now_ns: int) -> tuple[Place, SequenceGap | None]:
        """Where a frame stands among all of the connection; after a gap all is given up."""
        if message.get("channel") is None:
            # Error frames have no number.
            return _NEXT
        continuity = self._continuity
        expected, received = continuity.expected, sequence_of(message)
        if received == expected:
            # Nearly always: a call and three slow look-ups of an enum's members less.
            continuity.expected = received + 1
            return _NEXT
        place = continuity.take(received)
        if place is not Place.AHEAD or expected is None:
            return place, None
        self.give_up(f"frames {expected} to {received - 1} were lost")
        return place, SequenceGap(NAME, self._name, expected, received, None, now_ns)

    def judged(self, *, is_delivered: bool) -> None:
        """Whether all that is wanted is being delivered now."""
        self._life.judged(is_delivered=is_delivered)

    def postpone(self, now_ns: int) -> None:
        """The outstanding request came too soon."""
        self.subscriptions.postponed(now_ns + TOO_SOON_PAUSE_NS)

    def is_silent(self, now_ns: int) -> bool:
        """Whether not even a heartbeat came in time; then it is given up."""
        if now_ns - self._last_frame_ns < ALIVE_WITHIN_NS:
            return False
        self.give_up("no frame, not even a heartbeat, in time")
        return True

    def is_unanswered(self, now_ns: int) -> bool:
        """Whether no acknowledgement came in time; then it is given up."""
        outstanding = self.subscriptions.outstanding
        if not outstanding or now_ns - outstanding.sent_time_ns < ACKNOWLEDGED_WITHIN_NS:
            return False
        self.give_up(f"no acknowledgement of {outstanding.channel} in time")
        return True

    def give_up(self, reason: str) -> None:
        """We are done with it; the first reason counts."""
        self._life.give_up(reason)

    def take_close(self) -> Close | None:
        """Its end, to be told once."""
        return self._life.take_close()

    def lost(self) -> None:
        """It is gone."""
        self._life.lost()
