"""Limits of the simulated Binance.US: calendar windows, weights, headers, bans."""

from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.plain_binance_us import START_MS, PlainClient, bad, good, order
from venuetree.scenarios.simulated.binance_us import Profile, Settings
from venuetree.scenarios.simulated.binance_us.limits import Counted, Rule
from venuetree.scenarios.simulated.wire import Response

SMALL = (
    Rule(Counted.WEIGHT, "MINUTE", 1, 10),
    Rule(Counted.ORDERS, "SECOND", 10, 2),
    Rule(Counted.ORDERS, "DAY", 1, 3),
    Rule(Counted.RAW, "MINUTE", 5, 1000),
)
TOO_MUCH_TEXT = (
    "Too much request weight used; current limit is 10 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
TOO_MUCH = (-1003, TOO_MUCH_TEXT)


def weight(response: Response) -> int:
    """The weight used, by either header."""
    headers = dict(response.headers)
    assert headers["x-mbx-used-weight"] == headers["x-mbx-used-weight-1m"]
    return int(headers["x-mbx-used-weight-1m"])


WEIGHTS: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("GET", "ping", {}, 1, 1),
    ("GET", "time", {}, 1, 1),
    ("GET", "exchangeInfo", {}, 10, 20),
    *[
        ("GET", "depth", {"symbol": "BTCUSD", **limit}, doc, live)
        for limit, doc, live in (
            ({}, 1, 5),
            ({"limit": 100}, 1, 5),
            ({"limit": 101}, 5, 25),
            ({"limit": 500}, 5, 25),
            ({"limit": 501}, 10, 50),
            ({"limit": 1000}, 10, 50),
            ({"limit": 1001}, 50, 250),
            ({"limit": 9999}, 50, 250),
        )
    ],
    ("GET", "trades", {"symbol": "BTCUSD"}, 1, 25),
    ("GET", "aggTrades", {"symbol": "BTCUSD"}, 1, 4),
    ("GET", "klines", {"symbol": "BTCUSD", "interval": "1m"}, 1, 2),
    ("GET", "avgPrice", {"symbol": "BTCUSD"}, 1, 2),
    ("GET", "ticker/24hr", {"symbol": "BTCUSD"}, 1, 2),
    ("GET", "ticker/24hr", {"symbols": '["BTCUSD","ETHUSD"]'}, 1, 2),
    ("GET", "ticker/24hr", {}, 40, 80),
    ("GET", "ticker/price", {"symbol": "BTCUSD"}, 1, 2),
    ("GET", "ticker/price", {}, 2, 4),
    ("GET", "ticker/bookTicker", {}, 2, 4),
    ("GET", "ticker", {"symbols": '["BTCUSD","ETHUSD"]'}, 4, 8),
]
SIGNED_WEIGHTS: list[tuple[str, str, dict[str, Any], int, int]] = [
    ("POST", "order", order(), 1, 0),
    ("POST", "order", order(quantity="1000"), 1, 1),
    ("POST", "order/test", order(), 1, 1),
    ("DELETE", "openOrders", {"symbol": "BTCUSD"}, 1, 0),
    ("DELETE", "openOrders", {"symbol": "BTCUSD"}, 1, 1),
    ("GET", "openOrders", {"symbol": "BTCUSD"}, 3, 6),
    ("GET", "openOrders", {}, 40, 80),
    ("GET", "allOrders", {"symbol": "BTCUSD"}, 10, 20),
    ("GET", "account", {}, 10, 20),
    ("GET", "myTrades", {"symbol": "BTCUSD"}, 10, 20),
    ("GET", "myTrades", {"symbol": "BTCUSD", "orderId": 1}, 10, 5),
    ("GET", "rateLimit/order", {}, 20, 40),
    ("GET", "order", {"symbol": "BTCUSD", "orderId": 1}, 2, 4),
    ("GET", "openOrderList", {}, 3, 6),
    ("GET", "allOrderList", {}, 10, 20),
]


@pytest.mark.parametrize("profile", Profile)
def test_each_call_weighs_what_its_profile_says(profile: Profile) -> None:
    """As the headers tell; refused ones too."""
    client = PlainClient(Settings(profile=profile))
    told, expected = {}, {}

    for is_signed, table in ((False, WEIGHTS), (True, SIGNED_WEIGHTS)):
        for method, path, params, doc, live in table:
            client.now_ms += 60_000
            response = (
                client.signed(method, path, params) if is_signed else client.public(path, params)
            )
            told[method, path, str(params)] = weight(response)
            expected[method, path, str(params)] = doc if profile is Profile.DOC else live

    assert told == expected


def test_the_window_is_the_calendars_minute() -> None:
    """It ends with second 59, however late it was begun."""
    client = PlainClient()
    client.now_ms = START_MS + 59_999

    before = weight(client.public("time"))
    again = weight(client.public("time"))
    client.now_ms += 1

    assert (before, again, weight(client.public("time"))) == (1, 2, 1)


def test_over_the_weight_is_429_then_418_and_the_ban_grows() -> None:
    """Who does not heed `Retry-After` is banned, two minutes at first."""
    client = PlainClient(Settings(rules=SMALL, patience=2))
    client.now_ms = START_MS + 18_000
    for _ in range(10):
        good(client.public("ping"))

    warned = [client.public("ping") for _ in range(2)]
    banned = client.public("ping")
    client.now_ms += 119_999
    still = client.public("ping")
    elsewhere = client.public("ping", client="10.0.0.1")
    client.now_ms += 1

    assert [bad(response, 429) for response in warned] == [TOO_MUCH] * 2
    assert [dict(response.headers)["retry-after"] for response in warned] == ["42", "42"]
    until = START_MS + 18_000 + 120_000
    text = (
        f"Way too much request weight used; IP banned until {until}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    ban = (-1003, text)
    assert [bad(banned, 418), bad(still, 418)] == [ban, ban]
    assert dict(banned.headers)["retry-after"] == "120"
    assert dict(still.headers)["retry-after"] == "1"
    assert good(elsewhere) == good(client.public("ping")) == {}

    for _ in range(12):
        second_ban = client.public("ping")

    assert dict(second_ban.headers)["retry-after"] == "240"


def test_who_waits_as_told_is_not_banned() -> None:
    """Each window begins anew, and patience with it."""
    client = PlainClient(Settings(rules=SMALL, patience=1))

    for _ in range(4):
        statuses = [client.public("ping").status for _ in range(11)]
        client.now_ms += 60_000
        assert statuses == [200] * 10 + [429]


def test_orders_are_counted_by_account_in_both_windows() -> None:
    """Over a limit is 429 and -1015; the refused one is not counted; a cancel is no order."""
    client = PlainClient(Settings(rules=(Rule(Counted.WEIGHT, "MINUTE", 1, 1000), *SMALL[1:])))
    other = client.sim.add_account("other", {"USD": Decimal(10**6)})

    first = client.signed("POST", "order", order(newClientOrderId="a"))
    client.cancel(origClientOrderId="a")
    second = client.signed("POST", "order", order())
    third = client.signed("POST", "order", order())
    others = client.signed("POST", "order", order(), key=other)
    client.now_ms += 10_000
    fourth = client.signed("POST", "order", order())
    client.now_ms += 10_000
    fifth = client.signed("POST", "order", order())

    counts = [
        tuple(dict(r.headers)[f"x-mbx-order-count-{w}"] for w in ("10s", "1d"))
        for r in (first, second, others, fourth)
    ]
    assert counts == [("1", "1"), ("2", "2"), ("1", "1"), ("1", "3")]
    assert bad(third, 429) == (
        -1015,
        "Too many new orders; current limit is 2 orders per 10 SECOND.",
    )
    assert bad(fifth, 429) == (-1015, "Too many new orders; current limit is 3 orders per 1 DAY.")
    assert dict(third.headers)["retry-after"] == "10"
    told = client.get("rateLimit/order")
    assert [(each["interval"], each["limit"], each["count"]) for each in told] == [
        ("SECOND", 2, 0),
        ("DAY", 3, 3),
    ]


def test_order_counts_go_with_what_was_placed_only() -> None:
    """A pair counts two; refusals and other calls do not tell the counts."""
    client = PlainClient()
    pair = {"symbol": "BTCUSD", "side": "SELL", "quantity": "0.1"}
    pair |= {"price": "70000", "stopPrice": "60000"}

    placed = client.signed("POST", "order/oco", pair)
    others = [
        client.signed("POST", "order", order(quantity="1000")),
        client.signed("GET", "openOrders"),
    ]

    assert dict(placed.headers)["x-mbx-order-count-10s"] == "2"
    assert [[name for name, _ in r.headers if "order-count" in name] for r in others] == [[], []]


def test_the_counts_that_are_told_are_those_of_when_it_was_counted() -> None:
    """However long it is in the engine: not those of the window that has begun meanwhile."""
    client = PlainClient()

    def pass_time(account: str, event: dict[str, Any]) -> None:
        del account, event
        client.now_ms += 10_000

    client.sim.venue.events.listeners.append(pass_time)
    placed = client.signed("POST", "order", order())

    assert dict(placed.headers)["x-mbx-order-count-10s"] == "1"


def test_requests_are_counted_whatever_they_weigh() -> None:
    """By the older documents five thousand in five minutes."""
    rules = (*SMALL[1:3], Rule(Counted.RAW, "MINUTE", 5, 2))
    client = PlainClient(Settings(profile=Profile.DOC, rules=rules))

    answers = [client.public("ping") for _ in range(3)]

    text = (
        "Too many requests; current limit is 2 requests per 5 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    assert bad(answers[2], 429) == (-1003, text)


def test_limits_can_be_counted_without_being_enforced() -> None:
    """The headers go on telling."""
    client = PlainClient(Settings(rules=SMALL, limits_enforced=False))

    answers = [client.public("ping") for _ in range(20)]

    assert weight(answers[-1]) == 20
