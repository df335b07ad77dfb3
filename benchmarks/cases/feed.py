"""Frame to `async for` on loopback, against a bare loop and the peers fed by the same server.

The server is a process of its own and renders its frames before it sends the first. A round runs
every client once, one after the other, in an order that turns from round to round; a client's
time is from the server's first byte of the flood to its last event.
"""

import statistics
from collections.abc import Mapping

from attrs import field, frozen

from benchmarks.environments import PEERS, Peer
from benchmarks.options import Options
from benchmarks.processes import ClientFailed, Server, run_client, serving
from benchmarks.rows import Goal, Row, at_least, percentile

__all__ = ["measure"]

#: Frames of a flood.
COUNTS = {
    "trades": 30_000,
    "books": 8_000,
    "binance_us-trades": 30_000,
    "oanda-quotes": 20_000,
    "oanda-books": 8_000,
}
RATE = 500
#: Frames of a latency run: four seconds.
PACED = 2000


@frozen
class _Client:
    module: str
    arguments: tuple[str, ...] = ()
    peer: Peer | None = None


@frozen
class _Ratio:
    """`ours` to `reference`, of events a second."""

    ours: str
    reference: str
    goal: Goal | None = None


CLIENTS: Mapping[str, _Client] = {
    "asyncio": _Client("ours", ("--loop", "asyncio")),
    "trio": _Client("ours", ("--loop", "trio")),
    "trio, trio-websocket": _Client("ours", ("--loop", "trio", "--transport", "trio_websocket")),
    "bare picows": _Client("bare_picows"),
    "bare trio-websocket": _Client("bare_trio_websocket"),
    "ccxt.pro": _Client("ccxt_feed", peer=PEERS["ccxt"]),
    "cryptofeed": _Client("cryptofeed_feed", peer=PEERS["cryptofeed"]),
}
_BINANCE_US = ("--exchange", "binance_us")
BINANCE_US_CLIENTS: Mapping[str, _Client] = {
    "asyncio": _Client("ours", ("--loop", "asyncio", *_BINANCE_US)),
    "trio": _Client("ours", ("--loop", "trio", *_BINANCE_US)),
    "bare picows": _Client("bare_picows", _BINANCE_US),
    "ccxt.pro": _Client("ccxt_binance_us_feed", peer=PEERS["ccxt"]),
}
_OANDA = ("--exchange", "oanda")
OANDA_CLIENTS: Mapping[str, _Client] = {
    "asyncio": _Client("ours", ("--loop", "asyncio", *_OANDA)),
    "trio": _Client("ours", ("--loop", "trio", *_OANDA)),
    "bare lines, asyncio": _Client("bare_lines", ("--loop", "asyncio")),
    "bare lines, trio": _Client("bare_lines", ("--loop", "trio")),
    "oandapyV20": _Client("oandapy_feed", peer=PEERS["sdks"]),
}


@frozen
class _Flood:
    """What is sent by which server, to whom, and what is told of it."""

    what: str
    server: str
    kind: str
    clients: Mapping[str, _Client]
    ratios: tuple[_Ratio, ...]
    scheme: str = "ws"


FLOODS: Mapping[str, _Flood] = {
    "trades": _Flood(
        "trades",
        "feed",
        "trades",
        CLIENTS,
        (
            _Ratio("asyncio", "bare picows", at_least(0.25)),
            _Ratio("trio", "bare picows", at_least(0.25)),
            _Ratio("trio, trio-websocket", "bare trio-websocket", at_least(0.6)),
            _Ratio("asyncio", "ccxt.pro", at_least(4)),
            _Ratio("trio", "ccxt.pro", at_least(4)),
            _Ratio("asyncio", "cryptofeed", at_least(1.4)),
            _Ratio("trio", "cryptofeed", at_least(1.4)),
        ),
    ),
    "books": _Flood(
        "books",
        "feed",
        "books",
        CLIENTS,
        (
            _Ratio("asyncio", "bare picows"),
            _Ratio("trio", "bare picows"),
            _Ratio("trio, trio-websocket", "bare trio-websocket"),
            _Ratio("asyncio", "ccxt.pro", at_least(1.5)),
            _Ratio("trio", "ccxt.pro", at_least(1.5)),
            _Ratio("asyncio", "cryptofeed", at_least(1.5)),
            _Ratio("trio", "cryptofeed", at_least(1.5)),
        ),
    ),
    "binance_us-trades": _Flood(
        "Binance.US trades",
        "binance_us_feed",
        "trades",
        BINANCE_US_CLIENTS,
        (
            _Ratio("asyncio", "bare picows", at_least(0.25)),
            _Ratio("trio", "bare picows", at_least(0.25)),
            _Ratio("asyncio", "ccxt.pro", at_least(3.5)),
            _Ratio("trio", "ccxt.pro", at_least(3.5)),
        ),
    ),
    "oanda-quotes": _Flood(
        "OANDA quotes",
        "oanda_feed",
        "quotes",
        OANDA_CLIENTS,
        (
            _Ratio("asyncio", "bare lines, asyncio"),
            _Ratio("trio", "bare lines, trio"),
            _Ratio("asyncio", "oandapyV20"),
            _Ratio("trio", "oandapyV20"),
        ),
        scheme="http",
    ),
    "oanda-books": _Flood(
        "OANDA books",
        "oanda_feed",
        "books",
        OANDA_CLIENTS,
        (
            _Ratio("asyncio", "bare lines, asyncio"),
            _Ratio("trio", "bare lines, trio"),
            _Ratio("asyncio", "oandapyV20"),
            _Ratio("trio", "oandapyV20"),
        ),
        scheme="http",
    ),
}


@frozen
class _Results:
    """What the clients did: figures by round, or why there are none."""

    figures: dict[str, list[float]] = field(factory=dict)
    #: CPU microseconds an event, by round: less disturbed by other programs.
    cpu_us: dict[str, list[float]] = field(factory=dict)
    beside: dict[str, str] = field(factory=dict)
    failed: dict[str, str] = field(factory=dict)


def measure(name: str, options: Options) -> list[Row]:
    """The rows of one of `FLOODS`, or of `latency`."""
    if name == "latency":
        return _latency(options)
    flood = FLOODS[name]
    count = COUNTS[name] // (20 if options.quick else 1)
    results = _Results(failed=_left_out(flood.clients, options))
    with serving(flood.server, "--kind", flood.kind, "--count", str(count)) as server:
        for number in range(options.rounds):
            for who in _turned(list(flood.clients), number):
                _flood(who, flood, count, server, results)
    return [_row(flood, ratio, results) for ratio in flood.ratios]


def _left_out(clients: Mapping[str, _Client], options: Options) -> dict[str, str]:
    """The peers, if they are not to be measured."""
    if options.peers:
        return {}
    return {who: "left out" for who, client in clients.items() if client.peer is not None}


def _turned(names: list[str], number: int) -> list[str]:
    """The same clients, beginning with another one each round."""
    turn = number % len(names)
    return names[turn:] + names[:turn]


def _flood(who: str, flood: _Flood, count: int, server: Server, results: _Results) -> None:
    if who in results.failed:
        return
    client = flood.clients[who]
    server.forget()
    arguments = (
        *client.arguments,
        *("--url", f"{flood.scheme}://127.0.0.1:{server.port}"),
        *("--kind", flood.kind, "--count", str(count)),
    )
    try:
        told = run_client(client.module, arguments, peer=client.peer)
    except ClientFailed as failure:
        results.failed[who] = str(failure)
        return
    seconds = (told["ended_ns"] - server.line()["started_ns"]) / 1e9
    results.figures.setdefault(who, []).append(count / seconds)
    results.cpu_us.setdefault(who, []).append(told["cpu_ns"] / count / 1e3)
    seen = told["events"]
    beside = [f"its user saw {seen:,} of {count:,}"] if seen < count else []
    if client.peer is not None and client.peer.foreign_python:
        beside.append(f"it runs on Python {client.peer.foreign_python}")
    results.beside[who] = f" ({'; '.join(beside)})" if beside else ""


def _row(flood: _Flood, ratio: _Ratio, results: _Results) -> Row:
    what = f"{flood.what}, {ratio.ours} / {ratio.reference}"
    for who in (ratio.ours, ratio.reference):
        if who in results.failed:
            said = results.failed[who]
            skipped = said if flood.clients[who].peer is not None else f"broke: {said}"
            return Row("feed", what, goal=ratio.goal, skipped=f"{who}: {skipped}")
    ours, reference = results.figures[ratio.ours], results.figures[ratio.reference]
    return Row(
        "feed",
        what,
        "x",
        tuple(a / b for a, b in zip(ours, reference, strict=True)),
        ratio.goal,
        f"{statistics.median(ours):,.0f}/s against {statistics.median(reference):,.0f}/s; CPU "
        f"{statistics.median(results.cpu_us[ratio.ours]):.1f} us against "
        f"{statistics.median(results.cpu_us[ratio.reference]):.1f} us an event"
        + results.beside.get(ratio.reference, ""),
    )


# ---------------------------------------------------------------- latency


def _latency(options: Options) -> list[Row]:
    count = PACED // (20 if options.quick else 1)
    rounds = max(1, options.rounds // 3)
    p50: dict[str, list[float]] = {}
    p99: dict[str, list[float]] = {}
    failed = _left_out(CLIENTS, options)
    with serving("feed", "--kind", "trades", "--count", str(count), "--rate", str(RATE)) as server:
        for number in range(rounds):
            for who in _turned(list(CLIENTS), number):
                if who in failed:
                    continue
                client = CLIENTS[who]
                url = f"ws://127.0.0.1:{server.port}"
                arguments = (*client.arguments, "--url", url, "--count", str(count), "--paced")
                try:
                    told = run_client(client.module, arguments, peer=client.peer)
                except ClientFailed as failure:
                    failed[who] = str(failure)
                    continue
                latencies = [value / 1e3 for value in told["latencies_ns"]]
                p50.setdefault(who, []).append(percentile(latencies, 0.5))
                p99.setdefault(who, []).append(percentile(latencies, 0.99))
    return [
        Row("feed", f"latency p50 at {RATE}/s, {who}", skipped=failed[who])
        if who in failed
        else Row(
            "feed",
            f"latency p50 at {RATE}/s, {who}",
            "us",
            tuple(p50[who]),
            None,
            f"p99 {statistics.median(p99[who]):,.0f} us",
        )
        for who in CLIENTS
    ]
