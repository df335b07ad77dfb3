"""python-binance, HMAC: another exchange's order, to the same server. Prints `{"latencies_ns"}`."""

import argparse
import asyncio
import json
import sys
from time import perf_counter_ns
from typing import Any

from binance import AsyncClient

WARM_UP = 20


async def _run(door: dict[str, Any], count: int) -> None:
    client: Any = AsyncClient("key", "secret")
    client.API_URL = f"http://127.0.0.1:{door['port']}/api"
    latencies = []
    try:
        for _ in range(count + WARM_UP):
            started = perf_counter_ns()
            order = await client.create_order(
                symbol="BTCUSDT",
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity="0.01",
                price="30000.00",
            )
            latencies.append(perf_counter_ns() - started)
            if not order["orderId"]:
                raise RuntimeError(f"not acknowledged: {order}")
    finally:
        await client.close_connection()
    print(json.dumps({"latencies_ns": latencies[WARM_UP:]}))


def main() -> None:
    """Read the command line (the server's line on stdin) and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(_run(json.loads(sys.stdin.readline()), given.count))


if __name__ == "__main__":
    main()
