"""`venuetree decode`: raw frames on stdin, events on stdout; needs nothing but the core."""

from collections.abc import Callable, Iterable
from typing import BinaryIO, TextIO

from venuetree.cli.exits import ExitCode, one_line
from venuetree.cli.json_output import dump, event_document
from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.port import Exchange, StreamKind

__all__ = ["decode_frames"]


def decode_frames(
    exchange: Exchange,
    kind: StreamKind | None,
    *,
    frames: Iterable[bytes],
    events: BinaryIO,
    problems: TextIO,
    clock: Callable[[], int],
) -> ExitCode:
    """Write each frame's events before the next frame is read.

    Args:
        exchange: whose frames they are.
        kind: the stream they came from; None lets each frame tell.
        frames: one a line, newline included or not; blank lines are passed over.
        events: gets one JSON object a line.
        problems: gets `line N: reason` for each frame that cannot be decoded.
        clock: nanoseconds since 1970 UTC, the time at which each frame was received.

    Returns:
        `REFUSED` if any frame could not be decoded.
    """
    code = ExitCode.DONE
    for number, line in enumerate(frames, start=1):
        frame = line.strip()
        if not frame:
            continue
        try:
            decoded = exchange.decode(frame, clock(), kind)
        except RemoteProtocolError as error:
            code = ExitCode.REFUSED
            problems.write(f"line {number}: {one_line(error.message)}\n")
            problems.flush()
        else:
            events.writelines(dump(event_document(event)) for event in decoded)
            events.flush()
    return code
