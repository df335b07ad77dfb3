"""Prices with all the digits of an instrument, units with as few as they need."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venuetree.protocol.errors import OrderInvalid
from venuetree.protocol.exchanges.oanda.grids import distance_text, price_text, units_text
from venuetree.protocol.models import Instrument, InstrumentStatus, Quantum, QuantumField

EURO = Instrument(
    "EUR-USD",
    "EUR",
    "USD",
    "EUR_USD",
    InstrumentStatus.TRADING,
    rules=(
        Quantum(QuantumField.PRICE, "displayPrecision", step=Decimal("0.00001")),
        Quantum(QuantumField.DISTANCE, "displayPrecision", step=Decimal("0.00001")),
    ),
)


@pytest.mark.parametrize(
    ("price", "told"),
    [("1.1", "1.10000"), ("1.10000", "1.10000"), ("1.1000000", "1.10000"), ("2", "2.00000")],
)
def test_a_price_has_the_instruments_digits(price: str, told: str) -> None:
    """As the exchange itself writes it."""
    assert price_text("price", Decimal(price), EURO) == told
    assert distance_text("distance", Decimal(price), EURO) == told


@pytest.mark.parametrize("price", ["1.100001", "0.000001", "1E-9"])
def test_a_digit_too_many_is_refused_and_not_rounded(price: str) -> None:
    """With the rule's own name."""
    with pytest.raises(OrderInvalid, match="no multiple of 0.00001") as refused:
        price_text("price", Decimal(price), EURO)
    assert refused.value.rule == "displayPrecision"


@pytest.mark.parametrize(
    ("units", "told"),
    [
        ("100.0", "100"),
        ("-100.00", "-100"),
        ("1E+3", "1000"),
        ("0.020", "0.02"),
        ("100", "100"),
        ("-0.10", "-0.1"),
    ],
)
def test_units_have_no_digit_that_they_do_not_need(units: str, told: str) -> None:
    """A point is refused where units are whole; a zero before the point counts."""
    assert units_text(Decimal(units)) == told


def test_without_the_instrument_a_price_is_as_it_came() -> None:
    """Whoever checks it against its rules knows them."""
    assert price_text("price", Decimal("1.1000"), None) == "1.1000"


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=5, min_value=-(10**9), max_value=10**9
    )
)
def test_no_form_changes_the_number(value: Decimal) -> None:
    """Whatever it is."""
    assert Decimal(units_text(value)) == value
    assert Decimal(price_text("price", value, EURO)) == value
