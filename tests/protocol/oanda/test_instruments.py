"""The list of instruments: names, grids, and what orders must keep."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.oanda_reading import an_instrument, payload
from venuetree.protocol.builders import limit_order, market_order
from venuetree.protocol.checks import check_order
from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.exchanges.oanda.instruments import instruments_from
from venuetree.protocol.models import (
    AllowedOrders,
    InstrumentStatus,
    LiquidityPreference,
    OrderRequest,
    OrderType,
    QuantumField,
    Side,
    TimeInForce,
)

D = Decimal
EUR_USD = "EUR-USD"
TOLD = payload("rest_instruments")["instruments"][0]


def limit(quantity: str = "10000", price: str = "1.08", **fields: Any) -> OrderRequest:
    """A limit order to buy."""
    return limit_order(EUR_USD, Side.BUY, quantity=quantity, price=price, **fields)


def waiting(kind: OrderType, *, price: str = "1.09", **fields: Any) -> OrderRequest:
    """An order that waits for a price."""
    return OrderRequest(EUR_USD, Side.BUY, kind, quantity=D(10000), stop_price=D(price), **fields)


def test_an_instrument_and_its_rules() -> None:
    """As the exchange tells them."""
    found = an_instrument()

    assert (found.name, found.base, found.quote) == (EUR_USD, "EUR", "USD")
    assert found.exchange_symbol == "EUR_USD"
    assert found.status is InstrumentStatus.TRADING
    assert found.product_type == "CURRENCY"
    assert (str(found.pip), found.margin_rate) == ("0.0001", D("0.02"))
    for field, step in (
        (QuantumField.PRICE, "0.00001"),
        (QuantumField.STOP_PRICE, "0.00001"),
        (QuantumField.DISTANCE, "0.00001"),
    ):
        grid = found.quantum(field)
        assert grid is not None
        assert (grid.name, grid.step) == ("displayPrecision", D(step))
    units = found.quantum(QuantumField.QUANTITY)
    assert units is not None
    assert (units.step, units.minimum, units.maximum) == (D(1), D(1), D(100000000))
    trailing = found.quantum(QuantumField.TRAILING_DISTANCE)
    assert trailing is not None
    assert (trailing.minimum, trailing.maximum) == (D("0.00050"), D("1.00000"))


def test_what_can_be_done_with_orders() -> None:
    """Four types, in base currency, none of them maker-only; replacing is possible."""
    (allowed,) = [rule for rule in an_instrument().rules if isinstance(rule, AllowedOrders)]

    assert (allowed.by_quote, allowed.maker_only, allowed.oco, allowed.replace) == (
        False,
        False,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("pip_location", "pip"), [(-4, "0.0001"), (-2, "0.01"), (0, "1"), (1, "10")]
)
def test_a_pip_is_a_power_of_ten(pip_location: int, pip: str) -> None:
    """Written out."""
    assert str(an_instrument(pipLocation=pip_location).pip) == pip


@pytest.mark.parametrize(
    "order",
    [
        limit(),
        limit("1", "1.08001"),
        limit("100000000"),
        limit(time_in_force=TimeInForce.FILL_OR_KILL),
        limit(time_in_force=TimeInForce.GOOD_FOR_DAY),
        market_order(EUR_USD, Side.SELL, quantity="5"),
        market_order(EUR_USD, Side.SELL, quantity="5", time_in_force=TimeInForce.FILL_OR_KILL),
        waiting(OrderType.STOP),
        waiting(OrderType.STOP, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL),
        waiting(OrderType.MARKET_IF_TOUCHED, time_in_force=TimeInForce.GOOD_FOR_DAY),
    ],
)
def test_what_the_exchange_takes_passes(order: OrderRequest) -> None:
    """Nothing stands in its way."""
    check_order(order, an_instrument())


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        (limit("0.5"), "units"),
        (limit("1.5"), "units"),
        (limit("100000001"), "units"),
        (limit(price="1.080001"), "displayPrecision"),
        (waiting(OrderType.STOP, price="1.0900001"), "displayPrecision"),
        (limit(liquidity=LiquidityPreference.MAKER_ONLY), "type"),
        (market_order(EUR_USD, Side.BUY, quote_quantity="5"), "type"),
        (
            market_order(
                EUR_USD,
                Side.BUY,
                quantity="5",
                time_in_force=TimeInForce.GOOD_TILL_CANCELLED,
            ),
            "timeInForce",
        ),
        (
            waiting(OrderType.MARKET_IF_TOUCHED, time_in_force=TimeInForce.FILL_OR_KILL),
            "timeInForce",
        ),
    ],
)
def test_what_it_does_not_take_is_refused_before_it_is_sent(order: OrderRequest, rule: str) -> None:
    """Under the exchange's own word."""
    with pytest.raises(OrderInvalid) as caught:
        check_order(order, an_instrument())

    assert caught.value.rule == rule


def test_fractional_units_are_legal_where_the_precision_says_so() -> None:
    """Forcing integers would make nothing of 0.02."""
    found = an_instrument(tradeUnitsPrecision=2, minimumTradeSize="0.01")

    check_order(limit("0.02"), found)
    with pytest.raises(OrderInvalid):
        check_order(limit("0.025"), found)


def test_one_that_cannot_be_read_does_not_hide_the_others() -> None:
    """It is told, and left out."""
    errors: list[str] = []
    broken: list[Any] = [
        {**TOLD, "displayPrecision": "5"},
        {**TOLD, "displayPrecision": 99},
        {**TOLD, "minimumTradeSize": None},
        {},
        5,
    ]
    found = list(instruments_from([*broken, TOLD], lambda what, _: errors.append(what)))

    assert [each.name for each in found] == [EUR_USD]
    assert len(errors) == len(broken)
