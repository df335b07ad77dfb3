"""The order of the live tests: the smallest there is, and far from the market."""

from decimal import Decimal

import pytest
from attrs import evolve

from tests.live.smallest_order import TooRisky, smallest_order
from venuetree.protocol.checks import check_order
from venuetree.protocol.models import (
    Instrument,
    InstrumentStatus,
    Notional,
    OrderRule,
    PriceBand,
    Quantum,
    QuantumField,
    Side,
)

PRICE, QUANTITY = QuantumField.PRICE, QuantumField.QUANTITY
TICK = Quantum(PRICE, "tick", step=Decimal("0.01"))
LOT = Quantum(QUANTITY, "lot", step=Decimal("0.001"), minimum=Decimal("0.001"))
BID = Decimal("101.03")


def instrument(*rules: OrderRule) -> Instrument:
    """An instrument with such rules."""
    return Instrument("A-USD", "A", "USD", "AUSD", InstrumentStatus.TRADING, rules)


def test_it_is_half_the_market_and_the_least_quantity() -> None:
    """On both grids, upwards: less would be refused."""
    order = smallest_order(instrument(TICK, LOT), BID, "mine")

    assert (order.side, order.client_order_id) == (Side.BUY, "mine")
    assert (order.price, order.quantity) == (Decimal("50.52"), Decimal("0.001"))


def test_the_least_value_makes_it_larger() -> None:
    """The largest of all rules of that kind, divided by the price, on the grid."""
    rules = instrument(TICK, LOT, Notional("a", Decimal(1)), Notional("b", Decimal(5)))
    order = smallest_order(rules, BID, "mine")

    assert order.quantity == Decimal("0.099")
    check_order(order, rules)


def test_a_minimum_and_a_grid_of_rules_apart_both_hold() -> None:
    """Coinbase tells the two as rules of their own."""
    rules = instrument(
        TICK,
        Quantum(QUANTITY, "step", step=Decimal("0.1")),
        Quantum(QUANTITY, "least", minimum=Decimal("0.25")),
    )
    order = smallest_order(rules, BID, "mine")

    assert order.quantity == Decimal("0.3")
    check_order(order, rules)


def test_a_grid_that_begins_at_its_minimum_is_kept() -> None:
    """Steps count from the minimum, as exchanges with such a rule count them."""
    lot = Quantum(QUANTITY, "lot", step=Decimal("0.2"), minimum=Decimal("0.3"))
    order = smallest_order(instrument(TICK, lot, Notional("n", Decimal(20))), BID, "mine")

    assert order.quantity == Decimal("0.5")


def test_a_price_band_brings_it_nearer_but_never_near() -> None:
    """Above what the band allows; not at all where that is close to the market."""
    band = PriceBand("band", 5, buy_minimum=Decimal("0.7"))
    order = smallest_order(instrument(TICK, LOT, band), BID, "mine")
    tight = evolve(band, buy_minimum=Decimal("0.8"))

    assert order.price == Decimal("74.26")
    with pytest.raises(TooRisky, match="too near"):
        smallest_order(instrument(TICK, LOT, tight), BID, "mine")


def test_a_smallest_order_that_is_large_is_not_placed() -> None:
    """A rule that was misread must not cost much."""
    with pytest.raises(TooRisky, match="worth more than 100"):
        smallest_order(instrument(TICK, LOT, Notional("n", Decimal(101))), BID, "mine")
    with pytest.raises(TooRisky, match="worth more"):
        smallest_order(instrument(TICK, Quantum(QUANTITY, "lot", minimum=Decimal(2))), BID, "mine")


def test_without_a_rule_for_the_quantity_there_is_no_smallest_order() -> None:
    """Nothing is guessed."""
    with pytest.raises(TooRisky):
        smallest_order(instrument(TICK), BID, "mine")
