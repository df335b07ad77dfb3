"""An order on loopback through `Engine.place`, against the same bytes on an anyio stream.

Both talk to the same server, in the same process, in blocks that alternate.
"""

import gc
import statistics
import sys
from collections.abc import Mapping

from benchmarks.clients.our_orders import (
    RawDoor,
    Way,
    config_for,
    engine_for,
    let_rest,
    place_timed,
)
from benchmarks.loops import Loop, run_on
from benchmarks.options import Options
from benchmarks.order_profile import OrderProfile
from benchmarks.processes import serving
from benchmarks.rows import Row, at_most, percentile

__all__ = ["measure"]

#: Orders a round, and in a row before it is the other's turn.
ORDERS = 400
BLOCK = 20
#: By the case's first word: its server, and by which ways orders go to it.
DOORS: Mapping[str, tuple[str, tuple[Way, ...]]] = {
    "": ("orders", (Way.COINBASE,)),
    "binance_us": ("binance_us_orders", (Way.BINANCE_US, Way.BINANCE_US_WS_API)),
    "oanda": ("oanda_orders", (Way.OANDA,)),
}
WORDS = {
    Way.COINBASE: "order",
    Way.BINANCE_US: "Binance.US order",
    Way.BINANCE_US_WS_API: "Binance.US order by WebSocket API",
    Way.OANDA: "OANDA order",
}


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one exchange on one event loop."""
    exchange, _, loop = name.rpartition("-")
    module, ways = DOORS[exchange]
    with serving(module) as server:
        return [
            row
            for way in ways
            for row in run_on(Loop(loop), _measure, way, loop, options, server.first)
        ]


async def _measure(
    way: Way, loop: str, options: Options, door: Mapping[str, str | int]
) -> list[Row]:
    count = BLOCK * 2 if options.quick else ORDERS
    config = config_for(way, door)
    profile = OrderProfile() if options.profile else None
    if profile is not None:
        config = profile.watch(config)
    ratios, p50, p99, raw50 = [], [], [], []
    async with engine_for(config) as handle:
        raw = await RawDoor.open(config, way)
        await let_rest(handle, way)
        for number in range(options.rounds + 1):
            gc.collect()
            ours: list[float] = []
            reference: list[float] = []
            for _ in range(count // BLOCK):
                reference += [await raw.exchange_timed() for _ in range(BLOCK)]
                ours += [await place_timed(handle, way) for _ in range(BLOCK)]
            if number:
                ratios.append(percentile(ours, 0.5) / percentile(reference, 0.5))
                p50.append(percentile(ours, 0.5) / 1e3)
                raw50.append(percentile(reference, 0.5) / 1e3)
                p99.append(percentile(ours, 0.99) / 1e6)
            elif profile is not None:
                profile.clear()
        await raw.aclose()
    if profile is not None:
        print(f"{WORDS[way]}, {loop}: where the time goes\n{profile.text()}", file=sys.stderr)
    return [
        Row(
            "order",
            f"{WORDS[way]} p50, {loop} / raw exchange",
            "x",
            tuple(ratios),
            at_most(4),
            f"{statistics.median(p50):,.0f} us against {statistics.median(raw50):,.0f} us",
        ),
        Row("order", f"{WORDS[way]} p99, {loop}", "ms", tuple(p99), at_most(100)),
    ]
