"""What keeps a connection alive, and what ends it: pings, pongs, frames a second, its age."""

from collections import deque

import attrs

from venuetree.scenarios.simulated.numbers import NANOSECONDS


@attrs.frozen
class Pulse:
    """How often the exchange pings, and how long it waits for the pong that repeats a ping."""

    every_s: float
    patience_s: float


@attrs.define(eq=False)
class Heartbeat:
    """The pings of one connection that wait for their pongs."""

    pulse: Pulse
    started_ns: int
    _next_ns: int = attrs.field(init=False)
    _waiting: dict[bytes, int] = attrs.field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._next_ns = self.started_ns + int(self.pulse.every_s * NANOSECONDS)

    def due(self, now_ns: int) -> bytes | None:
        """The payload of the ping whose time has come: the time in milliseconds."""
        if now_ns < self._next_ns:
            return None
        # A late tick sends one ping, not all that were missed.
        self._next_ns = max(self._next_ns + int(self.pulse.every_s * NANOSECONDS), now_ns)
        return str(now_ns // 1_000_000).encode()

    def sent(self, payload: bytes, now_ns: int) -> None:
        """Begin to wait for the pong of a ping that really went out."""
        self._waiting[payload] = now_ns

    def pong(self, payload: bytes) -> None:
        """Note a pong. It answers the pings up to its own; an unsolicited one counts for nothing.

        As RFC 6455 has it, a client may answer only the newest of several pings.
        """
        answered_ns = self._waiting.get(payload)
        if answered_ns is not None:
            self._waiting = {
                other: sent_ns for other, sent_ns in self._waiting.items() if sent_ns > answered_ns
            }

    def lost(self, now_ns: int) -> bool:
        """Whether the oldest unanswered ping has waited too long."""
        patience_ns = int(self.pulse.patience_s * NANOSECONDS)
        return any(now_ns - sent_ns >= patience_ns for sent_ns in self._waiting.values())


@attrs.define(eq=False)
class FrameLimit:
    """So many frames of a client in any second: messages, pings and pongs alike."""

    at_most: int | None
    _times_ns: deque[int] = attrs.field(factory=deque, init=False)

    def admit(self, now_ns: int) -> bool:
        """Count a frame; false if it is one too many."""
        if self.at_most is None:
            return True
        while self._times_ns and now_ns - self._times_ns[0] >= NANOSECONDS:
            self._times_ns.popleft()
        self._times_ns.append(now_ns)
        return len(self._times_ns) <= self.at_most
