"""The way out of one stream connection: a bounded queue on which scripted faults act."""

from collections.abc import Callable

import attrs

from venuetree.scenarios.faults import (
    Backlog,
    CloseConnection,
    CorruptFrame,
    DropFrame,
    FrameKind,
    HalfOpenConnection,
    RepeatFrame,
    ResetConnection,
    SendErrorFrame,
    StallStream,
    SwapFrames,
)
from venuetree.scenarios.simulated.fault_plan import FaultPlan, matches
from venuetree.scenarios.simulated.numbers import NANOSECONDS
from venuetree.scenarios.simulated.wire import (
    CloseStream,
    FallSilent,
    ResetStream,
    SendFrame,
    SendPing,
    StreamAction,
)

_QUEUED_AT_MOST = 50_000
"""Actions that wait for a client that does not read, before it is thrown out."""

PING = "ping"
"""The channel of the exchange's own pings, for the silence of a stall."""


@attrs.define(eq=False)
class Outlet:
    """The frames of one connection, in the order in which the client will see them."""

    faults: FaultPlan
    error_text: Callable[[str], bytes]
    """How an error message in band is spelt."""
    name: str
    on_output: Callable[[], None] | None = None
    closed: bool = False
    """Nothing is sent after a close, a reset, or the fall into silence."""
    last_frame_ns: int | None = None
    """When the last frame of a channel was due, even if a fault swallowed it."""
    _queue: list[StreamAction] = attrs.field(factory=list, init=False)
    _swapped: list[bytes] = attrs.field(factory=list, init=False)
    _stall: StallStream | None = attrs.field(default=None, init=False)
    _stalled_until_ns: int | None = attrs.field(default=None, init=False)
    _held: list[bytes] = attrs.field(factory=list, init=False)

    def take(self) -> list[StreamAction]:
        """The waiting actions; empties the queue."""
        taken, self._queue = self._queue, []
        return taken

    def emit(  # noqa: C901 - one fault after the other
        self, channel: str, carrying: FrameKind, text: bytes, now_ns: int
    ) -> None:
        """Send a frame of a channel, unless a fault has other plans for it."""
        if self.closed or self._broken_off(channel, carrying):
            return
        self.last_frame_ns = now_ns
        hit = f"{self.name} {channel} {carrying.value}"

        def fits(
            fault: DropFrame | CorruptFrame | SwapFrames | RepeatFrame | StallStream,
        ) -> bool:
            return _fits(fault.channel, fault.carrying, channel, carrying)

        if self._stall is None:
            self._begin_stall(self.faults.take(StallStream, hit, fits), now_ns)
        if self._stall is not None and matches(self._stall.only, channel):
            if self._stalled_until_ns is not None and self._stall.backlog is Backlog.DELIVERED:
                self._held.append(text)
            return
        if self.faults.take(DropFrame, hit, fits):
            return
        if self.faults.take(CorruptFrame, hit, fits):
            text = text[: len(text) // 2]
        if self.faults.take(SwapFrames, hit, fits):
            self._swapped.append(text)
            return
        self._send(text)
        if self.faults.take(RepeatFrame, hit, fits):
            self._send(text)
        for late in self._swapped:
            self._send(late)
        self._swapped.clear()

    def _begin_stall(self, stall: StallStream | None, now_ns: int) -> None:
        self._stall = stall
        if stall is not None and stall.for_s is not None:
            self._stalled_until_ns = now_ns + int(stall.for_s * NANOSECONDS)

    def say(self, text: bytes) -> None:
        """Send a frame that belongs to no channel (an error); a stalled connection loses it."""
        if not self.closed and self._stall is None:
            self._send(text)

    def ping(self, payload: bytes) -> bool:
        """Send a ping; false if it is not sent. A stall of all channels holds pings back too."""
        stalled = self._stall is not None and matches(self._stall.only, PING)
        if self.closed or stalled:
            return False
        self._push(SendPing(payload))
        return True

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye."""
        self._finish(CloseStream(code, reason))

    def reset(self) -> None:
        """End without a goodbye."""
        self._finish(ResetStream())

    def tick(self, now_ns: int) -> None:
        """End a stall whose time is over; what was held back goes out."""
        until = self._stalled_until_ns
        if self._stall is None or until is None or now_ns < until:
            return
        self._stall, self._stalled_until_ns = None, None
        for text in self._held:
            self._send(text)
        self._held.clear()

    def _broken_off(self, channel: str, carrying: FrameKind) -> bool:
        hit = f"{self.name} {channel} {carrying.value}"

        def fits(
            fault: SendErrorFrame | ResetConnection | HalfOpenConnection | CloseConnection,
        ) -> bool:
            return _fits(fault.channel, fault.carrying, channel, carrying)

        said = self.faults.take(SendErrorFrame, hit, fits)
        if said is not None:
            self.say(self.error_text(said.message))
        if self.faults.take(ResetConnection, hit, fits):
            self._finish(ResetStream())
        elif self.faults.take(HalfOpenConnection, hit, fits):
            self._finish(FallSilent())
        else:
            close = self.faults.take(CloseConnection, hit, fits)
            if close is not None:
                self.close(close.code, close.reason)
        return self.closed

    def _finish(self, action: CloseStream | ResetStream | FallSilent) -> None:
        if not self.closed:
            self.closed = True
            self._push(action)

    def _send(self, text: bytes) -> None:
        if len(self._queue) >= _QUEUED_AT_MOST:
            self._queue.clear()
            self._finish(ResetStream())
            return
        self._push(SendFrame(text))

    def _push(self, action: StreamAction) -> None:
        self._queue.append(action)
        if self.on_output is not None:
            self.on_output()


def _fits(pattern: str, wanted: FrameKind, channel: str, carrying: FrameKind) -> bool:
    return matches(pattern, channel) and wanted in {FrameKind.ANY, carrying}
