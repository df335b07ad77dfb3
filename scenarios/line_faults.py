"""Failures of streams that are the lines of one long answer: a line may arrive in part."""

import attrs

from venuetree.scenarios.fault_words import FrameKind, Loss

__all__ = ["CutFrame", "SplitFrame"]


@attrs.frozen
class CutFrame:
    """Only the first bytes of a line are sent, then the connection ends in this way.

    `at` counts them; None is half of the line, 0 none of it. After a loss that
    is `CLOSED` the body has no end: the connection is closed in the middle of it.
    """

    channel: str = "*"
    at: int | None = None
    how: Loss = Loss.RESET
    carrying: FrameKind = FrameKind.UPDATE
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)


@attrs.frozen
class SplitFrame:
    """A line comes in two chunks, the first of `at` bytes; None is one chunk for each byte.

    Negative numbers count from the line's end, of which the newline is the last byte.
    """

    channel: str = "*"
    at: int | None = None
    carrying: FrameKind = FrameKind.UPDATE
    times: int | None = attrs.field(default=1, kw_only=True)
    after: int = attrs.field(default=0, kw_only=True)
