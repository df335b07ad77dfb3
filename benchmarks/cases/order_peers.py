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


@frozen
class _Contest:
    """Clients of one server, and what is told of them: ours, theirs, the goal."""

    what: str
    server: str
    clients: Mapping[str, _Client]
    ratios: tuple[tuple[str, str, Goal | None], ...]


_BINANCE_US = ("--way", "binance_us")
_BY_MESSAGE = ("--way", "binance_us-ws_api")
_OANDA = ("--way", "oanda")

CONTESTS: Mapping[str, _Contest] = {
    "coinbase": _Contest(
        "ES256 order",
        "orders",
        {
            "asyncio": _Client("our_orders"),
            "trio": _Client("our_orders", ("--loop", "trio")),
            "ccxt": _Client("ccxt_orders", peer=PEERS["ccxt"]),
            "coinbase-advanced-py": _Client("coinbase_sdk_orders", peer=PEERS["sdks"]),
        },
        (
            ("asyncio", "ccxt", at_most(0.4)),
            ("trio", "ccxt", at_most(0.4)),
            ("asyncio", "coinbase-advanced-py", None),
        ),
    ),
    "binance_us": _Contest(
        "HMAC order",
        "binance_us_orders",
        {
            "asyncio": _Client("our_orders", _BINANCE_US),
            "trio": _Client("our_orders", ("--loop", "trio", *_BINANCE_US)),
            "python-binance": _Client("python_binance_orders", peer=PEERS["sdks"]),
            "ccxt": _Client("ccxt_binance_us_orders", peer=PEERS["ccxt"]),
        },
        (
            ("asyncio", "python-binance", at_most(0.7)),
            ("trio", "python-binance", at_most(0.7)),
            ("asyncio", "ccxt", at_most(0.5)),
            ("trio", "ccxt", at_most(0.5)),
        ),
    ),
    "binance_us-ws_api": _Contest(
        "HMAC order by WebSocket API",
        "binance_us_orders",
        {
            "asyncio": _Client("our_orders", _BY_MESSAGE),
            "trio": _Client("our_orders", ("--loop", "trio", *_BY_MESSAGE)),
            "python-binance": _Client("python_binance_orders", ("--ws-api",), peer=PEERS["sdks"]),
            "ccxt.pro": _Client("ccxt_binance_us_orders", ("--ws-api",), peer=PEERS["ccxt"]),
        },
        (
            ("asyncio", "python-binance", None),
            ("trio", "python-binance", None),
            ("asyncio", "ccxt.pro", None),
            ("trio", "ccxt.pro", None),
        ),
    ),
    "oanda": _Contest(
        "OANDA order",
        "oanda_orders",
        {
            "asyncio": _Client("our_orders", _OANDA),
            "trio": _Client("our_orders", ("--loop", "trio", *_OANDA)),
            "oandapyV20": _Client("oandapy_orders", peer=PEERS["sdks"]),
        },
        (
            ("asyncio", "oandapyV20", at_most(0.7)),
            ("trio", "oandapyV20", at_most(0.7)),
        ),
    ),
}


def measure(name: str, options: Options) -> list[Row]:
    """The rows against each peer on one exchange."""
    contest = CONTESTS[name]
    count = ORDERS // 15 if options.quick else ORDERS
    p50: dict[str, list[float]] = {}
    failed = {
        who: "left out"
        for who, client in contest.clients.items()
        if client.peer is not None and not options.peers
    }
    # With nothing to compare, the first shows at least that ours runs.
    names = list(contest.clients) if options.peers else list(contest.clients)[:1]
    with serving(contest.server) as server:
        door = json.dumps(server.first)
        for number in range(options.rounds):
            turn = number % len(names)
            for who in names[turn:] + names[:turn]:
                client = contest.clients[who]
                if who in failed:
                    continue
                arguments = (*client.arguments, "--count", str(count))
                try:
                    told = run_client(client.module, arguments, peer=client.peer, stdin=door)
                except ClientFailed as failure:
                    failed[who] = str(failure)
                    continue
                p50.setdefault(who, []).append(percentile(told["latencies_ns"], 0.5) / 1e3)
    return [_row(contest.what, ratio, p50, failed, contest.clients) for ratio in contest.ratios]


def _row(
    what: str,
    ratio: tuple[str, str, Goal | None],
    p50: Mapping[str, list[float]],
    failed: Mapping[str, str],
    clients: Mapping[str, _Client],
) -> Row:
    ours, theirs, goal = ratio
    what = f"{what} p50, {ours} / {theirs}"
    for who in (ours, theirs):
        if who in failed:
            broke = "" if clients[who].peer is not None else "broke: "
            return Row("order", what, goal=goal, skipped=f"{broke}{who}: {failed[who]}")
    return Row(
        "order",
        what,
        "x",
        tuple(a / b for a, b in zip(p50[ours], p50[theirs], strict=True)),
        goal,
        f"{statistics.median(p50[ours]):,.0f} us against {statistics.median(p50[theirs]):,.0f} us",
    )
