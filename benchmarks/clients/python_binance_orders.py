"""python-binance, HMAC: `create_order` one after the other. Prints `{"latencies_ns"}`."""

import argparse
import asyncio
import json
import sys
from time import perf_counter_ns
from typing import Any

from binance import AsyncClient  # type: ignore[import-not-found]

WARM_UP = 20


async def _run(door: dict[str, Any], count: int, *, by_ws_api: bool) -> None:
    # Read once, when a client is made.
    AsyncClient.API_URL = f"http://127.0.0.1:{door['port']}/api"
    AsyncClient.WS_API_URL = f"ws://127.0.0.1:{door['ws_api_port']}/ws-api/v3"
    client: Any = AsyncClient(door["api_key"], door["api_secret"], tld="us")
    place = client.ws_create_order if by_ws_api else client.create_order
    latencies = []
    try:
        for _ in range(count + WARM_UP):
            started = perf_counter_ns()
            order = await place(
                symbol="BTCUSD",
                side="BUY",
                type="LIMIT",
                timeInForce="IOC",
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
    parser.add_argument("--ws-api", action="store_true")
    given = parser.parse_args()
    asyncio.run(_run(json.loads(sys.stdin.readline()), given.count, by_ws_api=given.ws_api))


if __name__ == "__main__":
    main()
