"""Values on the command line: what each has to be, and what to write instead."""

import argparse
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from venuetree.protocol.models import TimeInForce, Topic
from venuetree.protocol.numbers import decimal_from

__all__ = [
    "TIMES_IN_FORCE",
    "amount",
    "amount_or_all",
    "instrument_name",
    "level",
    "one_of",
    "seconds",
    "time_in_force",
    "topics",
    "whole_number",
]

#: Traders' short names.
TIMES_IN_FORCE = {
    "gtc": TimeInForce.GOOD_TILL_CANCELLED,
    "ioc": TimeInForce.IMMEDIATE_OR_CANCEL,
    "fok": TimeInForce.FILL_OR_KILL,
    "gfd": TimeInForce.GOOD_FOR_DAY,
}


def instrument_name(text: str) -> str:
    """An instrument as we name it: base-quote, upper case."""
    name = text.strip().upper()
    base, dash, quote = name.partition("-")
    if not (base and dash and quote):
        meant = re.sub(r"[_/]", "-", name)
        such = meant if meant != name and meant.count("-") == 1 else "BTC-USD"
        message = f"{text!r} is not an instrument; write base-quote, such as {such}"
        raise argparse.ArgumentTypeError(message)
    return name


def seconds(text: str) -> float:
    """How long; more than nothing, and not for ever."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise _not(text, "a number of seconds", "a number above zero, such as 2.5")
    return value


def whole_number(text: str) -> int:
    """A count, of one at least."""
    if not (text.isdecimal() and int(text)):
        raise _not(text, "a whole number above zero", "one such as 10")
    return int(text)


def amount(text: str) -> Decimal:
    """A quantity or a price, with its digits."""
    value = _above_zero(text)
    if value is None:
        raise _not(text, "an amount", "a plain decimal above zero, such as 0.01")
    return value


def amount_or_all(text: str) -> Decimal | str:
    """A quantity, or `all` of it."""
    value = "all" if text.lower() == "all" else _above_zero(text)
    if value is None:
        raise _not(text, "an amount", "`all`, or a plain decimal above zero, such as 100")
    return value


def level(text: str) -> tuple[Decimal, bool]:
    """An amount, and whether it is in pips."""
    number = text.lower().removesuffix("pips").removesuffix("pip")
    value = _above_zero(number.strip())
    if value is None:
        raise _not(text, "a price or a number of pips", "one such as 1.0812 or 25pips")
    return value, number != text.lower()


def _above_zero(text: str) -> Decimal | None:
    try:
        value = decimal_from(text)
    except ValueError:
        return None
    return value if value > 0 else None


def topics(text: str) -> Sequence[Topic]:
    """Topics between commas, each once."""
    topic = one_of(Topic, "a topic")
    return tuple(dict.fromkeys(topic(name.strip()) for name in text.split(",")))


def time_in_force(text: str) -> TimeInForce:
    """By its short name or ours."""
    word = text.lower()
    if word not in TIMES_IN_FORCE and word not in {time.value for time in TimeInForce}:
        raise _not(text, "a time in force", f"one of {', '.join(TIMES_IN_FORCE)}")
    return TIMES_IN_FORCE[word] if word in TIMES_IN_FORCE else TimeInForce(word)


_Word = TypeVar("_Word", bound=Enum)


def one_of(kind: type[_Word], what: str) -> Callable[[str], _Word]:
    """Reads a word of an enum, and names them all where it is none."""

    def read(text: str) -> _Word:
        try:
            return kind(text)
        except ValueError:
            words = ", ".join(str(one.value) for one in kind)
            raise _not(text, what, f"one of {words}") from None

    return read


def _not(text: str, what: str, instead: str) -> argparse.ArgumentTypeError:
    """What argparse tells of a value: what it is not, and what to write."""
    return argparse.ArgumentTypeError(f"{text!r} is not {what}; write {instead}")
