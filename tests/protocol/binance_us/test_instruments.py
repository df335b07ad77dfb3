"""`exchangeInfo`: symbols to instruments, filters to rules, and what the rules let pass."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us import payload
from venuetree.protocol.account_checks import check_open_orders
from venuetree.protocol.builders import limit_order, market_order, stop_limit_order
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.exchanges.binance_us.instruments import (
    instruments_from,
    limits_from,
    window_name,
)
from venuetree.protocol.models import (
    AllowedOrders,
    Counted,
    Instrument,
    InstrumentStatus,
    Notional,
    OpenOrderLimit,
    Order,
    OrderRequest,
    OrderRule,
    OrderStatus,
    OrderType,
    PositionLimit,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
    StopDirection,
    TimeInForce,
)
from venuetree.protocol.port import LimitWindow, WindowKind
from venuetree.protocol.timestamps import SECOND

D = Decimal
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT
(SYMBOL,) = payload("rest_exchange_info")["symbols"]
PRECISION: tuple[OrderRule, ...] = (
    Quantum(QuantumField.QUANTITY, "baseAssetPrecision", step=D("0.00000001")),
    Quantum(QuantumField.PRICE, "quoteAssetPrecision", step=D("0.00000001")),
    Quantum(QuantumField.QUOTE_QUANTITY, "quoteAssetPrecision", step=D("0.00000001")),
)


def read(*symbols: Any) -> tuple[list[Instrument], list[str]]:
    """The instruments, and which were left out."""
    left_out: list[str] = []
    found = list(instruments_from(symbols, lambda symbol, error: left_out.append(symbol)))
    return found, left_out


def instrument(**fields: Any) -> Instrument:
    """The one of a symbol with other fields."""
    (found,), left_out = read({**SYMBOL, **fields})
    assert not left_out
    return found


ALLOWED = AllowedOrders("orderTypes", (MARKET, LIMIT, STOP))


def ruled(*filters: dict[str, Any]) -> Instrument:
    """An instrument with these filters alone."""
    return instrument(filters=filters)


def test_the_captured_symbol_is_read_whole() -> None:
    """Filters in their order, precisions after them, what is not judged here left out."""
    price = {"step": D("0.01"), "minimum": D("0.01"), "maximum": D(1000000)}

    assert instrument() == Instrument(
        name="BTC-USD",
        base="BTC",
        quote="USD",
        exchange_symbol="BTCUSD",
        status=InstrumentStatus.TRADING,
        product_type="SPOT",
        rules=(
            ALLOWED,
            Quantum(QuantumField.PRICE, "PRICE_FILTER", **price),
            Quantum(QuantumField.STOP_PRICE, "PRICE_FILTER", **price),
            PriceBand("PERCENT_PRICE", 5, D("0.2"), D(5), D("0.2"), D(5)),
            Quantum(QuantumField.QUANTITY, "LOT_SIZE", D("0.00001"), D("0.00001"), D(9000)),
            Notional("MIN_NOTIONAL", minimum=D(1)),
            Quantum(QuantumField.MARKET_QUANTITY, "MARKET_LOT_SIZE", D(0), D(0), D("10.64771804")),
            PriceBand("PERCENT_PRICE_BY_SIDE", 5, D("0.2"), D(5), D("0.2"), D(5)),
            OpenOrderLimit("MAX_NUM_ORDERS", 200),
            OpenOrderLimit("MAX_NUM_ORDER_LISTS", 20, Counted.LIST),
            OpenOrderLimit("MAX_NUM_ALGO_ORDERS", 5, Counted.STOP),
            *PRECISION,
        ),
    )


def test_one_rounds_to_the_filters_and_not_to_the_precision() -> None:
    """The first rule of a field is the grid that a host is shown."""
    found = instrument()
    price, quantity = found.quantum(QuantumField.PRICE), found.quantum(QuantumField.QUANTITY)

    assert price is not None
    assert price.name == "PRICE_FILTER"
    assert quantity is not None
    assert quantity.name == "LOT_SIZE"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("TRADING", InstrumentStatus.TRADING),
        ("CANCEL_ONLY", InstrumentStatus.CANCEL_ONLY),
        *(
            (word, InstrumentStatus.HALTED)
            for word in (
                *("PRE_TRADING", "POST_TRADING", "END_OF_DAY", "HALT", "AUCTION_MATCH", "BREAK"),
                "SOMETHING_NEW",
            )
        ),
    ],
)
def test_only_trading_takes_orders(word: str, status: InstrumentStatus) -> None:
    """A word that is not known is no permission."""
    assert instrument(status=word).status is status


def test_a_symbol_that_is_closed_to_spot_orders_takes_none() -> None:
    """Whatever its status says."""
    assert instrument(isSpotTradingAllowed=False).status is InstrumentStatus.HALTED


@pytest.mark.parametrize(
    "fields",
    [
        {"permissions": ["SPOT"], "permissionSets": []},
        {"permissions": ["SPOT"], "permissionSets": None},
        {"permissions": [], "permissionSets": [["SPOT", "MARGIN"], ["TRD_GRP_004"]]},
    ],
)
def test_permissions_of_either_shape_are_no_obstacle(fields: dict[str, Any]) -> None:
    """They are the account's affair, which the exchange judges."""
    assert instrument(**fields) == instrument()


def test_a_filter_that_is_not_known_is_no_rule() -> None:
    """Those of icebergs, trailing stops, amends, and the next one."""
    names = ("ICEBERG_PARTS", "TRAILING_DELTA", "MAX_NUM_ORDER_AMENDS", "NEW_ONE")
    found = ruled(*({"filterType": name, "limit": 1} for name in names))

    assert found.rules == (ALLOWED, *PRECISION)


def test_the_exchanges_own_filters_are_rules_of_every_instrument() -> None:
    """They count the orders of the whole account."""
    filters = [
        {"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 1000},
        {"filterType": "EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 200},
        {"filterType": "EXCHANGE_MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "EXCHANGE_MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 10},
    ]
    other = {**SYMBOL, "symbol": "ETHUSD", "baseAsset": "ETH"}
    left_out: list[str] = []
    found = list(instruments_from([SYMBOL, other], lambda one, _: left_out.append(one), filters))

    assert left_out == []

    assert [one.rules[-3:] for one in found] == 2 * [
        (
            OpenOrderLimit("EXCHANGE_MAX_NUM_ORDERS", 1000, is_account_wide=True),
            OpenOrderLimit("EXCHANGE_MAX_NUM_ALGO_ORDERS", 200, Counted.STOP, is_account_wide=True),
            OpenOrderLimit("EXCHANGE_MAX_NUM_ORDER_LISTS", 20, Counted.LIST, is_account_wide=True),
        )
    ]


def test_lists_and_positions_have_rules() -> None:
    """Judged by what is open and held."""
    found = ruled(
        {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
        {"filterType": "MAX_POSITION", "maxPosition": "10.50000000"},
    )

    assert found.rules[1:3] == (
        OpenOrderLimit("MAX_NUM_ORDER_LISTS", 20, Counted.LIST),
        PositionLimit("MAX_POSITION", D("10.5")),
    )


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({}, ALLOWED),
        ({"orderTypes": ["LIMIT", "LIMIT_MAKER"]}, evolve(ALLOWED, types=(LIMIT,))),
        (
            {"orderTypes": ["MARKET", "TAKE_PROFIT_LIMIT"]},
            evolve(ALLOWED, types=(MARKET, STOP), maker_only=False),
        ),
        (
            {"orderTypes": [], "ocoAllowed": None},
            evolve(ALLOWED, types=(), maker_only=False),
        ),
        ({"quoteOrderQtyMarketAllowed": False}, evolve(ALLOWED, by_quote=False)),
        ({"ocoAllowed": False}, evolve(ALLOWED, oco=False)),
        ({"cancelReplaceAllowed": False}, evolve(ALLOWED, replace=False)),
    ],
)
def test_a_symbol_says_which_orders_it_takes(
    fields: dict[str, Any], allowed: AllowedOrders
) -> None:
    """Types that are never placed here are no matter."""
    assert instrument(**fields).rules[0] == allowed


def test_a_symbol_that_says_nothing_of_its_orders_takes_any() -> None:
    """The exchange judges."""
    silent = {name: value for name, value in SYMBOL.items() if name != "orderTypes"}
    (found,), _ = read(silent)

    assert not [rule for rule in found.rules if isinstance(rule, AllowedOrders)]


@pytest.mark.parametrize(
    "fields",
    [
        {"symbol": None},
        {"baseAsset": 5},
        {"status": None},
        {"filters": None},
        {"filters": [{}]},
        {"filters": [{"filterType": "LOT_SIZE", "minQty": "0"}]},
        {"filters": [{"filterType": "MAX_NUM_ORDERS", "maxNumOrders": "200"}]},
        {
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": 0.01}
            ]
        },
        {"filters": [{"filterType": "MIN_NOTIONAL", "minNotional": "1", "applyToMarket": "true"}]},
        {"filters": [{"filterType": ["LOT_SIZE"]}]},
        {"baseAssetPrecision": 10**9},
    ],
)
def test_a_symbol_that_cannot_be_read_hides_no_other(fields: dict[str, Any]) -> None:
    """It could not be traded rightly: it is left out, and told."""
    other = {**SYMBOL, "symbol": "ETHUSD", "baseAsset": "ETH"}
    found, left_out = read({**SYMBOL, **fields}, other)

    assert [each.name for each in found] == ["ETH-USD"]
    assert len(left_out) == 1


def test_what_is_no_symbol_is_left_out() -> None:
    """Between two that are."""
    found, left_out = read(SYMBOL, 5, None, "BTCUSD", SYMBOL)

    assert len(found) == 2
    assert left_out == ["5", "None", "BTCUSD"]


@pytest.mark.parametrize("digits", [None, "8", -1, True])
def test_a_precision_that_is_no_number_is_no_rule(digits: Any) -> None:
    """The filters hold without it."""
    rules = instrument(baseAssetPrecision=digits, filters=[]).rules

    assert rules == (ALLOWED, *PRECISION[1:])


# ---------------------------------------------------------------- the rules, by orders

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


# ---------------------------------------------------------------- limits

LIMITS = payload("rest_exchange_info")["rateLimits"]


def test_the_limits_are_windows_of_the_calendar() -> None:
    """As captured: weight a minute, orders ten seconds and a day, requests five minutes."""
    calendar = WindowKind.CALENDAR

    assert limits_from(LIMITS) == (
        LimitWindow("weight_1m", 6000, 60 * SECOND, calendar),
        LimitWindow("orders_10s", 100, 10 * SECOND, calendar),
        LimitWindow("orders_1d", 200000, 86_400 * SECOND, calendar),
        LimitWindow("raw_5m", 300000, 300 * SECOND, calendar),
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"rateLimitType": "CONNECTIONS"},
        {"interval": "FORTNIGHT"},
        {"intervalNum": 0},
        {"limit": 0},
        {"limit": -1},
    ],
)
def test_a_limit_that_cannot_be_counted_is_none(fields: dict[str, Any]) -> None:
    """Without hiding the next."""
    assert limits_from([{**LIMITS[0], **fields}, LIMITS[1]]) == limits_from([LIMITS[1]])


@pytest.mark.parametrize("fields", [{"limit": "6000"}, {"intervalNum": None}, {"interval": 1}])
def test_a_limit_of_another_shape_is_malformed(fields: dict[str, Any]) -> None:
    """It must not be taken for none."""
    with pytest.raises(TypeError):
        limits_from([{**LIMITS[0], **fields}])


@pytest.mark.parametrize(
    ("kind", "count", "interval", "name"),
    [
        ("REQUEST_WEIGHT", 1, "MINUTE", "weight_1m"),
        ("ORDERS", 10, "SECOND", "orders_10s"),
        ("ORDERS", 1, "DAY", "orders_1d"),
        ("RAW_REQUESTS", 5, "MINUTE", "raw_5m"),
        ("REQUEST_WEIGHT", 2, "HOUR", "weight_2h"),
        ("CONNECTIONS", 1, "MINUTE", None),
        ("ORDERS", 1, "WEEK", None),
    ],
)
def test_windows_have_the_names_that_the_headers_use(
    kind: str, count: int, interval: str, name: str | None
) -> None:
    """So that the counts of replies find them."""
    assert window_name(kind, count, interval) == name
