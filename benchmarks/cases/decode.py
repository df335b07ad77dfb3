"""Frame to events against `orjson.loads` of the same frame.

Every round has frames of its own, each decoded once by both, in blocks that alternate: nothing is
measured hot that a stream would give cold. The same frame again and again is told beside.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from time import thread_time_ns
from typing import Any

import orjson
from attrs import frozen

from benchmarks import binance_us_frames, oanda_lines
from benchmarks.frames import Market
from benchmarks.options import Options
from benchmarks.rows import Goal, Row, at_most
from venuetree.protocol.exchanges.binance_us.decode import decode as decode_binance_us
from venuetree.protocol.exchanges.coinbase.decode import decode as decode_coinbase
from venuetree.protocol.exchanges.oanda.decode import decode as decode_oanda

__all__ = ["CASES", "measure"]

RECEIVED_NS = 1_772_600_000_000_000_000
#: Frames that one side reads before it is the other side's turn.
BLOCK = 16

Decode = Callable[[bytes, int], Sequence[object]]


@frozen
class _Case:
    """What it is, whose decoder reads it, frames a round, how they are made (by a seed)."""

    what: str
    decode: Decode
    count: int
    frames: Callable[[int], Iterator[str]]
    goal: Goal | None


def _coinbase(
    what: str, count: int, make: Callable[[Market, int], str], goal: Goal | None
) -> _Case:
    def frames(seed: int) -> Iterator[str]:
        market = Market(seed)
        market.snapshot(0, 100)
        return (make(market, sequence) for sequence in range(count))

    return _Case(what, decode_coinbase, count, frames, goal)


def _binance_us(
    what: str,
    count: int,
    stream: str,
    make: Callable[[binance_us_frames.Market], str],
    goal: Goal | None,
) -> _Case:
    def frames(seed: int) -> Iterator[str]:
        market = binance_us_frames.Market(seed)
        return (binance_us_frames.combined(stream, make(market)) for _ in range(count))

    return _Case(f"Binance.US {what}", decode_binance_us, count, frames, goal)


def _oanda(
    what: str, count: int, make: Callable[[oanda_lines.Market], str], goal: Goal | None
) -> _Case:
    def frames(seed: int) -> Iterator[str]:
        market = oanda_lines.Market(seed)
        return (make(market) for _ in range(count))

    return _Case(f"OANDA {what}", decode_oanda, count, frames, goal)


CASES: dict[str, _Case] = {
    "trade-1": _coinbase("market_trades of 1", 4000, lambda m, n: m.trades(n, 1), at_most(5)),
    "trades-20": _coinbase("market_trades of 20", 400, lambda m, n: m.trades(n, 20), at_most(8)),
    "l2-20": _coinbase("l2_data of 20 levels", 400, lambda m, n: m.changes(n, 20), at_most(6)),
    "l2-1000": _coinbase("l2_data of 1000 levels", 16, lambda m, n: m.changes(n, 1000), at_most(6)),
    "ticker": _coinbase("ticker", 2000, lambda m, n: m.ticker(n), None),
    "binance_us-trade": _binance_us(
        "trade", 4000, binance_us_frames.STREAM, lambda m: m.trade(), at_most(5)
    ),
    "binance_us-depth-20": _binance_us(
        "depthUpdate of 20 levels", 400, "btcusd@depth@100ms", lambda m: m.depth(20), None
    ),
    "oanda-price-3": _oanda("PRICE of 3 rungs", 2000, lambda m: m.price(3), at_most(6)),
    "oanda-price-10": _oanda("PRICE of 10 rungs", 1000, lambda m: m.price(10), at_most(6)),
    "oanda-fill": _oanda("ORDER_FILL", 1000, lambda m: m.fill(), None),
}


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one case."""
    case = CASES[name]
    count = max(BLOCK, case.count // (40 if options.quick else 1))
    ratios, ours_us, again = [], [], []
    for number in range(options.rounds + 1):
        frames = [frame.encode() for frame in islice(case.frames(number), count)]
        gc.collect()
        ours_ns, reference_ns = _interleaved(case.decode, frames)
        same = _interleaved(case.decode, [frames[0]] * count)
        if number:  # the first warms up
            ratios.append(ours_ns / reference_ns)
            ours_us.append(ours_ns / count / 1e3)
            again.append(same[0] / same[1])
    median = sorted(ours_us)[len(ours_us) // 2]
    size = len(frames[0])
    return [
        Row(
            "decode",
            f"{case.what} / orjson.loads",
            rounds=tuple(ratios),
            goal=case.goal,
            beside=f"{median:.2f} us, {size} bytes; one frame over and over: "
            f"{sorted(again)[len(again) // 2]:.2f}x",
        )
    ]


def _interleaved(decode: Decode, frames: Sequence[bytes]) -> tuple[int, int]:
    """Nanoseconds of ours and of orjson over the same frames, in alternating blocks."""
    ours = reference = 0
    for start in range(0, len(frames), BLOCK):
        block = frames[start : start + BLOCK]
        if start // BLOCK % 2:
            ours += _ours(decode, block)
            reference += _timed(orjson.loads, block)
        else:
            reference += _timed(orjson.loads, block)
            ours += _ours(decode, block)
    return ours, reference


def _ours(decode: Decode, frames: Sequence[bytes]) -> int:
    started = thread_time_ns()
    for frame in frames:
        decode(frame, RECEIVED_NS)
    return thread_time_ns() - started


def _timed(read: Callable[[bytes], Any], frames: Sequence[bytes]) -> int:
    started = thread_time_ns()
    for frame in frames:
        read(frame)
    return thread_time_ns() - started
