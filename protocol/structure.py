"""Bodies of replies to the wire types, strictly.

cattrs by itself converts (`str(5)`, `bool("false")`); money needs refusal instead, so text,
numbers and booleans are taken only as what they are.
"""

from decimal import Decimal
from typing import Any, Final, TypeVar

import cattrs
from cattrs.errors import BaseValidationError
from cattrs.v import transform_error

from venuetree.protocol.numbers import decimal_from, optional_decimal
from venuetree.protocol.reading import read_object

__all__ = ["structure", "structure_value"]


def _exactly(kind: type) -> Any:
    """A hook that takes a value of just this type: cattrs itself would convert."""

    def structure_exactly(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            message = f"expected {kind.__name__}, not {value!r:.80}"
            raise TypeError(message)
        return value

    return structure_exactly


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    for kind in (str, bool, int):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(Decimal, lambda value, _: decimal_from(value))
    optional: Any = Decimal | None
    converter.register_structure_hook(optional, lambda value, _: optional_decimal(value))
    return converter


_CONVERTER: Final = _converter()

T = TypeVar("T")


def structure(body: bytes, kind: type[T]) -> T:
    """A reply's body as `kind`; `ValueError` that names the path of what is wrong."""
    return structure_value(read_object(body), kind)


def structure_value(value: Any, kind: type[T]) -> T:
    """A value already read as `kind`; `ValueError` as `structure`."""
    try:
        return _CONVERTER.structure(value, kind)
    except BaseValidationError as error:
        raise ValueError("; ".join(transform_error(error))[:400]) from error
