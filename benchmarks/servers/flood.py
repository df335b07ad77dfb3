"""What servers of market data have in common: what they say, and how they send a flood."""

import json
import sys
from collections.abc import Iterable, Iterator

__all__ = ["chunked", "say"]

CHUNK_BYTES = 1 << 16


def say(line: dict[str, int | str]) -> None:
    """Tell whoever started us."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def chunked(frames: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a system call each."""
    pending: list[bytes] = []
    size = 0
    for frame in frames:
        pending.append(frame)
        size += len(frame)
        if size >= CHUNK_BYTES:
            yield b"".join(pending)
            pending, size = [], 0
    if pending:
        yield b"".join(pending)
