"""ccxt.pro: `watch_trades` or `watch_order_book`, until the last of the flood is seen.

It folds what its user is too slow for, so its time is that until the last one is seen, and
`events` tells how many its user saw. Prints `{"ended_ns", "cpu_ns", "events", "latencies_ns"}`.
"""

import argparse
import asyncio
import json
import time
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]

WARM_UP = 100
SYMBOL = "BTC/USD"
LAST_TRADE = "999999999999"
MARKET = {
    "id": "BTC-USD",
    "symbol": SYMBOL,
    "base": "BTC",
    "quote": "USD",
    "baseId": "BTC",
    "quoteId": "USD",
    "type": "spot",
    "spot": True,
    "active": True,
    "precision": {"amount": 1e-08, "price": 0.01},
    "limits": {"amount": {"min": 1e-08}, "cost": {"min": 1}},
}


async def _run(url: str, kind: str, count: int, *, is_paced: bool) -> None:
    exchange: Any = ccxt.pro.coinbase({"enableRateLimit": False, "newUpdates": True})
    exchange.set_markets([MARKET])
    exchange.urls["api"]["ws"] = url
    events = began_ns = 0
    latencies: list[int] = []
    try:
        async with asyncio.timeout(240):
            if is_paced:
                while len(latencies) < count:
                    trades = await exchange.watch_trades(SYMBOL)
                    now_ns = time.time_ns()
                    # The snapshot's trades have short ids, which are no times.
                    latencies += [now_ns - int(t["id"]) for t in trades if len(t["id"]) > 15]
            elif kind == "trades":
                last = ""
                while last != LAST_TRADE:
                    trades = await exchange.watch_trades(SYMBOL)
                    began_ns = began_ns or time.process_time_ns()
                    events += len(trades)
                    last = trades[-1]["id"]
            else:
                lowest = 0.0
                while lowest != 1.0:
                    book = await exchange.watch_order_book(SYMBOL)
                    began_ns = began_ns or time.process_time_ns()
                    events += 1
                    lowest = book["bids"][-1][0]
            ended_ns = time.time_ns()
            cpu_ns = time.process_time_ns() - began_ns
    finally:
        await exchange.close()
    print(
        json.dumps(
            {
                "ended_ns": ended_ns,
                "cpu_ns": cpu_ns,
                "events": events,
                "latencies_ns": latencies[WARM_UP:] or latencies,
            }
        )
    )


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
