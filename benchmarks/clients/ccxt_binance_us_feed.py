"""ccxt.pro, binanceus: `watch_trades`, until the last of the flood is seen.

It folds what its user is too slow for, so its time is that until the last one is seen, and
`events` tells how many its user saw. Prints `{"ended_ns", "cpu_ns", "events"}`.
"""

import argparse
import asyncio
import json
import time
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]

SYMBOL = "BTC/USD"
#: The server's first trade has this number; they have no gap.
FIRST_TRADE = 88_685_101
MARKET = {
    "id": "BTCUSD",
    "lowercaseId": "btcusd",
    "symbol": SYMBOL,
    "base": "BTC",
    "quote": "USD",
    "baseId": "BTC",
    "quoteId": "USD",
    "type": "spot",
    "spot": True,
    "margin": False,
    "swap": False,
    "future": False,
    "option": False,
    "contract": False,
    "linear": None,
    "inverse": None,
    "active": True,
    "precision": {"amount": 1e-05, "price": 0.01},
    "limits": {"amount": {"min": 1e-05}, "cost": {"min": 1}},
}


async def _run(url: str, count: int) -> None:
    exchange: Any = ccxt.pro.binanceus({"enableRateLimit": False, "newUpdates": True})
    exchange.set_markets([MARKET])
    # It takes a connection for one of the spot market's by "/stream" in its address, which at the
    # exchange is the beginning of the host's name.
    exchange.urls["api"]["ws"]["spot"] = f"{url}/stream/ws"
    last_id = str(FIRST_TRADE + count - 1)
    events = began_ns = 0
    try:
        async with asyncio.timeout(240):
            last = ""
            while last != last_id:
                trades = await exchange.watch_trades(SYMBOL)
                began_ns = began_ns or time.process_time_ns()
                events += len(trades)
                last = trades[-1]["id"]
            ended_ns = time.time_ns()
            cpu_ns = time.process_time_ns() - began_ns
    finally:
        await exchange.close()
    print(json.dumps({"ended_ns": ended_ns, "cpu_ns": cpu_ns, "events": events}))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", choices=["trades"], default="trades")
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(_run(given.url, given.count))


if __name__ == "__main__":
    main()
