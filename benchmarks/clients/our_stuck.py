"""A subscriber that never reads, beside one that does, under a feed without end.

Prints `{"resident_bytes": [at a quarter, at the half, at the end], "events"}`.
"""

import argparse
import json
import os

import anyio

from benchmarks.clients.ours import Silent
from benchmarks.frames import PRODUCT
from benchmarks.loops import Loop, run_on
from benchmarks.memory import resident_bytes
from venuetree.actors.feed import MarketFeed
from venuetree.actors.streams import StreamOptions, WebSocketClient
from venuetree.config import coinbase
from venuetree.engine import Engine
from venuetree.protocol.models import Topic
from venuetree.protocol.port import Endpoints
from venuetree.supervisors.wiring import Part

TOPICS = {"trades": Topic.TRADES, "books": Topic.BOOK}


async def _run(url: str, kind: str, seconds: float) -> None:
    config = coinbase(
        endpoints=Endpoints(rest="http://127.0.0.1:9", stream=url, user_stream=url),
        parts=Part(0),
        streams=StreamOptions(client=WebSocketClient.SANS_IO),
    )
    events = 0

    async def read(feed: MarketFeed) -> None:
        nonlocal events
        async for _ in feed:
            events += 1

    resident: list[int] = []
    async with Engine(config, log=Silent()) as engine:
        handle = engine["coinbase"]
        topic = TOPICS[kind]
        async with (
            handle.subscribe(PRODUCT, topic) as stuck,
            handle.subscribe(PRODUCT, topic) as live,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(read, live)
            with anyio.fail_after(30):
                while not stuck.is_lagging:  # noqa: ASYNC110 - nothing tells it
                    await anyio.sleep(0.05)
            for share in (0.25, 0.25, 0.5):
                await anyio.sleep(seconds * share)
                resident.append(resident_bytes())
            print(json.dumps({"resident_bytes": resident, "events": events}), flush=True)
            # Memory is what is measured here, not how soon a flooded engine is left.
            os._exit(0)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--loop", default="asyncio")
    parser.add_argument("--kind", default="trades")
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    run_on(Loop(given.loop), _run, given.url, given.kind, given.seconds)


if __name__ == "__main__":
    main()
