"""ccxt, binanceus, HMAC: `create_order` one after the other. Prints `{"latencies_ns"}`.

Its markets are the server's: read by itself from `exchangeInfo`.
"""

import argparse
import asyncio
import json
import sys
from time import perf_counter_ns
from typing import Any

import ccxt.pro  # type: ignore[import-not-found]

WARM_UP = 20


async def _run(door: dict[str, Any], count: int, *, by_ws_api: bool) -> None:
    exchange: Any = ccxt.pro.binanceus(
        {"apiKey": door["api_key"], "secret": door["api_secret"], "enableRateLimit": False}
    )
    urls = exchange.urls["api"]
    urls["public"] = urls["private"] = f"http://127.0.0.1:{door['port']}/api/v3"
    urls["ws"]["ws-api"]["spot"] = f"ws://127.0.0.1:{door['ws_api_port']}/ws-api/v3"
    place = exchange.create_order_ws if by_ws_api else exchange.create_order
    latencies = []
    try:
        await exchange.load_markets()
        for _ in range(count + WARM_UP):
            started = perf_counter_ns()
            order = await place("BTC/USD", "limit", "buy", 0.01, 30000, {"timeInForce": "IOC"})
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
    parser.add_argument("--ws-api", action="store_true")
    given = parser.parse_args()
    asyncio.run(_run(json.loads(sys.stdin.readline()), given.count, by_ws_api=given.ws_api))


if __name__ == "__main__":
    main()
