"""Decimals keep their digits and the grammar is strict."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import decimal_texts
from venuetree.protocol.numbers import (
    DecimalTable,
    add,
    decimal_from,
    decimal_text,
    decimals_from,
    divide,
    is_multiple,
    multiply,
    optional_decimal,
    require_decimals,
    to_decimal,
)

MALFORMED = [
    *("", " ", "1 ", " 1", "+1", "1.", ".5", "1e3", "1E-8", "NaN", "Infinity", "-Infinity"),
    *(
        "1_000",
        "1,5",
        "0x10",
        "--1",
        "-",
        "1\n",
        "\n1",
        "1\n2",
        "\uff11",
        "\u0663",
        "1" * 41,
        "00",
        "01.5",
    ),
]


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    """Exponents, NaN, blanks, underscores and foreign digits never become numbers."""
    with pytest.raises(ValueError, match="not a decimal"):
        decimal_from(text)
    with pytest.raises(ValueError, match="not a decimal"):
        DecimalTable()[text]
    with pytest.raises(ValueError, match="not a decimal"):
        decimals_from(["1", text, "2"])


@pytest.mark.parametrize("value", [None, 1, 1.5, True, b"1", ["1"], {}])
def test_what_is_no_text_is_refused(value: object) -> None:
    """A bare JSON number has lost digits already."""
    with pytest.raises(ValueError, match="not a decimal"):
        decimal_from(value)
    with pytest.raises((ValueError, TypeError)):
        DecimalTable()[value]  # type: ignore[index]
    with pytest.raises(ValueError, match="not a decimal"):
        decimals_from(["1", value])


def test_no_value_is_none_only_where_it_may_be() -> None:
    """`""` and null are "no value" in optional fields."""
    assert optional_decimal("") is None
    assert optional_decimal(None) is None
    assert optional_decimal("0") == 0


@given(decimal_texts)
def test_decimals_survive_both_ways(text: str) -> None:
    """Text to decimal to text is the same text, trailing zeros and all."""
    assert decimal_text(decimal_from(text)) == text
    assert decimal_text(DecimalTable()[text]) == text


@given(st.lists(decimal_texts, max_size=30))
def test_many_at_once_are_each_as_alone(texts: list[str]) -> None:
    """The fast way for thousands gives what the slow way for one gives."""
    assert [str(d) for d in decimals_from(texts)] == [str(decimal_from(t)) for t in texts]


@given(st.lists(st.text(alphabet="0123456789.-\n ", max_size=6), max_size=6))
def test_many_at_once_refuse_what_each_alone_refuses(texts: list[str]) -> None:
    """Line ends inside a text do not slip through."""
    try:
        expected = [decimal_from(text) for text in texts]
    except ValueError:
        with pytest.raises(ValueError, match="not a decimal"):
            decimals_from(texts)
    else:
        assert decimals_from(texts) == expected


@given(
    st.lists(
        st.one_of(
            decimal_texts,
            st.text(alphabet="0123456789.-\n eE+_", max_size=6),
            st.sampled_from([*MALFORMED, "1" * 40, "0." + "1" * 40, "0." + "1" * 41, None, 1, 1.5]),
        ),
        max_size=6,
    )
)
def test_many_are_let_pass_only_if_each_would_be_read(texts: list[object]) -> None:
    """The check of all at once is that of each: what passes it, `Decimal` reads to the letter."""
    try:
        expected = [decimal_from(text) for text in texts]
    except ValueError:
        with pytest.raises(ValueError, match="not a decimal"):
            require_decimals(texts)
    else:
        require_decimals(texts)

        assert [decimal_text(Decimal(str(text))) for text in texts] == texts
        assert [Decimal(str(text)) for text in texts] == expected


def test_a_line_end_hidden_in_a_text_is_no_seam() -> None:
    """Two numbers in one text are not two texts."""
    for texts in (["1\n2"], ["1", "2\n3"], ["1\n"], ["\n1"], ["\n"]):
        with pytest.raises(ValueError, match="not a decimal"):
            require_decimals(texts)


def test_an_exponent_is_never_printed() -> None:
    """Small and large numbers are written out."""
    assert decimal_text(Decimal("1E-8")) == "0.00000001"
    assert decimal_text(Decimal("1E+3")) == "1000"
    assert decimal_text(Decimal("0E-8")) == "0.00000000"
    with pytest.raises(ValueError, match="finite"):
        decimal_text(Decimal("NaN"))


def test_the_table_is_bounded_and_forgets_without_error() -> None:
    """However many prices pass, at most the limit is remembered."""
    table = DecimalTable(limit=3)

    assert [table[str(number)] for number in range(10)] == [Decimal(n) for n in range(10)]
    assert len(table) <= 3


@pytest.mark.parametrize(
    ("value", "step", "expected"),
    [
        ("0.3", "0.1", True),
        ("0.35", "0.1", False),
        ("64283.10", "0.01", True),
        ("123456789012345678901234567890.01", "0.01", True),
        ("123456789012345678901234567890.001", "0.01", False),
        ("5", "0", True),
    ],
)
def test_a_grid_is_judged_exactly(value: str, step: str, expected: bool) -> None:  # noqa: FBT001
    """No rounding, however many digits and whatever the host's decimal context."""
    with localcontext(prec=3):
        assert is_multiple(Decimal(value), Decimal(step)) is expected


def test_sums_and_products_ignore_the_hosts_context() -> None:
    """A host that set a small precision changes nothing of ours."""
    with localcontext(prec=2):
        assert add(Decimal("1234.5"), Decimal("0.01")) == Decimal("1234.51")
        assert multiply(Decimal("64283.4"), Decimal("0.05")) == Decimal("3214.170")
        assert divide(Decimal(10), Decimal(3), Decimal("0.001")) == Decimal("3.333")


def test_floats_are_refused_from_hosts() -> None:
    """Text, int and Decimal are numbers; a float or a truth value is a mistake."""
    assert to_decimal("0.10", "price") == Decimal("0.10")
    assert to_decimal(3, "price") == Decimal(3)
    assert to_decimal(Decimal("1.5"), "price") == Decimal("1.5")
    for wrong in (0.1, True, None, b"1"):
        with pytest.raises(TypeError, match="price must be text"):
            to_decimal(wrong, "price")  # type: ignore[arg-type]
    for malformed in ("1e5", Decimal("Infinity")):
        with pytest.raises(ValueError, match="price|decimal"):
            to_decimal(malformed, "price")
