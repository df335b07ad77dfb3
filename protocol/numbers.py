"""Decimals as the exchanges write them: text to `Decimal` and back, never by way of a float.

`Decimal()` itself accepts `NaN`, `1E+9`, `1_000` and blanks; the grammar here is the JSON
number's without its exponent: an optional minus, digits, and digits after a point if there is
one. The digits are kept as they came (`0.10` stays `0.10`).
"""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from typing import Any, Final

__all__ = [
    "DecimalTable",
    "DecimalText",
    "add",
    "decimal_from",
    "decimal_text",
    "decimals_from",
    "divide",
    "is_multiple",
    "multiply",
    "optional_decimal",
    "require_decimals",
    "subtract",
    "to_decimal",
]

#: Digits before and after the point: no quantity of this world needs more, and longer text would
#: only cost time.
_MOST_DIGITS: Final = 40

_GRAMMAR: Final = rf"-?(?:0|[1-9][0-9]{{0,{_MOST_DIGITS - 1}}})(?:\.[0-9]{{1,{_MOST_DIGITS}}})?"
_matches: Final[Callable[[str], object]] = re.compile(_GRAMMAR, re.ASCII).fullmatch
#: Many at once, each ended by a line end; possessive, so that nothing is remembered a number.
_all_match: Final[Callable[[str], object]] = re.compile(rf"(?>{_GRAMMAR}\n)*+", re.ASCII).fullmatch

#: Wide enough that no product or quotient of two wire numbers loses a digit.
_WIDE: Final = Context(prec=8 * _MOST_DIGITS, rounding=ROUND_HALF_EVEN)

#: What a host may write for a price or a quantity.
DecimalText = Decimal | str | int


def decimal_from(text: Any) -> Decimal:
    """The decimal that `text` spells; `ValueError` if it is no text or keeps not the grammar."""
    if type(text) is not str or _matches(text) is None:
        raise _malformed(text)
    return Decimal(text)


def _malformed(text: Any) -> ValueError:
    return ValueError(f"not a decimal: {str(text)[:_MOST_DIGITS]!r}")


def require_decimals(texts: list[Any]) -> None:
    """`ValueError` unless `decimal_from` takes each; the grammar is matched once over all of them.

    What it lets pass may go to `Decimal` as it is.
    """
    try:
        lines = "\n".join([*texts, ""])
    except TypeError as error:
        raise _malformed(texts) from error
    # A text that hides a line end within itself might pass as two.
    if _all_match(lines) is None or lines.count("\n") != len(texts):
        raise _malformed(next((text for text in texts if _matches(text) is None), texts))


def decimals_from(texts: list[Any]) -> list[Decimal]:
    """As `decimal_from` of each, several times faster for thousands."""
    require_decimals(texts)
    return [Decimal(text) for text in texts]


def optional_decimal(text: Any) -> Decimal | None:
    """As `decimal_from`, but None for None and for `""`: fields that exchanges leave empty."""
    return None if text is None or text == "" else decimal_from(text)


class DecimalTable(dict[str, Decimal]):
    """Remembers decimals by their text: prices repeat, so most are looked up, not parsed.

    `table[text]` is `decimal_from(text)`. It holds `limit` entries at most; being full, it
    forgets all and begins anew, which costs less than keeping count of use.
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int = 16_384) -> None:
        super().__init__()
        self._limit = limit

    def __missing__(self, text: Any) -> Decimal:
        """Parse, remember, answer; `ValueError`, or `TypeError` for what is no text."""
        if _matches(text) is None:
            raise _malformed(text)
        value = Decimal(text)
        if len(self) >= self._limit:
            self.clear()
        self[text] = value
        return value


def decimal_text(value: Decimal) -> str:
    """Plain notation with every digit kept: never an exponent; `ValueError` unless finite."""
    if not value.is_finite():
        message = f"not a finite decimal: {value}"
        raise ValueError(message)
    return format(value, "f")


def to_decimal(value: DecimalText, name: str) -> Decimal:
    """A host's number as a decimal: `TypeError` for a float, `ValueError` if it is malformed."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        message = f"{name} must be text, int or Decimal, not {type(value).__name__}: {value!r}"
        raise TypeError(message)
    match value:
        case Decimal():
            if not value.is_finite():
                message = f"{name} must be finite: {value}"
                raise ValueError(message)
            return value
        case int():
            return Decimal(value)
        case str():
            return decimal_from(value)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` lies on the grid of `step`, exactly; any value does if `step` is zero."""
    if not step:
        return True
    try:
        return not _WIDE.remainder(value, step)
    except DecimalException:
        return False


def divide(dividend: Decimal, divisor: Decimal, step: Decimal) -> Decimal:
    """The quotient, rounded half-even to the grid of `step`; exact as far as the grid goes."""
    steps = _WIDE.to_integral_value(_WIDE.divide(_WIDE.divide(dividend, divisor), step))
    return _WIDE.multiply(steps, step)


def add(left: Decimal, right: Decimal) -> Decimal:
    """The exact sum, whatever the ambient decimal context."""
    return _WIDE.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """The exact difference, whatever the ambient decimal context."""
    return _WIDE.subtract(left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """The exact product, whatever the ambient decimal context."""
    return _WIDE.multiply(left, right)
