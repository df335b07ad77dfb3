"""The life of an order, and of six subscriptions, as the exchange's official SDK lives them.

Run by the interpreter of the SDK's own environment, which pins an older
websockets than ours: ``python coinbase_life_cycle.py es256|ed25519 < endpoints``.
The endpoints object comes on stdin. Every step prints one line; the exit
status is 0 only if all did what they should.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from coinbase.rest import RESTClient  # type: ignore[import-not-found, unused-ignore]
from coinbase.websocket import WSClient  # type: ignore[import-not-found, unused-ignore]
from requests.adapters import HTTPAdapter  # type: ignore[import-untyped, unused-ignore]

PRODUCT = "BTC-USD"
PATIENCE_S = 10.0


class Downgraded(HTTPAdapter):  # type: ignore[misc, unused-ignore]
    """Sends over http what the SDK insists on calling https."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a prepared request to the same host and path, without TLS."""
        request.url = urlunsplit(urlsplit(request.url)._replace(scheme="http"))
        return super().send(request, **options)


def check(name: str, *, holds: bool, seen: object = "") -> None:
    """Print one step; stop everything if it failed."""
    print(f"{'ok' if holds else 'FAILED'}: {name} {seen}".rstrip(), flush=True)  # noqa: T201 - its report
    if not holds:
        sys.exit(1)


def wait_until(name: str, condition: Callable[[], object]) -> None:
    """Wait for something that another thread of the client's brings about, and tells nobody of."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    check(name, holds=bool(condition()))


class Frames:
    """The frames that a stream brought, by channel."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._frames: list[dict[str, Any]] = []

    def add(self, text: str) -> None:
        """Take one frame in."""
        with self._lock:
            self._frames.append(json.loads(text))

    def all(self) -> list[dict[str, Any]]:
        """The frames so far, in their order."""
        with self._lock:
            return list(self._frames)

    def of(self, channel: str) -> list[dict[str, Any]]:
        """The frames of one channel."""
        return [frame for frame in self.all() if frame.get("channel") == channel]

    def several(self, channel: str) -> bool:
        """Whether a channel brought more than its first frame."""
        return len(self.of(channel)) > 1

    def orders(self, client_order_id: str) -> list[str]:
        """The states of one order, as the user channel told them."""
        return [
            order["status"]
            for frame in self.of("user")
            for event in frame["events"]
            for order in event["orders"] or []
            if order["client_order_id"] == client_order_id
        ]


def read_account(client: Any) -> None:
    """Accounts and permissions."""
    accounts = {a["currency"]: a for a in client.get_accounts(limit=2)["accounts"]}
    check("accounts, first page", holds=len(accounts) == 2, seen=sorted(accounts))
    everything = client.get_accounts()["accounts"]
    usd = next(a for a in everything if a["currency"] == "USD")
    funds = Decimal(usd["available_balance"]["value"])
    check("a million to trade with", holds=funds >= 10**6, seen=funds)
    check("one account", holds=client.get_account(usd["uuid"])["account"]["currency"] == "USD")
    check("key permissions", holds=client.get_api_key_permissions()["can_trade"])
    check("fees", holds=bool(client.get_transaction_summary()["fee_tier"]["taker_fee_rate"]))
    check("portfolios", holds=bool(client.get_portfolios()["portfolios"]))


def read_market(client: Any) -> Decimal:
    """Products, books, candles, trades; the best bid."""
    product = client.get_product(PRODUCT)
    check("product", holds=product["price_increment"] == "0.01", seen=product["price"])
    check("products", holds=client.get_products()["num_products"] >= 3)
    futures = client.get_public_products(product_type="FUTURE")
    check("no futures", holds=futures["products"] == [])
    book = client.get_product_book(PRODUCT, limit=5)["pricebook"]
    check("book", holds=len(book["bids"]) == len(book["asks"]) == 5)
    best = client.get_best_bid_ask([PRODUCT])["pricebooks"]
    check("best bid and ask", holds=len(best) == 1 and best[0]["product_id"] == PRODUCT)
    now = int(client.get_unix_time()["epoch_seconds"])
    candles = client.get_candles(
        PRODUCT, start=str(now - 3600), end=str(now), granularity="FIVE_MINUTE"
    )
    check("candles", holds=len(candles["candles"]) >= 10)
    trades = client.get_public_market_trades(PRODUCT, limit=3)
    check("market trades", holds=len(trades["trades"]) == 3)
    return Decimal(book["bids"][0]["price"])


def trade(client: Any, frames: Frames, best_bid: Decimal) -> None:
    """A limit order that is cancelled, and market orders that fill."""
    low = str((best_bid / 2).quantize(Decimal("0.01")))
    resting = str(uuid4())
    made = client.limit_order_gtc_buy(resting, PRODUCT, "0.01", low, post_only=True)
    check("limit order", holds=made["success"])
    order_id = made["success_response"]["order_id"]
    again = client.limit_order_gtc_buy(resting, PRODUCT, "0.01", low, post_only=True)
    same = again["success_response"]["order_id"] == order_id
    check("the same client id is the same order", holds=same)
    check("get order", holds=client.get_order(order_id)["order"]["status"] == "OPEN")
    listed = client.list_orders(order_status=["OPEN"], product_ids=[PRODUCT])["orders"]
    check("list orders", holds=[order["order_id"] for order in listed] == [order_id])
    edited = client.edit_order(order_id, size="0.02", price=low)
    check("edit", holds=edited["success"])
    cancelled = client.cancel_orders([order_id])["results"]
    check("cancel", holds=[result["success"] for result in cancelled] == [True])
    wait_until("user channel: cancelled", lambda: "CANCELLED" in frames.orders(resting))
    states = frames.orders(resting)
    check("its states", holds=states[:2] == ["PENDING", "OPEN"], seen=states)
    check("get it again", holds=client.get_order(order_id)["order"]["status"] == "CANCELLED")

    bought = str(uuid4())
    made = client.market_order_buy(bought, PRODUCT, quote_size="250.00")
    check("market order by quote", holds=made["success"])
    wait_until("user channel: filled", lambda: "FILLED" in frames.orders(bought))
    fills = client.get_fills(order_ids=[made["success_response"]["order_id"]])["fills"]
    check("fills", holds=bool(fills), seen=len(fills))
    made = client.market_order_sell(str(uuid4()), PRODUCT, base_size="0.002")
    check("market order by base", holds=made["success"])
    refused = client.market_order_sell(str(uuid4()), PRODUCT, base_size="1000")
    reason = refused["error_response"]["error"]
    check("no funds", holds=reason == "INSUFFICIENT_FUND", seen=reason)
    preview = client.preview_limit_order_gtc_buy(PRODUCT, "0.01", low)
    check("preview", holds=preview["errs"] == [])


def main() -> None:
    """All of it, with one kind of key."""
    endpoints = json.load(sys.stdin)["coinbase"]
    prefix = {"es256": ("key_name", "private_key")}.get(
        sys.argv[1], ("ed25519_key_name", "ed25519_private_key")
    )
    key, secret = (endpoints["credentials"][name] for name in prefix)
    client = RESTClient(api_key=key, api_secret=secret, base_url=urlsplit(endpoints["rest"]).netloc)
    client.session.mount("https://", Downgraded())
    market, account = Frames(), Frames()
    stream = WSClient(api_key=key, api_secret=secret, base_url=endpoints["stream"],
                      on_message=market.add, retry=False)  # fmt: skip
    users = WSClient(api_key=key, api_secret=secret, base_url=endpoints["user_stream"],
                     on_message=account.add, retry=False)  # fmt: skip
    users.open()
    users.user([])
    users.heartbeats()
    wait_until("user snapshot", lambda: account.of("user"))
    stream.open()
    stream.subscribe([PRODUCT], ["ticker", "level2", "market_trades", "candles"])
    stream.heartbeats()
    read_account(client)
    best_bid = read_market(client)
    trade(client, account, best_bid)
    for channel in ("ticker", "l2_data", "market_trades", "candles", "heartbeats"):
        wait_until(f"stream: {channel}", partial(market.several, channel))
    numbers = [frame["sequence_num"] for frame in market.all()]
    check("no gap in the sequence", holds=numbers == list(range(len(numbers))), seen=len(numbers))
    stream.unsubscribe([PRODUCT], ["level2"])
    left = "level2"
    wait_until(
        "unsubscribed",
        lambda: left not in market.of("subscriptions")[-1]["events"][0]["subscriptions"],
    )
    stream.close()
    users.close()
    print("done", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
