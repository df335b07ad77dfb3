"""Reading the members of a request's objects: what cannot be read, and what breaks a rule.

A member that cannot be read at all ends the request at once. One that only
breaks a rule is noted with its reason, and reading goes on: the rejection is a
transaction that repeats the whole request, the broken member as it was sent.
"""

from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

import attrs

from venuetree.scenarios.simulated.numbers import parse_decimal
from venuetree.scenarios.simulated.oanda.amounts import ZERO
from venuetree.scenarios.simulated.oanda.answers import bad_value
from venuetree.scenarios.simulated.oanda.clock_times import parse_time
from venuetree.scenarios.simulated.oanda.orders import Extensions, TimeInForce
from venuetree.scenarios.simulated.oanda.universe import Instrument

__all__ = ["FieldReader", "as_object", "decimals", "number_text"]

_LONGEST_CLIENT_TEXT = 128
"""Characters; a real server accepted 128 and refused 129."""

_PRICES_END = Decimal(1000000000000)
"""No price is as great as this; arithmetic with what a client invents stays exact."""

_Choice = TypeVar("_Choice", bound=Enum)


def number_text(value: object) -> str | None:
    """A decimal as the client wrote it, None for what is none.

    JSON numbers are accepted too; a fractional one is written digit by digit,
    with whatever digits binary arithmetic gave it.
    """
    match value:
        case bool():
            return None
        case int():
            text = format(Decimal(value), "f")
        case float():
            text = format(Decimal(repr(value)), "f")
        case Decimal():
            text = format(value, "f")
        case str():
            text = value
        case _:
            return None
    return None if parse_decimal(text) is None else text


def decimals(number: Decimal) -> int:
    """The digits after the point, trailing zeros too: ``100.0`` has one."""
    exponent = number.as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def as_object(value: object, name: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        BadRequestError: it is something else.
    """
    if not isinstance(value, dict):
        raise bad_value(name)
    return value


@attrs.define(eq=False)
class FieldReader:
    """Reads one object.

    Args:
        body: the object.
        path: how the exchange names it when a member of it cannot be read; of a body, nothing.
        now_ns: the time, which an expiry must be after.
        prefix: with which its reasons begin.
    """

    body: dict[str, Any]
    path: str
    now_ns: int
    prefix: str = ""
    reasons: list[str] = attrs.field(factory=list)
    """What is wrong, in the order of finding."""
    raw: dict[str, Any] = attrs.field(factory=dict)
    """The members that break a rule, as they were sent."""

    def refuse(self, reason: str) -> None:
        """Note what is wrong."""
        self.reasons.append(self.prefix + reason)

    def member(self, key: str) -> str:
        """How the exchange names a member."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether a member is there; null is not."""
        return self.body.get(key) is not None

    def number(self, key: str) -> Decimal | None:
        """A number, None if it is not there."""
        if not self.has(key):
            return None
        text = number_text(self.body[key])
        if text is None:
            raise bad_value(self.member(key))
        return Decimal(text)

    def price(self, key: str, instrument: Instrument, noun: str = "PRICE") -> Decimal | None:
        """A price or a distance, None if it is not there or breaks a rule."""
        number = self.number(key)
        if number is None:
            return None
        if decimals(number) > instrument.display_precision:
            wrong = f"{noun}_PRECISION_EXCEEDED"
        elif not ZERO < number < _PRICES_END:
            wrong = f"{noun}_INVALID"
        else:
            return number
        self.refuse(wrong)
        self.raw[key] = number_text(self.body[key])
        return None

    def units(self, instrument: Instrument) -> Decimal | None:
        """Signed units, None if they break a rule."""
        number = self.number("units")
        if number is None:
            return None
        if decimals(number) > instrument.trade_units_precision:
            wrong = "UNITS_PRECISION_EXCEEDED"
        elif number == ZERO:
            wrong = "UNITS_INVALID"
        elif abs(number) < instrument.minimum_trade_size:
            wrong = "UNITS_MINIMUM_NOT_MET"
        elif ZERO < instrument.maximum_order_units < abs(number):
            wrong = "UNITS_LIMIT_EXCEEDED"
        else:
            return number
        self.refuse(wrong)
        self.raw["units"] = number_text(self.body["units"])
        return None

    def choice(self, key: str, default: _Choice) -> _Choice:
        """One of the words of an enumeration."""
        if not self.has(key):
            return default
        try:
            return type(default)(self.body[key])
        except ValueError:
            raise bad_value(self.member(key)) from None

    def flag(self, key: str) -> bool | None:
        """True or false, None if it is not there."""
        value = self.body.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise bad_value(self.member(key))

    def gtd(self, time_in_force: TimeInForce) -> int | None:
        """When an order that is good till a date ends; of another one, the date is ignored."""
        if time_in_force is not TimeInForce.GTD:
            return None
        noun = "" if self.prefix else "TIME_IN_FORCE_"
        if not self.has("gtdTime"):
            self.refuse(f"{noun}GTD_TIMESTAMP_MISSING")
            return None
        time_ns = parse_time(self.body["gtdTime"])
        if time_ns is None:
            raise bad_value(self.member("gtdTime"))
        if time_ns <= self.now_ns:
            self.refuse(f"{noun}GTD_TIMESTAMP_IN_PAST")
        return time_ns

    def text(self, key: str) -> str | None:
        """A text, None if it is not there."""
        value = self.body.get(key)
        if value is None or isinstance(value, str):
            return value
        raise bad_value(self.member(key))

    def extensions(self, key: str, noun: str = "CLIENT_ORDER") -> Extensions | None:
        """Client extensions, None if they are not there."""
        if not self.has(key):
            return None
        path = self.member(key)
        inner = FieldReader(as_object(self.body[key], path), path, self.now_ns)
        texts = {name: inner.text(name) for name in ("id", "tag", "comment")}
        for name, text in texts.items():
            if text is not None and not 0 < len(text) <= _LONGEST_CLIENT_TEXT:
                self.refuse(f"{noun}_{name.upper()}_INVALID")
        return Extensions(**texts)
