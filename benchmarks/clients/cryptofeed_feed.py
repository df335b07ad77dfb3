"""cryptofeed 3: a callback for each trade or book update, all counted; on asyncio's own loop.

Prints `{"ended_ns", "cpu_ns", "events", "latencies_ns"}`.
"""

import argparse
import asyncio
import json
import time
from typing import Any

from cryptofeed import FeedHandler, connection  # type: ignore[import-not-found]
from cryptofeed.connection import WebsocketEndpoint  # type: ignore[import-not-found]
from cryptofeed.defines import L2_BOOK, TRADES  # type: ignore[import-not-found]
from cryptofeed.exchanges import Coinbase  # type: ignore[import-not-found]
from cryptofeed.symbols import Symbols  # type: ignore[import-not-found]

WARM_UP = 100
SYMBOL = "BTC-USD"


class _Counter:
    def __init__(self, count: int, *, is_paced: bool, ahead: int) -> None:
        self.count = count + ahead
        self.is_paced = is_paced
        self.ahead = ahead
        self.events = 0
        self.ended_ns = self.cpu_ns = 0
        self.latencies: list[int] = []
        self.done = asyncio.Event()

    async def take(self, told: Any, _: float) -> None:
        """Count one."""
        if self.events == self.ahead:
            self.cpu_ns = -time.process_time_ns()
        self.events += 1
        if self.is_paced and self.events > self.ahead:
            self.latencies.append(time.time_ns() - int(told.id))
        if self.events == self.count:
            self.ended_ns = time.time_ns()
            self.cpu_ns += time.process_time_ns()
            self.done.set()


def _allow_plain_text() -> None:
    """It insists on `wss`; let it, and dial `ws`."""
    dial = connection.connect

    def connect(address: str, **options: Any) -> Any:
        return dial(address.replace("wss://", "ws://"), **options)

    connection.connect = connect


async def _run(url: str, kind: str, count: int, *, is_paced: bool) -> None:
    _allow_plain_text()
    address = url.replace("ws://", "wss://")
    Coinbase.websocket_endpoints = [WebsocketEndpoint(address, options={"compression": None})]
    Symbols.set(
        Coinbase.id,
        {SYMBOL: SYMBOL},
        {"tick_size": {SYMBOL: "0.01"}, "instrument_type": {SYMBOL: "spot"}},
    )
    # The snapshot is told by the same callback: twenty trades, or one book.
    counter = _Counter(count, is_paced=is_paced, ahead=20 if kind == "trades" else 1)
    channel = TRADES if kind == "trades" else L2_BOOK
    config = {"uvloop": False, "log": {"disabled": True}}
    handler = FeedHandler(config=config)
    handler.add_feed(
        Coinbase(
            symbols=[SYMBOL], channels=[channel], callbacks={channel: counter.take}, config=config
        )
    )
    running = asyncio.create_task(handler.run_async(install_signal_handlers=False))
    waiting = asyncio.create_task(counter.done.wait())
    async with asyncio.timeout(240):
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
        raise RuntimeError("the feed handler ended by itself")
    print(
        json.dumps(
            {
                "ended_ns": counter.ended_ns,
                "cpu_ns": counter.cpu_ns,
                "events": counter.events - counter.ahead,
                "latencies_ns": counter.latencies[WARM_UP:] or counter.latencies,
            }
        ),
        flush=True,
    )
    running.cancel()
    await asyncio.wait({running}, timeout=5)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", default="trades")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--paced", action="store_true")
    given = parser.parse_args()
    asyncio.run(_run(given.url, given.kind, given.count, is_paced=given.paced))


if __name__ == "__main__":
    main()
