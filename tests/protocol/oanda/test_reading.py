"""Names, ids, times and amounts, as the exchange writes them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import times_ns
from tests.support.oanda_reading import an_instrument, context
from venuetree.protocol.exchanges.oanda.reading import (
    amount,
    exchange_symbol,
    flag,
    id_text,
    instrument_name,
    integer,
    member,
    number,
    optional_amount,
    optional_id,
    optional_time_ns,
    remote_error,
    signed,
    symbol_of,
    time_ns,
    word,
)
from venuetree.protocol.models import Side
from venuetree.protocol.reading import MALFORMED
from venuetree.protocol.timestamps import to_rfc3339

D = Decimal


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("EUR_USD", "EUR-USD"),
        ("XAU_USD", "XAU-USD"),
        ("DE30_EUR", "DE30-EUR"),
        ("EURUSD", "EURUSD"),
        ("A_B_C", "A_B_C"),
        ("_USD", "_USD"),
        ("EUR_", "EUR_"),
        ("", ""),
    ],
)
def test_what_cannot_be_split_keeps_its_spelling(symbol: str, name: str) -> None:
    """There and back."""
    assert instrument_name(symbol) == name
    assert exchange_symbol(name) == symbol


def test_the_exchanges_list_decides_how_a_name_is_spelled() -> None:
    """Where it is known."""
    assert symbol_of("USD-JPY", context(instruments=[an_instrument()])) == "USD_JPY"
    assert symbol_of("EUR-USD", context(instruments=[an_instrument()])) == "EUR_USD"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-06-11T14:03:27.118204553Z", 1_718_114_607_118_204_553),
        ("2024-06-11T14:03:27Z", 1_718_114_607_000_000_000),
        ("1718114607.118204553", 1_718_114_607_118_204_553),
        ("1718114607", 1_718_114_607_000_000_000),
    ],
)
def test_times_come_in_two_forms(text: str, expected: int) -> None:
    """With nine digits of a second, or none."""
    assert time_ns(text) == expected
    assert optional_time_ns({"time": text}, "time") == expected


@given(times_ns.filter(lambda t: t >= 0))
def test_either_form_gives_the_same_time(told_ns: int) -> None:
    """To the nanosecond."""
    seconds, fraction = divmod(told_ns, 10**9)

    assert time_ns(to_rfc3339(told_ns)) == time_ns(f"{seconds}.{fraction:09d}") == told_ns


@pytest.mark.parametrize(
    "value", [None, 5, "", "soon", "2024-06-11", "1718114607.1182045531", "1e9", {}]
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    """An integer too: seconds are told with their fraction."""
    with pytest.raises(MALFORMED):
        time_ns(value)


def test_a_time_may_be_missing() -> None:
    """And is then None."""
    assert optional_time_ns({}, "time") is None


@pytest.mark.parametrize(
    ("value", "expected"), [("1.08425", D("1.08425")), ("-100", D(-100)), (500000, D(500000))]
)
def test_amounts_are_text_or_integers(value: Any, expected: Decimal) -> None:
    """As they are."""
    assert amount(value) == expected
    assert optional_amount({"a": value}, "a") == expected


@pytest.mark.parametrize("value", [0.1, True, None, "", "1e5", "NaN", " 1", [], "1_0"])
def test_what_is_no_amount_is_refused(value: Any) -> None:
    """Floats above all."""
    with pytest.raises(MALFORMED):
        amount(value)


def test_units_are_a_side_and_a_quantity() -> None:
    """None of both without units."""
    assert signed(D("-0.02")) == (Side.SELL, D("0.02"))
    assert signed(D(7)) == (Side.BUY, D(7))
    with pytest.raises(ValueError, match="zero"):
        signed(D("-0"))


@pytest.mark.parametrize("value", [None, 5, "", "-5", "5.0", "@c1", "\u0665", "1" * 20])
def test_what_is_no_id_is_refused(value: Any) -> None:
    """Ids are the text of a number of 64 bits."""
    with pytest.raises(MALFORMED):
        number(value)


def test_ids_keep_their_text() -> None:
    """And may be missing."""
    assert (number("6402"), id_text("6402")) == (6402, "6402")
    assert optional_id({"a": "1"}, "a") == "1"
    assert optional_id({}, "a") == ""


def test_other_members_are_what_they_must_be() -> None:
    """Nothing is converted."""
    assert (integer(5, "a"), flag(False, "a")) == (5, False)  # noqa: FBT003 - the value read
    assert member({"a": {"b": 1}}, "a") == {"b": 1}
    assert member({}, "a") == {}
    assert word({"A": 1}, "A", "letter") == 1
    for read in (
        lambda: integer("5", "a"),
        lambda: integer(True, "a"),  # noqa: FBT003 - the value read
        lambda: flag(1, "a"),
        lambda: member({"a": 1}, "a"),
        lambda: word({"A": 1}, "B", "letter"),
    ):
        with pytest.raises(MALFORMED):
            read()


@given(st.text())
def test_what_cannot_be_read_keeps_its_payload(text: str) -> None:
    """And names the exchange."""
    error = remote_error(KeyError("id"), text.encode("utf-8", "replace"))

    assert (error.exchange, error.operation) == ("oanda", "decode")
    assert "no member 'id'" in error.message
