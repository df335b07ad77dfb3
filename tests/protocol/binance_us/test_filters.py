"""Filters by the orders that they judge: what each lets pass, and what it refuses."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us_instruments import ruled
from venuetree.protocol.account_checks import check_open_orders
from venuetree.protocol.builders import limit_order, market_order, stop_limit_order
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.models import (
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    StopDirection,
    TimeInForce,
)

D = Decimal
LIMIT, STOP = OrderType.LIMIT, OrderType.STOP_LIMIT

PRICE_FILTER = {
    "filterType": "PRICE_FILTER",
    "minPrice": "0.05000000",
    "maxPrice": "1000.00000000",
    "tickSize": "0.10000000",
}
LOT_SIZE = {
    "filterType": "LOT_SIZE",
    "minQty": "0.30000000",
    "maxQty": "9.00000000",
    "stepSize": "0.20000000",
}
MARKET_LOT_SIZE = {**LOT_SIZE, "filterType": "MARKET_LOT_SIZE"}
MIN_NOTIONAL = {
    "filterType": "MIN_NOTIONAL",
    "minNotional": "10.00000000",
    "applyToMarket": True,
    "avgPriceMins": 5,
}
NOTIONAL = {
    "filterType": "NOTIONAL",
    "minNotional": "10.00000000",
    "applyMinToMarket": True,
    "maxNotional": "20.00000000",
    "applyMaxToMarket": True,
    "avgPriceMins": 5,
}
PERCENT_PRICE = {
    "filterType": "PERCENT_PRICE",
    "multiplierUp": "1.5",
    "multiplierDown": "0.5",
    "avgPriceMins": 5,
}
BY_SIDE = {
    "filterType": "PERCENT_PRICE_BY_SIDE",
    "bidMultiplierUp": "1.1",
    "bidMultiplierDown": "0.2",
    "askMultiplierUp": "5",
    "askMultiplierDown": "0.9",
    "avgPriceMins": 0,
}
#: By which the bands are reckoned.
REFERENCE = D(100)


def limit(quantity: str = "1", price: str = "100", side: Side = Side.BUY) -> OrderRequest:
    """At a limit."""
    return limit_order("BTC-USD", side, quantity=quantity, price=price)


def market(quantity: str) -> OrderRequest:
    """At the market."""
    return market_order("BTC-USD", Side.BUY, quantity=quantity)


def spend(quote_quantity: str) -> OrderRequest:
    """At the market, for so much."""
    return market_order("BTC-USD", Side.BUY, quote_quantity=quote_quantity)


def stop(stop_price: str) -> OrderRequest:
    """With a stop price."""
    return stop_limit_order(
        "BTC-USD",
        Side.BUY,
        quantity="1",
        price="100",
        stop_price=stop_price,
        stop_direction=StopDirection.UP,
    )


def without(told: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The filter with other fields."""
    return {**told, **fields}


SELL = Side.SELL
EDGES: list[tuple[dict[str, Any], OrderRequest, OrderRequest]] = [
    # A multiple of the step itself, not counted from the minimum: 0.05 is none.
    (PRICE_FILTER, limit(price="0.1"), limit(price="0.05")),
    (PRICE_FILTER, limit(price="0.1"), limit(price="0.04")),
    (PRICE_FILTER, limit(price="1000"), limit(price="1000.1")),
    (PRICE_FILTER, limit(price="7.3"), limit(price="7.35")),
    (PRICE_FILTER, stop("0.1"), stop("0.05")),
    (PRICE_FILTER, stop("1000"), stop("1000.1")),
    (LOT_SIZE, limit("0.4"), limit("0.3")),
    (LOT_SIZE, limit("0.4"), limit("0.2")),
    (LOT_SIZE, limit("9.0", "1"), limit("9.2", "1")),
    (LOT_SIZE, limit("8.8", "1"), limit("8.9", "1")),
    (LOT_SIZE, market("0.4"), market("0.2")),
    (MARKET_LOT_SIZE, market("0.4"), market("0.2")),
    (MARKET_LOT_SIZE, market("8.8"), market("9.2")),
    (MARKET_LOT_SIZE, market("8.8"), market("8.9")),
    (MARKET_LOT_SIZE, limit("0.1"), market("0.1")),
    (MIN_NOTIONAL, limit("0.1"), limit("0.09999999")),
    (MIN_NOTIONAL, market("0.1"), market("0.09999999")),
    (MIN_NOTIONAL, spend("10"), spend("9.99999999")),
    (NOTIONAL, limit("0.1"), limit("0.09999999")),
    (NOTIONAL, limit("0.2"), limit("0.20000001")),
    (NOTIONAL, market("0.1"), market("0.09999999")),
    (NOTIONAL, market("0.2"), market("0.20000001")),
    (without(NOTIONAL, applyMinToMarket=False), market("0.01"), market("0.20000001")),
    (without(NOTIONAL, applyMaxToMarket=False), market("1"), market("0.09999999")),
    (without(MIN_NOTIONAL, applyToMarket=False), market("0.01"), limit("0.01")),
    (PERCENT_PRICE, limit(price="50"), limit(price="49.99999999")),
    (PERCENT_PRICE, limit(price="150"), limit(price="150.00000001")),
    (PERCENT_PRICE, limit(price="50", side=SELL), limit(price="49.99999999", side=SELL)),
    (PERCENT_PRICE, limit(price="150", side=SELL), limit(price="150.00000001", side=SELL)),
    (BY_SIDE, limit(price="20"), limit(price="19.99999999")),
    (BY_SIDE, limit(price="110"), limit(price="110.00000001")),
    (BY_SIDE, limit(price="90", side=SELL), limit(price="89.99999999", side=SELL)),
    (BY_SIDE, limit(price="500", side=SELL), limit(price="500.00000001", side=SELL)),
]


@pytest.mark.parametrize(("told", "good", "bad"), EDGES)
def test_each_filter_lets_pass_what_the_exchange_does(
    told: dict[str, Any], good: OrderRequest, bad: OrderRequest
) -> None:
    """On this side of the bound and on the other, under the filter's own name."""
    found = ruled(told)
    check_order(good, found, reference_price=REFERENCE)
    with pytest.raises(OrderInvalid) as caught:
        check_order(bad, found, reference_price=REFERENCE)

    assert caught.value.rule == told["filterType"]
    assert caught.value.value
    assert caught.value.bound


OFF = "0.00000000"


@pytest.mark.parametrize(
    ("told", "order"),
    [
        (without(PRICE_FILTER, minPrice=OFF), limit(price="0.1")),
        (without(PRICE_FILTER, maxPrice=OFF), limit(price="99999999")),
        (without(PRICE_FILTER, tickSize=OFF), limit(price="77.77777777")),
        (without(LOT_SIZE, minQty=OFF), limit("0.2")),
        (without(LOT_SIZE, maxQty=OFF), limit("99999999.2", "1")),
        (without(LOT_SIZE, stepSize=OFF), limit("0.33333333")),
        (without(MARKET_LOT_SIZE, minQty=OFF, stepSize=OFF), market("0.00000001")),
        (without(MIN_NOTIONAL, minNotional=OFF), limit("0.00000001")),
        (without(NOTIONAL, maxNotional=OFF), limit("1000")),
        (without(PERCENT_PRICE, multiplierUp="0"), limit(price="99999")),
        (without(PERCENT_PRICE, multiplierDown="0"), limit(price="0.01")),
    ],
)
def test_zero_switches_that_part_of_a_rule_off(told: dict[str, Any], order: OrderRequest) -> None:
    """Nothing is divided by it, and nothing is below it."""
    check_order(order, ruled(told), reference_price=REFERENCE)


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        (limit("0.00000001"), limit("0.000000001"), "baseAssetPrecision"),
        (limit(price="0.00000001"), limit(price="0.000000001"), "quoteAssetPrecision"),
        (spend("0.00000001"), spend("0.000000001"), "quoteAssetPrecision"),
    ],
)
def test_digits_beyond_the_assets_are_too_many(
    good: OrderRequest, bad: OrderRequest, rule: str
) -> None:
    """The exchange says -1111 to those."""
    check_order(good, ruled())
    with pytest.raises(OrderInvalid) as caught:
        check_order(bad, ruled())

    assert caught.value.rule == rule


def test_bands_wait_for_a_reference_price() -> None:
    """Without one they are the exchange's to judge."""
    check_order(limit(price="99999"), ruled(PERCENT_PRICE, BY_SIDE))


def an_order(kind: OrderType, status: OrderStatus = OrderStatus.OPEN, **fields: Any) -> Order:
    """One of ours."""
    order = Order(
        exchange="binance_us",
        instrument="BTC-USD",
        client_order_id="c",
        exchange_order_id="1",
        side=Side.BUY,
        type=kind,
        status=status,
        time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
    )
    return evolve(order, **fields)


OTHERS = [
    an_order(LIMIT, OrderStatus.FILLED),
    an_order(STOP, OrderStatus.CANCELLED),
    an_order(STOP, instrument="ETH-USD"),
]


@pytest.mark.parametrize(
    ("told", "order", "fewer", "one_more"),
    [
        ({"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 2}, limit(), LIMIT, STOP),
        ({"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 2}, stop("1"), STOP, STOP),
    ],
)
def test_the_new_order_counts_among_those_open(
    told: dict[str, Any], order: OrderRequest, fewer: OrderType, one_more: OrderType
) -> None:
    """Those of other instruments and those that are final do not."""
    found = ruled(told)
    check_open_orders((order,), found, lambda: [*OTHERS, an_order(fewer)])
    with pytest.raises(OrderInvalid) as caught:
        check_open_orders((order,), found, lambda: [an_order(fewer), an_order(one_more)])

    assert caught.value.rule == told["filterType"]


def test_orders_without_a_stop_are_none_of_the_algorithmic_ones() -> None:
    """Neither the new one nor those open."""
    found = ruled({"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 1})

    check_open_orders((limit(),), found, lambda: [an_order(STOP)])
    check_open_orders((stop("1"),), found, lambda: [an_order(LIMIT)])
