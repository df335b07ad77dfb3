"""oandapyV20, blocking: limit orders by `OrderCreate`, one after the other.

Prints `{"latencies_ns"}`.
"""

import argparse
import json
import sys
import uuid
from time import perf_counter_ns
from typing import Any

from oandapyV20 import API  # type: ignore[import-not-found]
from oandapyV20.contrib.requests import (  # type: ignore[import-not-found]
    ClientExtensions,
    LimitOrderRequest,
)
from oandapyV20.endpoints.orders import OrderCreate  # type: ignore[import-not-found]
from oandapyV20.oandapyV20 import TRADING_ENVIRONMENTS  # type: ignore[import-not-found]

WARM_UP = 20


def main() -> None:
    """Read the command line (the server's line on stdin) and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    door = json.loads(sys.stdin.readline())
    url = f"http://127.0.0.1:{door['port']}"
    TRADING_ENVIRONMENTS["bench"] = {"api": url, "stream": url}
    client: Any = API(access_token=door["token"], environment="bench")
    latencies = []
    for _ in range(given.count + WARM_UP):
        extensions = ClientExtensions(clientID=str(uuid.uuid4())).data
        order = LimitOrderRequest("EUR_USD", 100, 0.9, clientExtensions=extensions)
        started = perf_counter_ns()
        told = client.request(OrderCreate(door["account_id"], data=order.data))
        latencies.append(perf_counter_ns() - started)
        if not told["orderCreateTransaction"]["id"]:
            raise RuntimeError(f"not acknowledged: {told}")
    print(json.dumps({"latencies_ns": latencies[WARM_UP:]}))


if __name__ == "__main__":
    main()
