"""coinbase-advanced-py, ES256, blocking: limit orders one after the other.

Prints `{"latencies_ns"}`.
"""

import argparse
import json
import sys
import uuid
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from coinbase.rest import RESTClient  # type: ignore[import-not-found]
from requests.adapters import HTTPAdapter  # type: ignore[import-untyped]

WARM_UP = 20


class _PlainText(HTTPAdapter):  # type: ignore[misc]
    """It insists on https; let it, and send without."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send to the same host and path."""
        request.url = urlunsplit(urlsplit(request.url)._replace(scheme="http"))
        return super().send(request, **options)


def main() -> None:
    """Read the command line (the server's line on stdin) and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    door = json.loads(sys.stdin.readline())
    client: Any = RESTClient(
        api_key=door["key_name"],
        api_secret=door["private_key"],
        base_url=f"127.0.0.1:{door['port']}",
    )
    client.session.mount("https://", _PlainText())
    latencies = []
    for _ in range(given.count + WARM_UP):
        started = perf_counter_ns()
        order = client.limit_order_gtc(str(uuid.uuid4()), "BTC-USD", "BUY", "0.01", "30000.00")
        latencies.append(perf_counter_ns() - started)
        if not order["success"]:
            raise RuntimeError(f"not acknowledged: {order}")
    print(json.dumps({"latencies_ns": latencies[WARM_UP:]}))


if __name__ == "__main__":
    main()
