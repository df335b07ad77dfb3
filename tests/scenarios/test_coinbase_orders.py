"""Orders of the simulated Coinbase: their lives, their money, and every refusal."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scenarios.plain_client import QUIET, START_NS, PlainClient, Stream, limit_gtc
from venuetree.scenarios.simulated.coinbase import RepeatedId, Settings
from venuetree.scenarios.simulated.coinbase.venue import Venue
from venuetree.scenarios.simulated.matching import Side
from venuetree.scenarios.simulated.numbers import rfc3339

D = Decimal
OPENING = D("64283.25")
UNKNOWN = "UNKNOWN_FAILURE_REASON"


def supplies(venue: Venue) -> dict[str, Decimal]:
    """How much there is of each currency, over all owners."""
    return {currency: venue.ledger.supply(currency) for currency in ("BTC", "ETH", "USD", "USDC")}


def told(stream: Stream, order_id: str) -> list[tuple[str, str, str]]:
    """(status, cumulative quantity, leaves quantity) of an order on the user channel."""
    return [
        (order["status"], order["cumulative_quantity"], order["leaves_quantity"])
        for frame in stream.frames()
        if frame["channel"] == "user"
        for event in frame["events"]
        for order in event["orders"]
        if order["order_id"] == order_id
    ]


def test_the_account_begins_as_promised() -> None:
    """Enough of everything, nothing worth ten million, nothing held, no open order."""
    client = PlainClient()
    accounts = {a["currency"]: a for a in client.get("/accounts")["accounts"]}
    prices = {"USD": D(1), "USDC": D(1), "BTC": OPENING, "ETH": D("3120.55")}

    worth = {
        name: D(a["available_balance"]["value"]) * prices[name] for name, a in accounts.items()
    }

    assert all(10**6 <= value < 10**7 for value in worth.values()), worth
    assert {a["hold"]["value"] for a in accounts.values()} == {"0"}
    assert client.get("/orders/historical/batch", ("order_status", "OPEN"))["orders"] == []


def test_a_limit_order_rests_with_its_money_held_and_gives_it_back_when_cancelled() -> None:
    """PENDING, OPEN, CANCEL_QUEUED, CANCELLED; the hold includes the taker's fee."""
    client = PlainClient()
    stream = client.stream("user_stream")
    stream.subscribe("user", signed=True)

    order_id = client.placed(limit_gtc("0.5", "60000.10", post_only=True))
    resting, held = client.order(order_id), client.sim.balance("USD").held
    answer = client.post("/orders/batch_cancel", {"order_ids": [order_id]})
    queued = client.order(order_id)
    client.advance(0.05)

    assert (resting["status"], resting["outstanding_hold_amount"]) == ("OPEN", "30270.05045")
    assert held == D("0.5") * D("60000.10") * D("1.009")
    assert answer["results"] == [
        {
            "success": True,
            "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON",
            "order_id": order_id,
        }
    ]
    assert (queued["status"], queued["pending_cancel"]) == ("CANCEL_QUEUED", True)
    over = client.order(order_id)
    assert (over["status"], over["pending_cancel"]) == ("CANCELLED", False)
    assert client.sim.balance("USD").held == 0
    assert told(stream, order_id) == [
        ("PENDING", "0", "0.5"),
        ("OPEN", "0", "0.5"),
        ("CANCEL_QUEUED", "0", "0.5"),
        ("CANCELLED", "0", "0"),
    ]


def test_a_resting_order_is_filled_in_parts_at_its_own_price() -> None:
    """Maker's price, maker's fee; an order with fills stays OPEN until it is FILLED."""
    client = PlainClient()
    stream = client.stream("user_stream")
    stream.subscribe("user", signed=True)
    order_id = client.placed(limit_gtc("1", "64283.25"))

    client.sim.trade("BTC-USD", Side.SELL, D("0.4"))
    half = client.order(order_id)
    client.sim.trade("BTC-USD", Side.SELL, D("0.6"))

    assert (half["status"], half["filled_size"], half["completion_percentage"]) == (
        "OPEN",
        "0.4",
        "40",
    )
    assert D(half["outstanding_hold_amount"]) == D("0.6") * OPENING * D("1.009")
    whole = client.order(order_id)
    value = D(1) * OPENING
    assert (whole["status"], D(whole["filled_value"]), D(whole["total_fees"])) == (
        "FILLED",
        value,
        value * D("0.005"),
    )
    assert told(stream, order_id) == [
        ("PENDING", "0", "1"),
        ("OPEN", "0", "1"),
        ("OPEN", "0.4", "0.6"),
        ("FILLED", "1", "0"),
    ]
    fills = client.get("/orders/historical/fills", ("order_ids", order_id))["fills"]
    assert [(f["size"], f["liquidity_indicator"], f["size_in_quote"]) for f in fills] == [
        ("0.6", "MAKER", False),
        ("0.4", "MAKER", False),
    ]
    assert client.sim.balance("USD").total == D(2000000) - value * D("1.005")
    assert client.sim.balance("BTC").total == D(51)


def test_a_market_buy_by_quote_spends_no_more_than_that_with_fees() -> None:
    """Its fills tell their size in quote currency."""
    client = PlainClient()

    order_id = client.placed({"market_market_ioc": {"quote_size": "250.00"}})

    order = client.order(order_id)
    spent = D(order["filled_value"]) + D(order["total_fees"])
    assert (order["status"], order["order_type"]) == ("FILLED", "MARKET")
    assert (order["size_in_quote"], order["size_inclusive_of_fees"]) == (True, True)
    assert D("249.99") < spent <= 250
    assert client.sim.balance("USD").total == 2000000 - spent
    (fill,) = client.get("/orders/historical/fills", ("order_ids", order_id))["fills"]
    assert (fill["size_in_quote"], fill["liquidity_indicator"]) == (True, "TAKER")
    assert D(fill["size"]) / D(fill["price"]) == D(order["filled_size"])


def test_a_market_sell_by_base_walks_down_the_book() -> None:
    """Several makers, one order; the fee comes out of the proceeds."""
    client = PlainClient()
    bids = client.sim.book("BTC-USD", Side.BUY)
    size = bids[0][1] + bids[1][1]

    order_id = client.placed({"market_market_ioc": {"base_size": f"{size:f}"}}, side="SELL")

    value = sum((price * quantity for price, quantity in bids[:2]), start=D(0))
    order = client.order(order_id)
    assert (order["status"], order["number_of_fills"]) == ("FILLED", "2")
    assert D(order["filled_value"]) == value
    assert client.sim.balance("USD").total == 2000000 + value * (1 - D("0.009"))


def test_a_market_order_beyond_the_price_protection_is_cancelled_with_its_fills() -> None:
    """The book is far too thin for it: what is left ends CANCELLED."""
    client = PlainClient(Settings(levels=3, private_limit=None))

    order = client.order(client.placed({"market_market_ioc": {"base_size": "40"}}, side="SELL"))

    assert (order["status"], order["number_of_fills"]) == ("CANCELLED", "3")
    assert client.refused({"market_market_ioc": {"base_size": "1"}}, side="SELL") == (
        "INVALID_NO_LIQUIDITY",
        "PREVIEW_INVALID_NO_LIQUIDITY",
    )


@pytest.mark.parametrize(
    ("configuration", "status", "filled"),
    [
        ({"sor_limit_ioc": {"base_size": "0.01", "limit_price": "60000"}}, "CANCELLED", "0"),
        ({"sor_limit_ioc": {"base_size": "0.01", "limit_price": "65000"}}, "FILLED", "0.01"),
        ({"sor_limit_ioc": {"quote_size": "650", "limit_price": "65000"}}, "FILLED", "0.01"),
        ({"limit_limit_fok": {"base_size": "0.01", "limit_price": "65000"}}, "FILLED", "0.01"),
        ({"limit_limit_fok": {"base_size": "20", "limit_price": "64283.3"}}, "CANCELLED", "0"),
    ],
)
def test_immediate_orders_end_at_once(configuration: Any, status: str, filled: str) -> None:
    """IOC leftovers and killed FOKs end as CANCELLED."""
    client = PlainClient()

    order = client.order(client.placed(configuration))

    assert (order["status"], order["filled_size"]) == (status, filled)
    assert client.sim.balance("USD").held == 0


def test_a_good_till_date_order_expires() -> None:
    """OPEN until then, EXPIRED after."""
    client = PlainClient()
    end = rfc3339(START_NS + 2_000_000_000)
    fields = {"base_size": "0.1", "limit_price": "60000", "end_time": end, "post_only": False}

    order_id = client.placed({"limit_limit_gtd": fields})
    client.advance(1.9)
    before = client.order(order_id)
    client.advance(0.2)

    assert (before["status"], before["time_in_force"]) == ("OPEN", "GOOD_UNTIL_DATE_TIME")
    assert client.order(order_id)["status"] == "EXPIRED"
    assert client.sim.balance("USD").held == 0


def test_a_stop_waits_for_its_price_then_becomes_a_limit_order() -> None:
    """It fires by the last trade's price, not by the book."""
    client = PlainClient()
    bids = client.sim.book("BTC-USD", Side.BUY)
    stop = bids[1][0]
    fields = {
        "base_size": "0.01",
        "limit_price": f"{bids[8][0]:f}",
        "stop_price": f"{stop:f}",
        "stop_direction": "STOP_DIRECTION_STOP_DOWN",
    }

    order_id = client.placed({"stop_limit_stop_limit_gtc": fields}, side="SELL")
    waiting = client.order(order_id)
    client.sim.trade("BTC-USD", Side.SELL, bids[0][1] / 2)
    still = client.order(order_id)["trigger_status"]
    client.sim.trade("BTC-USD", Side.SELL, bids[0][1] / 2 + bids[1][1] / 2)

    assert (waiting["status"], waiting["trigger_status"]) == ("OPEN", "STOP_PENDING")
    assert still == "STOP_PENDING"
    order = client.order(order_id)
    assert (order["status"], order["trigger_status"]) == ("FILLED", "STOP_TRIGGERED")
    assert D(order["average_filled_price"]) == stop


def test_a_bracket_takes_its_profit_or_stops_its_loss() -> None:
    """It rests at the take-profit price; its stop sends it up to five per cent through."""
    outcomes = []
    for side in (Side.BUY, Side.SELL):
        client = PlainClient()
        bids, asks = (client.sim.book("BTC-USD", each) for each in Side)
        fields = {
            "base_size": "0.01",
            "limit_price": f"{asks[2][0]:f}",
            "stop_trigger_price": f"{bids[2][0]:f}",
        }
        order_id = client.placed({"trigger_bracket_gtc": fields}, side="SELL")
        book = asks if side is Side.BUY else bids
        size = sum((quantity for _, quantity in book[:3]), start=D("0.01"))
        client.sim.trade("BTC-USD", side, size)
        order = client.order(order_id)
        outcomes.append((order["order_type"], order["status"], order["trigger_status"]))
        assert client.sim.balance("BTC").held == 0
        assert client.sim.market("BTC-USD").book.get(order_id) is None

    assert outcomes == [
        ("BRACKET", "FILLED", "STOP_PENDING"),
        ("BRACKET", "FILLED", "STOP_TRIGGERED"),
    ]


def test_an_attached_bracket_is_placed_when_its_parent_is_done() -> None:
    """Its id is known from the beginning; it sells what was bought."""
    client = PlainClient()
    attached = {"trigger_bracket_gtc": {"limit_price": "70000", "stop_trigger_price": "60000"}}

    answer = client.place(limit_gtc("0.2", "64283.25"), attached_order_configuration=attached)
    child_id = answer["success_response"]["attached_order_id"]
    too_early = client.response("GET", f"/orders/historical/{child_id}").status
    client.sim.trade("BTC-USD", Side.SELL, D("0.2"))

    parent = client.order(answer["success_response"]["order_id"])
    child = client.order(child_id)
    assert too_early == 404
    assert parent["attached_order_configuration"] == attached
    assert (child["originating_order_id"], child["side"], child["status"]) == (
        parent["order_id"],
        "SELL",
        "OPEN",
    )
    assert child["order_configuration"]["trigger_bracket_gtc"]["base_size"] == "0.2"


def test_own_orders_never_trade_with_each_other() -> None:
    """The incoming one is cancelled, the resting one stays."""
    client = PlainClient()
    resting = client.placed(limit_gtc("0.1", "64283.25"))

    incoming = client.placed(limit_gtc("0.1", "64283.25"), side="SELL")

    assert client.order(incoming)["status"] == "CANCELLED"
    assert client.order(resting)["status"] == "OPEN"


def test_a_repeated_client_id_creates_nothing_and_returns_the_first_order() -> None:
    """Whatever else the second request says."""
    client = PlainClient()
    first = client.place(limit_gtc("0.1", "60000"), client_order_id="same")

    again = client.place(limit_gtc("7", "50000"), client_order_id="same", side="SELL")

    assert again == first
    assert len(client.sim.orders) == 1


def test_a_repeated_client_id_may_be_refused_instead() -> None:
    """The other behaviour that the enum of reasons speaks of."""
    client = PlainClient(Settings(repeated_id=RepeatedId.REFUSED))
    client.place(limit_gtc("0.1", "60000"), client_order_id="same")

    again = client.place(limit_gtc("0.1", "60000"), client_order_id="same")

    assert again["error_response"]["new_order_failure_reason"] == "DUPLICATE_CLIENT_ORDER_ID"
    assert (again["success"], len(client.sim.orders)) == (False, 1)


def test_a_refused_client_id_may_be_used_again() -> None:
    """Only an order takes its id."""
    client = PlainClient()
    client.place(limit_gtc("1000", "60000"), client_order_id="same")

    assert client.place(limit_gtc("0.1", "60000"), client_order_id="same")["success"]


PAST = rfc3339(START_NS - 1)
STOP = {"base_size": "0.01", "limit_price": "61900", "stop_price": "62000"}
DOWN, UP = "STOP_DIRECTION_STOP_DOWN", "STOP_DIRECTION_STOP_UP"


@pytest.mark.parametrize(
    ("configuration", "side", "code"),
    [
        (limit_gtc("0.1", "60000"), "HOLD", "INVALID_SIDE"),
        (limit_gtc("0.000000001", "60000"), "BUY", "INVALID_SIZE_PRECISION"),
        (limit_gtc("0.1", "60000.001"), "BUY", "INVALID_PRICE_PRECISION"),
        (limit_gtc("0.1", "0"), "BUY", "INVALID_LIMIT_PRICE"),
        (limit_gtc("0.1", "-1"), "BUY", "INVALID_LIMIT_PRICE"),
        (limit_gtc("0.1", "1e5"), "BUY", "INVALID_LIMIT_PRICE"),
        (limit_gtc("0.1", "64283.26", post_only=True), "BUY", "INVALID_LIMIT_PRICE_POST_ONLY"),
        (limit_gtc("0.1", "64283.24", post_only=True), "SELL", "INVALID_LIMIT_PRICE_POST_ONLY"),
        (limit_gtc("100", "60000"), "BUY", "INSUFFICIENT_FUND"),
        (limit_gtc("60", "70000"), "SELL", "INSUFFICIENT_FUND"),
        ({"market_market_ioc": {"base_size": "60"}}, "SELL", "INSUFFICIENT_FUND"),
        ({"market_market_ioc": {"quote_size": "2000001"}}, "BUY", "INSUFFICIENT_FUND"),
        ({"market_market_ioc": {"base_size": "100"}}, "BUY", "INSUFFICIENT_FUND"),
        ({"market_market_ioc": {"quote_size": "10"}}, "SELL", "UNSUPPORTED_ORDER_CONFIGURATION"),
        ({"market_market_fok": {"base_size": "1"}}, "BUY", "UNSUPPORTED_ORDER_CONFIGURATION"),
        ({"twap_limit_gtd": {}}, "BUY", "UNSUPPORTED_ORDER_CONFIGURATION"),
        ({"limit_limit_ioc": {}}, "BUY", "UNSUPPORTED_ORDER_CONFIGURATION"),
        (
            {"limit_limit_gtd": {"base_size": "0.1", "limit_price": "60000"}},
            "BUY",
            "GTD_ORDERS_MUST_HAVE_END_TIME",
        ),
        (
            {"limit_limit_gtd": {"base_size": "1", "limit_price": "60000", "end_time": PAST}},
            "BUY",
            "END_TIME_IS_IN_THE_PAST",
        ),
        (
            {
                "trigger_bracket_gtc": {
                    "base_size": "0.01",
                    "limit_price": "60000",
                    "stop_trigger_price": "70000",
                }
            },
            "SELL",
            "INVALID_BRACKET_PRICES",
        ),
        (
            {"trigger_bracket_gtc": {"quote_size": "10"}},
            "SELL",
            "QUOTE_SIZE_NOT_ALLOWED_FOR_BRACKET",
        ),
    ],
)
def test_what_a_rule_forbids_is_refused_with_its_code(
    configuration: Any, side: str, code: str
) -> None:
    """In `error` and, prefixed, in `preview_failure_reason`; nothing is rounded or kept."""
    client = PlainClient()

    assert client.refused(configuration, side=side) == (code, f"PREVIEW_{code}")
    assert client.sim.orders == []
    assert client.sim.balance("USD").held == 0


@pytest.mark.parametrize(
    ("configuration", "side", "code"),
    [
        (limit_gtc("0.000000", "60000"), "BUY", "NON_NUMERIC_ORDER_SIZE"),
        (limit_gtc("ten", "60000"), "BUY", "NON_NUMERIC_ORDER_SIZE"),
        (limit_gtc("0.00001", "60000"), "BUY", "INVALID_QUOTE_SIZE_TOO_SMALL"),
        (limit_gtc("3401", "0.01"), "BUY", "INVALID_BASE_SIZE_TOO_LARGE"),
        (limit_gtc("3000", "60000"), "BUY", "INVALID_QUOTE_SIZE_TOO_LARGE"),
        ({"market_market_ioc": {"quote_size": "10.001"}}, "BUY", "INVALID_QUOTE_SIZE_PRECISION"),
        ({"market_market_ioc": {"quote_size": "0.99"}}, "BUY", "INVALID_QUOTE_SIZE_TOO_SMALL"),
        (
            {"stop_limit_stop_limit_gtc": {**STOP, "stop_price": "65000", "stop_direction": DOWN}},
            "SELL",
            "STOP_PRICE_ABOVE_LAST_TRADE_PRICE",
        ),
        (
            {"stop_limit_stop_limit_gtc": {**STOP, "stop_direction": UP}},
            "BUY",
            "STOP_PRICE_BELOW_LAST_TRADE_PRICE",
        ),
        (
            {"stop_limit_stop_limit_gtc": {**STOP, "stop_direction": DOWN}},
            "BUY",
            "STOP_PRICE_ABOVE_LIMIT_PRICE",
        ),
        (
            {"stop_limit_stop_limit_gtc": {**STOP, "limit_price": "63000", "stop_direction": DOWN}},
            "SELL",
            "STOP_PRICE_BELOW_LIMIT_PRICE",
        ),
        (
            {"stop_limit_stop_limit_gtc": {**STOP, "stop_price": "62.001", "stop_direction": DOWN}},
            "SELL",
            "INVALID_STOP_PRICE_PRECISION",
        ),
    ],
)
def test_some_rules_are_told_by_the_preview_reason_alone(
    configuration: Any, side: str, code: str
) -> None:
    """`error` says only that the reason is unknown."""
    assert PlainClient().refused(configuration, side=side) == (UNKNOWN, f"PREVIEW_{code}")


def test_a_size_below_the_products_smallest_is_refused() -> None:
    """Though it is a multiple of the increment."""
    refusal = PlainClient().refused(limit_gtc("0.000009", "0.04"), product="ETH-BTC")

    assert refusal == (UNKNOWN, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL")


@pytest.mark.parametrize(
    ("flags", "configuration", "code"),
    [
        ({"trading_disabled": True}, limit_gtc("0.1", "60000"), "TRADING_DISABLED"),
        ({"is_disabled": True}, limit_gtc("0.1", "60000"), "TRADING_DISABLED"),
        ({"status": "offline"}, limit_gtc("0.1", "60000"), "TRADING_DISABLED"),
        ({"view_only": True}, limit_gtc("0.1", "60000"), "UNTRADABLE_PRODUCT"),
        ({"cancel_only": True}, limit_gtc("0.1", "60000"), "ORDER_ENTRY_DISABLED"),
        (
            {"limit_only": True},
            {"market_market_ioc": {"base_size": "0.1"}},
            "UNSUPPORTED_ORDER_CONFIGURATION",
        ),
        ({"post_only": True}, limit_gtc("0.1", "60000"), "INVALID_LIMIT_PRICE_POST_ONLY"),
    ],
)
def test_a_products_flags_are_obeyed(flags: dict[str, Any], configuration: Any, code: str) -> None:
    """And told with the product; what rests can still be cancelled."""
    client = PlainClient()
    resting = client.placed(limit_gtc("0.1", "50000"))
    client.sim.change_product("BTC-USD", **flags)

    refusal = client.refused(configuration)
    told_flags = client.get("/products/BTC-USD")
    cancel = client.post("/orders/batch_cancel", {"order_ids": [resting]})

    assert refusal == (code, f"PREVIEW_{code}")
    assert {name: told_flags[name] for name in flags} == flags
    assert cancel["results"][0]["success"]


TAKE, LOSS = "limit_price", "stop_trigger_price"


@pytest.mark.parametrize(
    ("attached", "code"),
    [
        ({"limit_limit_gtc": {}}, "INVALID_ORDER_TYPE_FOR_ATTACHED"),
        ({"trigger_bracket_gtc": {"base_size": "1"}}, "ATTACHED_ORDER_SIZE_MUST_BE_NIL"),
        (
            {"trigger_bracket_gtc": {TAKE: "59000", LOSS: "58000"}},
            "INVALID_ATTACHED_TAKE_PROFIT_PRICE",
        ),
        (
            {"trigger_bracket_gtc": {TAKE: "70000", LOSS: "61000"}},
            "INVALID_ATTACHED_STOP_LOSS_PRICE",
        ),
        (
            {"trigger_bracket_gtc": {TAKE: "70000.001", LOSS: "50000"}},
            "INVALID_ATTACHED_TAKE_PROFIT_PRICE_PRECISION",
        ),
        (
            {"trigger_bracket_gtc": {TAKE: "0", LOSS: "50000"}},
            "ATTACHED_ORDER_MUST_HAVE_POSITIVE_PRICES",
        ),
    ],
)
def test_a_wrong_attached_bracket_is_refused(attached: Any, code: str) -> None:
    """Together with its parent."""
    client = PlainClient()

    refusal = client.refused(limit_gtc("0.1", "60000"), attached_order_configuration=attached)

    assert refusal == (code, f"PREVIEW_{code}")


@pytest.mark.parametrize(
    ("product", "status", "reason"),
    [("NOPE-USD", 200, "INVALID_PRODUCT_ID"), ("NOPE", 400, "ProductID is invalid")],
)
def test_an_unknown_product_is_refused(product: str, status: int, reason: str) -> None:
    """By a code if it looks like a product, as malformed if not."""
    client = PlainClient()
    body = {
        "client_order_id": "x",
        "product_id": product,
        "side": "BUY",
        "order_configuration": limit_gtc("1", "1"),
    }

    response = client.response("POST", "/orders", body=body)

    assert response.status == status
    assert reason.encode() in response.body


GOOD = {
    "client_order_id": "x",
    "product_id": "BTC-USD",
    "side": "BUY",
    "order_configuration": limit_gtc("0.1", "60000"),
}


@pytest.mark.parametrize(
    "change",
    [
        {"client_order_id": ""},
        {"client_order_id": 7},
        {"product_id": None},
        {"order_configuration": None},
        {"order_configuration": {}},
        {"order_configuration": {**limit_gtc("1", "1"), "sor_limit_ioc": {}}},
        {"order_configuration": {"limit_limit_gtc": "x"}},
        {"order_configuration": {"limit_limit_gtc": {"base_size": "1"}}},
        {"order_configuration": {"limit_limit_gtc": {"limit_price": "1"}}},
        {
            "order_configuration": {
                "limit_limit_gtc": {"limit_price": "1", "base_size": "1", "quote_size": "1"}
            }
        },
        {"order_configuration": {"limit_limit_gtc": {**STOP, "post_only": "true"}}},
        {"order_configuration": {"stop_limit_stop_limit_gtc": STOP}},
    ],
)
def test_a_malformed_order_is_a_bad_request(change: dict[str, Any]) -> None:
    """400 with INVALID_ARGUMENT, no `success` union."""
    client = PlainClient()

    response = client.response("POST", "/orders", body={**GOOD, **change})

    assert response.status == 400
    assert b"INVALID_ARGUMENT" in response.body
    assert client.sim.orders == []


def test_cancelling_tells_the_truth_about_each_id() -> None:
    """Each id has its own result; the answer is 200 all the same."""
    client = PlainClient()
    filled = client.placed({"market_market_ioc": {"base_size": "0.01"}})
    cancelled = client.placed(limit_gtc("0.1", "60000"))
    client.post("/orders/batch_cancel", {"order_ids": [cancelled]})
    client.advance(0.1)
    resting = client.placed(limit_gtc("0.1", "60000"))
    ids = ["unknown", filled, cancelled, resting, resting]

    results = client.post("/orders/batch_cancel", {"order_ids": ids})["results"]

    assert [(r["order_id"], r["success"], r["failure_reason"]) for r in results] == [
        ("unknown", False, "UNKNOWN_CANCEL_ORDER"),
        (filled, False, "ORDER_IS_FULLY_FILLED"),
        (cancelled, False, "INVALID_CANCEL_REQUEST"),
        (resting, True, "UNKNOWN_CANCEL_FAILURE_REASON"),
        (resting, False, "DUPLICATE_CANCEL_REQUEST"),
    ]


@pytest.mark.parametrize("ids", [[], None, ["x"] * 101])
def test_a_batch_of_no_or_too_many_cancels_is_a_bad_request(ids: Any) -> None:
    """At most a hundred."""
    assert (
        PlainClient().response("POST", "/orders/batch_cancel", body={"order_ids": ids}).status
        == 400
    )


def test_a_queued_cancel_can_lose_the_race_to_a_fill() -> None:
    """Accepted is not cancelled."""
    client = PlainClient()
    order_id = client.placed(limit_gtc("0.1", "64283.25"))

    client.post("/orders/batch_cancel", {"order_ids": [order_id]})
    client.sim.trade("BTC-USD", Side.SELL, D("0.1"))
    client.advance(0.1)

    assert client.order(order_id)["status"] == "FILLED"


def test_an_edit_changes_price_and_total_size() -> None:
    """The id stays, the hold follows, the history tells."""
    client = PlainClient()
    order_id = client.placed(limit_gtc("0.1", "60000"))

    answer = client.post("/orders/edit", {"order_id": order_id, "price": "61000", "size": "0.2"})

    order = client.order(order_id)
    assert answer["success"]
    fields = order["order_configuration"]["limit_limit_gtc"]
    assert (fields["base_size"], fields["limit_price"]) == ("0.2", "61000")
    assert [(e["price"], e["size"]) for e in order["edit_history"]] == [("61000", "0.2")]
    assert client.sim.balance("USD").held == D("0.2") * 61000 * D("1.009")
    assert client.sim.market("BTC-USD").book.total_at(Side.BUY, D(60000)) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_id": "nobody"}, "ORDER_NOT_FOUND"),
        ({"size": ""}, "INVALID_EDITED_SIZE"),
        ({"size": "0.000000001"}, "INVALID_EDITED_SIZE"),
        ({"price": "0.001"}, "INVALID_EDITED_PRICE"),
        ({"size": "0.05"}, "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"),
        ({}, "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST"),
        ({"size": "40", "price": "64000"}, "COMMANDER_REJECTED_EDIT_ORDER"),
    ],
)
@pytest.mark.parametrize("path", ["/orders/edit", "/orders/edit_preview"])
def test_an_edit_that_a_rule_forbids_is_refused(
    path: str, change: dict[str, str], reason: str
) -> None:
    """In an edit and in its preview alike (which looks at no funds)."""
    client = PlainClient()
    order_id = client.placed(limit_gtc("0.1", "64283.25"))
    client.sim.trade("BTC-USD", Side.SELL, D("0.06"))
    before = client.sim.balance("USD")

    answer = client.post(path, {"order_id": order_id, "price": "64283.25", "size": "0.1", **change})

    reasons = [error["edit_failure_reason"] for error in answer["errors"]]
    assert reasons == ([] if (path, reason) == PREVIEW_BLIND else [reason])
    assert client.sim.balance("USD") == before


PREVIEW_BLIND = ("/orders/edit_preview", "COMMANDER_REJECTED_EDIT_ORDER")


def test_only_open_good_till_cancelled_orders_can_be_edited() -> None:
    """Neither finished, nor pending cancel, nor of another time in force."""
    client = PlainClient()
    end = rfc3339(START_NS + 10**12)
    filled = client.placed({"market_market_ioc": {"base_size": "0.01"}})
    queued = client.placed(limit_gtc("0.1", "60000"))
    client.post("/orders/batch_cancel", {"order_ids": [queued]})
    dated = client.placed(
        {"limit_limit_gtd": {"base_size": "0.1", "limit_price": "60000", "end_time": end}}
    )

    answers = [
        client.post("/orders/edit", {"order_id": order_id, "price": "61000", "size": "1"})
        for order_id in (filled, queued, dated)
    ]

    assert [answer["errors"][0]["edit_failure_reason"] for answer in answers] == [
        "ONLY_OPEN_ORDERS_CAN_BE_EDITED",
        "CANNOT_EDIT_ORDER_PENDING_CANCEL",
        "ORDER_EDIT_ORDER_TYPE_NOT_SUPPORTED",
    ]


def test_a_preview_tells_costs_and_problems_and_changes_nothing() -> None:
    """Status 200 either way."""
    client = PlainClient()
    fine = {k: v for k, v in GOOD.items() if k != "client_order_id"}

    good = client.post("/orders/preview", fine)
    poor = client.post(
        "/orders/preview", {**fine, "order_configuration": limit_gtc("100", "60000")}
    )
    wrong = client.post(
        "/orders/preview", {**fine, "order_configuration": limit_gtc("0.1", "60000.001")}
    )

    assert (good["errs"], good["order_total"], good["commission_total"]) == ([], "6054", "54")
    assert poor["errs"] == ["PREVIEW_INSUFFICIENT_FUND"]
    assert wrong["errs"] == ["PREVIEW_INVALID_PRICE_PRECISION"]
    assert client.sim.orders == []


def test_the_open_orders_of_a_product_are_capped() -> None:
    """The order beyond the cap is accepted, then FAILED."""
    client = PlainClient()
    for _ in range(500):
        client.placed(limit_gtc("0.001", "50000"))

    order = client.order(client.placed(limit_gtc("0.001", "50000")))

    assert (order["status"], order["reject_reason"]) == ("FAILED", "TOO_MANY_OPEN_ORDERS")


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["limit", "market", "quote", "ioc", "bracket", "cancel", "edit", "move"]),
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(["BTC-USD", "ETH-USD", "ETH-BTC"]),
        st.integers(1, 400),
        st.integers(-40, 40),
    ),
    max_size=25,
)


@given(actions=ACTIONS, seed=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_whatever_is_traded_no_digit_of_money_is_made_or_lost(  # noqa: C901 - one action a case
    actions: list[tuple[str, str, str, int, int]], seed: int
) -> None:
    """Supplies stay, holds are exactly those of the open orders, nobody is in debt."""
    client = PlainClient(QUIET, seed=seed)
    venue, desk = client.sim.venue, client.sim.venue.desk
    supply = supplies(venue)
    for name, side, product, size, ticks in actions:
        market = client.sim.market(product)
        price = market.middle + ticks * market.product.price_increment
        price -= price % market.product.price_increment
        base = {"base_size": f"{D(size) / 100:f}"}
        limit = {**base, "limit_price": f"{price:f}"}
        low, high = (f"{price * part // 1:f}" for part in (D("0.5"), D("1.5")))
        match name:
            case "move":
                client.sim._move()
            case "cancel" | "edit" if client.sim.orders:
                order_id = client.sim.orders[size % len(client.sim.orders)].order_id
                if name == "cancel":
                    client.post("/orders/batch_cancel", {"order_ids": [order_id]})
                    client.advance(0.03)
                else:
                    edit = {"order_id": order_id, "price": limit["limit_price"]}
                    client.post("/orders/edit", {**edit, "size": base["base_size"]})
            case "limit":
                client.place({"limit_limit_gtc": limit}, side=side, product=product)
            case "market":
                client.place({"market_market_ioc": base}, side=side, product=product)
            case "quote":
                quote = {"quote_size": str(size)}
                client.place({"market_market_ioc": quote}, side=side, product=product)
            case "ioc":
                client.place({"sor_limit_ioc": limit}, side=side, product=product)
            case "bracket":
                take, loss = (high, low) if side == "SELL" else (low, high)
                fields = {**base, "limit_price": take, "stop_trigger_price": loss}
                client.place({"trigger_bracket_gtc": fields}, side=side, product=product)

        assert supplies(venue) == supply
        for currency in supply:
            balance = client.sim.balance(currency)
            held = sum(
                (o.hold for o in desk.open_orders() if desk._hold_currency(o) == currency),
                start=D(0),
            )
            assert balance.held == held
            assert balance.available >= 0
        for order in desk.orders.values():
            assert order.filled_size == sum((f.quantity for f in order.fills), start=D(0))
            assert order.hold == 0 or not order.status.over
