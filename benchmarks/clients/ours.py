"""The engine as a host uses it: subscribe, `async for`, count.

Prints `{"ended_ns", "cpu_ns", "events"}`, paced `{"latencies_ns"}`, for arrivals `{"arrived_ns"}`.
"""

import argparse
import json
import time
from enum import Enum, auto

import anyio

from benchmarks import oanda_lines
from benchmarks.frames import PRODUCT
from benchmarks.loops import Loop, run_on
from venuetree.actors.feed import MarketFeed
from venuetree.actors.streams import StreamOptions, WebSocketClient
from venuetree.config import ExchangeConfig, exchange_config
from venuetree.engine import Engine
from venuetree.protocol.events import (
    BookInStep,
    BookUpdated,
    Dropped,
    QuoteChanged,
    TradePrinted,
)
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Endpoints
from venuetree.supervisors.wiring import Part

TIMEOUT_S = 60.0
#: Of a latency run, so many are left out at its start.
WARM_UP = 100


class Silent:
    """Takes the log lines: none are part of what is measured."""

    def info(self, event: str, **fields: object) -> None:
        """Forget it."""

    def warning(self, event: str, **fields: object) -> None:
        """Forget it."""


async def _count_trades(feed: MarketFeed, count: int) -> tuple[int, int]:
    """Take so many trades; our clock at the last, and the CPU time since the first."""
    events = began_ns = 0
    async for event in feed:
        if event.__class__ is TradePrinted and not event.is_past:
            if not events:
                began_ns = time.process_time_ns()
            events += 1
            if events == count:
                break
        elif event.__class__ is Dropped:
            raise RuntimeError(f"not every event was delivered: {event}")
    return time.time_ns(), time.process_time_ns() - began_ns


async def _count_books(feed: MarketFeed, count: int) -> tuple[int, int]:
    """Take so many updates of a book; our clock at the last, and the CPU time since the first."""
    events = began_ns = 0
    async for event in feed:
        if event.__class__ is BookUpdated:
            if not events:
                began_ns = time.process_time_ns()
            if event.skipped:
                raise RuntimeError(f"{event.skipped} updates were folded")
            events += 1
            if events == count:
                break
        elif events and event.__class__ is not BookInStep:
            raise RuntimeError(f"unexpected: {event}")
    return time.time_ns(), time.process_time_ns() - began_ns


async def _count_quotes(feed: MarketFeed, count: int) -> tuple[int, int]:
    """Take so many quotes after the first; our clock at the last, and the CPU time since then."""
    events = -1
    began_ns = 0
    async for event in feed:
        if event.__class__ is QuoteChanged:
            if not events:
                began_ns = time.process_time_ns()
            events += 1
            if events == count:
                break
        elif event.__class__ is Dropped:
            raise RuntimeError(f"not every event was delivered: {event}")
    return time.time_ns(), time.process_time_ns() - began_ns


async def _latencies(feed: MarketFeed, count: int) -> list[int]:
    """Nanoseconds from the sending of each trade, which is its id, to here."""
    latencies: list[int] = []
    async for event in feed:
        if event.__class__ is TradePrinted and not event.is_past:
            latencies.append(time.time_ns() - int(event.trade_id))
            if len(latencies) == count:
                break
    return latencies[WARM_UP:] or latencies


async def _arrivals(feed: MarketFeed, kind: str, count: int) -> list[int]:
    """Our clock at each of so many events; the quote or trades at the beginning are left out."""
    wanted = QuoteChanged if kind == "quotes" else TradePrinted
    arrived: list[int] = []
    to_skip = int(wanted is QuoteChanged)
    async for event in feed:
        if event.__class__ is Dropped:
            raise RuntimeError(f"not every event was delivered: {event}")
        if event.__class__ is not wanted or (isinstance(event, TradePrinted) and event.is_past):
            continue
        if to_skip:
            to_skip -= 1
            continue
        arrived.append(time.time_ns())
        if len(arrived) == count:
            break
    return arrived


class Told(Enum):
    """What is to be printed of a run."""

    RATE = auto()
    LATENCIES = auto()
    ARRIVALS = auto()


TOPICS = {"trades": Topic.TRADES, "books": Topic.BOOK, "quotes": Topic.QUOTES}
COUNTED = {"trades": _count_trades, "books": _count_books, "quotes": _count_quotes}


def _config(url: str, exchange: str, client: WebSocketClient) -> ExchangeConfig:
    """Streams of the flood's server; OANDA is also asked for its instruments there."""
    rest, credentials = "http://127.0.0.1:9", None
    if exchange == "oanda":
        rest = url
        credentials = {"token": oanda_lines.TOKEN, "account_id": oanda_lines.ACCOUNT}
    return exchange_config(
        exchange,
        credentials,
        endpoints=Endpoints(rest=rest, stream=url, user_stream=url),
        parts=Part(0),
        streams=StreamOptions(client=client),
    )


async def _run(
    url: str, exchange: str, transport: str, kind: str, count: int, *, wanted: Told
) -> None:
    config = _config(url, exchange, WebSocketClient(transport))
    product = oanda_lines.INSTRUMENT if exchange == "oanda" else PRODUCT
    told: dict[str, object] = {"events": count}
    with anyio.fail_after(TIMEOUT_S):
        async with (
            Engine(config, log=Silent()) as engine,
            engine[exchange].subscribe(product, TOPICS[kind]) as feed,
        ):
            match wanted:
                case Told.LATENCIES:
                    told["latencies_ns"] = await _latencies(feed, count)
                case Told.ARRIVALS:
                    told["arrived_ns"] = await _arrivals(feed, kind, count)
                case Told.RATE:
                    told["ended_ns"], told["cpu_ns"] = await COUNTED[kind](feed, count)
    print(json.dumps(told))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--exchange", default="coinbase")
    parser.add_argument("--loop", default="asyncio")
    parser.add_argument("--transport", default="sans_io")
    parser.add_argument("--kind", default="trades")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--paced", action="store_true")
    parser.add_argument("--arrivals", action="store_true")
    given = parser.parse_args()
    wanted = Told.LATENCIES if given.paced else Told.ARRIVALS if given.arrivals else Told.RATE

    async def run() -> None:
        await _run(
            given.url,
            given.exchange,
            given.transport,
            given.kind,
            given.count,
            wanted=wanted,
        )

    run_on(Loop(given.loop), run)


if __name__ == "__main__":
    main()
