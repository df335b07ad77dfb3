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
    """Counts Coinbase's messages of one channel, without the snapshot."""

    def __init__(self, kind: str, count: int, *, is_paced: bool) -> None:
        super().__init__()
        self._channel = "market_trades" if kind == "trades" else "level2"
        self._data = "market_trades" if kind == "trades" else "l2_data"
        self._count = count
        self._is_paced = is_paced
        self.events = 0
        self.ended_ns = self.cpu_ns = 0
        self.latencies: list[int] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def subscription(self) -> dict[str, Any]:
        """What is said first."""
        return {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": self._channel}

    def is_event(self, message: dict[str, Any]) -> bool:
        """Whether it is one of those that are counted."""
        is_data: bool = (
            message["channel"] == self._data and message["events"][0]["type"] != "snapshot"
        )
        return is_data

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.send(WSMsgType.TEXT, json.dumps(self.subscription()).encode())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:  # noqa: ARG002 - picows's
        message: dict[str, Any] = orjson.loads(frame.get_payload_as_memoryview())
        if not self.is_event(message):
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


class _BinanceUsCounter(_Counter):
    """Counts Binance.US's trades, by a connection for combined streams."""

    def subscription(self) -> dict[str, Any]:
        return {"method": "SUBSCRIBE", "params": ["btcusd@trade"], "id": 1}

    def is_event(self, message: dict[str, Any]) -> bool:
        return "stream" in message


#: How each exchange is counted, and the path of its streams.
EXCHANGES: dict[str, tuple[type[_Counter], str]] = {
    "coinbase": (_Counter, ""),
    "binance_us": (_BinanceUsCounter, "/stream"),
}


async def _run(url: str, exchange: str, kind: str, count: int, *, is_paced: bool) -> None:
    counter_type, path = EXCHANGES[exchange]
    counter = counter_type(kind, count, is_paced=is_paced)
    transport, _ = await ws_connect(lambda: counter, url + path)
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
    parser.add_argument("--exchange", choices=sorted(EXCHANGES), default="coinbase")
    parser.add_argument("--kind", default="trades")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--paced", action="store_true")
    given = parser.parse_args()
    asyncio.run(_run(given.url, given.exchange, given.kind, given.count, is_paced=given.paced))


if __name__ == "__main__":
    main()
