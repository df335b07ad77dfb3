"""Values as JSON: decimals as plain text, enums as their words, one object an event.

`docs/reference/schemas` describes what comes out; the tests hold the two together.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import attrs
import orjson

from venuetree.actors.errors import ActorError
from venuetree.cli.exits import UsageError, exit_code_of, one_line
from venuetree.protocol.book import BookView
from venuetree.protocol.errors import EngineError, OutcomeUnknown
from venuetree.protocol.models import Level
from venuetree.protocol.numbers import decimal_text

__all__ = [
    "BOOK_DEPTH",
    "book_document",
    "dump",
    "error_document",
    "event_document",
    "plain",
    "snake_case",
]

#: Levels a side of the book that an event carries: a whole book would be megabytes a line.
BOOK_DEPTH = 10

#: Of each class printed so far, its fields: looking them up anew would be most of the work.
_FIELDS: dict[type[Any], tuple[str, ...]] = {}


def dump(document: object) -> bytes:
    """One line of JSON, its newline included; `document` is what `plain` gives."""
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def plain(value: object) -> Any:
    """What JSON can say, of any value of ours; `TypeError` for what has no place in it."""
    match value:
        case Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case Decimal():
            return decimal_text(value)
        case BookView():
            return book_document(value, BOOK_DEPTH)
        case Level():
            return [decimal_text(value.price), decimal_text(value.quantity)]
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            names = getattr(value, "_fields", None)
            if names is None:
                return [plain(item) for item in value]
            return {name: plain(item) for name, item in zip(names, value, strict=True)}
        case _ if attrs.has(type(value)):
            return {name: plain(getattr(value, name)) for name in _fields(type(value))}
        case _:
            message = f"a {type(value).__name__} has no form in JSON"
            raise TypeError(message)


def event_document(event: object) -> dict[str, Any]:
    """An event's line: `event`, `exchange`, `instrument` if it has one, both times, the rest."""
    fields = {name: getattr(event, name) for name in _fields(type(event))}
    head = {"event": snake_case(type(event).__name__), "exchange": fields.pop("exchange")}
    instrument = fields.pop("instrument", "") or _instrument_within(fields)
    if instrument:
        head["instrument"] = instrument
    head["exchange_time_ns"] = fields.pop("exchange_time_ns")
    head["received_time_ns"] = fields.pop("received_time_ns")
    return head | {name: plain(value) for name, value in fields.items()}


def book_document(book: BookView, depth: int | None) -> dict[str, Any]:
    """A book, best level first, at most `depth` levels a side; all of them if it is None."""
    return {
        "instrument": book.instrument,
        "in_step": book.in_step,
        "last_update_id": book.last_update_id,
        "bids": plain(book.bids(depth)),
        "asks": plain(book.asks(depth)),
    }


def error_document(error: EngineError | ActorError | UsageError) -> dict[str, Any]:
    """What a command prints in place of its document when it fails."""
    document: dict[str, Any] = {
        "error": snake_case(type(error).__name__),
        "exit_code": int(exit_code_of(error)),
        "message": one_line(error),
    }
    if isinstance(error, EngineError):
        document |= {
            "message": one_line(error.message),
            "exchange": error.exchange,
            "operation": error.operation,
            "code": error.code,
            "remedy": error.remedy,
        }
    if isinstance(error, OutcomeUnknown):
        document["client_order_id"] = error.client_order_id
    return document


@cache
def snake_case(name: str) -> str:
    """`TradePrinted` as `trade_printed`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _fields(kind: type[Any]) -> tuple[str, ...]:
    names = _FIELDS.get(kind)
    if names is None:
        names = _FIELDS[kind] = tuple(field.name for field in attrs.fields(kind))
    return names


def _instrument_within(fields: Mapping[str, Any]) -> str:
    """The instrument of the order report or fill that an event consists of."""
    for name in ("report", "fill"):
        if name in fields:
            return str(fields[name].instrument)
    return ""
