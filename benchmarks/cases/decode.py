"""Frame to events against `orjson.loads` of the same frame.

Every round has frames of its own, each decoded once by both, in blocks that alternate: nothing is
measured hot that a stream would give cold. The same frame again and again is told beside.
"""

import gc
from collections.abc import Callable, Sequence
from time import thread_time_ns
from typing import Any

import orjson

from benchmarks.frames import Market
from benchmarks.options import Options
from benchmarks.rows import Goal, Row, at_most
from venuetree.protocol.exchanges.coinbase.decode import decode

__all__ = ["CASES", "measure"]

RECEIVED_NS = 1_772_600_000_000_000_000
#: Frames that one side reads before it is the other side's turn.
BLOCK = 16

#: By name: what it is, frames a round, how one is made, the goal.
CASES: dict[str, tuple[str, int, Callable[[Market, int], str], Goal | None]] = {
    "trade-1": ("market_trades of 1", 4000, lambda m, n: m.trades(n, 1), at_most(5)),
    "trades-20": ("market_trades of 20", 400, lambda m, n: m.trades(n, 20), at_most(8)),
    "l2-20": ("l2_data of 20 levels", 400, lambda m, n: m.changes(n, 20), at_most(6)),
    "l2-1000": ("l2_data of 1000 levels", 16, lambda m, n: m.changes(n, 1000), at_most(6)),
    "ticker": ("ticker", 2000, lambda m, n: m.ticker(n), None),
}


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one case."""
    what, count, make, goal = CASES[name]
    count = max(BLOCK, count // (40 if options.quick else 1))
    ratios, ours_us, again = [], [], []
    for number in range(options.rounds + 1):
        market = Market(number)
        market.snapshot(0, 100)
        frames = [make(market, sequence).encode() for sequence in range(count)]
        gc.collect()
        ours_ns, reference_ns = _interleaved(frames)
        same = _interleaved([frames[0]] * count)
        if number:  # the first warms up
            ratios.append(ours_ns / reference_ns)
            ours_us.append(ours_ns / count / 1e3)
            again.append(same[0] / same[1])
    median = sorted(ours_us)[len(ours_us) // 2]
    size = len(frames[0])
    return [
        Row(
            "decode",
            f"{what} / orjson.loads",
            rounds=tuple(ratios),
            goal=goal,
            beside=f"{median:.2f} us, {size} bytes; one frame over and over: "
            f"{sorted(again)[len(again) // 2]:.2f}x",
        )
    ]


def _interleaved(frames: Sequence[bytes]) -> tuple[int, int]:
    """Nanoseconds of ours and of orjson over the same frames, in alternating blocks."""
    ours = reference = 0
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK]
        if start // BLOCK % 2:
            ours += _ours(block)
            reference += _timed(orjson.loads, block)
        else:
            reference += _timed(orjson.loads, block)
            ours += _ours(block)
    return ours, reference


def _ours(frames: Sequence[bytes]) -> int:
    started = thread_time_ns()
    for frame in frames:
        decode(frame, RECEIVED_NS)
    return thread_time_ns() - started


def _timed(read: Callable[[bytes], Any], frames: Sequence[bytes]) -> int:
    started = thread_time_ns()
    for frame in frames:
        read(frame)
    return thread_time_ns() - started
