"""The parameters of a call: which names it takes, and the strict reading of each value."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

import attrs

from venuetree.scenarios.simulated.binance_us.errors import ApiError, missing, missing_both
from venuetree.scenarios.simulated.binance_us.klines import INTERVALS
from venuetree.scenarios.simulated.binance_us.orders import (
    OrderType,
    SelfTradeMode,
    TimeInForceName,
)
from venuetree.scenarios.simulated.matching import Side

_SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_WHOLE = r"^[0-9]{1,20}$"
_WINDOW = r"^([1-9]|[1-5][0-9])m$|^([1-9]|1[0-9]|2[0-3])h$|^[1-7]d$"
_LARGEST = 2**63 - 1
_SYMBOLS_AT_MOST = 100

Reader = Callable[[str, str], Any]
"""Takes a parameter's name and its text; the value, or an `ApiError`."""

_E = TypeVar("_E", bound=Enum)


def _illegal(name: str, pattern: str) -> ApiError:
    return ApiError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'."
    )


def invalid_data(name: str) -> ApiError:
    """A value that is none of those that there are."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def matching(pattern: str) -> Reader:
    """Text of this form."""
    form = re.compile(pattern.removeprefix("^").removesuffix("$"), re.ASCII)

    def read(name: str, text: str) -> str:
        if form.fullmatch(text) is None:
            raise _illegal(name, pattern)
        return text

    return read


symbol = matching(_SYMBOL)
client_id = matching(_CLIENT_ID)
_decimal_text = matching(_DECIMAL)
_whole_text = matching(_WHOLE)


def decimal(name: str, text: str) -> Decimal:
    """A number in plain notation, as written: trailing zeros count as digits."""
    return Decimal(_decimal_text(name, text))


def whole(name: str, text: str) -> int:
    """An integer of up to 63 bits."""
    number = int(_whole_text(name, text))
    if number > _LARGEST:
        raise ApiError(-1108, f"Parameter '{name}' overflowed.")
    return number


def count(name: str, text: str) -> int:
    """How many: an integer above zero."""
    number = whole(name, text)
    if number == 0:
        raise invalid_data(name)
    return number


def milliseconds(name: str, text: str) -> int:
    """A time; microseconds are accepted too, and cut."""
    number = whole(name, text)
    return number // 1000 if number >= 10**15 else number


def window_ms(name: str, text: str) -> Decimal:
    """`recvWindow`, with up to three decimals."""
    value = decimal(name, text)
    if value != value.quantize(Decimal("0.001")):
        raise invalid_data(name)
    if value > 60000:  # noqa: PLR2004 - as the text says
        raise ApiError(-1131, "recvWindow must be less than 60000")
    return value


def boolean(name: str, text: str) -> bool:
    """``true`` or ``false``."""
    if text not in {"true", "false"}:
        raise invalid_data(name)
    return text == "true"


def one_of(*words: str, refusal: tuple[int, str] | None = None) -> Reader:
    """One of some words; `refusal` is the code and text for any other."""

    def read(name: str, text: str) -> str:
        if text not in words:
            raise invalid_data(name) if refusal is None else ApiError(*refusal)
        return text

    return read


def _member(kind: type[_E], refusal: tuple[int, str] | None = None) -> Reader:
    members = {member.value: member for member in kind}

    def read(name: str, text: str) -> _E:
        if text not in members:
            raise invalid_data(name) if refusal is None else ApiError(*refusal)
        return members[text]

    return read


side = _member(Side, (-1117, "Invalid side."))
order_type = _member(OrderType, (-1116, "Invalid orderType."))
time_in_force = _member(TimeInForceName, (-1115, "Invalid timeInForce."))
self_trade = _member(SelfTradeMode)
interval = one_of(*INTERVALS, refusal=(-1120, "Invalid interval."))
cancel_restrictions = one_of(
    "ONLY_NEW", "ONLY_PARTIALLY_FILLED", refusal=(-1145, "Invalid cancelRestrictions")
)
response_type = one_of("ACK", "RESULT", "FULL")


def rolling_window(name: str, text: str) -> int:
    """``15m``, ``4h``, ``7d`` in milliseconds."""
    if re.fullmatch(_WINDOW.replace("^", "").replace("$", ""), text, re.ASCII) is None:
        raise invalid_data(name)
    unit = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}[text[-1]]
    return int(text[:-1]) * unit


def names(name: str, text: str) -> tuple[str, ...]:
    """A JSON list of texts, or one text."""
    try:
        value = json.loads(text) if text.startswith("[") else [text]
    except ValueError:
        raise invalid_data(name) from None
    if not value or not all(isinstance(each, str) for each in value):
        raise invalid_data(name)
    return tuple(value)


def symbols(name: str, text: str) -> tuple[str, ...]:
    """A JSON list of symbols, each once."""
    if not text.startswith("["):
        raise invalid_data(name)
    listed = names(name, text)
    if len(listed) > _SYMBOLS_AT_MOST:
        raise ApiError(
            -1101,
            f"Too many values sent for parameter '{name}', maximum allowed up to "
            f"{_SYMBOLS_AT_MOST}.",
        )
    if len(set(listed)) != len(listed):
        raise ApiError(-1101, "Duplicate values for a parameter detected.")
    return tuple(symbol(name, each) for each in listed)


@attrs.frozen
class Values:
    """The parameters that were sent, read."""

    read: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a parameter, or what stands for its absence."""
        return self.read.get(name, default)

    def need(self, name: str) -> Any:
        """The value of a parameter that must be there.

        Raises:
            ApiError: it is not.
        """
        if name not in self.read:
            raise missing(name)
        return self.read[name]

    def need_one(self, first: str, second: str) -> None:
        """Make sure of one of two parameters.

        Raises:
            ApiError: neither is there.
        """
        if first not in self.read and second not in self.read:
            raise missing_both(first, second)

    def __contains__(self, name: object) -> bool:
        return name in self.read

    def __iter__(self) -> Iterator[str]:
        return iter(self.read)


SIGNED: Mapping[str, Reader] = {"timestamp": milliseconds, "recvWindow": window_ms}
"""What a signed call takes beside its own parameters."""


def read_values(fields: tuple[tuple[str, str], ...], readers: Mapping[str, Reader]) -> Values:
    """The values of the parameters sent, of which `readers` are all that may be.

    Raises:
        ApiError: a name that is unknown or twice there, or a value of the wrong form.
    """
    sent = [name for name, _ in fields]
    if len(set(sent)) != len(sent):
        raise ApiError(-1101, "Duplicate values for a parameter detected.")
    unknown = [name for name in sent if name not in readers]
    if unknown and not readers:
        raise ApiError(-1101, f"Too many parameters; expected '0' and received '{len(sent)}'.")
    if unknown:
        known = len(sent) - len(unknown)
        raise ApiError(
            -1104,
            f"Not all sent parameters were read; read '{known}' parameter(s) "
            f"but was sent '{len(sent)}'.",
        )
    read: dict[str, Any] = {}
    for name, text in fields:
        if not text:
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        read[name] = readers[name](name, text)
    return Values(read)
