"""The floor on trio: trio-websocket and `orjson.loads`, its own defaults.

Prints `{"ended_ns", "cpu_ns", "events", "latencies_ns"}`.
"""

import argparse
import json
import time

import orjson
import trio
from trio_websocket import open_websocket_url

WARM_UP = 100


async def _run(url: str, kind: str, count: int, is_paced: bool) -> None:  # noqa: FBT001 - trio.run
    channel, data = (
        ("market_trades", "market_trades") if kind == "trades" else ("level2", "l2_data")
    )
    events = began_ns = 0
    latencies: list[int] = []
    with trio.fail_after(120):
        async with open_websocket_url(url, max_message_size=1 << 26) as socket:
            message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": channel}
            await socket.send_message(json.dumps(message))
            while events < count:
                told = orjson.loads(await socket.get_message())
                if told["channel"] != data or told["events"][0]["type"] == "snapshot":
                    continue
                if not events:
                    began_ns = time.process_time_ns()
                events += 1
                if is_paced:
                    trade = told["events"][0]["trades"][0]
                    latencies.append(time.time_ns() - int(trade["trade_id"]))
            ended_ns = time.time_ns()
            cpu_ns = time.process_time_ns() - began_ns
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
    trio.run(_run, given.url, given.kind, given.count, given.paced)


if __name__ == "__main__":
    main()
