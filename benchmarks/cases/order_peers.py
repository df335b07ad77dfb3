"""Orders by the peers, to the same server, in turn with ours: p50 of each round, and its ratio."""

import json
import statistics
from collections.abc import Mapping

from attrs import frozen

from benchmarks.environments import PEERS, Peer
from benchmarks.options import Options
from benchmarks.processes import ClientFailed, run_client, serving
from benchmarks.rows import Goal, Row, at_most, percentile

__all__ = ["measure"]

ORDERS = 300


@frozen
class _Client:
    module: str
    arguments: tuple[str, ...] = ()
    peer: Peer | None = None


CLIENTS: Mapping[str, _Client] = {
    "asyncio": _Client("our_orders"),
    "trio": _Client("our_orders", ("--loop", "trio")),
    "ccxt": _Client("ccxt_orders", peer=PEERS["ccxt"]),
    "coinbase-advanced-py": _Client("coinbase_sdk_orders", peer=PEERS["sdks"]),
    "python-binance (HMAC)": _Client("python_binance_orders", peer=PEERS["sdks"]),
}

RATIOS: tuple[tuple[str, str, Goal | None], ...] = (
    ("asyncio", "ccxt", at_most(0.4)),
    ("trio", "ccxt", at_most(0.4)),
    ("asyncio", "coinbase-advanced-py", None),
    ("asyncio", "python-binance (HMAC)", None),
)


def measure(options: Options) -> list[Row]:
    """The rows against each peer."""
    count = ORDERS // 15 if options.quick else ORDERS
    p50: dict[str, list[float]] = {}
    failed = {
        who: "left out"
        for who, client in CLIENTS.items()
        if client.peer is not None and not options.peers
    }
    with serving("orders") as server:
        door = json.dumps(server.first)
        for number in range(options.rounds):
            names = list(CLIENTS)
            turn = number % len(names)
            for who in names[turn:] + names[:turn]:
                client = CLIENTS[who]
                if who in failed:
                    continue
                arguments = (*client.arguments, "--count", str(count))
                try:
                    told = run_client(client.module, arguments, peer=client.peer, stdin=door)
                except ClientFailed as failure:
                    failed[who] = str(failure)
                    continue
                p50.setdefault(who, []).append(percentile(told["latencies_ns"], 0.5) / 1e3)
    return [_row(ours, theirs, goal, p50, failed) for ours, theirs, goal in RATIOS]


def _row(
    ours: str,
    theirs: str,
    goal: Goal | None,
    p50: Mapping[str, list[float]],
    failed: Mapping[str, str],
) -> Row:
    what = f"ES256 order p50, {ours} / {theirs}"
    for who in (ours, theirs):
        if who in failed:
            broke = "" if CLIENTS[who].peer is not None else "broke: "
            return Row("order", what, goal=goal, skipped=f"{broke}{who}: {failed[who]}")
    return Row(
        "order",
        what,
        "x",
        tuple(a / b for a, b in zip(p50[ours], p50[theirs], strict=True)),
        goal,
        f"{statistics.median(p50[ours]):,.0f} us against {statistics.median(p50[theirs]):,.0f} us",
    )
