"""How long an order and a frame take, exchange by exchange, and how far that is from what is asked.

Orders go one after the other to the order servers on loopback. What the engine takes of that is
measured, not guessed: the network notes when an order's bytes are given to the kernel and when
the last of its reply is taken from it; what is before and after is the engine's. Frames come at a
steady rate, and both processes read one clock.
"""

import gc
import statistics
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from benchmarks.clients.our_orders import Way, config_for, engine_for, let_rest, place_stamped
from benchmarks.loops import Loop, run_on
from benchmarks.options import Options
from benchmarks.processes import Server, run_client, serving
from benchmarks.rows import Row, at_most, percentile
from benchmarks.stamped import StampedNetwork

__all__ = ["measure"]

#: What is asked for: an order in under 100 ms, a frame in under 10 ms.
ORDER_GOAL_MS = 100.0
FRAME_GOAL_MS = 10.0
#: Orders a round.
ORDERS = 400
#: Frames a second, and in a round: two seconds.
RATE = 500
FRAMES = 1000
#: The engine asks now and then for something else; an order meanwhile is not counted. So many are.
ALONE = 0.9
#: Left out at the beginning of a round.
WARM_UP = 100


@frozen
class _Exchange:
    """Where an exchange's orders go, and where its frames come from."""

    word: str
    way: Way
    orders: str
    frames: str
    kind: str
    scheme: str


EXCHANGES: Mapping[str, _Exchange] = {
    "coinbase": _Exchange("Coinbase", Way.COINBASE, "orders", "feed", "trades", "ws"),
    "binance_us": _Exchange(
        "Binance.US", Way.BINANCE_US, "binance_us_orders", "binance_us_feed", "trades", "ws"
    ),
    "oanda": _Exchange("OANDA", Way.OANDA, "oanda_orders", "oanda_feed", "quotes", "http"),
}


@frozen
class _Percentiles:
    """Of each round, in milliseconds."""

    p50: list[float] = field(factory=list)
    p99: list[float] = field(factory=list)

    def add(self, durations_ns: Sequence[int]) -> None:
        """One round more."""
        self.p50.append(percentile(durations_ns, 0.5) / 1e6)
        self.p99.append(percentile(durations_ns, 0.99) / 1e6)

    def rows(self, what: str, loop: str, goal_ms: float | None) -> list[Row]:
        """Both, held against the goal if there is one."""
        return [
            Row(
                "latency",
                f"{what}, {loop} {name}",
                "ms",
                tuple(rounds),
                None if goal_ms is None else at_most(goal_ms),
                "apart from the wire" if goal_ms is None else _margin(rounds, goal_ms),
            )
            for name, rounds in (("p50", self.p50), ("p99", self.p99))
        ]


def _margin(rounds: Sequence[float], goal_ms: float) -> str:
    return f"margin {goal_ms / statistics.median(rounds):,.3g} x"


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one exchange on one event loop."""
    word, _, loop = name.rpartition("-")
    exchange = EXCHANGES[word]
    with serving(exchange.orders) as server:
        rows = run_on(Loop(loop), _orders, exchange, loop, options, server.first)
    return rows + _frames(exchange, loop, options)


async def _orders(
    exchange: _Exchange, loop: str, options: Options, door: Mapping[str, str | int]
) -> list[Row]:
    count = 40 if options.quick else ORDERS
    network = StampedNetwork()
    whole, inside = _Percentiles(), _Percentiles()
    async with engine_for(config_for(exchange.way, door), network=network) as handle:
        await let_rest(handle, exchange.way)
        for number in range(options.rounds + 1):
            gc.collect()
            placed = [
                await place_stamped(handle, exchange.way, network.stamps) for _ in range(count)
            ]
            timed = [order for order in placed if order is not None]
            if len(timed) < ALONE * count:
                raise RuntimeError(f"of {count} orders only {len(timed)} were alone on the wire")
            if number:
                whole.add([order.whole_ns for order in timed])
                inside.add([order.inside_ns for order in timed])
    return [
        *whole.rows(f"{exchange.word} order", loop, ORDER_GOAL_MS),
        *inside.rows(f"{exchange.word} order, in the engine", loop, None),
    ]


def _frames(exchange: _Exchange, loop: str, options: Options) -> list[Row]:
    count = WARM_UP + (20 if options.quick else FRAMES)
    frames = _Percentiles()
    arguments = ("--kind", exchange.kind, "--count", str(count), "--rate", str(RATE))
    with serving(exchange.frames, *arguments) as server:
        for _ in range(options.rounds):
            frames.add(_one_round(exchange, loop, count, server)[WARM_UP:])
    return frames.rows(f"{exchange.word} frame", loop, FRAME_GOAL_MS)


def _one_round(exchange: _Exchange, loop: str, count: int, server: Server) -> list[int]:
    """Nanoseconds from each frame's `send` to its event in the host's loop."""
    server.forget()
    told = run_client(
        "ours",
        (
            *("--exchange", exchange.way.value, "--loop", loop, "--kind", exchange.kind),
            *("--url", f"{exchange.scheme}://127.0.0.1:{server.port}"),
            *("--count", str(count), "--arrivals"),
        ),
    )
    said = server.line()
    while "sent_ns" not in said:
        said = server.line()
    sent = said["sent_ns"]
    # Every frame gives one event, and none is missing: the client counts them.
    return [came - went for went, came in zip(sent, told["arrived_ns"], strict=True)]
