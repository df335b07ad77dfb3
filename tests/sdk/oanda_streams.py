"""Both streams of a simulated OANDA, as oandapyV20 reads them.

Run by the interpreter of the SDK's own environment:
``python oanda_streams.py < endpoints``. The endpoints object comes on stdin.
Every step prints one line; the exit status is 0 only if all did what they
should.
"""

import json
import sys
from threading import Thread
from typing import Any

from oandapyV20 import API  # type: ignore[import-not-found, unused-ignore]
from oandapyV20.contrib.requests import (  # type: ignore[import-not-found, unused-ignore]
    MarketOrderRequest,
)
from oandapyV20.endpoints import (  # type: ignore[import-not-found, unused-ignore]
    orders,
    positions,
    pricing,
    transactions,
)
from oandapyV20.exceptions import (  # type: ignore[import-not-found, unused-ignore]
    StreamTerminated,
    V20Error,
)
from oandapyV20.oandapyV20 import (  # type: ignore[import-not-found, unused-ignore]
    TRADING_ENVIRONMENTS,
)

INSTRUMENTS = "EUR_USD,USD_JPY"
LONGEST_SILENCE_S = 10


def check(name: str, *, holds: bool, seen: object = "") -> None:
    """Print one step; stop everything if it failed."""
    print(f"{'ok' if holds else 'FAILED'}: {name} {seen}".rstrip(), flush=True)  # noqa: T201 - its report
    if not holds:
        sys.exit(1)


def read_prices(api: Any, account: str) -> None:
    """A snapshot, prices that move, a heartbeat; then the client ends it."""
    request = pricing.PricingStream(accountID=account, params={"instruments": INSTRUMENTS})
    lines = api.request(request)
    first = [next(lines) for _ in range(2)]
    names = [line["instrument"] for line in first]
    check("snapshot", holds=names == INSTRUMENTS.split(","), seen=names)
    prices: list[str] = []
    beats = 0
    for line in lines:
        if line["type"] == "HEARTBEAT":
            beats += 1
        elif line["instrument"] == "EUR_USD":
            prices.append(line["bids"][0]["price"])
        if beats:
            break
    check("prices move", holds=len(set(prices)) >= 5, seen=len(prices))
    check("not too often", holds=len(prices) <= 5 * 4 + 2)
    lines.close()


def read_transactions(api: Any, trader: Any, account: str) -> None:
    """What another connection does, in order, and nothing from before."""
    request = transactions.TransactionsStream(accountID=account)
    lines = api.request(request)
    written: list[Any] = []

    def act() -> None:
        order = MarketOrderRequest(instrument="EUR_USD", units=500).data
        made = trader.request(orders.OrderCreate(account, data=order))
        written.extend([made["orderCreateTransaction"], made["orderFillTransaction"]])
        close = positions.PositionClose(account, instrument="EUR_USD", data={"longUnits": "ALL"})
        made = trader.request(close)
        written.extend([made["longOrderCreateTransaction"], made["longOrderFillTransaction"]])

    beat = next(lines)
    check("heartbeat", holds=beat["type"] == "HEARTBEAT", seen=beat["lastTransactionID"])
    acting = Thread(target=act)
    acting.start()
    told: list[Any] = []
    try:
        for line in lines:
            if line["type"] == "HEARTBEAT":
                continue
            told.append(line)
            if len(told) == 4:
                request.terminate("that is all")
    except StreamTerminated as end:
        check("terminated", holds=str(end) == "that is all")
    acting.join()
    check("transactions", holds=told == written, seen=[line["type"] for line in told])
    ids = [int(line["id"]) for line in told]
    expected = list(range(int(beat["lastTransactionID"]) + 1, ids[-1] + 1))
    check("no gap", holds=ids == expected, seen=ids)


def be_refused(api: Any, account: str) -> None:
    """Instruments that do not exist."""
    request = pricing.PricingStream(accountID=account, params={"instruments": "EUR_UDS"})
    try:
        next(api.request(request))
    except V20Error as error:
        check("unknown instrument", holds=error.code == 400, seen=error.msg)
    else:
        check("unknown instrument", holds=False)


def main() -> None:
    """All of it, at the addresses that stdin names."""
    endpoints = json.load(sys.stdin)["oanda"]
    TRADING_ENVIRONMENTS["sim"] = {"api": endpoints["rest"], "stream": endpoints["stream"]}
    token, account = (endpoints["credentials"][name] for name in ("token", "account_id"))
    options = {"environment": "sim", "request_params": {"timeout": LONGEST_SILENCE_S}}
    with API(access_token=token, **options) as api, API(access_token=token, **options) as trader:
        read_prices(api, account)
        read_transactions(api, trader, account)
        be_refused(api, account)
    print("done", flush=True)  # noqa: T201 - its report


if __name__ == "__main__":
    main()
