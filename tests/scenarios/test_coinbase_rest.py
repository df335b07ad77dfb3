"""REST of the simulated Coinbase: reading, paging, limits, and what goes wrong on the way."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_client import (
    BASE,
    HOST,
    SECOND,
    START_NS,
    PlainClient,
    limit_gtc,
)
from venuetree.scenarios.faults import (
    Body,
    DelayFills,
    DelayRequest,
    Fault,
    LoseReply,
    LoseRequest,
    Loss,
    Respond,
    SlowReply,
    StaleReplica,
    TruncateBody,
)
from venuetree.scenarios.simulated.coinbase import Settings
from venuetree.scenarios.simulated.limits import Limit
from venuetree.scenarios.simulated.log import LogKind
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import rfc3339
from venuetree.scenarios.simulated.wire import Delivery, Request

D = Decimal
ORDERS = f"POST {BASE}/orders"
PUBLIC = "/market/products/BTC-USD"


def test_accounts_come_in_pages() -> None:
    """A page says whether there is more; all pages together are all accounts."""
    client = PlainClient()
    seen, cursor = [], ""
    while True:
        page = client.get("/accounts", ("limit", "3"), ("cursor", cursor))
        seen += [account["currency"] for account in page["accounts"]]
        assert page["size"] == len(page["accounts"])
        cursor = page["cursor"]
        if not page["has_next"]:
            break

    assert (seen, cursor) == (["BTC", "ETH", "USD", "USDC"], "")
    one = client.get("/accounts")["accounts"][0]
    assert client.get(f"/accounts/{one['uuid']}")["account"] == one
    assert client.response("GET", "/accounts/nobody").status == 404


def test_orders_come_in_pages_newest_first_and_stay_right_while_new_ones_come() -> None:
    """The cursor names an order, not a place."""
    client = PlainClient()
    ids = [client.placed(limit_gtc("0.01", "50000")) for _ in range(5)]

    first = client.get("/orders/historical/batch", ("limit", "2"))
    client.placed(limit_gtc("0.01", "50000"))
    second = client.get("/orders/historical/batch", ("limit", "3"), ("cursor", first["cursor"]))

    assert [o["order_id"] for o in first["orders"] + second["orders"]] == ids[::-1]
    assert (first["has_next"], second["has_next"], second["cursor"]) == (True, False, "")
    bad = client.response("GET", "/orders/historical/batch", query=(("cursor", "x"),))
    assert bad.status == 400


def test_orders_are_found_by_every_filter() -> None:
    """Repeated keys are alternatives, different keys are conditions."""
    client = PlainClient()
    bid = client.placed(limit_gtc("0.01", "50000"))
    client.now_ns += SECOND
    ask = client.placed(limit_gtc("1", "5000"), side="SELL", product="ETH-USD")
    client.now_ns += SECOND
    market = client.placed({"market_market_ioc": {"base_size": "0.01"}})

    def found(*query: tuple[str, str]) -> list[str]:
        return [o["order_id"] for o in client.get("/orders/historical/batch", *query)["orders"]]

    assert found(("order_ids", bid), ("order_ids", ask)) == [ask, bid]
    assert found(("product_ids", "ETH-USD")) == [ask]
    assert found(("order_status", "OPEN")) == [ask, bid]
    assert found(("order_status", "FILLED"), ("order_status", "CANCELLED")) == [market]
    assert found(("order_types", "MARKET")) == [market]
    assert found(("time_in_forces", "GOOD_UNTIL_CANCELLED"), ("order_side", "BUY")) == [bid]
    assert found(("start_date", rfc3339(START_NS + SECOND))) == [market, ask]
    assert found(("end_date", rfc3339(START_NS + SECOND))) == [bid]
    assert found(("product_type", "FUTURE")) == []
    mixed = (("order_status", "OPEN"), ("order_status", "FILLED"))
    assert client.response("GET", "/orders/historical/batch", query=mixed).status == 400


def test_fills_come_in_pages_with_nothing_but_a_cursor() -> None:
    """Newest first, until the cursor is empty; filters as for orders."""
    client = PlainClient()
    orders = []
    for _ in range(5):
        orders.append(client.placed({"market_market_ioc": {"base_size": "0.001"}}))
        client.now_ns += SECOND

    pages = [client.get("/orders/historical/fills", ("limit", "2"))]
    while pages[-1]["cursor"]:
        query = (("limit", "2"), ("cursor", pages[-1]["cursor"]))
        pages.append(client.get("/orders/historical/fills", *query))

    assert [f["order_id"] for page in pages for f in page["fills"]] == orders[::-1]
    assert [sorted(page) for page in pages] == [["cursor", "fills"]] * 3
    since = client.get(
        "/orders/historical/fills", ("start_sequence_timestamp", rfc3339(START_NS + 4 * SECOND))
    )
    assert [f["order_id"] for f in since["fills"]] == orders[4:]


def test_products_are_told_on_both_paths() -> None:
    """The universe, one by one and as a list; futures are an empty list."""
    client = PlainClient(Settings(extra_products=2, private_limit=None, public_limit=None))

    listed = client.get("/products")
    ids = [product["product_id"] for product in listed["products"]]

    assert ids == ["BTC-USD", "ETH-USD", "ETH-BTC", "T01-USD", "T02-USD"]
    assert listed["num_products"] == 5
    assert client.get("/products/ETH-BTC") == client.get("/market/products/ETH-BTC")
    assert client.get("/market/products", ("product_type", "FUTURE"))["products"] == []
    some = client.get("/products", ("product_ids", "ETH-BTC"), ("product_ids", "BTC-USD"))
    assert [product["product_id"] for product in some["products"]] == ["BTC-USD", "ETH-BTC"]
    page = client.get("/products", ("limit", "2"), ("offset", "1"))
    assert [product["product_id"] for product in page["products"]] == ids[1:3]


def test_an_unknown_product_is_told_in_two_ways() -> None:
    """404 on the public path, 400 on the private one."""
    client = PlainClient()

    public = client.response("GET", "/market/products/NOPE-USD")
    private = client.response("GET", "/products/NOPE-USD")

    assert (public.status, json.loads(public.body)) == (
        404,
        {"error": "NOT_FOUND", "message": "Product NOPE-USD not supported"},
    )
    assert (private.status, json.loads(private.body)["error_details"]) == (
        400,
        "ProductID is invalid",
    )
    assert client.response("GET", "/product_book").status == 400


def test_the_book_is_told_best_first_and_agrees_with_the_best_prices() -> None:
    """As many levels as asked for."""
    client = PlainClient()

    answer = client.get("/product_book", ("product_id", "BTC-USD"), ("limit", "3"))
    best = client.get("/best_bid_ask", ("product_ids", "BTC-USD"))["pricebooks"]

    book = answer["pricebook"]
    for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
        levels = client.sim.book("BTC-USD", side)[:3]
        assert [(D(e["price"]), D(e["size"])) for e in book[name]] == levels
        assert best[0][name] == book[name][:1]
    assert D(answer["mid_market"]) == D("64283.25")
    assert D(answer["spread_absolute"]) == D("0.02")
    everything = client.get("/best_bid_ask")["pricebooks"]
    assert [b["product_id"] for b in everything] == ["BTC-USD", "ETH-USD", "ETH-BTC"]


def test_an_aggregated_book_keeps_its_quantity() -> None:
    """Bids are gathered downwards, asks upwards."""
    client = PlainClient()
    query = (("product_id", "BTC-USD"), ("aggregation_price_increment", "1"))

    book = client.get("/market/product_book", *query)["pricebook"]

    for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
        whole = sum((q for _, q in client.sim.book("BTC-USD", side)), start=D(0))
        assert sum((D(e["size"]) for e in book[name]), start=D(0)) == whole
        assert all(D(e["price"]) % 1 == 0 for e in book[name])
    assert D(book["bids"][0]["price"]) < D(book["asks"][0]["price"])


def test_candles_are_newest_first_and_a_wide_window_is_refused() -> None:
    """Refused, not cut; the same window gives the same candles."""
    client = PlainClient()
    end = client.now_s

    def candles(buckets: int) -> Any:
        query = (
            ("granularity", "ONE_HOUR"),
            ("end", str(end)),
            ("start", str(end - 3600 * buckets)),
        )
        return client.response("GET", f"{PUBLIC}/candles", query=query)

    wide, narrow = candles(350), candles(349)

    starts = [int(c["start"]) for c in json.loads(narrow.body)["candles"]]
    assert wide.status == 400
    assert b"number of candles requested should be less than 350" in wide.body
    assert starts == sorted(starts, reverse=True)
    assert len(starts) >= 348
    assert candles(349).body == narrow.body
    for candle in json.loads(narrow.body)["candles"]:
        low, high = D(candle["low"]), D(candle["high"])
        assert low <= min(D(candle["open"]), D(candle["close"]))
        assert high >= max(D(candle["open"]), D(candle["close"]))
    wrong = client.response("GET", f"{PUBLIC}/candles", query=(("granularity", "ONE_YEAR"),))
    assert wrong.status == 400


def test_public_trades_are_newest_first_with_the_makers_side() -> None:
    """A limit is required, a hundred is the most, and past a thousand the exchange breaks."""
    client = PlainClient()
    client.sim.trade("BTC-USD", Side.SELL, D("0.01"))

    def trades(*query: tuple[str, str]) -> Any:
        return client.response("GET", f"{PUBLIC}/ticker", query=query)

    answer = json.loads(trades(("limit", "2")).body)
    ids = [int(trade["trade_id"]) for trade in answer["trades"]]

    assert (answer["trades"][0]["side"], answer["trades"][0]["size"]) == ("BUY", "0.01")
    assert ids[0] == ids[1] + 1
    assert len(json.loads(trades(("limit", "1000")).body)["trades"]) == 100
    assert [trades().status, trades(("limit", "1001")).status] == [400, 500]
    window = (("limit", "100"), ("end", str(START_NS // SECOND - 30)))
    assert 0 < len(json.loads(trades(*window).body)["trades"]) < 100


def test_the_rest_of_the_account_can_be_read() -> None:
    """Fees as numbers and strings, the portfolio; INTX is not for this account."""
    client = PlainClient()
    client.placed({"market_market_ioc": {"quote_size": "100"}})

    summary = client.get("/transaction_summary", ("product_type", "SPOT"))

    assert summary["fee_tier"]["taker_fee_rate"] == "0.009"
    assert 0.8 < summary["total_fees"] < 1
    assert client.get("/portfolios")["portfolios"][0]["type"] == "DEFAULT"
    assert client.response("GET", "/intx/positions/x").status == 403
    assert client.response("GET", "/nowhere").status == 404
    position = {"client_order_id": "x", "product_id": "BTC-PERP"}
    assert client.post("/orders/close_position", position)["success"] is False


def test_each_side_has_its_limit_and_tells_it_in_headers() -> None:
    """Thirty private requests a second of the user, ten public ones of the address."""
    client = PlainClient(Settings())
    private = [client.response("GET", "/accounts").status for _ in range(31)]
    public = [client.response("GET", "/time", headers={}).status for _ in range(11)]
    limited = client.response("GET", "/accounts")
    client.now_ns += SECOND // 2
    later = client.response("GET", "/accounts", key=client.sim.ed25519_key)

    assert private == [200] * 30 + [429]
    assert public == [200] * 10 + [429]
    assert dict(limited.headers) == {
        "x-ratelimit-limit": "30",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "1",
    }
    assert (later.status, dict(later.headers)["x-ratelimit-remaining"]) == (200, "14")


@pytest.mark.parametrize(
    ("body", "content_type", "begin"),
    [
        (Body.JSON, "application/json", b'{"errors":[{"id":"rate_limit_exceeded"'),
        (Body.HTML, "text/html", b"<!DOCTYPE html>"),
        (Body.EMPTY, "text/plain", b""),
    ],
)
def test_a_limited_request_is_told_in_the_configured_form(
    body: Body, content_type: str, begin: bytes
) -> None:
    """JSON, HTML or nothing, with a Retry-After if so configured."""
    settings = Settings(
        private_limit=Limit(per_second=1, burst=1), too_many_requests=body, retry_after_s=3
    )
    client = PlainClient(settings)
    client.response("GET", "/accounts")

    response = client.response("GET", "/accounts")

    assert (response.status, response.content_type) == (429, content_type)
    assert response.body.startswith(begin)
    assert bool(response.body) == bool(begin)
    assert dict(response.headers)["retry-after"] == "3"


# Faults of requests


def create(client: PlainClient, client_order_id: str = "c") -> Any:
    """Send one create request; the whole answer."""
    body = {
        "client_order_id": client_order_id,
        "product_id": "BTC-USD",
        "side": "BUY",
        "order_configuration": limit_gtc("0.1", "60000"),
    }
    return client.send("POST", "/orders", body=body)


@pytest.mark.parametrize(
    ("how", "delivery"),
    [
        (Loss.CLOSED, Delivery.CLOSED),
        (Loss.RESET, Delivery.RESET),
        (Loss.HANGING, Delivery.HANGING),
    ],
)
@pytest.mark.parametrize(("kind", "applied"), [(LoseRequest, 0), (LoseReply, 1)])
def test_a_request_or_its_reply_is_lost(
    kind: type[LoseRequest | LoseReply], applied: int, how: Loss, delivery: Delivery
) -> None:
    """Before or after it took effect; only requests that fit, only so many times."""
    client = PlainClient()
    scheduled = client.sim.faults.add(kind(to=ORDERS, how=how))

    other = client.send("GET", "/accounts").delivery
    lost = create(client).delivery
    count = len(client.sim.orders)
    again = create(client, "d").delivery

    assert (other, lost, count, again) == (Delivery.WHOLE, delivery, applied, Delivery.WHOLE)
    assert (scheduled.fired, scheduled.active) == (1, False)
    (entry,) = client.sim.log.faults
    assert (entry.time_ns, entry.kind, entry.subject, entry.detail) == (
        START_NS,
        LogKind.FAULT,
        kind.__name__,
        ORDERS,
    )


def test_a_delayed_request_is_applied_when_nobody_expects_it_any_more() -> None:
    """The client asks too early and is told that there is no such order."""
    client = PlainClient()
    client.sim.faults.add(DelayRequest(to=ORDERS, delay_s=2))

    delivery = create(client).delivery
    early = client.get("/orders/historical/batch")["orders"]
    client.advance(2.1)

    assert (delivery, early) == (Delivery.CLOSED, [])
    assert [o["client_order_id"] for o in client.get("/orders/historical/batch")["orders"]] == ["c"]


@pytest.mark.parametrize("orders", [0, 1])
@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504])
def test_a_status_is_answered_before_or_after_the_order(status: int, orders: int) -> None:
    """A 5xx says nothing about what happened."""
    client = PlainClient()
    client.sim.faults.add(Respond(to=ORDERS, status=status, applied=orders == 1, retry_after_s=2))

    response = create(client).response

    assert (response.status, len(client.sim.orders)) == (status, orders)
    assert dict(response.headers)["retry-after"] == "2"
    if status == 401:
        assert response.body == b"Unauthorized"


@pytest.mark.parametrize(
    ("body", "text", "expected"),
    [
        (Body.EMPTY, None, b""),
        (Body.TEXT, None, b"error 503"),
        (Body.HTML, None, b"<!DOCTYPE html><html><body><h1>Error 503</h1></body></html>"),
        (Body.HTML, "<p>", b"<p>"),
    ],
)
def test_an_error_answer_has_the_body_that_was_scripted(
    body: Body, text: str | None, expected: bytes
) -> None:
    """Any of the forms in which the exchange has been seen to fail."""
    client = PlainClient()
    client.sim.faults.add(Respond(status=503, body=body, body_text=text))

    assert client.response("GET", "/accounts").body == expected


def test_a_reply_comes_late_or_cut() -> None:
    """Late: applied at once. Cut: half a JSON text, or a connection that ends in the body."""
    client = PlainClient()
    whole = client.response("GET", "/products/BTC-USD").body
    client.sim.faults.add(SlowReply(delay_s=1.5))
    slow = client.send("GET", "/time").delay_ns
    client.sim.faults.add(TruncateBody())
    short = client.response("GET", "/products/BTC-USD").body
    client.sim.faults.add(TruncateBody(how=Loss.CLOSED))
    cut = client.send("GET", "/products/BTC-USD").delivery

    assert (slow, cut) == (1_500_000_000, Delivery.TRUNCATED)
    assert short == whole[: len(whole) // 2]


def test_a_stale_replica_does_not_know_young_orders() -> None:
    """Alone and in lists, until they are old enough; the order is there all the time."""
    client = PlainClient()
    client.sim.faults.add(StaleReplica(for_s=2))
    order_id = client.placed(limit_gtc("0.1", "60000"))

    young = client.response("GET", f"/orders/historical/{order_id}")
    listed = client.get("/orders/historical/batch")["orders"]
    client.now_ns += 2 * SECOND

    assert (young.status, json.loads(young.body)["error_details"]) == (
        404,
        "order with this orderID was not found",
    )
    assert (listed, len(client.sim.orders)) == ([], 1)
    assert client.order(order_id)["status"] == "OPEN"
    assert [e.subject for e in client.sim.log.faults] == ["StaleReplica"] * 2


def test_fills_can_be_late() -> None:
    """The order shows them before the list of fills does."""
    client = PlainClient()
    client.sim.faults.add(DelayFills(for_s=1))
    order_id = client.placed({"market_market_ioc": {"base_size": "0.01"}})

    early = client.get("/orders/historical/fills", ("order_ids", order_id))["fills"]
    client.now_ns += SECOND

    assert (early, client.order(order_id)["filled_size"]) == ([], "0.01")
    assert len(client.get("/orders/historical/fills", ("order_ids", order_id))["fills"]) == 1


def test_faults_wait_count_and_can_be_called_off() -> None:
    """`after` lets some pass, `times` bounds the firings, None is for ever."""
    client = PlainClient()
    scheduled = client.sim.faults.add(Respond(to="GET */accounts", status=503, times=2, after=1))
    counted = [client.response("GET", "/accounts").status for _ in range(5)]
    forever = client.sim.faults.add(Respond(status=500, times=None))
    during = [client.response("GET", "/accounts").status for _ in range(3)]
    forever.remove()
    called_off = client.response("GET", "/accounts").status
    client.sim.faults.add(Respond(status=500))
    client.sim.faults.clear()

    assert counted == [200, 503, 503, 200, 200]
    assert (during, called_off, scheduled.fired) == ([500] * 3, 200, 2)
    assert client.response("GET", "/accounts").status == 200


@pytest.mark.parametrize("fault", [LoseReply(), Respond(), SlowReply()])
def test_faults_are_values(fault: Fault) -> None:
    """Equal when made alike, and unchangeable."""
    assert fault == type(fault)()
    with pytest.raises(AttributeError):
        fault.times = 3  # type: ignore[misc]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_a_bad_request(body: bytes) -> None:
    """An empty one counts as an empty object."""
    client = PlainClient()
    answer = client.send("POST", "/orders", body={})
    request = Request("POST", f"{BASE}/orders", (), {"host": HOST}, body)

    unsigned = client.sim.handle("rest", request).response.status

    assert (answer.response.status, unsigned) == (400, 401)
