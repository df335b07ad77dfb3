"""The floor: picows and `orjson.loads`, no objects, no hop, nothing checked. asyncio.

Prints `{"ended_ns", "cpu_ns", "events", "latencies_ns"}`.
"""

import argparse
import asyncio
import json
import time
from typing import Any

import orjson
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

WARM_UP = 100


class _Counter(WSListener):
    def __init__(self, channel: str, count: int, *, is_paced: bool) -> None:
        super().__init__()
        self._channel = channel
        self._data = "l2_data" if channel == "level2" else channel
        self._count = count
        self._is_paced = is_paced
        self.events = 0
        self.ended_ns = self.cpu_ns = 0
        self.latencies: list[int] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_ws_connected(self, transport: WSTransport) -> None:
        message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": self._channel}
        transport.send(WSMsgType.TEXT, json.dumps(message).encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:  # noqa: ARG002 - picows's
        message: dict[str, Any] = orjson.loads(frame.get_payload_as_memoryview())
        if message["channel"] != self._data or message["events"][0]["type"] == "snapshot":
            return
        if not self.events:
            self.cpu_ns = -time.process_time_ns()
        self.events += 1
        if self._is_paced:
            trade = message["events"][0]["trades"][0]
            self.latencies.append(time.time_ns() - int(trade["trade_id"]))
        if self.events == self._count:
            self.ended_ns = time.time_ns()
            self.cpu_ns += time.process_time_ns()
            self.done.set_result(None)


async def _run(url: str, kind: str, count: int, *, is_paced: bool) -> None:
    channel = "market_trades" if kind == "trades" else "level2"
    counter = _Counter(channel, count, is_paced=is_paced)
    transport, _ = await ws_connect(lambda: counter, url)
    await asyncio.wait_for(counter.done, 120)
    transport.disconnect()
    print(
        json.dumps(
            {
                "ended_ns": counter.ended_ns,
                "cpu_ns": counter.cpu_ns,
                "events": counter.events,
                "latencies_ns": counter.latencies[WARM_UP:] or counter.latencies,
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
