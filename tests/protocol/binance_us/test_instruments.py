"""`exchangeInfo`: symbols to instruments, filters to rules, and what cannot be read."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from tests.support.binance_us_instruments import SYMBOL, instrument, read, ruled
from venuetree.protocol.exchanges.binance_us.instruments import instruments_from
from venuetree.protocol.models import (
    AllowedOrders,
    Counted,
    Instrument,
    InstrumentStatus,
    Notional,
    OpenOrderLimit,
    OrderRule,
    OrderType,
    PositionLimit,
    PriceBand,
    Quantum,
    QuantumField,
)

D = Decimal
MARKET, LIMIT, STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT
PRECISION: tuple[OrderRule, ...] = (
    Quantum(QuantumField.QUANTITY, "baseAssetPrecision", step=D("0.00000001")),
    Quantum(QuantumField.PRICE, "quoteAssetPrecision", step=D("0.00000001")),
    Quantum(QuantumField.QUOTE_QUANTITY, "quoteAssetPrecision", step=D("0.00000001")),
)
ALLOWED = AllowedOrders("orderTypes", (MARKET, LIMIT, STOP))


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
