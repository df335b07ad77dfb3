"""Orders that the simulated Coinbase refuses, and the preview that tells so beforehand."""

from typing import Any

import pytest

from tests.scenarios.plain_client import START_NS, PlainClient, limit_gtc
from venuetree.scenarios.simulated.numbers import rfc3339

UNKNOWN = "UNKNOWN_FAILURE_REASON"
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
