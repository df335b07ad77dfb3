"""Generators for hypothesis that several tests share."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

#: Decimals as exchanges write them, with their digits.
decimal_texts = st.from_regex(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,18})?", fullmatch=True).filter(
    lambda text: text.isascii()
)
#: Positive prices on a grid of 0.01, and quantities on one of 0.0001.
prices = st.integers(1, 2000).map(lambda cents: Decimal(cents).scaleb(-2))
quantities = st.integers(1, 10**6).map(lambda lots: Decimal(lots).scaleb(-4))

#: Nanoseconds from the year 1 to the year 9999.
times_ns = st.integers(-62_135_596_800 * 10**9, 253_402_300_799 * 10**9)

#: Any JSON value, integers beyond 64 bits and odd text included.
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value in which something, somewhere, is other than it should be."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        change = draw(st.sampled_from(("drop", "rename", "inside")))
        rest = {name: member for name, member in value.items() if name != key}
        if change == "drop":
            return rest
        if change == "rename":
            return {**rest, draw(st.text(max_size=8)): value[key]}
        return {**value, key: draw(mutated(value[key]))}
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(mutated(value[index])), *value[index + 1 :]]
    return draw(json_values)
