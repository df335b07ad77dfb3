"""The way out of one line stream: each frame a line, whole, in pieces, or cut off."""

from collections.abc import Mapping

import attrs

from venuetree.scenarios.faults import CutFrame, FrameKind, Loss, SplitFrame
from venuetree.scenarios.simulated.fault_plan import matches
from venuetree.scenarios.simulated.outlet import Outlet
from venuetree.scenarios.simulated.wire import (
    ABNORMAL,
    CloseStream,
    FallSilent,
    ResetStream,
    SendFrame,
)

__all__ = ["LineOutlet"]

_ENDS: Mapping[Loss, CloseStream | ResetStream | FallSilent] = {
    Loss.CLOSED: CloseStream(ABNORMAL),
    Loss.RESET: ResetStream(),
    Loss.HANGING: FallSilent(),
}


@attrs.define(eq=False)
class LineOutlet(Outlet):
    """An outlet whose frames are lines; a frame is one action, and one chunk, unless split."""

    _sent: tuple[str, FrameKind] = attrs.field(default=("", FrameKind.CONTROL), init=False)
    """Channel and kind of what is being sent."""

    def emit(self, channel: str, carrying: FrameKind, text: bytes, now_ns: int) -> None:
        """Send a frame of a channel, unless a fault has other plans for it."""
        self._sent = channel, carrying
        super().emit(channel, carrying, text, now_ns)

    def _send(self, text: bytes) -> None:
        line, (channel, carrying) = text + b"\n", self._sent
        hit = f"{self.name} {channel} {carrying.value}"

        def fits(fault: CutFrame | SplitFrame) -> bool:
            return matches(fault.channel, channel) and fault.carrying in {FrameKind.ANY, carrying}

        cut = None if self.closed else self.faults.take(CutFrame, hit, fits)
        if cut is not None:
            self._push(SendFrame(line[: len(text) // 2 if cut.at is None else cut.at]))
            self._finish(_ENDS[cut.how])
            return
        split = None if self.closed else self.faults.take(SplitFrame, hit, fits)
        if split is None:
            super()._send(line)
            return
        for piece in _pieces(line, split.at):
            super()._send(piece)


def _pieces(line: bytes, at: int | None) -> list[bytes]:
    if at is None:
        return [line[index : index + 1] for index in range(len(line))]
    return [piece for piece in (line[:at], line[at:]) if piece]
