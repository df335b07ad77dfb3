"""ccxt, coinbase, ES256: `create_order` one after the other. Prints `{"latencies_ns"}`."""

import argparse
import asyncio
import json
import sys
from time import perf_counter_ns
from typing import Any

import ccxt.async_support  # type: ignore[import-not-found]

WARM_UP = 20
MARKET = {
    "id": "BTC-USD",
    "symbol": "BTC/USD",
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


async def _run(door: dict[str, Any], count: int) -> None:
    exchange: Any = ccxt.async_support.coinbase(
        {"apiKey": door["key_name"], "secret": door["private_key"], "enableRateLimit": False}
    )
    exchange.set_markets([MARKET])
    exchange.urls["api"]["rest"] = f"http://127.0.0.1:{door['port']}"
    latencies = []
    try:
        for _ in range(count + WARM_UP):
            started = perf_counter_ns()
            order = await exchange.create_order("BTC/USD", "limit", "buy", 0.01, 30000)
            latencies.append(perf_counter_ns() - started)
            if not order["id"]:
                raise RuntimeError(f"not acknowledged: {order}")
    finally:
        await exchange.close()
    print(json.dumps({"latencies_ns": latencies[WARM_UP:]}))


def main() -> None:
    """Read the command line (the server's line on stdin) and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(_run(json.loads(sys.stdin.readline()), given.count))


if __name__ == "__main__":
    main()
