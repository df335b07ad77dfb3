"""What servers of market data have in common: what they say, and how they send a flood."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["chunked", "in_time", "say"]

CHUNK_BYTES = 1 << 16


def say(line: Mapping[str, int | str | Sequence[int]]) -> None:
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


def in_time(count: int, rate: float) -> Iterator[int]:
    """The numbers up to `count`, each when it is due, `rate` a second from now on."""
    start = time.perf_counter()
    for number in range(count):
        wait = start + number / rate - time.perf_counter()
        if wait > 0:
            # A process that does nothing but send: there is nothing that this could hold up.
            time.sleep(wait)
        yield number
