"""The floor of lines over HTTP: an anyio stream split at newlines, `orjson.loads`, nothing else.

The head and the sizes of the chunks are lines as well, which are passed over: the server sends
every line whole in a chunk of its own. Prints `{"ended_ns", "cpu_ns", "events"}`.
"""

import argparse
import json
import time
from urllib.parse import urlsplit

import anyio
import orjson

from benchmarks.loops import Loop, run_on
from benchmarks.oanda_lines import ACCOUNT, SYMBOL, TOKEN

#: As much as the engine reads at once.
READ_BYTES = 256 * 1024


async def _run(url: str, count: int) -> None:
    address = urlsplit(url)
    head = [
        f"GET /v3/accounts/{ACCOUNT}/pricing/stream?instruments={SYMBOL} HTTP/1.1",
        f"Host: {address.netloc}",
        f"Authorization: Bearer {TOKEN}",
        *("", ""),
    ]
    events = began_ns = 0
    # The first price is not of the flood.
    ahead = 1
    pending = b""
    with anyio.fail_after(60):
        async with await anyio.connect_tcp(address.hostname or "", address.port or 0) as stream:
            await stream.send("\r\n".join(head).encode())
            while events < count:
                *lines, pending = (pending + await stream.receive(READ_BYTES)).split(b"\n")
                for line in lines:
                    if not line.startswith(b"{"):
                        continue
                    orjson.loads(line)
                    if ahead:
                        ahead = 0
                        continue
                    if not events:
                        began_ns = time.process_time_ns()
                    events += 1
            ended_ns = time.time_ns()
            cpu_ns = time.process_time_ns() - began_ns
    print(json.dumps({"ended_ns": ended_ns, "cpu_ns": cpu_ns, "events": events}))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--loop", default="asyncio")
    parser.add_argument("--kind", default="quotes")
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    run_on(Loop(given.loop), _run, given.url, given.count)


if __name__ == "__main__":
    main()
