"""oandapyV20: the generator of its `PricingStream`, blocking, until the last of the flood is seen.

Prints `{"ended_ns", "cpu_ns", "events"}`.
"""

import argparse
import json
import time
from typing import Any

from oandapyV20 import API  # type: ignore[import-not-found]
from oandapyV20.endpoints.pricing import PricingStream  # type: ignore[import-not-found]
from oandapyV20.oandapyV20 import TRADING_ENVIRONMENTS  # type: ignore[import-not-found]

ACCOUNT = "101-004-9182736-001"


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", default="quotes")
    parser.add_argument("--count", type=int, required=True)
    given = parser.parse_args()
    TRADING_ENVIRONMENTS["bench"] = {"api": given.url, "stream": given.url}
    api: Any = API(access_token="any", environment="bench", request_params={"timeout": 60})  # noqa: S106 - of nobody
    lines = api.request(PricingStream(ACCOUNT, params={"instruments": "EUR_USD"}))
    # The first price is not of the flood.
    next(lines)
    events = began_ns = 0
    for line in lines:
        if line["type"] != "PRICE":
            continue
        if not events:
            began_ns = time.process_time_ns()
        events += 1
        if events == given.count:
            break
    ended_ns = time.time_ns()
    cpu_ns = time.process_time_ns() - began_ns
    print(json.dumps({"ended_ns": ended_ns, "cpu_ns": cpu_ns, "events": events}))


if __name__ == "__main__":
    main()
