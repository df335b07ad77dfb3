"""Reading what OANDA says: its names, times, ids and amounts, and its errors.

Amounts are text, by the exchange's design; the few that are JSON numbers are integers (liquidity,
and the number of a candle's prices), and what is neither is refused. Times are RFC 3339 with nine
digits of a second, or the same in UNIX seconds; which, a request's header says, and as the header
has been ignored before, either form is taken wherever a time is.

Followed: "Development Guide"; "Primitives Definitions".
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from venuetree.protocol.errors import RemoteProtocolError
from venuetree.protocol.models import Side
from venuetree.protocol.numbers import decimal_from
from venuetree.protocol.port import FlowContext
from venuetree.protocol.reading import text_of, unreadable
from venuetree.protocol.timestamps import from_rfc3339, from_seconds

__all__ = [
    "NAME",
    "amount",
    "exchange_symbol",
    "flag",
    "id_text",
    "instrument_name",
    "integer",
    "member",
    "number",
    "optional_amount",
    "optional_id",
    "optional_time_ns",
    "remote_error",
    "signed",
    "symbol_of",
    "time_ns",
    "word",
]

NAME: Final = "oanda"

#: Ids are integers of 64 bits at most.
_LONGEST_ID: Final = 19


def remote_error(
    error: BaseException, payload: bytes | str, *, operation: str = "decode"
) -> RemoteProtocolError:
    """What to raise, from `error`, for a payload that could not be read."""
    return unreadable(error, payload, exchange=NAME, operation=operation)


# ---------------------------------------------------------------- names


@lru_cache(maxsize=4096)
def instrument_name(symbol: str) -> str:
    """Our name of `EUR_USD`; what cannot be split in two keeps the exchange's spelling."""
    base, _, quote = symbol.partition("_")
    if not base or not quote or "_" in quote or "-" in symbol:
        return symbol
    return f"{base}-{quote}"


def exchange_symbol(instrument: str) -> str:
    """The exchange's spelling of our name."""
    return instrument.replace("-", "_")


def symbol_of(instrument: str, context: FlowContext) -> str:
    """The same: by the exchange's list, else by our own spelling."""
    known = context.instruments.get(instrument)
    return exchange_symbol(instrument) if known is None else known.exchange_symbol


# ---------------------------------------------------------------- ids


def number(value: Any) -> int:
    """An id as a number, by which ids are compared; raises unless it is the text of one."""
    text = text_of(value)
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_ID:
        message = f"not an id: {text[:40]!r}"
        raise ValueError(message)
    return int(text)


def id_text(value: Any) -> str:
    """An id as it came; raises unless it is the text of a number."""
    number(value)
    return text_of(value)


def optional_id(message: Mapping[str, Any], key: str) -> str:
    """An id, `""` where there is none."""
    value = message.get(key)
    return "" if value is None else id_text(value)


# ---------------------------------------------------------------- times


def time_ns(value: Any) -> int:
    """Nanoseconds of a time in either form; `ValueError` or `TypeError` if it is in neither."""
    # RFC 3339 has the dash after its year, seconds have their point far behind.
    if text_of(value)[4:5] == "-":
        return from_rfc3339(value)
    return from_seconds(value)


def optional_time_ns(message: Mapping[str, Any], key: str) -> int | None:
    """The same, None where there is none."""
    value = message.get(key)
    return None if value is None else time_ns(value)


# ---------------------------------------------------------------- amounts


def amount(value: Any) -> Decimal:
    """A decimal of text, or of a JSON integer; `ValueError` for anything else, floats above all."""
    return Decimal(value) if type(value) is int else decimal_from(value)


def optional_amount(message: Mapping[str, Any], key: str) -> Decimal | None:
    """The same, None where there is none."""
    value = message.get(key)
    return None if value is None else amount(value)


def signed(units: Decimal) -> tuple[Side, Decimal]:
    """Side and quantity of units: positive ones are bought; `ValueError` if there are none."""
    if not units:
        message = "units must not be zero"
        raise ValueError(message)
    return Side.BUY if units > 0 else Side.SELL, units.copy_abs()


# ---------------------------------------------------------------- other values


def integer(value: Any, what: str) -> int:
    """`value` if it is an integer; `TypeError` if not."""
    if type(value) is not int:
        message = f"{what} must be an integer, not {value!r:.40}"
        raise TypeError(message)
    return value


def flag(value: Any, what: str) -> bool:
    """`value` if it is true or false; `TypeError` if not."""
    if type(value) is not bool:
        message = f"{what} must be true or false, not {value!r:.40}"
        raise TypeError(message)
    return value


def member(message: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A member that is an object, an empty one where there is none; `TypeError` if it is other."""
    value = message.get(key)
    if value is None:
        return {}
    if type(value) is not dict:
        text = f"{key} must be an object, not {value!r:.40}"
        raise TypeError(text)
    return value


def word(table: Mapping[str, Any], value: Any, what: str) -> Any:
    """What a word of the exchange's means; `ValueError` if it is not known."""
    found = table.get(text_of(value))
    if found is None:
        message = f"unknown {what} {value!r:.40}"
        raise ValueError(message)
    return found
